from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from r1code.sandbox.stream import frames

FRAMES = st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=30)), max_size=8)


def merged(parts: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Neighbours of one stream as one."""
    result: list[tuple[int, bytes]] = []
    for number, data in parts:
        if not data:
            continue
        if result and result[-1][0] == number:
            result[-1] = (number, result[-1][1] + data)
        else:
            result.append((number, data))
    return result


@given(FRAMES, st.lists(st.integers(1, 20), min_size=1))
def test_the_stream_is_the_same_however_the_network_cuts_it(sent: list[tuple[int, bytes]], sizes: list[int]):
    wire = b"".join(struct.pack(">BxxxL", number, len(data)) + data for number, data in sent)
    at, turn = 0, 0

    def receive(most: int) -> bytes:
        nonlocal at, turn
        size = min(sizes[turn % len(sizes)], most)
        data = wire[at : at + size]
        at, turn = at + size, turn + 1
        return data

    assert merged(list(frames(receive))) == merged(sent)


def test_a_stream_that_breaks_off_gives_what_came():
    wire = [struct.pack(">BxxxL", 1, 10) + b"half", b""]
    assert list(frames(lambda _: wire.pop(0))) == [(1, b"half")]
