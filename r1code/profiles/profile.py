"""What a profile is: a named model, how it is reached, how it is spoken to, and what it costs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from r1code.profiles.price import Price

Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]
Variable = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Header = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]+$")]


TemplateName = Literal["deepseek-r1", "deepseek-r1-0528", "deepseek-v3", "chatml"]
TokenizerName = Literal[
    "deepseek-r1", "deepseek-v3", "deepseek-v4", "qwen2.5", "r1-distill-qwen", "llama-3", "unknown"
]


class Sampling(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for in each request. None: not sent, the server decides."""

    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(gt=0, le=1)] | None = None
    max_tokens: Positive | None = None


class Timers(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long to wait before a server is called dead."""

    first_byte_seconds: Seconds = 600.0
    """From the request to the first byte of the answer; vLLM sends none while it queues and reads the prompt."""
    idle_seconds: Seconds = 120.0
    """Between bytes of any kind; keep-alive comments and blank lines count."""
    progress_seconds: Seconds = 900.0
    """Between pieces of the answer; keep-alive does not count."""


class Infill(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a model that was trained to fill holes in code is shown one."""

    file: str
    """A whole file, with {path} and {text}."""
    hole: str
    """The file with the hole, with {path}, {before} and {after}. The answer is what belongs in between."""
    stop: tuple[str, ...] = ("\n",)
    max_tokens: Positive = 80
    statement_stop: tuple[str, ...] = ("\n\n",)
    """As `stop`, for a hole that may be filled with several lines."""
    statement_tokens: Positive = 160


class Thinking(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a request says how much is to be thought."""

    effort: str | None = None
    """The level that is asked for: one of `efforts`."""
    efforts: dict[str, dict[str, Any]] = {}
    """By level, what the request says for it; `off`: no thinking."""
    budget_field: str | None = None
    """The field of the request that limits the reasoning in tokens. None: the server cannot."""
    budget_least: Annotated[int, Meta(ge=0)] = 0
    """The smallest budget that the field takes."""
    budget: Annotated[int, Meta(ge=0)] | None = None
    """Tokens of reasoning that each step may have. None: no limit but that of the whole answer."""
    cut: Literal["ask", "continue"] = "ask"
    """What comes after reasoning that r1code had to cut: the model is told and asked again | the reasoning is
    sent back as a message to be continued, which vLLM can, closed by `budget_field`."""


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    label: str
    """What it really is, in words for a person."""
    license: str = ""
    """Of the model's weights, or `terms of service` where nobody has them: what may be done with its answers
    depends on it. Empty: not known."""
    is_r1: bool = False
    """DeepSeek-R1 itself: not a distill, not a later model, not unknown."""
    provider: Literal["chat", "local", "scripted"]
    model: str = ""
    base_url: str = ""
    key_env: Variable | None = None
    """The environment variable that holds the key. None: no key is sent."""
    key_required: bool = True
    """False: without the variable, requests go out without a key."""
    dialect: Literal["text", "native"] = "text"
    """How actions are written: as blocks in the answer | as functions, where the server reads calls soundly."""
    edits: tuple[str, ...] = ("edit", "write", "delete", "move", "chmod")
    """The tools that change files which the model is offered."""
    strategy: Literal["loop", "pipeline"] = "loop"
    """How failing tests are repaired: the model acts step by step | r1code finds the places and it edits them."""
    steps: Positive = 40
    """Model calls in a turn, where nobody says another limit."""
    infill: Infill | None = None
    """None: the model cannot fill holes, or its server takes no plain text."""
    context_window: Positive | None = None
    working_context: Positive = 24_000
    """Tokens of a prompt beyond which the history is made shorter: models do best with less than they take."""
    map_tokens: Annotated[int, Meta(ge=0)] = 1_000
    """Of the first message, for what the repository offers that the task may need. 0: only the list of files."""
    max_output: Positive | None = None
    reasoning: str = "in_prompt"
    """Where the reasoning starts: in_prompt, tag, field, or none."""
    replay: Literal["never", "tool_turns"] = "never"
    """Which reasoning is sent back: none, for R1 refuses or drops it | that of each answer with native calls,
    the empty one too: DeepSeek's API demands it since V3.2."""
    thinking: Thinking = Thinking()
    system: bool = False
    """Whether the model takes a system message."""
    system_role: Literal["system", "developer"] = "system"
    """What that message's role is called on the wire."""
    tokenizer: TokenizerName = "unknown"
    """Whose vocabulary counts its tokens; `llama-3` and `unknown` are estimated, on the safe side."""
    template: TemplateName | None = None
    """How the server makes one prompt of the messages. None: not known."""
    sampling: Sampling = Sampling()
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the request calls the limit of the answer."""
    reasoning_on_top: Annotated[int, Meta(ge=0)] = 0
    """Tokens of reasoning that the host gives, and bills, beyond that limit."""
    extra_body: dict[str, Any] = {}
    """Sent with each request as it is."""
    concurrency: Positive = 1
    """Requests at a time."""
    session_header: Header | None = None
    """A header that carries the session's id, for routers that keep a session on one replica."""
    session_field: str | None = None
    """A field of the request that carries it: for servers that schedule, or keep caches apart, by it."""
    price: Price | None = None
    """None: not known, or nobody's business but the server's owner's."""
    timers: Timers = Timers()
    notes: str = ""
    sources: tuple[str, ...] = ()
    """Where its values were read."""
    unverified: tuple[str, ...] = ()
    """Keys whose values nobody has confirmed."""

    @property
    def body(self) -> dict[str, Any]:
        """What each request says beyond the fields that all have."""
        return {**self.extra_body, **self.thinking.efforts.get(self.thinking.effort or "", {})}
