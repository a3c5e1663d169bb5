"""What is known of programs (programs.toml): which ones run others, and with which arguments.

A rule with a `*` lets a model choose arguments. Nothing here makes a program safe: it finds what a person who
wrote `run(find *)` or `run(git log *)` did not mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.resources import files

import msgspec
from msgspec import Struct

from r1code.rules.shell import read


class _Known(Struct, frozen=True, forbid_unknown_fields=True):
    """Blanks separate; programs.toml says what each of these is."""

    options: str = ""
    letters: str = ""
    only: str = ""
    actions: str = ""


class _Data(Struct, frozen=True, forbid_unknown_fields=True):
    launchers: str
    options: str
    actions: str
    program: dict[str, _Known]


_DATA = msgspec.toml.decode(files("r1code.rules").joinpath("programs.toml").read_bytes(), type=_Data)
LAUNCHERS = frozenset(_DATA.launchers.split())
_OPTIONS = tuple(_DATA.options.split())
_ACTIONS = frozenset(_DATA.actions.split())
_DURATION = re.compile(r"\d+(\.\d+)?[smhd]?")
_NUMBER = re.compile(r"-\d+[a-zA-Z]?")
_MODULES = frozenset({"pytest"})
"""Of Python, those that stand for the program of the same name."""


def inner(words: tuple[str, ...]) -> tuple[str, ...] | None:
    """The command that a command only runs as it is: `timeout 60 pytest -q`, `python -m pytest -q`.

    None: it is none of these, or has options, which are not looked into.
    """
    match words:
        case ("time" | "nice", first, *rest) if not first.startswith("-"):
            return first, *rest
        case ("timeout", limit, first, *rest) if _DURATION.fullmatch(limit) and not first.startswith("-"):
            return first, *rest
        case ("python" | "python3", "-m", module, *rest) if module in _MODULES:
            return module, *rest
        case _:
            return None


def within(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    """A command, and what may be commands in it: `sudo rm x` holds `rm x`, `sh -c "rm x"` does, too.

    To find what is restricted. It finds too much rather than too little, and not all: code can hide anything.
    """
    found = [words]
    if is_runner(words) or _ACTIONS & set(words):
        found += [words[at:] for at in range(1, len(words))]
        for word in words[1:]:
            inside = read(word).commands if " " in word else ()
            found += [deeper for command in inside for deeper in within(command.words)]
    return found


def is_runner(words: tuple[str, ...]) -> bool:
    """Whether it runs, as another program or as code, what its arguments say."""
    return not _is_module(words) and any(name in LAUNCHERS for name in _bases(words[0]))


def uncovered(words: tuple[str, ...], free: Sequence[str]) -> str | None:
    """What in a command, among the `free` words that a `*` stands for, could make it do something else."""
    named = words[2] if _is_module(words) else words[0]
    known = next((_DATA.program[name] for name in _bases(named) if name in _DATA.program), _Known())
    if known.actions and (len(words) == 1 or words[1] not in known.actions.split()):
        return " ".join(words[:2])
    return next((word for word in free if _is_risky(word, known)), None)


def places(word: str) -> list[str]:
    """What an argument may name as a path: itself, what follows `=`, `:`, `,` or `@` in it, or a short option."""
    found = re.split(r"[=:,@]", word)
    if word.startswith("-") and not word.startswith("--"):
        found.append(word[2:])
    return [one for one in (word, *found) if one and not one.startswith("-")]


def _bases(word: str) -> Iterator[str]:
    """What a program may be known as: its name, without its version (python3.11), or its variant (vim.tiny)."""
    name = word.rpartition("/")[2].casefold()
    yield from (name, re.sub(r"(?<=[a-z])[\d.-]+$", "", name), name.partition(".")[0])


def _is_module(words: tuple[str, ...]) -> bool:
    match words:
        case ("python" | "python3", "-m", module, *_):
            return module in _MODULES
        case _:
            return False


def _is_risky(word: str, known: _Known) -> bool:
    if word in _ACTIONS or "%G" in word:  # git asks a program of the repository's choice about signatures
        return True
    if word.startswith("--"):
        name = word[2:].partition("=")[0]
        if known.only:
            return bool(name) and f"--{name}" not in _named(known.only)
        return bool(name) and any(option.startswith(name) for option in (*_OPTIONS, *_named(known.options)))
    if word.startswith("-"):
        other = bool(known.only) and word not in _named(known.only) and not _NUMBER.fullmatch(word)
        return other or bool(set(word[1:]) & set(known.letters))
    return False


@lru_cache
def _named(text: str) -> tuple[str, ...]:
    return tuple(text.split())
