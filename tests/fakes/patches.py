"""Patches of made-up files, and what is in them afterwards."""

from __future__ import annotations

import atexit
import tempfile
from pathlib import Path

from hypothesis import strategies as st

from fakes.trees import Spec, snapshot_of
from r1code.repo.compare import review
from r1code.tree.hunks import CONTEXT, Review
from r1code.tree.patch import Patch
from r1code.tree.store import Store

_words = st.sampled_from(
    [
        b"a",
        b"b",
        b"c",
        b"",
        b"x\r",
        b"\r",
        b"\xff\xfe",
        b"\x0c",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"caf\xe9",
        b"\xef\xbb\xbf",
    ]
)
contents = st.builds(
    lambda lines, end: b"\n".join(lines) + end,
    st.lists(_words, max_size=14),
    st.sampled_from([b"", b"\n", b"\r\n"]),
)
"""Text with all that is easily taken for the end of a line, and without a newline at the end."""


_FOLDER = tempfile.TemporaryDirectory(prefix="r1code-tests-")
atexit.register(_FOLDER.cleanup)


def fresh_folder() -> Path:
    """For an example of a property test, which gets no folder of its own; gone at the end."""
    return Path(tempfile.mkdtemp(dir=_FOLDER.name))


def fresh_store() -> Store:
    return Store(fresh_folder() / "store")


def patch_of(before: Spec, after: Spec, store: Store) -> Patch:
    return snapshot_of(before, store).diff(snapshot_of(after, store))


def reviewed(before: Spec, after: Spec, store: Store, *, context: int = CONTEXT) -> Review:
    return review(patch_of(before, after, store), store, context=context)


def one_file(before: bytes, after: bytes, store: Store, *, context: int = CONTEXT) -> Review:
    return reviewed({"f": ("file", 0o644, before)}, {"f": ("file", 0o644, after)}, store, context=context)


def applied(before: Spec, patch: Patch, store: Store) -> Spec:
    """Raises ValueError where the patch does not fit."""
    snapshot = snapshot_of(before, store).with_patch(patch)
    return {path: (entry.kind, entry.mode, store.get(entry.digest)) for path, entry in snapshot.entries.items()}
