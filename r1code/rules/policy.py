"""What of a call may go on, what must be asked, and what is denied: rules first, then the mode. Pure.

deny wins over ask, ask over allow. A command is allowed only if each simple command in it is, and each file that
its redirections open; a line that cannot be read for certain is covered by no rule with a pattern.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from msgspec import Struct

from r1code.rules.program import inner, is_runner, places, uncovered, within
from r1code.rules.rule import EFFECTS, Rule, exact_path, literal
from r1code.rules.shell import Line, Redirect, Simple, read
from r1code.types import ApprovalMode, Arguments, Effect

Decision = Literal["allow", "ask", "deny"]
_WHOLE: dict[Effect, str] = {effect: name for name, effect in EFFECTS.items()}
_UNASKED: dict[ApprovalMode, frozenset[Effect]] = {
    "ask": frozenset({"read"}),
    "auto-edit": frozenset({"read", "write"}),
    "auto": frozenset({"read", "write", "exec"}),
}
"""The effects that a mode lets go on where no rule says anything."""


class Asked(Struct, frozen=True, kw_only=True):
    """What a call amounts to."""

    tool: str
    effect: Effect
    arguments: Arguments = {}
    paths: tuple[str, ...] = ()
    """The files and folders that it names, as the model wrote them."""

    @property
    def line(self) -> Line | None:
        """What a shell is to do, if anything. The words of a selection stand behind the test command."""
        if self.tool == "run":
            return read(str(self.arguments.get("command", "")))
        if self.tool == "test":
            return read(f"test {self.arguments.get('selection', '')}")
        return None


class Ruling(Struct, frozen=True, kw_only=True):
    decision: Decision
    why: str = ""
    """In words that a person and the model understand."""
    rules: tuple[Rule, ...] = ()
    """Narrow rules, with which all of it would be allowed; none where no rule can say it."""


class Rules(Struct, frozen=True, kw_only=True):
    allow: tuple[Rule, ...] = ()
    ask: tuple[Rule, ...] = ()
    deny: tuple[Rule, ...] = ()


class _Gap(Struct, frozen=True):
    """A part that no rule allows, why, and the narrow rule that would, if one can."""

    why: str
    rule: Rule | None = None


class Policy:
    """`resolve` gives a path's normal form; None: it leads out of the project, or must not be seen."""

    def __init__(
        self,
        mode: ApprovalMode,
        rules: Rules,
        resolve: Callable[[str], str | None],
        remembered: list[Rule] | None = None,
    ) -> None:
        """`remembered`: what was allowed since; several policies may share it."""
        self._mode: ApprovalMode = mode
        self._rules = rules
        self._resolve = resolve
        self._remembered: list[Rule] = [] if remembered is None else remembered

    def remember(self, rules: Iterable[Rule]) -> None:
        """Allows these from now on."""
        self._remembered.extend(rules)

    def decide(self, asked: Asked) -> Ruling:
        line = asked.line
        denied = next((rule for rule in self._rules.deny if self._concerns(rule, asked, line)), None)
        if denied is not None:
            return Ruling(decision="deny", why=f"the rule {denied} denies it")
        named = next((rule for rule in self._rules.ask if self._concerns(rule, asked, line)), None)
        if named is not None:
            return Ruling(decision="ask", why=f"the rule {named} says to ask")
        hidden = self._may_hide(line)
        if hidden is not None:
            return Ruling(decision="ask", why=hidden)
        gaps = list(self._gaps(asked, line))
        if not gaps or asked.effect in _UNASKED[self._mode]:
            return Ruling(decision="allow")
        rules = tuple(gap.rule for gap in gaps if gap.rule is not None)
        return Ruling(decision="ask", why=gaps[0].why, rules=rules if len(rules) == len(gaps) else ())

    def denies_path(self, effect: Effect, path: str) -> bool:
        """Whether a rule denies this effect on a path in normal form, whatever does it."""
        tool = {"read": "read", "write": "edit", "exec": "exec"}[effect]
        return any(
            rule.tool == tool and rule.argument == "path" and rule.has_path(path) for rule in self._rules.deny
        )

    def _concerns(self, rule: Rule, asked: Asked, line: Line | None) -> bool:
        """Whether a rule that restricts holds for any part of a call."""
        commands = () if line is None else line.commands
        opened = (one for command in commands for one in command.redirects)
        if any(self._concerns(rule, _opening(one), None) for one in opened):
            return True
        if not rule.is_about(asked.tool, asked.effect):
            return False
        if rule.argument is None:
            return True
        if rule.tool == "run":
            return any(rule.free_in(words) is not None for one in commands for words in within(one.words))
        if rule.argument == "path":
            return any(rule.has_path(path) for path in map(self._resolve, asked.paths) if path is not None)
        return rule.has_value(str(asked.arguments.get(rule.argument, "")))

    def _may_hide(self, line: Line | None) -> str | None:
        """Why a line may do what rules restrict; None: no rule does, or the line is read whole."""
        if line is None or line.unreadable is None:
            return None
        restricted = any(rule.tool == "run" and rule.argument for rule in (*self._rules.deny, *self._rules.ask))
        return f"{line.unreadable}, and there are rules against some commands" if restricted else None

    def _gaps(self, asked: Asked, line: Line | None) -> Iterable[_Gap]:
        """The parts of a call that no rule allows."""
        rules = [
            rule for rule in (*self._rules.allow, *self._remembered) if rule.is_about(asked.tool, asked.effect)
        ]
        if any(rule.argument is None and (line is None or rule.tool != "test") for rule in rules):
            return
        if line is None:
            yield from self._gaps_of_paths(asked, rules)
        elif line.unreadable is not None:
            yield _Gap(line.unreadable)
        elif asked.tool == "test":
            yield from _gaps_of_selection(asked, line, rules)
        else:
            for command in line.commands:
                yield from self._gaps_of_command(command, rules)

    def _gaps_of_paths(self, asked: Asked, rules: list[Rule]) -> Iterable[_Gap]:
        tool = _WHOLE[asked.effect]
        by_value = [rule for rule in rules if rule.argument not in {None, "path"}]
        if any(rule.has_value(str(asked.arguments.get(rule.argument or "", ""))) for rule in by_value):
            return
        if not asked.paths:
            yield _Gap(f"no rule allows {asked.tool}", Rule(tool=tool))
        for path in asked.paths:
            resolved = self._resolve(path)
            if resolved is None:
                yield _Gap(f"{path} is not open to rules")
            elif not any(rule.argument == "path" and rule.has_path(resolved) for rule in rules):
                yield _Gap(f"no rule allows to {asked.tool} {resolved}", exact_path(tool, resolved))

    def _gaps_of_command(self, command: Simple, rules: list[Rule]) -> Iterable[_Gap]:
        whys = [self._why_not(rule, words) for words in _ways(command.words) for rule in rules]
        if None not in whys:
            why = next((why for why in whys if why), f"no rule allows {' '.join(command.words)}")
            yield _Gap(why, literal(command.words))
        for redirect in command.redirects:
            if self._is_closed(redirect.path):
                yield _Gap(f"it opens {redirect.path}, which leads out of the project or may hold secrets")
                continue
            ruling = self.decide(_opening(redirect))
            if ruling.decision != "allow":
                yield _Gap(f"it opens {redirect.path}: {ruling.why}", next(iter(ruling.rules), None))

    def _why_not(self, rule: Rule, words: tuple[str, ...]) -> str | None:
        """Why a rule does not allow a command; empty: it is about others; None: it does."""
        free = rule.free_in(words) if rule.argument == "command" else None
        if free is None:
            return ""
        if rule.is_complete:
            return None
        if is_runner(words) or (words[0] in free and "/" in words[0]):
            return f"{words[0]} may run other commands, so only a rule without * allows it"
        risky = uncovered(words, free)
        if risky is not None:
            return f"{rule} does not cover {risky}, which can do more"
        closed = next((word for word in free if any(self._is_closed(place) for place in places(word))), None)
        return (
            None
            if closed is None
            else f"{rule} does not cover {closed}, which leads out of the project or may hold secrets"
        )

    def _is_closed(self, place: str) -> bool:
        parts = place.split("/")
        return place.startswith(("/", "~")) or ".." in parts or self._resolve(place) is None


def _gaps_of_selection(asked: Asked, line: Line, rules: list[Rule]) -> Iterable[_Gap]:
    """Words that only select tests: what else a shell or a launcher would do with them, no rule allows."""
    (command, *more) = line.commands
    selection = command.words[1:]
    if more or command.redirects:
        yield _Gap("the selection is more than words")
        return
    risky = uncovered(("pytest", *selection), selection)
    if risky is not None:
        yield _Gap(f"the selection holds {risky}, which can do more than select tests")
    elif not any(rule.argument is None or rule.has_value(asked.arguments.get("selection", "")) for rule in rules):
        yield _Gap("no rule allows to run the tests", Rule(tool="test"))


def _opening(redirect: Redirect) -> Asked:
    """A redirection is the reading or the changing of a file."""
    return Asked(tool=redirect.access, effect=redirect.access, paths=(redirect.path,))


def _ways(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    """A command, and what it only runs as it is."""
    found = [words]
    while (last := inner(found[-1])) is not None:
        found.append(last)
    return found
