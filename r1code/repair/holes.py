"""Lines of suspects as holes: a model that does not see a wrong line cannot copy it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from r1code.repair.places import Suspect, text_of
from r1code.repo.symbols import docstring_lines, outline
from r1code.tree.worktree import WorkTree

_KEPT = re.compile(
    r"(?:return|if|elif|while|for|assert|raise|yield|with|del)\b\s*"  # a keyword says what kind of line it is
    r"|[\w.]+(?:\[[^\]=]*\])?(?:\s*:\s*[^=]+?)?\s*(?:[-+*/%|&^]|//|\*\*|<<|>>)?=(?!=)\s*"  # what is assigned to
)
_FRAME = re.compile(r"(?:@|#|(?:async\s+)?def\b|class\b|(?:else|try|finally)\s*:|[\])}]+[,:]?$)")


class Hole(Struct, frozen=True, kw_only=True):
    """A line of a definition, taken out."""

    suspect: Suspect
    row: int
    """Of the line in the suspect's text, from 0."""
    before: str
    """The file up to the hole; a keyword or a name that is assigned to stays."""
    after: str
    line: str
    """What stood there."""

    def filled(self, answer: str) -> str | None:
        """The definition with `answer` in the hole; None: that would change nothing, or break the file."""
        answer = answer.partition("\n")[0].rstrip()
        if not answer.strip() or answer.strip() == self.line.strip():
            return None
        if outline(f"{self.before}{answer}{self.after}").error is not None:
            return None
        lines = self.suspect.text.splitlines(keepends=True)
        kept = lines[self.row].rstrip("\n").removesuffix(self.line)
        lines[self.row] = f"{kept}{answer}\n"
        return "".join(lines)


def holes(tree: WorkTree, suspects: Sequence[Suspect]) -> list[Hole]:
    """All lines of the suspects that may be wrong, in their order; nothing of files that cannot be parsed."""
    found: list[Hole] = []
    for suspect in suspects:
        text = text_of(tree, suspect.path)
        if text is not None and outline(text).error is None:
            found += _holes_of(suspect, text)
    return found


def _holes_of(suspect: Suspect, text: str) -> Iterator[Hole]:
    lines = text.splitlines(keepends=True)
    remarks = docstring_lines(text)
    for row, line in enumerate(suspect.text.splitlines()):
        number = suspect.first + row
        code = line.strip()
        if not code or number in remarks or _FRAME.match(code):
            continue
        kept = _KEPT.match(code)
        removed = code[kept.end() :] if kept else code
        if not removed:
            continue
        whole = lines[number - 1].rstrip("\r\n")
        yield Hole(
            suspect=suspect,
            row=row,
            before="".join(lines[: number - 1]) + whole.removesuffix(whole.lstrip()) + code.removesuffix(removed),
            after="\n" + "".join(lines[number:]),
            line=removed,
        )
