"""Servers of every kind, asked over the wire: each is diagnosed with the advice that puts it right."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from fakes.answers import Reply, fault, merged
from fakes.ports import free_port
from fakes.server import HANG, Answer, FakeServer
from fakes.tls import self_signed
from r1code.app.checkup.diagnose import diagnose
from r1code.app.checkup.evidence import Target
from r1code.app.checkup.finding import Finding, exit_code
from r1code.app.checkup.probe import Probe
from r1code.app.checkup.written import table_of, write_profile
from r1code.control import Control
from r1code.errors import Cancelled
from r1code.profiles import find_profile, load_profiles

KEY = "sk-matrix-0123456789"
R1 = "deepseek-ai/DeepSeek-R1"
DISTILL = "deepseek-ai/DeepSeek-R1-Distill-Llama-70B"
THOUGHT = "Seventeen times three is fifty-one. " * 12
REPLY = Reply(text="51", reasoning=THOUGHT, size=16)
PLAIN = Reply(text="51")
TIMED = frozenset({"streaming", "speed", "keep-alive"})
OPEN = "lets only /v1 through"
# How the server is made, and all that is not right: the finding, how bad it is, and words of the advice.
VARIANTS: dict[str, tuple[dict[str, Any], dict[str, tuple[str, str]]]] = {
    "vllm": ({"details": True, "guarded": True}, {}),
    "vllm_open": ({"details": True}, {"open": ("warning", OPEN)}),
    "vllm_without_details": ({"guarded": True}, {"cache": ("warning", "--enable-prompt-tokens-details")}),
    "vllm_without_parser": (
        {"details": True, "guarded": True, "parser": False},
        {
            "parser": ("warning", "--reasoning-parser deepseek_r1"),
            "budget": ("wrong", "--reasoning-parser deepseek_r1"),
        },
    ),
    "vllm_without_parser_0528": (
        {"details": True, "guarded": True, "parser": False, "template": "r1-0528"},
        {
            "parser": ("warning", "--reasoning-parser deepseek_r1"),
            "budget": ("wrong", "--reasoning-parser deepseek_r1"),
        },
    ),
    "vllm_with_a_small_window": (
        {"details": True, "guarded": True, "context": 4096},
        {"context": ("wrong", "--max-model-len 65536")},
    ),
    "vllm_without_prefix_caching": (
        {"details": True, "caching": False},
        {"open": ("warning", OPEN), "cache": ("warning", "without --no-enable-prefix-caching")},
    ),
    "vllm_of_an_old_version": (
        {"details": True, "version": "0.27.1"},
        {"open": ("warning", "r1code serve gateway"), "server": ("warning", "update to vLLM 0.32.0 or later")},
    ),
    "vllm_in_large_pieces": (
        {"details": True, "guarded": True, "answers": [replace(REPLY, size=0)]},
        {"streaming": ("warning", "--stream-interval 1")},
    ),
    "vllm_behind_a_proxy_that_buffers": (
        {
            "details": True,
            "guarded": True,
            "answers": [replace(REPLY, shape=lambda steps: [1.1, *merged(steps)]), REPLY],
        },
        {"streaming": ("warning", "proxy_buffering off")},
    ),
    "a_distill": (
        {"details": True, "guarded": True, "models": [DISTILL, R1], "asked": DISTILL},
        {"is it R1": ("wrong", "is_r1 = false")},
    ),
    "another_model": (
        {"guarded": True, "models": ["other"]},
        {"model": ("wrong", "it has other: --model NAME")},
    ),
    "r1_era": (
        {"style": "r1-era"},
        {
            "output": ("wrong", "sampling.max_tokens = 8192"),
            "budget": ("wrong", "leave thinking.budget_field out"),
        },
    ),
    "deepseek": ({"style": "deepseek"}, {"budget": ("wrong", "leave thinking.budget_field out")}),
    "openai": ({"style": "openai"}, {"budget": ("wrong", "leave thinking.budget_field out")}),
    "o1": (
        {"style": "o1"},
        {
            "limit field": ("wrong", 'max_tokens_field = "max_completion_tokens"'),
            "budget": ("wrong", "leave thinking.budget_field out"),
        },
    ),
    "no_usage": (
        {"style": "r1-era", "most_output": 40_000, "answers": [replace(REPLY, usage="none")]},
        {
            "usage": ("wrong", "stream_options.include_usage"),
            "cache": ("warning", "upper bound"),
            "budget": ("wrong", "leave thinking.budget_field out"),
        },
    ),
    "a_broken_answer": (
        {"details": True, "guarded": True, "answers": [fault(500, "<html>no</html>")]},
        {"answer": ("wrong", "try again; its log may say more")},
    ),
    "one_that_never_answers": (
        {"details": True, "guarded": True, "answers": [Answer([HANG])], "patience": 0.5},
        {"answer": ("wrong", "a slow server needs larger timers")},
    ),
}


def probed(
    url: str, key: str | None = KEY, *, patience: float = 30, **changes: Any
) -> tuple[list[Finding], Probe, list[str]]:
    profile = replace(find_profile("vllm-r1", base_url=url), sampling=SAMPLING, **changes)
    said: list[str] = []
    target = Target(name="vllm-r1", profile=profile, key="none" if key is None else "set")
    probe = Probe(target, key, Control(), say=said.append, patience=patience)
    probe.run()
    return diagnose(probe.seen, probe.target), probe, said


SAMPLING = replace(load_profiles()["vllm-r1"].profile.sampling, temperature=None, top_p=None)


def bad(found: list[Finding]) -> dict[str, str]:
    return {one.name: one.state for one in found if one.state != "ok"}


def test_a_student_beside_its_model_is_told_and_written_as_what_it_is(tmp_path: Path) -> None:
    file = tmp_path / "profiles.toml"
    with FakeServer(
        [REPLY], models=[DISTILL], adapters={"mine": "/adapters/mine"}, key=KEY, details=True
    ) as server:
        found, _, _ = probed(server.url, model="mine")
        loose = Target(
            name="", profile=find_profile("openai-compatible", base_url=server.url, model="mine"), key="set"
        )
        probe = Probe(loose, KEY, Control(), say=lambda _: None)
        probe.run()
    # The profile vllm-r1 says that it is R1, and a student is not.
    (what,) = (one for one in found if one.name == "is it R1")
    assert what.state == "wrong"
    assert "an adapter, loaded from /adapters/mine, on R1-Distill-Llama-70B" in what.seen
    again = {one.name: one for one in diagnose(probe.seen, probe.target)}
    assert (again["is it R1"].state, again["context"].state) == ("ok", "ok")
    write_profile("mine", table_of(probe.seen, probe.target), file, force=False)
    student = load_profiles(file)["mine"].profile
    assert (student.model, student.is_r1, student.tokenizer) == ("mine", False, "llama-3")
    assert student.label.startswith("an adapter on R1-Distill-Llama-70B")
    assert (student.context_window, student.sampling.temperature, student.reasoning) == (131_072, 0.6, "field")


def test_functions_where_several_tokens_may_come_at_once_are_warned_of() -> None:
    with FakeServer([REPLY], models=[R1], key=KEY, speculative=True) as server:
        found, _, _ = probed(server.url, model=R1, dialect="native")
    (streaming,) = (one for one in found if one.name == "streaming")
    assert (streaming.state, "#48020" in streaming.seen) == ("warning", True)


@pytest.mark.parametrize("name", VARIANTS)
def test_each_kind_of_server_is_told_what_to_change(name: str) -> None:
    made, expected = VARIANTS[name]
    settings = {"answers": [REPLY], "models": [R1], "key": KEY, **made}
    asked, patience = settings.pop("asked", R1), settings.pop("patience", 30)
    with FakeServer(**settings) as server:
        found, probe, said = probed(server.url, model=asked, patience=patience)
    # A busy machine may be slow in any test: what depends on time is looked at where the server makes it so.
    found = [one for one in found if one.name not in TIMED or one.name in expected]
    assert bad(found) == {name: state for name, (state, _) in expected.items()}, found
    advice = {one.name: one.advice for one in found}
    assert {name: words for name, (_, words) in expected.items() if words not in advice[name]} == {}
    assert exit_code(found) == (1 if "wrong" in bad(found).values() else 0)
    # It stays within what it said, and no secret is in anything that it says or keeps.
    most = next((int(text.split()[2]) for text in said if text.startswith("at most")), 0)
    assert len(server.chats) <= most + ("limit field" in bad(found))
    assert KEY not in "".join(said) + str(found) + msgspec.json.encode(probe.seen).decode()
    assert all(len(one.raw) < 4_000 for one in server.chats)


def test_what_it_uses_is_within_what_it_says() -> None:
    with FakeServer([REPLY], models=[R1], key=KEY, details=True) as server:
        _, probe, said = probed(server.url)
        asked = len(server.prompted)
        probed(server.url)
    told = next(text for text in said if text.startswith("at most"))
    prompts = int(told.split(":")[1].split()[0].replace(",", ""))
    assert 0 < sum(server.prompted[:asked]) <= prompts
    assert probe.seen.prompt is not None
    # The prompt is new each time: the first request of a second checkup finds nothing in the cache.
    assert [server.cached[0], server.cached[asked]] == [0, 0]
    assert server.cached[asked + 1] > 0


@pytest.mark.parametrize(
    ("key", "advice"), [(None, "export VLLM_API_KEY"), ("sk-other", "set VLLM_API_KEY to the server's key")]
)
def test_without_the_right_key_nothing_is_asked(key: str | None, advice: str) -> None:
    with FakeServer([REPLY], models=[R1], key=KEY) as server:
        found, _, _ = probed(server.url, key)
    assert bad(found)["key"] == "wrong"
    assert advice in next(one.advice for one in found if one.name == "key")
    assert server.chats == []


def test_functions_are_tried_only_where_the_profile_calls_some() -> None:
    native: dict[str, Any] = {"dialect": "native", "reasoning": "field", "is_r1": False}
    with FakeServer([REPLY], models=[R1], key=KEY, details=True, guarded=True) as server:
        found, _, _ = probed(server.url, **native)
        asked = [one for one in server.chats if "tools" in one.body]
    # vLLM takes functions without tool_choice, and calls none.
    assert [len(asked), bad(found)["functions"]] == [1, "warning"]


def test_a_dead_server() -> None:
    port = free_port()
    found, _, _ = probed(f"http://127.0.0.1:{port}/v1")
    assert (found[-1].name, found[-1].advice) == ("port", f"start a server: vllm serve {R1} --port {port}")
    assert exit_code(found) == 6


def test_a_name_that_does_not_exist() -> None:
    found, _, _ = probed("http://r1.invalid/v1")
    assert (found[-1].name, exit_code(found)) == ("name", 6)


def test_https_where_plain_http_is_spoken() -> None:
    with FakeServer([REPLY], models=[R1]) as server:
        found, _, _ = probed(server.url.replace("http:", "https:"))
        assert (found[-1].name, exit_code(found)) == ("tls", 6)
        assert found[-1].advice == f"it speaks plain HTTP: use {server.url}"


@pytest.fixture
def secure() -> Iterator[int]:
    """The port of a server with TLS, whose certificate nobody vouches for."""
    with self_signed() as port:
        yield port


def test_a_certificate_that_nobody_vouches_for(secure: int) -> None:
    found, _, _ = probed(f"https://localhost:{secure}/v1")
    assert (found[-1].name, exit_code(found)) == ("tls", 6)
    assert "not trusted" in found[-1].seen
    assert "SSL_CERT_FILE" in found[-1].advice


def test_plain_http_where_tls_is_spoken(secure: int) -> None:
    found, _, _ = probed(f"http://localhost:{secure}/v1")
    assert (found[-1].name, exit_code(found)) == ("http", 6)
    assert found[-1].advice == f"it speaks TLS: use https://localhost:{secure}/v1"


@pytest.mark.parametrize(
    ("status", "name", "code", "advice"),
    [(200, "http", 1, "check the URL"), (502, "http", 6, "wait until it has started")],
)
def test_a_web_page_in_its_place(status: int, name: str, code: int, advice: str) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"<html><h1>Welcome</h1></html>")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as pages:
        thread = threading.Thread(target=pages.serve_forever, args=(0.05,))
        thread.start()
        found, _, _ = probed(f"http://127.0.0.1:{pages.server_port}/v1")
        pages.shutdown()
        thread.join()
    assert (found[-1].name, exit_code(found)) == (name, code)
    assert advice in found[-1].advice


@pytest.mark.parametrize("end", ["", "/v1/chat/completions", "/api/v1"])
def test_the_wrong_path(end: str) -> None:
    with FakeServer([REPLY], models=[R1], key=KEY) as server:
        found, _, _ = probed(server.url.removesuffix("/v1") + end)
        assert (found[-1].name, found[-1].advice) == ("http", f"use {server.url}")
        assert server.chats == []
    assert exit_code(found) == 1


def test_a_url_alone_finds_the_one_model() -> None:
    profile = find_profile("openai-compatible", base_url="http://x/v1", model="x")
    with FakeServer([PLAIN], style="openai", models=["qwen"]) as server:
        target = Target(name="", profile=replace(profile, base_url=server.url, model=""))
        probe = Probe(target, None, Control(), say=lambda _: None)
        probe.run()
    assert probe.target.profile.model == "qwen"
    found = {one.name: one for one in diagnose(probe.seen, probe.target)}
    assert found["is it R1"].seen == "another maker's model, not R1"
    assert found["reasoning"].seen.startswith("none")


def test_an_interrupt_ends_it_and_what_was_seen_stays() -> None:
    control = Control()

    def say(text: str) -> None:
        if text.startswith("asking"):
            threading.Timer(0.2, control.cancel).start()

    with FakeServer([Answer([HANG])], models=[R1]) as server:
        profile = replace(find_profile("vllm-r1"), base_url=server.url)
        probe = Probe(Target(name="", profile=profile), None, control, say=say)
        with pytest.raises(Cancelled):
            probe.run()
    names = [one.name for one in diagnose(probe.seen, probe.target)]
    assert names == ["name", "port", "tls", "http", "server", "key", "model", "is it R1", "open"]
