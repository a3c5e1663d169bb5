"""What comes out of a container may be forged: it is refused in words, and costs neither memory nor a crash."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.errors import SandboxError
from r1code.sandbox.archive import files, most_bytes
from r1code.sandbox.manifest import parse, returning
from r1code.tree.entry import wrong_with

GOOD = {"./a": b"one", "./d/b" + "x" * 150: b"two" * 500}


def archive(contents: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, data in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def taken(stream: bytes, most: int = 1_000_000) -> dict[str, bytes]:
    return dict(files(iter([stream[at : at + 777] for at in range(0, len(stream), 777)]), most))


def test_an_archive_of_what_was_asked_for_is_never_too_long():
    for contents in (GOOD, {}, {"./" + "é" * 2000: b""}, {f"./{n}": bytes(n) for n in range(200)}):
        stream = archive(contents)
        assert len(taken(stream, most_bytes(map(len, contents.values())))) == len(contents)


@given(
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=8), st.integers(0, 5000)
)
def test_a_damaged_archive_is_an_error_in_words_or_files(changes: list[tuple[int, int]], length: int):
    stream = bytearray(archive(GOOD))
    for at, value in changes:
        stream[at % len(stream)] = value
    with suppress(SandboxError):
        assert sum(map(len, taken(bytes(stream[: length or None])).values())) <= len(stream)


def endless() -> Iterator[bytes]:
    while True:
        yield b"\0" * 65536


def header(name: str, kind: bytes, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_member_that_never_ends_is_cut_off(kind: bytes):
    def stream() -> Iterator[bytes]:
        yield header("./a", kind, 1 << 40)
        yield from endless()

    with pytest.raises(SandboxError, match="grew while"):
        list(files(stream(), 1_000_000))


def test_a_few_bytes_that_stand_for_many_zeros_are_not_unfolded():
    pax = b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n26 GNU.sparse.name=sparse\n"
    pax += b"35 GNU.sparse.realsize=99999999999\n"
    body = b"1\n99999999999\n0\n".ljust(512, b"\0")
    stream = header("x", tarfile.XHDTYPE, len(pax)) + pax.ljust(512, b"\0")
    stream += header("./sparse", tarfile.REGTYPE, len(body)) + body + bytes(1024)
    assert taken(stream) == {}


FIELD = st.binary(max_size=12) | st.sampled_from(
    [b"f", b"d", b"l", b"644", b"0", b"7", b"../x", b"/x", b"./../../y"]
)


@given(st.lists(FIELD, max_size=40))
def test_any_listing_is_an_error_in_words_or_names_only_paths_of_the_tree(fields: list[bytes]):
    with suppress(SandboxError):
        seen = parse(b"".join(field + b"\0" for field in fields))
        found = returning({}, seen, {}, lambda _: set())
        assert [path for path in (*found.changed, *found.deleted) if wrong_with(path)] == []
