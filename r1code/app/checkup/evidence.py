"""What a server showed of itself while it was probed: facts, no judgement."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from r1code.profiles import Profile

Stage = Literal["name", "port", "tls", "http"]
KeyState = Literal["set", "missing", "none"]
"""The profile's key is there | it is needed and not there | there is none, and the profile needs none."""


class Target(Struct, frozen=True, kw_only=True):
    """What is checked."""

    name: str
    """The profile's; empty: only a URL was given."""
    below: Profile | None = None
    """The profile of that name as it is, where flags point it at another server or model."""
    profile: Profile
    """Its `model` is empty where nobody said which, and it is not known yet."""
    key: KeyState = "none"


class Reach(Struct, frozen=True, kw_only=True):
    """The way to the server, as far as it went."""

    failed: Stage | None = None
    """The first step that did not work."""
    why: str = ""
    addresses: tuple[str, ...] = ()
    proxy: bool = False
    """A proxy of the environment is in between: name, port and TLS were not looked at."""
    milliseconds: float | None = None
    """How long the connection took."""
    tls: str = ""
    """Its version; empty without TLS."""
    status: int | None = None
    """Of the list of models."""
    page: bool = False
    """The answer was a web page, or otherwise no JSON."""
    location: str = ""
    """Where a redirect points."""
    elsewhere: str = ""
    """A base URL at which this server does answer as it should."""


class Listed(Struct, frozen=True, kw_only=True):
    """A model as the server lists it."""

    id: str
    root: str = ""
    """What it was loaded from, where that is said."""
    owner: str = ""
    window: int | None = None
    parent: str = ""
    """The model that it is an adapter of (a LoRA); empty: it is none."""


class Trouble(Struct, frozen=True, kw_only=True):
    """How a request failed, in r1code's words."""

    what: str
    why: str
    hint: str


class Talk(Struct, frozen=True, kw_only=True):
    """What one request of the chat showed."""

    trouble: Trouble | None = None
    fields: tuple[str, ...] = ()
    """Fields of the deltas that held text, as the server calls them, in the order in which they came."""
    reasoning: str = ""
    """What came in a field of its own."""
    content: str = ""
    call: str | None = None
    """The name and arguments of the function that was called; None: there was no call."""
    finish: str = ""
    prompt: int | None = None
    cached: int | None = None
    completion: int | None = None
    reasoned: int | None = None
    """Tokens of reasoning, by the server's count as it stands."""
    deltas: int = 0
    reads: int = 0
    """Pieces in which the deltas came over the network."""
    comments: int = 0
    """Keep-alive lines."""
    first_seconds: float | None = None
    """From the request to the first piece of the answer."""
    seconds: float = 0.0
    silence_seconds: float = 0.0
    """The longest time without a byte once the answer had begun."""


class Prompt(Struct, frozen=True, kw_only=True):
    """What the server's template made of a system message and two messages of the user in a row."""

    system: bool
    users: int
    """How many of the two are in it."""
    opens: bool
    """It ends with an open `<think>`."""


class Past(Struct, frozen=True, kw_only=True):
    """What the server's template made of an earlier reply in a conversation."""

    answer: bool
    """It is in the prompt."""
    reasoning: bool
    same: bool
    """What stands before it is as it was when it was asked for: so it can be in the cache."""


class Engine(Struct, frozen=True, kw_only=True):
    """As vLLM's metrics show it."""

    caching: bool | None = None
    room: int | None = None
    """Tokens that its key-value cache holds, of all requests together."""
    speculative: bool = False


class Card(Struct, frozen=True, kw_only=True):
    name: str
    total: int
    used: int
    """Bytes."""
    capability: tuple[int, int]


class Gpus(Struct, frozen=True, kw_only=True):
    """Of this machine."""

    driver: str
    cuda: tuple[int, int]
    """The newest that the driver offers."""
    cards: tuple[Card, ...]


def base_of(listed: tuple[Listed, ...] | None, model: str) -> Listed:
    """The model's entry; of an adapter that of the model below it, whose template and vocabulary it has."""
    known = {one.id: one for one in listed or ()}
    one = known.get(model, Listed(id=model))
    return known.get(one.parent, Listed(id=one.parent)) if one.parent else one


class Evidence(Struct, frozen=True, kw_only=True):
    """None: it was not looked at, or could not be seen."""

    reach: Reach = Reach()
    key_status: int | None = None
    """Of the list of models, asked with the key."""
    keyless_status: int | None = None
    listed: tuple[Listed, ...] | None = None
    vllm: bool = False
    version: str = ""
    limit_field: str = ""
    """The name that the server wants for the limit of an answer, where it is not the profile's."""
    first: Talk | None = None
    again: Talk | None = None
    """The same prompt a second time."""
    hits: float | None = None
    """Tokens that the second prompt found in the cache, by the server's own metric; others' requests count in."""
    window: int | None = None
    """As a refusal said; `listed` may say it as well."""
    most_output: int | None = None
    prompt: Prompt | None = None
    past: Past | None = None
    engine: Engine | None = None
    gpus: Gpus | None = None
    """Where the server is on this machine."""
    roles: Talk | None = None
    """A system message and two messages of the user in a row."""
    system_alone: Talk | None = None
    """A system message and one message: asked where `roles` was refused."""
    budgeted: Talk | None = None
    """As `first`, with a limit of BUDGET tokens of reasoning."""
    continued: Talk | None = None
    """A reply that begins with reasoning of ours."""
    called: Talk | None = None
    """Asked to call a function."""
    open: tuple[str, ...] | None = None
    """Paths outside of /v1 that answer without a key."""
    skew_seconds: float | None = None
    """How far the server's clock is ahead of ours."""


BUDGET = 32
"""Tokens of reasoning that `budgeted` is allowed."""
