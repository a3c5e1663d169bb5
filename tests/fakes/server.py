"""A chat server that answers as scripted, with every fault, and rejects what the real ones reject.

    with FakeServer([Reply(text="<done>ok</done>", reasoning="Hm.")], style="vllm", models=["r1"]) as server:
        ...                                   # point a client at server.url
    assert server.rejected == []              # what was refused, in the host's words
    server.chats[0].body, .raw, .headers      # what came, byte by byte; server.seen has all paths
    server.prompted, server.cached            # tokens of each prompt, and those that hit the cache
    server.most_at_once                       # requests at a time

The n-th accepted request gets the n-th answer, and the last one serves from then on. Answers are data. A `Reply`
is what the model writes; the server sends and counts it as its host does, and heeds the request. `told(...)` and
`Answer([...])` are bytes, waits and breaks one by one; `fault(503, ..., retry_after="3")` is a refusal. Faults on
the way are shapes of a Reply (answers.py): `Reply(text="é", shape=cut_in("é"))`, `kept_alive(5, 0.1)`.

style="vllm"      vLLM 0.32 with the deepseek_r1 parser; `details=True`: with --enable-prompt-tokens-details
style="deepseek"  DeepSeek's hosted API of today; style="r1-era": as it was with R1, and as some hosts of R1 are
style="openai"    any other server; style="o1": OpenAI's models that think; "deepseek-v3.2": the API before V4

`context`, `most_output`, `template`, `concurrency` and `rate` (requests, seconds) are the server's limits;
`guarded`: a proxy in front lets only /v1 through; `version`, `caching`, `speculative`, `adapters` (LoRAs
by name, and where they lie): what kind of vLLM it is;
`parser=False`: the reasoning stands in the answer;
`tells=False`, with "openai": it does not say what it takes when it refuses a prompt as too long.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from msgspec import DecodeError
from msgspec.json import decode
from msgspec.structs import replace

from fakes.answers import (
    CUT,
    DONE,
    HANG,
    USAGE,
    Answer,
    Call,
    Reply,
    Step,
    as_it_is,
    chunk,
    cut_after,
    cut_in,
    ended_after,
    event,
    fault,
    joined,
    kept_alive,
    merged,
    openai_error,
    pieces,
    say,
    told,
    without_done,
)
from fakes.asgi import Gone, Listening, Receive, Scope, Seen, Send, body_of, play
from fakes.hosts import HOSTS, Refusal, Rules, Style
from fakes.hosts.base import problems
from fakes.prompts import PromptCache, Template, render, text_of, tokens
from fakes.speaking import Prompt, answer_to

__all__ = [
    "CUT", "DONE", "HANG", "USAGE", "Answer", "Call", "FakeServer", "Reply", "Seen", "Step", "Style", "as_it_is",
    "chunk", "cut_after", "cut_in", "ended_after", "event", "fault", "kept_alive", "merged", "openai_error",
    "pieces", "say", "told", "without_done",
]  # fmt: skip

_OPEN = {
    "/health": fault(200, ""),
    "/ping": fault(200, ""),
    "/load": fault(200, {"server_load": 0}),
    "/docs": fault(200, "<html></html>"),
    "/openapi.json": fault(200, {"openapi": "3.1.0"}),
}


class FakeServer:
    """See the module's text. Use it in a `with`."""

    def __init__(
        self,
        answers: Iterable[Answer | Reply] = (),
        *,
        style: Style = "vllm",
        models: Sequence[str] = ("m",),
        key: str | None = None,
        lists_models: bool = True,
        context: int | None = None,
        most_output: int | None = None,
        template: Template | None = None,
        details: bool = False,
        parser: bool = True,
        tells: bool = True,
        concurrency: int | None = None,
        rate: tuple[int, float] | None = None,
        guarded: bool = False,
        version: str = "0.32.0",
        caching: bool = True,
        speculative: bool = False,
        adapters: Mapping[str, str] | None = None,
    ) -> None:
        self.answers = list(answers)
        self.host = HOSTS[style]
        self.rules = Rules(
            models=[*models, *(adapters or {})],
            context=context or self.host.context,
            most_output=most_output or self.host.most_output,
            template=template or self.host.template,
            details=details,
            parser=parser,
            tells=tells,
        )
        self.style = style
        self.key = key
        self.lists_models = lists_models
        self.concurrency = concurrency
        self.rate = rate
        self.guarded = guarded
        self.version = version
        self.caching = caching
        self.speculative = speculative
        self.adapters = adapters or {}
        self.blocks = 8192
        self.preempted = 0
        self.seen: list[Seen] = []
        self.rejected: list[object] = []
        self.cached: list[int] = []
        self.prompted: list[int] = []
        self.most_at_once = 0
        self._at_once = 0
        self._accepted: list[float] = []
        self._cache = PromptCache(self.host.unit, self.host.cache)
        self._listening = Listening(self._application)

    @property
    def port(self) -> int:
        return self._listening.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def chats(self) -> list[Seen]:
        return [seen for seen in self.seen if seen.path.endswith("/chat/completions")]

    def seen_chats(self, count: int, seconds: float = 40.0) -> bool:
        """Waits until so many came."""
        until = time.monotonic() + seconds
        while len(self.chats) < count and time.monotonic() < until:
            time.sleep(0.02)
        return len(self.chats) >= count

    def __enter__(self) -> Self:
        self._listening.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """From now on the port refuses connections. Safe to call again."""
        self._listening.stop()

    async def _application(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport = self._listening.connections[tuple(scope["client"])]
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        try:
            raw = await body_of(receive)
        except Gone:
            return
        seen = Seen(scope["path"], headers, _decoded(raw), raw)
        self.seen.append(seen)
        chat = seen.path.endswith("/chat/completions")
        self._at_once += chat
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await play(self._answer(scope["method"], seen), seen, receive=receive, send=send, transport=transport)
        finally:
            self._at_once -= chat

    def _answer(self, method: str, seen: Seen) -> Answer:
        path = seen.path.removeprefix("/v1").removeprefix("/beta")
        if self.style == "vllm" and not seen.path.startswith("/v1/"):
            return self._open(seen) or self._refuse(Refusal(status=404, body=self.host.not_found))
        key = seen.headers.get("authorization", "").removeprefix("Bearer ") or None
        if self.key is not None and key != self.key:
            return self._refuse(self.host.locked_out(key))
        if path == "/models" and self.lists_models:
            return fault(200, {"object": "list", "data": [self._listed(name) for name in self.rules.models]})
        if path != "/chat/completions":
            return self._refuse(Refusal(status=404, body=self.host.not_found))
        if method != "POST":
            return self._refuse(Refusal(status=405, body={"detail": "Method Not Allowed"}))
        return self._chat(seen)

    def _chat(self, seen: Seen) -> Answer:
        rules = replace(self.rules, beta=seen.path.startswith("/beta"))
        problem = next(problems(seen.body, self.host.fields), None)
        refusal = None if problem is None else self.host.complains(problem)
        for check in self.host.checks:
            refusal = refusal or check(seen.body, rules)
        if refusal is not None:
            return self._refuse(refusal)
        if self._too_many():
            return self._refuse(self.host.limited(), retry_after="1")
        if self.style == "vllm" and not rules.parser and seen.body.get("thinking_token_budget") is not None:
            return self._refuse_budget(seen)
        self._accepted.append(time.monotonic())
        prompt = self._read(seen.body)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Answer):
            return answer
        return answer_to(answer, seen.body, prompt, host=self.host, rules=self.rules)

    def _refuse_budget(self, seen: Seen) -> Answer:
        """Without a parser nobody knows where the reasoning ends. Said in the stream, where there is one."""
        message = (
            "thinking_token_budget is set but reasoning_config is not configured. Please set --reasoning-parser "
            "and/or --reasoning-config to use thinking_token_budget."
        )
        told = openai_error(message, 400, "BadRequestError")
        refused = self._refuse(Refusal(status=400, body=told))
        return Answer([event(told), DONE]) if seen.body.get("stream") else refused

    def _read(self, body: dict[str, Any]) -> Prompt:
        template = self.rules.template
        generation, go_on = body.get("add_generation_prompt", True), body.get("continue_final_message", False)
        text = render(body["messages"], template, generation=generation, go_on=go_on)
        stem = tokens(render(body["messages"], template, generation=False))
        read = tokens(text)
        owner = body.get("user_id") or body.get("cache_salt") or ""
        self.cached.append(self._cache.hit(read, stem, owner) if self.caching else 0)
        self.prompted.append(len(read))
        return Prompt(text=text, tokens=len(read), cached=self.cached[-1], left=self.rules.context - len(read))

    def _too_many(self) -> bool:
        if self.concurrency is not None and self._at_once > self.concurrency:
            return True
        if self.rate is None:
            return False
        most, seconds = self.rate
        return sum(at > time.monotonic() - seconds for at in self._accepted) >= most

    def _open(self, seen: Seen) -> Answer | None:
        """What a vLLM answers to anybody, key or not."""
        if self.guarded:
            return None
        if seen.path == "/invocations":
            return self._chat(seen)
        if seen.path in {"/tokenize", "/detokenize"}:
            return self._tokens(seen)
        if seen.path == "/metrics":
            return Answer([self._metrics()], headers={"content-type": "text/plain; version=1.0.0; charset=utf-8"})
        if seen.path == "/version":
            return fault(200, {"version": self.version})
        return _OPEN.get(seen.path)

    def _metrics(self) -> bytes:
        """Those that we look at, in the form of Prometheus's client."""
        named = f'{{engine="0",model_name="{self.rules.models[0]}"}}'
        config = (
            f'block_size="{self.host.unit}",enable_prefix_caching="{self.caching}",num_gpu_blocks="{self.blocks}"'
        )
        lines = [f'vllm:cache_config_info{{{config},engine="0"}} 1.0']
        counted: dict[str, float] = {
            "prefix_cache_queries_total": sum(self.prompted),
            "prefix_cache_hits_total": sum(self.cached),
            "prompt_tokens_total": sum(self.prompted),
            "num_preemptions_total": self.preempted,
            "num_requests_running": self._at_once,
            "num_requests_waiting": 0,
            **({"spec_decode_num_draft_tokens_total": 100.0} if self.speculative else {}),
        }
        lines += [f"vllm:{name}{named} {value:.1f}" for name, value in counted.items()]
        return ("# HELP vllm:num_preemptions Of the engine.\n" + "\n".join(lines) + "\n").encode()

    def _tokens(self, seen: Seen) -> Answer:
        """Of a rendered prompt, or the text of tokens."""
        if "tokens" in seen.body:
            return fault(200, {"prompt": text_of(seen.body["tokens"])})
        if "messages" not in seen.body:
            return fault(400, openai_error("Field required"))
        made = list(tokens(render(seen.body["messages"], self.rules.template)))
        return fault(200, {"count": len(made), "max_model_len": self.rules.context, "tokens": made})

    def _listed(self, name: str) -> dict[str, Any]:
        listed = {"id": name, "object": "model", "created": 1, "owned_by": self.style}
        if name in self.adapters:
            return {**listed, "root": self.adapters[name], "parent": self.rules.models[0], "max_model_len": None}
        return {**listed, "max_model_len": self.rules.context} if self.style == "vllm" else listed

    def _refuse(self, refusal: Refusal, **headers: str) -> Answer:
        answer = fault(refusal.status, refusal.body, **headers)
        self.rejected.append(joined(answer.steps))
        return answer


def _decoded(raw: bytes) -> Any:
    try:
        return decode(raw) if raw else None
    except DecodeError:
        return "not JSON"
