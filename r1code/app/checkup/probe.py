"""Asks a server what is to be known of it: little, in order, and no further than makes sense."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import cast
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from r1code.app.checkup.context import window_of
from r1code.app.checkup.diagnose import LOCAL, diagnose
from r1code.app.checkup.engine import read_engine
from r1code.app.checkup.evidence import Evidence, Listed, Past, Prompt, Talk, Target
from r1code.app.checkup.gpu import look
from r1code.app.checkup.plain import Answered, Plain
from r1code.app.checkup.reach import reach, with_answer
from r1code.app.checkup.talking import ONE, SAID, SYSTEM, THOUGHT, TWO, Ask, Asks, asks, bound, talk
from r1code.control import Control
from r1code.dialects.reasoning import CLOSE, OPEN
from r1code.profiles import Profile
from r1code.providers.overflow import longest_answer, read_overflow

Say = Callable[[str], None]
PATIENCE_SECONDS = 120.0
_PLAIN_SECONDS = 15.0
STOPS = frozenset({"name", "port", "tls", "http", "key", "model"})
"""What has to be right before tokens are spent."""
_HITS = re.compile(r"^vllm:prefix_cache_hits_total(?:\{[^}\n]*\})? (\d+(?:\.\d+)?(?:e\+?\d+)?)$", re.MULTILINE)
_ASKED = ("/health", "/ping", "/version", "/load", "/metrics", "/docs", "/openapi.json")
_POSTED = ("/tokenize", "/detokenize", "/invocations")
"""Asked with an empty object, which none of them takes: a refusal that is not about the key is an open door."""
_LISTED_DOORS = frozenset(
    {"/pooling", "/classify", "/score", "/rerank", "/generative_scoring", "/pause", "/resume", "/abort_requests"}
    | {"/scale_elastic_ep", "/update_weights", "/init_weight_transfer_engine", "/sleep", "/wake_up"}
    | {"/collective_rpc", "/reset_prefix_cache", "/server_info"}
)
"""Never asked, for they do something; known to be there from the server's own description."""
_OPEN_STATUS = frozenset({200, 400, 422})


class _Model(Struct):
    id: str
    root: str | None = None
    owned_by: str | None = None
    max_model_len: int | None = None
    parent: str | None = None


class _Models(Struct):
    data: list[_Model]


class Probe:
    """`run` once; what was seen by then is in `seen` at any time, also after an interrupt."""

    def __init__(
        self,
        target: Target,
        key: str | None,
        control: Control,
        *,
        say: Say,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """`say` tells a person what is done, and before tokens are used how many at most."""
        self.target = target
        self.seen = Evidence()
        self._key = key
        self._control = control
        self._say = say
        self._patience = patience
        self._plain = Plain(key, control, seconds=min(_PLAIN_SECONDS, patience))

    def run(self) -> None:
        """Raises Cancelled."""
        self.look()
        if not self._may_go_on():
            return
        planned = asks(self._patient())
        self._tell(planned)
        self._first(planned)
        if self.seen.first is None or self.seen.first.trouble is not None:
            return
        self._again(planned)
        self._roles(planned)
        self._limits(planned)
        self._special(planned)

    def _see(self, **facts: object) -> None:
        self.seen = replace(self.seen, **facts)

    def look(self) -> None:
        """All that costs no tokens. Raises Cancelled."""
        url = self.target.profile.base_url.rstrip("/")
        self._say(f"connecting to {url}")
        way = reach(url, self._control)
        if way.failed is not None:
            self._see(reach=way)
            return
        keyless = self._plain.ask(f"{url}/models")
        keyed = keyless if self._key is None else self._plain.ask(f"{url}/models", keyed=True)
        self._see(reach=with_answer(way, url, keyed, plain=self._plain, control=self._control))
        if keyed.status is None or self.seen.reach.elsewhere:
            return
        listed = listed_in(keyed)
        self._see(
            key_status=None if self._key is None else keyed.status,
            keyless_status=keyless.status,
            listed=listed,
            vllm=any(one.owner == "vllm" for one in listed or ()),
            skew_seconds=_skew(keyed),
        )
        if not self.target.profile.model and listed and len(listed) == 1:
            profile = replace(self.target.profile, model=listed[0].id)
            self.target = replace(self.target, profile=profile)
        self._doors()

    def _may_go_on(self) -> bool:
        return not any(
            one.state == "wrong" and one.name in STOPS for one in diagnose(self.seen, self.target)
        ) and bool(self.target.profile.model)

    @property
    def _root(self) -> str:
        return self.target.profile.base_url.rstrip("/").removesuffix("/v1")

    def _doors(self) -> None:
        """What a vLLM answers to anybody."""
        version = self._plain.ask(f"{self._root}/version")
        if version.is_good and (said := version.table()) is not None:
            self._see(version=str(said.get("version", "")))
        if not self.seen.vllm:
            return
        self._say("looking for endpoints that are open without a key")
        doors = [path for path in _ASKED if self._plain.ask(f"{self._root}{path}").is_good]
        posted = {path: self._plain.ask(f"{self._root}{path}", body={}).status for path in _POSTED}
        doors += [path for path, status in posted.items() if status in _OPEN_STATUS]
        if "/openapi.json" in doors:
            paths = (self._plain.ask(f"{self._root}/openapi.json").table() or {}).get("paths")
            doors += sorted(
                _LISTED_DOORS & set(cast("dict[str, object]", paths) if isinstance(paths, dict) else ())
            )
        self._see(open=tuple(doors))
        if "/metrics" in doors:
            self._see(engine=read_engine(self._metrics()))
        if urlsplit(self._root).hostname in LOCAL:
            self._see(gpus=look())

    def _tell(self, planned: Asks) -> None:
        coming = [planned.first, planned.again, planned.roles]
        coming += [planned.system_alone, *([] if self._window() else [planned.limits])]
        if self._budgets():
            coming.append(planned.budgeted)
        if self.seen.vllm:
            coming.append(planned.continued)
        if self.target.profile.dialect == "native":
            coming.append(planned.called)
        prompts, answers = bound(coming)
        price = self.target.profile.price
        cost = "" if price is None else f", at most {price.bound(prompts, answers):.4f} {price.currency}"
        self._say(
            f"at most {len(coming)} short requests: {prompts:,} tokens of prompts, {answers:,} of answers{cost}"
        )

    def _window(self) -> int | None:
        return window_of(self.seen, self.target.profile.model)

    def _budgets(self) -> bool:
        return self.seen.vllm or self.target.profile.thinking.budget_field is not None

    def _patient(self) -> Profile:
        """The profile with our patience instead of a session's."""
        timers, most = self.target.profile.timers, self._patience
        return replace(
            self.target.profile,
            timers=replace(
                timers,
                first_byte_seconds=min(timers.first_byte_seconds, most),
                idle_seconds=min(timers.idle_seconds, most),
                progress_seconds=min(timers.progress_seconds, most),
            ),
        )

    def _talk(self, ask: Ask) -> Talk:
        return talk(ask, self._patient(), self._key, self._control)

    def _first(self, planned: Asks) -> None:
        self._say(f"asking {self.target.profile.model} a sum, twice")
        first = self._talk(planned.first)
        if _refuses_limit(first, self.target.profile):
            self._see(limit_field="max_completion_tokens")
            profile = replace(self.target.profile, max_tokens_field="max_completion_tokens")
            self.target = replace(self.target, profile=profile)
            first = self._talk(planned.first)
        self._see(first=first)

    def _again(self, planned: Asks) -> None:
        before = self._hits()
        again = self._talk(planned.again)
        after = self._hits()
        self._see(again=again, hits=None if before is None or after is None else after - before)

    def _hits(self) -> float | None:
        if "/metrics" not in (self.seen.open or ()):
            return None
        found = _HITS.findall(self._metrics())
        return sum(map(float, found)) if found else None

    def _metrics(self) -> str:
        return self._plain.ask(f"{self._root}/metrics").body.decode(errors="replace")

    def _roles(self, planned: Asks) -> None:
        self._say("looking at the chat template")
        if (prompt := self._rendered()) is not None:
            self._see(prompt=prompt, past=self._remembered())
            return
        roles = self._talk(planned.roles)
        alone = self._talk(planned.system_alone) if roles.trouble is not None else None
        self._see(roles=roles, system_alone=alone)

    def _rendered(self) -> Prompt | None:
        """The prompt as vLLM itself makes it, where it says so."""
        if "/tokenize" not in (self.seen.open or ()):
            return None
        text = self._prompt(("system", SYSTEM), ("user", ONE), ("user", TWO))
        if text is None:
            return None
        users = (ONE in text) + (TWO in text)
        return Prompt(system=SYSTEM in text, users=users, opens=text.rstrip().endswith(OPEN))

    def _remembered(self) -> Past | None:
        """What the template makes of a reply that was given before."""
        first = self._prompt(("user", ONE))
        second = self._prompt(
            ("user", ONE), ("assistant", f"{OPEN}\n{THOUGHT}\n{CLOSE}\n\n{SAID}"), ("user", TWO)
        )
        if first is None or second is None:
            return None
        asked = first.partition(ONE)[0] + ONE
        return Past(answer=SAID in second, reasoning=THOUGHT in second, same=second.startswith(asked))

    def _prompt(self, *messages: tuple[str, str]) -> str | None:
        model = self.target.profile.model
        told = [{"role": role, "content": content} for role, content in messages]
        body = {"model": model, "messages": told, "add_generation_prompt": True}
        made = self._plain.ask(f"{self._root}/tokenize", keyed=True, body=body).table() or {}
        asked = {"model": model, "tokens": made.get("tokens")}
        text = (self._plain.ask(f"{self._root}/detokenize", keyed=True, body=asked).table() or {}).get("prompt")
        return text if isinstance(text, str) else None

    def _limits(self, planned: Asks) -> None:
        """The window, by asking for more than there can be: a refusal costs nothing."""
        if self._window() is not None:
            return
        self._say("asking for more than fits")
        trouble = self._talk(planned.limits).trouble
        if trouble is None:
            return
        overflow = read_overflow(trouble.why)
        self._see(
            window=None if overflow is None else overflow.window,
            most_output=longest_answer(trouble.why),
        )

    def _special(self, planned: Asks) -> None:
        if self._budgets():
            self._say("limiting the reasoning")
            self._see(budgeted=self._talk(planned.budgeted))
        if self.seen.vllm:
            self._see(continued=self._talk(planned.continued))
        if self.target.profile.dialect == "native":
            self._say("asking for a call")
            self._see(called=self._talk(planned.called))


def listed_in(answered: Answered) -> tuple[Listed, ...] | None:
    """The models that a server names. None: the answer is no such list."""
    if not answered.is_good:
        return None
    try:
        models = msgspec.json.decode(answered.body, type=_Models).data
    except msgspec.MsgspecError:
        return None
    return tuple(
        Listed(
            id=one.id,
            root=one.root or "",
            owner=one.owned_by or "",
            window=one.max_model_len,
            parent=one.parent or "",
        )
        for one in models
    )


def _skew(answered: Answered) -> float | None:
    try:
        there = parsedate_to_datetime(answered.headers.get("date", ""))
    except ValueError:
        return None
    return there.timestamp() - time.time()


def _refuses_limit(talk: Talk, profile: Profile) -> bool:
    """Whether it is the field's name that was refused, and not its value."""
    if talk.trouble is None or profile.max_tokens_field != "max_tokens":
        return False
    return re.search(r"\bmax_tokens\b", talk.trouble.why) is not None and longest_answer(talk.trouble.why) is None
