"""The grammar of the command line: help in the person's language, flags on both sides of a command."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import NamedTuple, NoReturn, TypeVar, overload

from r1code.errors import UsageError
from r1code.ui.messages import localized


class Help(argparse.HelpFormatter):
    def start_section(self, heading: str | None) -> None:
        super().start_section(heading and localized(heading))

    def add_text(self, text: str | None) -> None:
        super().add_text(text and localized(text))

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help and localized(action.help)


_Namespace = TypeVar("_Namespace")


class _Said(NamedTuple):
    """A flag that stood before the command, and what it says."""

    flag: str
    value: object


class Grammar(argparse.ArgumentParser):
    """As its base, and so are the parsers of its commands; but what is said before a command counts for it.

    argparse puts the command's defaults in its place: `r1code --dry-run fix` would be no dry run, and
    `r1code -C FOLDER fix` would work in another folder. A flag that the command does not know is refused.

    What cannot be read raises UsageError, which says what was likely meant; argparse would print all flags.
    """

    def __init__(
        self,
        *,
        prog: str | None = None,
        description: str | None = None,
        epilog: str | None = None,
        parents: Sequence[argparse.ArgumentParser] = (),
        add_help: bool = True,
        allow_abbrev: bool = True,
    ) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            parents=parents,
            formatter_class=Help,
            add_help=add_help,
            allow_abbrev=allow_abbrev,
        )
        self._outer: Grammar | None = None
        self._reached: Grammar = self
        """The parser of the command that the words name."""
        self._now: object = None
        self._before: dict[str, _Said] = {}

    def parsed(self, words: Sequence[str]) -> argparse.Namespace:
        found, unknown = self.parse_known_args(words)
        if unknown:
            self._reached.refuse(unknown)
        return found

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"`{self.prog}` cannot be done so", why=message, hint=self._all())

    def refuse(self, unknown: Sequence[str]) -> NoReturn:
        """Says that nothing is known of these words."""
        word = next((one for one in unknown if one.startswith("-")), unknown[0]).partition("=")[0]
        flags = [flag for action in self._actions for flag in action.option_strings]
        raise UsageError(
            f"`{self.prog}` does not take `{word}`",
            why="it has no such flag" if word.startswith("-") else "it has no place for one more word",
            hint=self._meant(word, flags),
        )

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is None or value in action.choices:
            return
        word, known = str(value), [str(one) for one in action.choices]
        name = action.option_strings[-1] if action.option_strings else self.prog
        hint = self._meant(word, known)
        if " " in word and self._outer is None:
            hint = f"a task goes with -p: r1code -p {word!r}"
        raise UsageError(f"`{name}` does not take `{word}`", why=f"what it takes: {' | '.join(known)}", hint=hint)

    def _meant(self, word: str, known: Sequence[str]) -> str:
        near = get_close_matches(word, known, 1)
        return f"did you mean `{near[0]}`? {self._all()}" if near else self._all()

    def _all(self) -> str:
        return f"`{self.prog} --help` shows all that it takes"

    @overload
    def parse_known_args(
        self, args: Iterable[str] | None = None, namespace: None = None
    ) -> tuple[argparse.Namespace, list[str]]: ...
    @overload
    def parse_known_args(
        self, args: Iterable[str] | None, namespace: _Namespace
    ) -> tuple[_Namespace, list[str]]: ...
    @overload
    def parse_known_args(self, *, namespace: _Namespace) -> tuple[_Namespace, list[str]]: ...
    def parse_known_args(
        self, args: Iterable[str] | None = None, namespace: object = None
    ) -> tuple[object, list[str]]:
        if self._outer is not None:
            self._before = self._outer.said()
            self._refuse_unknown(self._outer)
            self._outer.reach(self)
        if namespace is None:
            namespace = argparse.Namespace(**{dest: said.value for dest, said in self._before.items()})
        self._now = namespace
        for command in self._commands():
            command.within(self)
        return super().parse_known_args(args, namespace)

    def within(self, outer: Grammar) -> None:
        """The parser of a command of `outer` is told so."""
        self._outer = outer

    def reach(self, command: Grammar) -> None:
        """It is `command`, or what is around it, that is read now."""
        self._reached = command
        if self._outer is not None:
            self._outer.reach(command)

    @property
    def is_of_a_command(self) -> bool:
        return self._outer is not None

    def said(self) -> dict[str, _Said]:
        """What the flags say that were read until now, by where it is kept."""
        flags = [action for action in self._actions if action.option_strings]
        return self._before | {
            action.dest: _Said(action.option_strings[-1], value)
            for action in flags
            if (value := getattr(self._now, action.dest, None)) not in (None, action.default)
        }

    def knows(self, dest: str) -> bool:
        """Whether what a flag of this parser says is kept as `dest`."""
        return any(action.option_strings and action.dest == dest for action in self._actions)

    def takes(self, dest: str) -> bool:
        """Whether a flag of this parser, or of one of its commands, is kept as `dest`."""
        return self.knows(dest) or any(command.takes(dest) for command in self._commands())

    def _commands(self) -> Iterator[Grammar]:
        for action in self._actions:
            # The choices of a flag are words; those of a place for commands are their parsers, by name.
            values: Callable[[], Iterable[object]] = getattr(action.choices, "values", tuple)
            yield from (one for one in values() if isinstance(one, Grammar))

    def _refuse_unknown(self, outer: Grammar) -> None:
        for dest, said in self._before.items():
            # `sessions -C FOLDER show`: what a command knows is for all that it can do.
            of_command = outer.is_of_a_command and outer.knows(dest)
            if not (self.takes(dest) or of_command):
                raise UsageError(
                    f"{said.flag} says nothing to `{self.prog}`",
                    why="it stands before a command that has no such flag",
                    hint=self._all(),
                )
