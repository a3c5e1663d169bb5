from __future__ import annotations

import os
import struct
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1code.sandbox.stream import TAKE, frames, order

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


TEXT = st.text(
    st.characters(exclude_characters="\0", exclude_categories=("Cs",)) | st.sampled_from("\\'\"\n$`%\udcff")
)


def taken(line: bytes, stdin: bytes = b"", shell: str = "/bin/sh") -> bytes:
    done = subprocess.run([shell, *TAKE[1:]], input=line + stdin, capture_output=True, check=True)
    return done.stdout


@settings(max_examples=40)
@given(st.lists(TEXT, max_size=4), TEXT)
def test_arguments_and_variables_arrive_as_they_are(args: list[str], value: str):
    line = order('for one; do printf "%s\\0" "$one"; done; printf "%s" "$KEY"', tuple(args), {"KEY": value})
    assert taken(line) == b"".join(os.fsencode(one) + b"\0" for one in args) + os.fsencode(value)


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_what_follows_the_order_is_its_input(shell: str):
    script = """head -c "$1" | tr a b
    echo "then"
    cat"""
    assert taken(order(script, ("3",)), b"aaarest\n", shell) == b"bbbthen\nrest\n"


def test_a_process_that_is_never_told_does_nothing():
    done = subprocess.run(TAKE, input=b"", capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (125, b"")
