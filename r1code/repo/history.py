"""The objects of a repository: what they hold, under which names, and some of them as a pack."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from r1code.errors import StateError
from r1code.repo.plumbing import checked, run

_AS_IT_IS = {"GIT_NO_REPLACE_OBJECTS": "1"}
_BATCH = 2_000
"""Objects that are read at once."""


class Object(Struct, frozen=True):
    name: str
    """Its hash."""
    kind: str
    """commit, tree, blob or tag."""
    size: int


class History:
    """Of the repository at `root`. Methods raise StateError, when git fails."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def objects(self) -> list[Object]:
        """All of them, also those that nothing refers to any more."""
        lines = self._ask(["cat-file", "--batch-all-objects", "--batch-check"], "list its objects").decode()
        return [_object(line) for line in lines.splitlines()]

    def contents(self, names: Iterable[str]) -> Iterator[tuple[Object, bytes]]:
        wanted = list(names)
        for at in range(0, len(wanted), _BATCH):
            asked = "".join(f"{name}\n" for name in wanted[at : at + _BATCH]).encode()
            yield from _parsed(self._ask(["cat-file", "--batch"], "read its objects", stdin=asked))

    def paths(self) -> Iterator[tuple[str, str]]:
        """Hashes and one of the paths that each had in any commit, in the index, or in what was undone."""
        arguments = ["rev-list", "--objects", "--all", "--reflog", "--indexed-objects"]
        for line in self._ask(arguments, "list its history").split(b"\n"):
            name, _, path = line.partition(b" ")
            if path:
                yield name.decode("ascii", "replace"), os.fsdecode(path)

    def packed(self, names: Iterable[str]) -> list[tuple[str, bytes]]:
        """These objects as a pack and its index, as files of a folder `objects`."""
        asked = "".join(f"{name}\n" for name in names).encode()
        pack = self._ask(["pack-objects", "--stdout", "-q"], "pack its objects", stdin=asked)
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / "x.pack"
            place.write_bytes(pack)
            index = place.with_suffix(".idx")
            named = (
                self._ask(["index-pack", "-o", str(index), str(place)], "index its objects").split()[-1].decode()
            )
            return [(f"pack/pack-{named}.pack", pack), (f"pack/pack-{named}.idx", index.read_bytes())]

    def _ask(self, arguments: list[str], doing: str, *, stdin: bytes = b"") -> bytes:
        return checked(run(self._root, arguments, env=_AS_IT_IS, stdin=stdin), doing).output


def _parsed(output: bytes) -> Iterator[tuple[Object, bytes]]:
    at = 0
    while at < len(output):
        end = output.index(b"\n", at)
        one = _object(output[at:end].decode())
        start, at = end + 1, end + 2 + one.size
        yield one, output[start : at - 1]


def _object(line: str) -> Object:
    try:
        name, kind, size = line.split()
    except ValueError:
        raise StateError(
            "git could not read its objects", why=line, hint="`git fsck` in that folder may say more"
        ) from None
    return Object(name, kind, int(size))
