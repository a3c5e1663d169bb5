"""The process that reads contents and parses them: `python -m r1code.repo.index.worker FOLDER`.

It answers each job on its own, so that what asked knows which one it hangs on or dies of. Jobs and answers are
msgpack, each behind its length.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from r1code.errors import StateError
from r1code.repo.index.languages import languages
from r1code.repo.index.read import read
from r1code.tree.store import Store


class Job(Struct, frozen=True, array_like=True):
    digest: str
    language: str


JOBS = msgspec.msgpack.Decoder(list[Job])
_LENGTH = 4
MOST_MEMORY = 2_000_000_000
"""Bytes. More are asked for by a source that is made for it only."""


def framed(data: bytes) -> bytes:
    return len(data).to_bytes(_LENGTH, "big") + data


def frames(buffer: bytearray) -> Iterator[bytes]:
    """The whole ones in `buffer`, which is left with the rest."""
    while len(buffer) >= _LENGTH:
        end = _LENGTH + int.from_bytes(buffer[:_LENGTH], "big")
        if len(buffer) < end:
            return
        frame = bytes(buffer[_LENGTH:end])
        del buffer[:end]
        yield frame


def serve(store: Store, asked: BinaryIO, answers: BinaryIO) -> None:
    """Until nobody asks any more. An answer is a packed outline; empty: the content is not there.

    Before all others an empty one says that it is ready.
    """
    answers.write(framed(b""))
    answers.flush()
    while len(length := asked.read(_LENGTH)) == _LENGTH:
        for job in JOBS.decode(asked.read(int.from_bytes(length, "big"))):
            try:
                data = store.get(job.digest)
            except StateError:
                packed = b""
            else:
                packed = read(data, languages()[job.language]).pack()
            answers.write(framed(packed))
            answers.flush()


def main() -> None:
    with suppress(ValueError, OSError):  # Where there is no such limit, or a lower one already.
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    # What prints, by mistake or in a grammar, must not end up between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(Store(Path(sys.argv[1])), sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
