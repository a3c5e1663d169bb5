"""Small trees with odd names: made up, stored, and read back from the disk without our own code."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Literal

from hypothesis import strategies as st

from r1code.tree.entry import Entry
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store

Kind = Literal["file", "link", "folder"]
Spec = dict[str, tuple[Kind, int, bytes]]
"""Path -> kind, mode, content or link target."""

ODD_NAMES = [
    "a",
    "b",
    "c.py",
    "-x",
    "sp ace",
    "new\nline",
    "ünï",
    "\udcff",
    '"q"',
    "back\\slash",
    "tab\t",
    ".hid",
    ":m",
]

_names = st.sampled_from(ODD_NAMES)
_paths = st.lists(_names, min_size=1, max_size=3).map("/".join)
_lines = st.lists(st.sampled_from([b"one\n", b"two\r\n", b"\xc3\xa9\n", b"\n", b"end"]), max_size=6).map(b"".join)
_contents = st.one_of(_lines, st.binary(max_size=20))
_files = st.tuples(st.just("file"), st.sampled_from([0o644, 0o755, 0o600]), _contents)
_targets = st.sampled_from([b"a", b"../b", b"/nowhere", b"sp ace", b"\xc3\xa9", b"new\nline"])
_links = st.tuples(st.just("link"), st.just(0o777), _targets)


def _possible(spec: Spec) -> Spec:
    """Without the files, links and empty folders that have something below them."""
    return {path: what for path, what in spec.items() if not any(one.startswith(f"{path}/") for one in spec)}


_folders = st.just(("folder", 0o755, b""))
specs = st.dictionaries(_paths, st.one_of(_files, _files, _links, _folders), max_size=6).map(_possible)


def beyond_links(old: Spec, new: Spec) -> bool:
    """Whether a link makes room for a folder, or the other way round: plain git applies no such patch."""
    return any(
        what[0] == "link" and any(path.startswith(f"{link}/") for path in other)
        for one, other in ((old, new), (new, old))
        for link, what in one.items()
    )


def snapshot_of(spec: Spec, store: Store) -> Snapshot:
    entries = {
        path: Entry(kind=kind, mode=mode, digest=store.put(data))
        for path, (kind, mode, data) in sorted(spec.items())
    }
    return Snapshot(entries)


def write_out(spec: Spec, folder: Path) -> None:
    for path, (kind, mode, data) in spec.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if kind == "folder":
            place.mkdir()
        elif kind == "link":
            place.symlink_to(os.fsdecode(data))
        else:
            place.write_bytes(data)
            place.chmod(mode)


def on_disk(folder: Path) -> Spec:
    """All files, links and empty folders below `folder`, git's own left out."""
    found: Spec = {}
    for place in folder.rglob("*"):
        path = str(place.relative_to(folder))
        if path.split("/", maxsplit=1)[0] == ".git":
            continue
        mode = place.lstat().st_mode
        if stat.S_ISLNK(mode):
            found[path] = ("link", 0o777, os.fsencode(place.readlink()))
        elif stat.S_ISREG(mode):
            found[path] = ("file", stat.S_IMODE(mode), place.read_bytes())
        elif stat.S_ISDIR(mode) and not list(place.iterdir()):
            found[path] = ("folder", 0o755, b"")
    return found
