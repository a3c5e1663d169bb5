"""What a test asks of the code, and which answer it expects."""

from __future__ import annotations

from msgspec import Struct


class Asked(Struct, frozen=True, kw_only=True):
    """What one line of a test asks, and expects."""

    path: str
    line: int
    names: tuple[str, ...]
    """Of the test: its class or groups, where it has some, and its own."""
    call: str
    """With what its names were imported from, so that equal texts mean the same."""
    shown: str
    expected: str
    """One text for all that are equal."""
    value: str
    """As it is written."""
    ids: frozenset[str] = frozenset()
    """How reports call the test."""
    ends: str = ""
    """How they end where they say more than the file shows; then no other test may have that name."""

    def is_in(self, test: str) -> bool:
        """Whether it stands in the test with this id."""
        return test in self.ids or (bool(self.ends) and f"/{test}".endswith(self.ends))
