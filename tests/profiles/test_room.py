from __future__ import annotations

import pytest
from msgspec.structs import replace

from r1code.profiles import find_profile, load_profiles
from r1code.profiles.profile import Sampling
from r1code.profiles.room import Room, narrowed, room_of

R1 = find_profile("vllm-r1")


def test_every_profile_leaves_room_for_its_answer_and_works_with_less_than_it_takes() -> None:
    for name, one in load_profiles(None).items():
        room = room_of(one.profile)
        assert 0 < room.observation < room.target < room.prompt <= one.profile.working_context, name
        if room.window is not None:
            assert room.prompt + room.reserve <= room.window, name


def test_r1_works_with_a_short_context_whatever_its_window() -> None:
    room = room_of(R1)
    assert (room.prompt, room.reserve, room.window) == (24_000, 32_768, 131_072)
    assert room.most == 131_072 - 32_768


def test_a_wish_is_kept_within_the_window() -> None:
    assert room_of(R1, 60_000).prompt == 60_000
    assert room_of(R1, 500_000).prompt == 131_072 - 32_768


def test_an_answer_without_a_limit_gets_a_quarter_of_the_window() -> None:
    free = replace(R1, context_window=8_000, sampling=Sampling())
    assert (room_of(free).reserve, room_of(free).prompt) == (2_000, 6_000)


def test_a_window_that_nobody_knows_limits_nothing() -> None:
    room = room_of(replace(R1, context_window=None))
    assert (room.prompt, room.most) == (24_000, 24_000)


ROOM = Room(window=None, reserve=9_000, prompt=24_000, map=1_000, observation=4_000)


@pytest.mark.parametrize(
    ("size", "said", "prompt", "reserve"),
    [
        (13_000, (12_000, None), 9_000, 3_000),
        (11_000, (12_000, 2_000), 10_000, 2_000),
        # It does not say what it takes, or counts more tokens than we do.
        (13_000, (None, None), 6_500, 9_000),
        (8_000, (12_000, None), 4_000, 9_000),
        # More than a prompt may have anyway.
        (90_000, (None, None), 24_000, 9_000),
        (900, (1_000, 1_000), 1, 1_000),
    ],
)
def test_what_a_server_refused_makes_the_room_smaller(
    size: int, said: tuple[int | None, int | None], prompt: int, reserve: int
) -> None:
    left = narrowed(ROOM, size, window=said[0], asked=said[1])
    assert (left.prompt, left.reserve) == (prompt, reserve)
    assert left.prompt <= left.most < size
    assert left.window == left.most + reserve
    assert left.observation == min(4_000, max(200, prompt // 6))
