from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.errors import StateError
from r1code.sandbox.archive import UNFRAME, Archive, framed
from r1code.tree.entry import Entry
from r1code.tree.store import Store, digest_of

NAMES = st.text(
    st.characters(exclude_characters="\0/", exclude_categories=("Cs",)) | st.just("\udcff"), min_size=1
)
MEMBERS = st.dictionaries(
    st.lists(NAMES.filter(lambda name: name not in {".", ".."}), min_size=1, max_size=4).map("/".join)
    | st.integers(90, 110).map("n".__mul__),
    st.tuples(st.integers(0, 0o777), st.binary(max_size=1200)),
    min_size=1,
    max_size=8,
)


def plain(members: dict[str, tuple[int, bytes]]) -> bytes:
    """The same as tarfile writes it."""
    found = bytearray()
    for path, (mode, data) in members.items():
        info = tarfile.TarInfo(path)
        info.mode, info.size = mode, len(data)
        found += info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape") + data + bytes(-len(data) % 512)
    return bytes(found) + bytes(1024)


@given(MEMBERS)
def test_quick_headers_are_those_of_tarfile(members: dict[str, tuple[int, bytes]]):
    archive = Archive()
    for path, (mode, data) in members.items():
        archive.add(path, "file", mode, data)
    assert b"".join(archive) == plain(members)


@pytest.mark.parametrize("count", [1, 9, 300])
def test_a_shell_puts_the_parts_together_whatever_their_sizes(tmp_path: Path, count: int):
    store = Store(tmp_path)
    contents = {f"f{n}": b"%d\n" % n * n * 100 for n in range(count)}
    archive = Archive(store)
    for path, data in contents.items():
        archive.add_entry(path, Entry(kind="file", mode=0o644, digest=store.put(data, durable=False)))
    sent = b"".join(framed(archive)) + b"what is left for others"
    done = subprocess.run(["sh", "-c", f"{UNFRAME}; cat >&2"], input=sent, capture_output=True, check=True)
    assert done.stderr == b"what is left for others"
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
        found = {member.name: file.read() for member in tar if (file := tar.extractfile(member)) is not None}
    assert found == contents


@pytest.mark.parametrize("content", [None, b"something else of another length", b"other"])
def test_what_the_store_lost_is_never_sent(tmp_path: Path, content: bytes | None):
    store = Store(tmp_path)
    digest = store.put(b"right")
    place = tmp_path / digest[:2] / digest[2:]
    place.unlink() if content is None else place.write_bytes(content)
    archive = Archive(store)
    archive.add_entry("a", Entry(kind="file", mode=0o644, digest=digest))
    with pytest.raises(StateError):
        list(archive)


def test_an_archive_of_a_link_holds_its_target(tmp_path: Path):
    store = Store(tmp_path)
    archive = Archive(store)
    archive.add_entry("link", Entry(kind="link", mode=0o777, digest=store.put("zié".encode())))
    archive.add_entry("folder", Entry(kind="folder", mode=0o755, digest=store.put(b"")))
    assert digest_of(b"") == store.put(b"")
    with tarfile.open(fileobj=io.BytesIO(b"".join(archive))) as tar:
        assert [(one.name, one.type, one.linkname) for one in tar] == [
            ("link", tarfile.SYMTYPE, "zié"),
            ("folder", tarfile.DIRTYPE, ""),
        ]
