"""Which hunks of a patch are wanted: a value that answers build up, whoever gives them."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from r1code.errors import UsageError
from r1code.tree.hunks import Hunk, Review
from r1code.tree.patch import Patch
from r1code.tree.store import Store

Decision = Literal["yes", "no", "file", "split", "done"]
"""About the current hunk. `file`: yes to all that are left in its file; `done`: no to all that are left."""
_PART = re.compile(r"(\d+(?:\.\d+)*)|(\d+)-(\d+)")


class Choices(Struct, frozen=True, kw_only=True):
    review: Review
    yes: frozenset[str] = frozenset()
    """Ids of hunks."""
    no: frozenset[str] = frozenset()

    @property
    def current(self) -> Hunk | None:
        """The first that is undecided; None: all are decided."""
        return next((hunk for hunk in self.review.hunks if hunk.id not in self.yes | self.no), None)

    def decided(self, decision: Decision) -> Choices:
        """With that said about the current hunk. One without parts stays whole, and undecided, after `split`."""
        hunk = self.current
        if hunk is None:
            return self
        left = {one for one in self.review.hunks if one.id not in self.yes | self.no}
        match decision:
            case "yes":
                return replace(self, yes=self.yes | {hunk.id})
            case "no":
                return replace(self, no=self.no | {hunk.id})
            case "file":
                return replace(self, yes=self.yes | {one.id for one in left if one.path == hunk.path})
            case "done":
                return replace(self, no=self.no | {one.id for one in left})
            case "split":
                return replace(self, review=self.review.split(hunk.id))

    def patch(self, store: Store) -> Patch:
        """What was said yes to."""
        return self.review.select(self.yes, store)


def everything(review: Review) -> Choices:
    return Choices(review=review, yes=frozenset(hunk.id for hunk in review.hunks))


def numbered(review: Review, text: str) -> Choices:
    """The hunks that `text` names by their numbers, like `1,3-5`; `2.1` is a part of the second.

    Raises UsageError for what is no such list, and for a number that there is not.
    """
    wanted: set[str] = set()
    for part in text.replace(" ", "").split(","):
        found = _PART.fullmatch(part)
        if found is None:
            raise _unknown(part, "it is neither a number nor a range")
        one, first, last = found.groups()
        for number in [one] if one else map(str, range(int(first), int(last) + 1)):
            review = _with(review, number)
            wanted.add(number)
    hunks = review.hunks
    return Choices(
        review=review,
        yes=frozenset(hunk.id for hunk in hunks if _is_in(hunk.number, wanted)),
        no=frozenset(hunk.id for hunk in hunks if not _is_in(hunk.number, wanted)),
    )


def _is_in(number: str, wanted: set[str]) -> bool:
    return any(number == one or number.startswith(f"{one}.") for one in wanted)


def _with(review: Review, number: str) -> Review:
    """Split until a hunk or its parts have that number."""
    whole = number
    while not any(hunk.number == number or hunk.number.startswith(f"{number}.") for hunk in review.hunks):
        while not any(hunk.number == whole for hunk in review.hunks):
            whole, _, part = whole.rpartition(".")
            if not part or not whole:
                raise _unknown(number, f"the patch has {len(review.files)} files and these hunks: {_all(review)}")
        parts = review.split(next(hunk.id for hunk in review.hunks if hunk.number == whole))
        if parts == review:
            raise _unknown(number, f"hunk {whole} has no such part")
        review, whole = parts, number
    return review


def _all(review: Review) -> str:
    numbers = [hunk.number for hunk in review.hunks]
    return numbers[0] if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}" if numbers else "none"


def _unknown(part: str, why: str) -> UsageError:
    return UsageError(
        f"there is no hunk {part!r}",
        why=why,
        hint="name hunks like 1,3-5; `r1code apply FILE --dry-run --json` shows their numbers",
    )
