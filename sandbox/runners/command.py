"""Test commands as the shell reads them: where a runner stands in one, and how words are put into it. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from functools import cache

_BEGINS = r"(?:^|[;&|({\n])\s*"
_ASSIGNMENT = r"(?:[A-Za-z_]\w*=\S*\s+)"
_STARTERS = (
    r"(?:(?:exec|env|time|nice|command|xvfb-run(?:\s+-\w+)*|timeout\s+\S+"
    r"|npx(?:\s+-\S+)*|pnpm(?:\s+(?:exec|dlx|run))?|yarn(?:\s+(?:exec|run))?|bunx|npm\s+exec(?:\s+--)?"
    r"|(?:poetry|uv|pipenv|pdm|hatch|rye)\s+run|bundle\s+exec|(?:python[\d.]*\s+-m\s+)?coverage\s+run(?:\s+-\S+)*"
    r"|xargs(?:\s+-\S+)*|php)\s+)"
)
_ENDS = r"(?=$|[\s;&|)}])"
_COMPOUND = re.compile(r"[;&|<>()`\n]|\$\(")


@cache
def _pattern(program: str) -> re.Pattern[str]:
    head = rf"{_BEGINS}{_ASSIGNMENT}*(?:{_STARTERS}{_ASSIGNMENT}*)*"
    return re.compile(rf"(?P<head>{head})(?P<program>(?:[\w./@~+-]*/)?(?:{program})){_ENDS}")


def places(command: str, program: str) -> list[int]:
    """Where the words end that start `program`, for each time that the shell would run it."""
    return [found.end("program") for found in _pattern(program).finditer(command)]


def inserted(command: str, at: Iterable[tuple[int, str]]) -> str:
    """The command with texts put in, each before the position that is given for it."""
    for position, text in sorted(at, reverse=True):
        if text:
            command = f"{command[:position]} {text}{command[position:]}"
    return command


def is_single(command: str) -> bool:
    """Whether it is one simple command, to which words can be added."""
    return _COMPOUND.search(command) is None


def words(command: str) -> list[str] | None:
    """The words of one simple command without expansions; None: it is something else."""
    if not is_single(command) or re.search(r"[$*?\[\]{}~]", command):
        return None
    try:
        return shlex.split(command)
    except ValueError:
        return None


def quoted(given: Iterable[str]) -> str:
    """Words as one command, whatever is in them. NUL, which no argument can hold, is dropped."""
    return " ".join(shlex.quote(word.replace("\0", "")) for word in given)
