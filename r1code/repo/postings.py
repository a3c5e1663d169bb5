"""For each key the files that have it, as numbers, each with a value: packed, and changed here and there."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence

EACH = 8
"""Bytes: a number of 32 bits and a float, in two rows one behind the other."""


def unpacked(data: bytes) -> tuple[array[int], array[float]]:
    """The files, ascending, and their values."""
    files, values, half = array("I"), array("f"), len(data) // EACH * (EACH // 2)
    files.frombytes(data[:half])
    values.frombytes(data[half:])
    return files, values


class Postings:
    """`packed` ones with changes. Only what is changed or asked for is unpacked."""

    def __init__(self, packed: Mapping[str, bytes]) -> None:
        self._packed = dict(packed)
        self._open: dict[str, tuple[array[int], array[float]]] = {}

    def files(self, key: str) -> Sequence[int] | None:
        """Those that have `key`, ascending; None or empty: none has."""
        found = self._open.get(key)
        if found is None and key in self._packed:
            found = self._opened(key)
        return None if found is None else found[0]

    def put(self, key: str, file: int, value: float) -> None:
        files, values = self._open.get(key) or self._opened(key)
        # Who goes through all files comes in this order.
        if not files or files[-1] < file:
            files.append(file)
            values.append(value)
            return
        at = bisect_left(files, file)
        if files[at] == file:
            values[at] = value
        else:
            files.insert(at, file)
            values.insert(at, value)

    def drop(self, key: str, file: int) -> None:
        """Raises ValueError if `file` does not have `key`."""
        files, values = self._opened(key)
        at = files.index(file)
        del files[at], values[at]

    def _opened(self, key: str) -> tuple[array[int], array[float]]:
        found = self._open.get(key)
        if found is None:
            found = self._open[key] = unpacked(self._packed.get(key, b""))
        return found

    def packed(self) -> dict[str, bytes]:
        for key, (files, values) in self._open.items():
            if files:
                self._packed[key] = files.tobytes() + values.tobytes()
            else:
                self._packed.pop(key, None)
        self._open.clear()
        return self._packed
