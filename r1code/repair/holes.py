"""Code of suspects as holes: a model that does not see what is wrong cannot copy it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from r1code.repair.places import Suspect, definition_text, text_of
from r1code.repair.rank import Executed, lines_of
from r1code.repo.symbols import code_of, docstring_lines, outline, simple_statements
from r1code.tools.match_lines import split
from r1code.tree.worktree import WorkTree

_KEPT = re.compile(
    r"(?:return|if|elif|while|for|assert|raise|yield|with|del)\b\s*"  # a keyword says what kind of line it is
    r"|[\w.]+(?:\[[^\]=]*\])?(?:\s*:\s*[^=]+?)?\s*(?:[-+*/%|&^]|//|\*\*|<<|>>)?=(?!=)\s*"  # what is assigned to
)
_FRAME = re.compile(r"(?:@|#|(?:async\s+)?def\b|class\b|(?:else|try|finally)\s*:|[\])}]+[,:]?$)")

_RETURN = re.compile(r"return\b\s*(?=\S)")
_RESULT = "result"
_NEXT = 2
"""How many suspects the next hole of the same one waits for."""


class Hole(Struct, frozen=True, kw_only=True):
    """A piece of a definition, taken out of its file."""

    suspect: Suspect
    number: int
    """Its first line in the file."""
    before: str
    """The file up to the hole."""
    after: str
    removed: str
    """What stood there."""
    is_statement: bool
    """A whole statement, to be filled with any number of lines; otherwise the end of one line."""

    def window(self, limit: int) -> tuple[str, str]:
        """Whole lines of the file before and after the hole, about `limit` characters together."""
        before, after = self.before, self.after
        if len(before) + len(after) > limit:
            _, _, before = before[-2 * limit // 3 :].partition("\n")
            after, _, _ = after[: limit // 3].rpartition("\n")
        return before, after

    def filled(self, answer: str) -> str | None:
        """The definition with `answer` in the hole; None: nothing would change in it, or something else would."""
        answer = self._of_the_hole(answer)
        if answer.strip() in {"", self.removed.strip()}:
            return None
        text = f"{self.before}{answer}{self.after}"
        new, old = outline(text), outline(f"{self.before}{self.removed}{self.after}")
        if new.error is not None or [one.name for one in new.definitions] != [
            one.name for one in old.definitions
        ]:
            return None
        own = (one for one in new.definitions if (one.name, one.first) == (self.suspect.name, self.suspect.first))
        content = definition_text(text, next(own))
        return None if code_of(content) == code_of(self.suspect.text) else content

    def _of_the_hole(self, answer: str) -> str:
        """As much of `answer` as belongs here: one line, or the lines that are indented as the first."""
        first, *more = answer.split("\n")
        if not self.is_statement:
            return first.rstrip()
        indent = len(self.before) - len(self.before.rstrip(" \t"))
        kept = [first]
        for line in more:
            if line.strip() and len(line) - len(line.lstrip(" \t")) < indent:
                break
            kept.append(line)
        return "\n".join(kept).rstrip()


def lines_as_holes(tree: WorkTree, suspects: Sequence[Suspect]) -> list[Hole]:
    """All lines of the suspects that may be wrong; a keyword or a name that is assigned to stays.

    In the order of the suspects; nothing of files that cannot be parsed.
    """
    return [hole for one, text in _whole(tree, suspects) for hole in _lines_of(one, text)]


def statements_as_holes(tree: WorkTree, suspects: Sequence[Suspect]) -> list[Hole]:
    """All statements of the suspects that hold no other, in the same order; a constant has but a line.

    What a `return` gives back also stays and gets a hole behind it: something may only be missing.
    """
    bodies = [one for one in suspects if one.kind != "constant"]
    return [hole for one, text in _whole(tree, bodies) for hole in _statements_of(one, text)]


def in_turn(holes: Sequence[Hole], executed: Executed) -> list[Hole]:
    """The likeliest of the first suspect, then of the next, with the others of each between those that follow.

    What the failing test does not execute of a definition that it does execute is left out.
    """
    places: list[tuple[int, Hole]] = []
    for at, (suspect, own) in enumerate(groupby(holes, key=lambda hole: hole.suspect)):
        lines = lines_of(suspect, executed)
        hit = [hole for hole in own if not lines or hole.number in lines]
        hit.sort(key=lambda hole: (lines.get(hole.number, 0), -hole.number if lines else 0))
        places += [(at + _NEXT * place, hole) for place, hole in enumerate(hit)]
    return [hole for _, hole in sorted(places, key=lambda one: one[0])]


def _whole(tree: WorkTree, suspects: Sequence[Suspect]) -> Iterator[tuple[Suspect, str]]:
    for one in suspects:
        text = text_of(tree, one.path)
        if text is not None and outline(text).error is None:
            yield one, text


def _lines_of(suspect: Suspect, text: str) -> Iterator[Hole]:
    lines = split(text)
    remarks = docstring_lines(text)
    for number in suspect.numbers:
        code = lines[number - 1].strip()
        if not code or number in remarks or _FRAME.match(code):
            continue
        kept = _KEPT.match(code)
        removed = code[kept.end() :] if kept else code
        if removed:
            yield _hole(suspect, lines, (number, number), removed, is_statement=False)


def _statements_of(suspect: Suspect, text: str) -> Iterator[Hole]:
    lines = split(text)
    for first, last in simple_statements(text).items():
        if first in suspect.numbers:
            removed = "".join(lines[first - 1 : last]).strip()
            hole = _hole(suspect, lines, (first, last), removed, is_statement=True)
            yield hole
            returned = _RETURN.match(removed)
            if returned:
                yield _behind(hole, removed[returned.end() :])


def _behind(hole: Hole, returned: str) -> Hole:
    """`return returned` as `result = returned`, the hole, `return result`."""
    indent = hole.before[hole.before.rfind("\n") + 1 :]
    return replace(
        hole,
        before=f"{hole.before}{_RESULT} = {returned}\n{indent}",
        after=f"\n{indent}return {_RESULT}{hole.after}",
        removed="",
    )


def _hole(
    suspect: Suspect, lines: Sequence[str], span: tuple[int, int], removed: str, *, is_statement: bool
) -> Hole:
    first, last = span
    code = "".join(lines[first - 1 : last]).rstrip()
    return Hole(
        suspect=suspect,
        number=first,
        before="".join(lines[: first - 1]) + code.removesuffix(removed),
        after="\n" + "".join(lines[last:]),
        removed=removed,
        is_statement=is_statement,
    )
