from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import pytest

from fakes.chat import KEY, REQUEST, ask, failure, provider, texts, timers
from fakes.pace import Pace
from fakes.ports import free_port
from fakes.server import CUT, HANG, Answer, FakeServer, Step, chunk, event, fault, openai_error, say, told
from fakes.tls import self_signed
from r1code.control import Control
from r1code.dialects.base import ChatMessage, Request
from r1code.errors import ProviderError
from r1code.providers.base import Delta
from r1code.providers.retry import Backoff, retry_after

BUSY = openai_error("Service is too busy", "service_unavailable_error")


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_failure_is_tried_again(status: int) -> None:
    said: list[str] = []
    with FakeServer([fault(status, BUSY), fault(status, "<html>Bad</html>"), told("ok")]) as server:
        deltas, _ = ask(server, said=said)
    assert texts(deltas) == ("", "ok")
    assert len(server.chats) == 3
    assert [text.partition("; ")[2][:10] for text in said] == ["try 2 of 5", "try 3 of 5"]
    assert "Service is too busy" in said[0]
    assert "html" not in said[1]


PASSING: dict[str, Answer] = {
    "before_the_headers": Answer(before=[CUT]),
    "before_the_first_delta": Answer([chunk({"role": "assistant", "content": ""}), CUT]),
    "an_end_without_a_finish": told("", finish=None, usage=None),
    "an_end_without_anything": Answer([]),
    "an_empty_answer": told(""),
    "no_resources": told("", finish="insufficient_system_resource"),
    "an_error_in_the_stream": Answer([event(openai_error("EngineCore died", 500))]),
    "an_error_that_is_a_string": Answer([event({"error": "engine died"})]),
    "not_json": Answer([b"data: {oops\n\n"]),
    "not_utf8": Answer([b"data: \xff\xfe\n\n"]),
    "not_a_chunk": Answer([event({"choices": "none"}), *say("never")]),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_fault_before_the_first_delta_is_tried_again(name: str) -> None:
    with FakeServer([PASSING[name], told("ok")]) as server:
        deltas, _ = ask(server)
    assert texts(deltas) == ("", "ok")
    assert len(server.chats) == 2


@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_stays_ends_after_all_tries(name: str) -> None:
    with FakeServer([PASSING[name]]) as server:
        error = failure(server)
    assert error.retryable
    assert "(5 tries)" in error.why
    assert f"127.0.0.1:{server.port}" in error.what + error.why
    assert len(server.chats) == 5


@pytest.mark.parametrize(
    "steps",
    [
        [chunk({"content": "half"}), CUT],
        say("half", finish=None, usage=None),
        say("half", finish=None, usage=None, done=False),
        say("half", finish="insufficient_system_resource"),
        [chunk({"content": "half"}), b"data: {oops\n\n"],
        [chunk({"content": "half"}), event(openai_error("EngineCore died", 500))],
    ],
)
def test_a_fault_after_the_first_delta_is_the_callers(steps: Any) -> None:
    got: list[object] = []
    with FakeServer([Answer(steps)]) as server, provider(server.url) as made:
        with pytest.raises(ProviderError) as caught:
            got.extend(made.stream(REQUEST, Control()))
        assert len(server.chats) == 1
    assert caught.value.retryable
    assert all(isinstance(item, Delta) for item in got)


FINAL: dict[str, tuple[Answer, list[str]]] = {
    "deepseek_balance": (fault(402, openai_error("Insufficient Balance", "x")), ["no balance", "Insufficient"]),
    "openai_quota": (
        fault(429, openai_error("You exceeded your quota", "insufficient_quota")),
        ["used up", "429", "exceeded"],
    ),
    "forbidden": (fault(403, {"detail": "Forbidden"}), ["key", "Forbidden"]),
    "fastapi_422": (
        fault(422, {"detail": [{"loc": ["body", "top_p"], "msg": "too large", "type": "x"}]}),
        ["refused the request", "top_p", "too large"],
    ),
    "vllm_400": (
        fault(
            400, {"object": "error", "message": "seed must be positive", "type": "BadRequestError", "code": 400}
        ),
        ["refused the request", "seed must be positive"],
    ),
    "long": (fault(400, openai_error("x" * 5000)), ["x..."]),
    "vllm_overflow": (
        fault(
            400, openai_error("This model's maximum context length is 8192 tokens. However, you requested 9000")
        ),
        ["does not fit", "8192"],
    ),
    "llama_overflow": (
        fault(
            400, openai_error("the request exceeds the available context size", kind="exceed_context_size_error")
        ),
        ["does not fit", "available context size"],
    ),
    "too_large": (fault(413, "<html><h1>413</h1></html>"), ["too large", "a web page"]),
    "redirect": (
        fault(307, "", location="https://elsewhere.example/v1/chat/completions"),
        ["elsewhere", "https://elsewhere.example"],
    ),
    "error_in_the_stream": (Answer([event(openai_error("bad seed", 400))]), ["broke off", "bad seed"]),
    "web_page": (
        Answer([b"<html>hello</html>"], headers={"content-type": "text/html"}),
        ["does not speak the chat API", "text/html", "/v1"],
    ),
    "no_stream": (fault(200, {"choices": []}), ["does not speak the chat API", "application/json"]),
}


@pytest.mark.parametrize("name", FINAL)
def test_what_trying_again_cannot_help_ends_at_once_in_plain_words(name: str) -> None:
    answer, words = FINAL[name]
    with FakeServer([answer]) as server:
        error = failure(server)
    assert not error.retryable
    assert len(server.chats) == 1
    text = str(error)
    assert [word for word in words if word not in text] == []
    assert f"127.0.0.1:{server.port}" in text
    assert len(text) < 1000


@pytest.mark.parametrize("style", ["vllm", "deepseek"])
def test_a_missing_key_and_a_wrong_key_are_told_apart(style: Any) -> None:
    with FakeServer([told("ok")], style=style, key="another") as server:
        missing = failure(server)
        wrong = failure(server, KEY)
    assert (missing.what, wrong.what) == ("the server wants a key", "the server does not accept the key")
    assert "R1CODE_API_KEY" in missing.hint
    assert "R1CODE_API_KEY" in wrong.hint
    assert len(server.chats) == 2


@pytest.mark.parametrize("style", ["vllm", "deepseek"])
def test_an_unknown_model_is_answered_with_those_that_there_are(style: Any) -> None:
    with FakeServer([told("ok")], style=style, models=["r1", "r1-distill"]) as server:
        error = failure(server)
    assert error.what == "the server has no model 'm'"
    assert "r1, r1-distill" in error.hint
    assert [seen.path for seen in server.seen] == ["/v1/chat/completions", "/v1/models"]


def test_a_wrong_address_says_so_where_no_list_of_models_can_be_had() -> None:
    with FakeServer([told("ok")], lists_models=False) as server:
        error = failure(server, base_url=f"http://127.0.0.1:{server.port}/api")
    assert error.what == "the server does not know the model or the address"
    assert "/v1" in error.hint


def test_a_context_that_is_too_small_is_named_by_a_real_vllms_words() -> None:
    long = Request(messages=(ChatMessage(role="user", content="one " * 200),))
    with (
        FakeServer([told("ok")], context=100) as server,
        provider(server.url) as made,
        pytest.raises(ProviderError, match="does not fit"),
    ):
        list(made.stream(long, Control()))


def test_the_key_is_in_no_error_and_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echo = openai_error(f"your key {KEY} is wrong, really: {KEY}")
    broken = Answer([event(openai_error(f"key {KEY}"))])
    texts_seen: list[str] = []
    for answer in (fault(401, echo), fault(400, echo), fault(503, echo), broken, told("ok")):
        with FakeServer([answer]) as server:
            try:
                ask(server, KEY, said=texts_seen)
            except ProviderError as error:
                texts_seen += [str(error), repr(error)]
        assert server.chats[0].headers["authorization"].endswith(KEY)
    assert "(key)" in texts_seen[0]
    assert [text for text in texts_seen if KEY in text] == []
    assert KEY not in caplog.text
    assert caplog.records


@pytest.mark.parametrize("asked", ["0.15", lambda: formatdate(time.time() + 60, usegmt=True)])
def test_the_server_says_how_long_to_wait(asked: Any) -> None:
    value = asked if isinstance(asked, str) else asked()
    with FakeServer([fault(429, BUSY, retry_after=value), told("ok")]) as server, Pace() as pace:
        begun = time.monotonic()
        ask(server)
        assert time.monotonic() - begun >= 0.15
        # The date is a minute ahead; the provider of these tests waits for 0.2 s at most.
        assert pace.seconds < 2


@pytest.mark.parametrize(
    ("value", "expected"), [(None, None), ("3", 3.0), ("1.5", 1.5), ("-4", 0.0), ("nan", None), ("soon", None)]
)
def test_a_retry_after_is_read_or_ignored(value: str | None, expected: float | None) -> None:
    assert retry_after(value) == expected


def test_a_retry_after_in_the_past_is_now() -> None:
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


def test_waits_double_up_to_a_limit_and_are_never_longer() -> None:
    backoff = Backoff(first_seconds=1, most_seconds=10, most_asked_seconds=60)
    waits = [backoff.wait(tried, None) for tried in range(1, 9)]
    for wait, most in zip(waits, [1, 2, 4, 8, 10, 10, 10, 10], strict=True):
        assert 0.75 * most <= wait <= most
    asked = [backoff.wait(1, 30.0) for _ in range(20)]
    assert all(30.0 <= wait <= 33.0 for wait in asked)
    assert len(set(asked)) > 1
    assert 60.0 <= backoff.wait(1, 3600.0) <= 66.0


KEEP_ALIVE = [b": keep-alive\n\n", 0.05]
SILENT = {
    "no_first_byte": (Answer([HANG]), timers(first_byte=0.3), "the server did not answer"),
    "no_headers": (Answer(before=[HANG]), timers(first_byte=0.3), "the server did not answer"),
    "silence": (Answer([b": hello\n\n", HANG]), timers(idle=0.3), "the connection to the server went silent"),
    "only_keep_alive": (
        Answer(KEEP_ALIVE * 100),
        timers(progress=0.5),
        "the server is alive and does not answer",
    ),
    "only_empty_deltas": (
        Answer([chunk({"content": ""}), 0.05] * 100),
        timers(progress=0.5),
        "the server is alive and does not answer",
    ),
}


@pytest.mark.parametrize("name", SILENT)
def test_each_way_of_saying_nothing_has_its_own_timer(name: str) -> None:
    answer, limits, what = SILENT[name]
    with FakeServer([answer]) as server, Pace() as pace:
        begun = time.monotonic()
        error = failure(server, timers=limits, backoff=Backoff(tries=1))
        assert time.monotonic() - begun >= 0.3
        assert pace.seconds < 1.5
        assert server.chats[0].gone.wait(40)
    assert error.what == what
    assert error.retryable


def test_keep_alive_comments_and_blank_lines_keep_a_slow_answer_alive() -> None:
    # More than two seconds, and nothing of it near to the limit.
    alive = [*KEEP_ALIVE, b"\n", 0.1] * 15
    with FakeServer(
        [
            Answer(
                [
                    *alive,
                    *say("ok", "hm"),
                ]
            )
        ]
    ) as server:
        deltas, _ = ask(server, timers=timers(first_byte=1.5, idle=1.5))
    assert texts(deltas) == ("hm", "ok")
    assert len(server.chats) == 1


def test_a_caller_who_takes_his_time_is_not_the_servers_silence() -> None:
    back = threading.Event()

    class UntilBack(list[Step]):
        def __iter__(self) -> Iterator[Step]:
            yield from (chunk({"content": f"{number} "}) for number in range(10))
            while not back.is_set():
                yield 0.02
            yield from say("end")

    with (
        FakeServer([Answer(UntilBack())]) as server,
        provider(server.url, timers=timers(idle=1.0, progress=1.0)) as made,
    ):
        stream = made.stream(REQUEST, Control())
        first = next(stream)
        time.sleep(1.5)
        back.set()
        rest = list(stream)
    assert isinstance(first, Delta)
    assert len(rest) == 11


def _fails(url: str, **more: Any) -> ProviderError:
    with provider(url, **more) as made, pytest.raises(ProviderError) as caught:
        list(made.stream(REQUEST, Control()))
    return caught.value


def test_a_server_that_is_not_there_is_named_with_how_to_start_one() -> None:
    port = free_port()
    said: list[str] = []
    error = _fails(f"http://localhost:{port}/v1", said=said)
    assert error.what == f"localhost:{port} cannot be reached"
    assert "refused" in error.why
    assert f"vllm serve m --port {port}" in error.hint
    assert not error.retryable
    assert said == []


def test_a_server_that_was_there_is_waited_for() -> None:
    said: list[str] = []
    with FakeServer([told("ok")]) as server, provider(server.url, said=said) as made:
        list(made.stream(REQUEST, Control()))
        server.stop()
        with pytest.raises(ProviderError, match="cannot be reached"):
            list(made.stream(REQUEST, Control()))
    assert len(said) == 4


def test_a_name_that_does_not_resolve_is_named() -> None:
    error = _fails("http://no-such-host.invalid:8000/v1")
    assert error.what == "no-such-host.invalid:8000 cannot be reached"
    assert "does not resolve" in error.why
    assert "vllm" not in error.hint


def test_https_to_a_server_without_tls_says_so() -> None:
    with FakeServer([told("ok")]) as server:
        error = _fails(server.url.replace("http:", "https:"))
    assert error.what == f"no secure connection to 127.0.0.1:{server.port}"
    assert "http://" in error.why
    assert "start a server" not in error.hint
    assert not error.retryable


def test_a_certificate_that_nobody_vouches_for_is_refused() -> None:
    with self_signed() as port:
        error = _fails(f"https://localhost:{port}/v1", key=KEY)
    assert error.what == f"the certificate of localhost:{port} is not trusted"
    assert "SSL_CERT_FILE" in error.hint
    assert not error.retryable


def test_a_proxy_in_the_environment_is_used_and_named_when_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with FakeServer([told("ok")]) as server:
        error = failure(server)
        assert server.chats == []
        assert "HTTP_PROXY" in error.why
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        ask(server)


def test_a_proxy_that_cannot_be_used_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    error = _fails("http://127.0.0.1:9/v1")
    assert error.what == "the proxy in the environment cannot be used"
