"""Tests that a patch may add: new files that hold tests and nothing else, and take no other file's place. Pure.

What an added file does when it is loaded decides about nothing: what was failing is judged without it
(docs/decisions/0038).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import PurePosixPath

from pathspec import GitIgnoreSpec

from r1code.repair.protected import TEST_FILES, is_protected

_TESTS = GitIgnoreSpec.from_lines(TEST_FILES)


def additions(base: Collection[str]) -> Callable[[str], bool]:
    """Whether a path that is not in `base`, the paths of the tree as it was, may be added as a test."""
    there = {path.casefold() for path in base}
    # A module of the same name, anywhere: which of the two an import finds depends on the order of loading.
    names = {PurePosixPath(part).stem.casefold() for path in base for part in path.split("/")}

    def may_be_added(path: str) -> bool:
        folded = path.casefold()
        taken = folded in there or any(one.startswith(f"{folded}/") for one in there)
        return not taken and _TESTS.match_file(path) and PurePosixPath(folded).stem not in names

    return may_be_added


def guarding(base: Collection[str]) -> Callable[[str], bool]:
    """Whether a repair of the tree with the paths `base` must leave a path as it is."""
    may_be_added = additions(base)
    return lambda path: is_protected(path) and not may_be_added(path)
