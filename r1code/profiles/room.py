"""How a model's context window is divided: what its prompts may have, and what is left for its answer."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from r1code.profiles.profile import Profile

_RESERVED_PART = 4
"""The part of the window that is left for an answer whose length nobody limits."""
_OBSERVATION_PART = 6
_MAP_PART = 4
"""More of the prompt no map gets, whoever asks for it."""
_LEAST_OBSERVATION = 200
_MOST_OBSERVATION = 8_000


class Room(Struct, frozen=True, kw_only=True):
    """All in tokens, as the profile's model counts them."""

    window: int | None
    """What the model takes, prompt and answer together. None: not known."""
    reserve: int
    """Left for the reasoning and the answer."""
    prompt: int
    """What a prompt may have: with more, the history is made shorter."""
    map: int
    """Of the prompt, for the map of the repository."""
    observation: int
    """What one observation may have."""

    @property
    def target(self) -> int:
        """What a prompt has at most after a compaction, where that can be done."""
        return self.prompt // 2

    @property
    def most(self) -> int:
        """What a prompt can have at all, as far as is known."""
        return self.prompt if self.window is None else max(self.prompt, self.window - self.reserve)


def room_of(profile: Profile, working: int | None = None, *, map_tokens: int | None = None) -> Room:
    """`working`, `map_tokens`: instead of the profile's."""
    window = profile.context_window
    asked = working or profile.working_context
    reserve = profile.sampling.max_tokens or profile.max_output or asked
    if window is not None:
        if profile.sampling.max_tokens is None:
            reserve = min(reserve, window // _RESERVED_PART)
        asked = max(1, min(asked, window - reserve))
    mapped = min(profile.map_tokens if map_tokens is None else map_tokens, asked // _MAP_PART)
    return Room(window=window, reserve=reserve, prompt=asked, map=mapped, observation=_observation(asked))


def narrowed(room: Room, size: int, *, window: int | None = None, asked: int | None = None) -> Room:
    """What is left of `room` where a server refused a prompt of `size` tokens as too long.

    `window` is what it said that it takes, and `asked` what it counted for the answer. Where it named no window,
    or one that the prompt would have fitted into as we count, half of what was refused is taken to be safe.
    """
    reserve = room.reserve
    most = size // 2
    if window is not None:
        kept = min(reserve, window // _RESERVED_PART) if asked is None else asked
        if size > window - kept:
            reserve, most = kept, window - kept
    most = max(1, most)
    prompt = min(room.prompt, most)
    return replace(
        room,
        window=most + reserve,
        reserve=reserve,
        prompt=prompt,
        observation=min(room.observation, _observation(prompt)),
    )


def _observation(prompt: int) -> int:
    return min(max(prompt // _OBSERVATION_PART, _LEAST_OBSERVATION), _MOST_OBSERVATION)
