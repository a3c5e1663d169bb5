"""What a server may show the doctor: a good one, and what changes of it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from r1code.app.checkup.evidence import Engine, Evidence, Listed, Past, Prompt, Reach, Talk, Target, Trouble
from r1code.profiles import Profile, Thinking

MODEL = "deepseek-ai/DeepSeek-R1"
PROFILE = Profile(
    label="R1", is_r1=True, provider="chat", model=MODEL, base_url="https://gpu:8000/v1", key_env="VLLM_API_KEY",
    key_required=False, context_window=65_536, thinking=Thinking(budget_field="thinking_token_budget"),
    tokenizer="deepseek-r1",
)  # fmt: skip
TARGET = Target(name="mine", profile=PROFILE, key="set")
REACH = Reach(addresses=("10.0.0.7",), milliseconds=2.0, tls="TLSv1.3", status=200)
LISTED = Listed(id=MODEL, root=MODEL, owner="vllm", window=65_536)
LONG = "Seventeen times three is fifty-one. " * 40
TALK = Talk(
    fields=("reasoning", "content"), reasoning=LONG, content="51", finish="stop", prompt=400, completion=400,
    cached=0, reasoned=0, deltas=400, reads=390, first_seconds=0.4, seconds=10.4, silence_seconds=0.1,
)  # fmt: skip
AGAIN = replace(TALK, cached=384, first_seconds=0.1)
CUT = replace(TALK, reasoning="Seventeen times three.", content="51")
GOOD = Evidence(
    reach=REACH, key_status=200, keyless_status=401, listed=(LISTED,), vllm=True, version="0.33.0", first=TALK,
    again=AGAIN, hits=384.0, prompt=Prompt(system=True, users=2, opens=True), budgeted=CUT, continued=TALK,
    open=(), skew_seconds=0.5, past=Past(answer=True, reasoning=False, same=True),
    engine=Engine(caching=True, room=131_072),
)  # fmt: skip
OTHER = replace(
    GOOD,
    vllm=False,
    open=None,
    prompt=None,
    past=None,
    engine=None,
    roles=TALK,
    continued=None,
    budgeted=None,
    hits=None,
)
REFUSED = Trouble(what="the server refused the request", why="gpu:8000 answered 400: no", hint="look")
NO = Talk(trouble=REFUSED)


def reach(**facts: Any) -> Evidence:
    return Evidence(reach=replace(REACH, **facts))


def first(**facts: Any) -> Evidence:
    return replace(GOOD, first=replace(TALK, **facts))


def target(**changes: Any) -> Target:
    return replace(TARGET, profile=replace(PROFILE, **changes))


LOCAL = target(base_url="http://127.0.0.1:8000/v1")
NATIVE = target(dialect="native", is_r1=False, reasoning="field")
Cases = dict[str, tuple[Evidence, Target, str, str, str, str]]
"""What was seen, of which profile, the finding's name and state, words that it says, words of its advice."""
