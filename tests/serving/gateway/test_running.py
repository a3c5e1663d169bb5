"""nginx, a proxy and two servers, as they run."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from fakes.answers import DONE, chunk
from fakes.gateway import UPSTREAM_KEY, Gateway, chat, running
from fakes.server import HANG, Answer, Reply, Step, fault, openai_error
from fakes.spawned import until
from r1code.app.keys import Keys, key_file
from r1code.serving.gateway.limits import read_limits
from r1code.serving.monitoring.metrics import GATEWAY

pytestmark = pytest.mark.timeout(300)


def test_a_question_goes_to_a_server_and_its_answer_comes_back(gateway: Gateway, key: str) -> None:
    answer = gateway.ask(key)
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"] == "hello"
    (seen,) = gateway.chats()
    assert seen.headers["authorization"] == f"Bearer {UPSTREAM_KEY}"
    assert key not in str(seen.headers) + seen.raw.decode()
    assert [one.rejected for one in gateway.replicas] == [[], []]


def test_the_servers_key_may_be_one_that_r1code_keeps(tmp_path: Path) -> None:
    Keys(key_file()).set("VLLM_API_KEY", UPSTREAM_KEY)
    with running(tmp_path, replicas=1, upstream_key=None) as gateway:
        assert gateway.ask(gateway.key("ada")).status_code == 200


def test_a_stream_is_whole_and_the_usage_is_shown_only_to_who_asks(gateway: Gateway, key: str) -> None:
    silent = gateway.ask(key, stream=True)
    assert silent.headers["content-type"].startswith("text/event-stream")
    assert silent.text.endswith("data: [DONE]\n\n")
    assert '"usage"' not in silent.text
    told = gateway.ask(key, stream=True, stream_options={"include_usage": True})
    last = json.loads(told.text.split("\n\n")[-3].removeprefix("data: "))
    assert last["choices"] == []
    used = last["usage"]
    (known,) = gateway.store.usage(0, gateway.name(key))
    assert (known.input, known.output) == (2 * used["prompt_tokens"], 2 * used["completion_tokens"])
    assert (known.requests, known.estimated, known.open) == (2, 0, 0)


def test_pieces_come_while_the_server_still_writes(gateway: Gateway, key: str) -> None:
    for one in gateway.replicas:
        one.answers[:] = [Answer([chunk({"content": "first"}), HANG])]
    with (
        gateway.client(key) as client,
        client.stream("POST", "/v1/chat/completions", json=chat(stream=True)) as answer,
    ):
        assert "first" in next(answer.iter_text())


def test_a_client_that_leaves_ends_the_work_of_the_server(gateway: Gateway, key: str) -> None:
    for one in gateway.replicas:
        one.answers[:] = [Answer([chunk({"content": "first"}), HANG])]
    with gateway.client(key) as client:
        with client.stream("POST", "/v1/chat/completions", json=chat(stream=True)) as answer:
            next(answer.iter_text())
        (seen,) = gateway.chats()
        assert seen.gone.wait(40)
    used = gateway.settled(gateway.name(key))
    # What was seen is counted, and marked as not known for sure.
    assert (used.open, used.estimated, used.output) == (0, 1, 1)


def test_a_client_that_does_not_read_makes_the_server_wait(gateway: Gateway, key: str) -> None:
    piece, sent = chunk({"content": "x" * 60_000}), []

    def steps() -> Iterator[bytes]:
        for number in range(2_000):
            sent.append(number)
            yield piece
        yield DONE

    class Lazy(list):
        def __iter__(self) -> Iterator[bytes]:
            return steps()

    for one in gateway.replicas:
        one.answers[:] = [Answer(Lazy())]
    body = json.dumps(chat(stream=True)).encode()
    with gateway.raw() as end:
        end.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\n"
            + f"Authorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        end.recv(1)
        time.sleep(1)
        # 120 MB are to come; what lies between is buffers of sockets and of the proxy.
        assert len(sent) < 1_000
    (seen,) = gateway.chats()
    assert seen.gone.wait(40)


def test_what_a_server_refuses_is_told_and_costs_nothing(gateway: Gateway, key: str) -> None:
    said = openai_error("This model's maximum context length is 10 tokens.", 400)
    for one in gateway.replicas:
        one.answers[:] = [fault(400, said)]
    answer = gateway.ask(key, stream=True)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "This model's maximum context length is 10 tokens."
    for one in gateway.replicas:
        one.answers[:] = [fault(401, {"error": "Unauthorized"})]
    assert gateway.ask(key).status_code == 502
    used = gateway.settled(gateway.name(key))
    assert (used.requests, used.input, used.output, used.estimated) == (2, 0, 0, 0)


def test_a_session_stays_with_its_server_and_sessions_are_spread(gateway: Gateway, key: str) -> None:
    with gateway.client(key) as client:
        for session in range(16):
            for _ in range(2):
                client.post("/v1/chat/completions", json=chat(), headers={"x-session-id": f"s{session}"})
    first, second = (len(one.chats) for one in gateway.replicas)
    # Each session is asked about twice, at one place.
    assert first % 2 == second % 2 == 0
    assert first > 2
    assert second > 2


def test_a_conversation_without_a_name_stays_with_its_server(gateway: Gateway, key: str) -> None:
    opening = [{"role": "system", "content": "s"}, {"role": "user", "content": "the task"}]
    with gateway.client(key) as client:
        for turns in range(4):
            more = [{"role": "assistant", "content": "a"}, {"role": "user", "content": "go on"}] * turns
            client.post("/v1/chat/completions", json=chat(messages=[*opening, *more]))
    assert sorted(len(one.chats) for one in gateway.replicas) == [0, 4]


def test_nobody_learns_or_chooses_the_salt_and_the_route(gateway: Gateway) -> None:
    names = [f"salted-{number}" for number in range(3)]
    ada, bob, eve = (gateway.key(name, team=team) for name, team in zip(names, ("a", "a", "b"), strict=True))
    for key in (ada, bob, eve):
        gateway.ask(key)
    salts = [seen.body["cache_salt"] for key in (ada, bob, eve) for seen in _of(gateway, key)]
    assert salts[0] == salts[1] != salts[2]
    assert len(salts[0]) == 64
    refused = gateway.ask(eve, cache_salt=salts[0])
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "cache_salt"
    assert all("x-r1code-route" not in seen.headers for seen in gateway.chats())


@pytest.mark.parametrize(
    ("trace", "passes"),
    [
        ("00-" + "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", True),
        ("00-" + "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what was asked", False),
        ("a word", False),
    ],
)
def test_a_trace_goes_on_to_the_server_and_nothing_else_in_its_place(
    gateway: Gateway, key: str, trace: str, passes: bool
) -> None:
    before = {id(seen) for seen in gateway.chats()}
    with gateway.client(key, traceparent=trace) as client:
        assert client.post("/v1/chat/completions", json=chat()).status_code == 200
    (seen,) = [seen for seen in gateway.chats() if id(seen) not in before]
    assert seen.headers.get("traceparent") == (trace if passes else None)


def test_what_is_watched_is_what_is_counted(gateway: Gateway, key: str) -> None:
    gateway.ask(key)
    gateway.ask(None)
    text = httpx2.get(f"http://127.0.0.1:{gateway.metrics}/metrics", trust_env=False).text
    kinds = dict(re.findall(r"^# TYPE (r1code_gateway_\w+) (\w+)$", text, re.MULTILINE))
    told = {metric.series[0] if metric.kind == "counter" else metric.name: metric for metric in GATEWAY}
    assert {name: metric.kind for name, metric in told.items()} == {
        name: kind for name, kind in kinds.items() if not name.endswith("_created")
    }
    for line in re.findall(r"^(r1code_gateway_\w+\{.*\}) ", text, re.MULTILINE):
        name, labels = line.split("{", 1)
        if name in told:
            assert tuple(sorted(re.findall(r'(\w+)="', labels))) == tuple(sorted(told[name].labels)), line


def _of(gateway: Gateway, key: str) -> list:
    """The requests of one more question with this key."""
    before = {id(seen) for seen in gateway.chats()}
    gateway.ask(key)
    return [seen for seen in gateway.chats() if id(seen) not in before]


def test_a_revoked_key_ends_what_runs_with_it(gateway: Gateway, key: str) -> None:
    for one in gateway.replicas:
        one.answers[:] = [Answer([chunk({"content": "first"}), HANG])]
    with (
        gateway.client(key) as client,
        client.stream("POST", "/v1/chat/completions", json=chat(stream=True)) as answer,
    ):
        pieces = answer.iter_text()
        next(pieces)
        gateway.store.revoke(gateway.name(key))
        rest = "".join(pieces)
    assert json.loads(rest.removeprefix("data: "))["error"]["code"] == 401
    (seen,) = gateway.chats()
    assert seen.gone.wait(40)
    assert gateway.ask(key).status_code == 401


@pytest.mark.full
def test_a_revocation_takes_less_than_a_second(gateway: Gateway) -> None:
    taken = []
    for number in range(10):
        name = f"revoked-{number}"
        key = gateway.key(name)
        with gateway.client(key) as client:
            began = time.monotonic()
            gateway.store.revoke(name)
            while client.get("/v1/models").status_code == 200:
                time.sleep(0.01)
            taken.append(time.monotonic() - began)
    assert max(taken) < 1.0


def test_a_rotated_key_works_on_for_a_while(gateway: Gateway, key: str) -> None:
    name = gateway.name(key)
    fresh = gateway.store.rotate(name, 5.0)
    gateway.known(fresh, 200)
    assert (gateway.ask(key).status_code, gateway.ask(fresh).status_code) == (200, 200)
    gateway.known(key, 401)
    assert (gateway.ask(key).status_code, gateway.ask(fresh).status_code) == (401, 200)


def test_limits_are_told_in_the_words_of_the_api(gateway: Gateway) -> None:
    rated = gateway.key("rated", "requests_per_minute=2")
    assert [gateway.ask(rated).status_code for _ in range(3)] == [200, 200, 429]
    refused = gateway.ask(rated)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json()["error"]["code"] == "rate_limit_exceeded"
    daily = gateway.key("daily", "tokens_per_day=60")
    assert [gateway.ask(daily, max_tokens=most).status_code for most in (100, 30, 50)] == [429, 200, 429]
    assert gateway.ask(daily, max_tokens=50).json()["error"]["code"] == "insufficient_quota"
    capped = gateway.key("capped", "max_tokens=100")
    assert gateway.ask(capped, max_tokens=101).status_code == 400
    assert gateway.ask(capped).status_code == 200
    assert sorted(seen.body["max_tokens"] for seen in gateway.chats() if "max_tokens" in seen.body) == [30, 100]
    gateway.store.limit("rated", read_limits(["requests_per_minute=off"]))
    until(lambda: gateway.ask(rated).status_code == 200)


def test_no_more_requests_run_at_a_time_than_the_limit(gateway: Gateway) -> None:
    slow = gateway.key("slow", "concurrent=3")
    refused: list[int] = []

    class UntilRefused(list[Step]):
        def __iter__(self) -> Iterator[Step]:
            while len(refused) < 5:
                yield 0.05
            yield from (chunk({"content": "x"}, "stop"), DONE)

    def asked(_: int) -> int:
        status = gateway.ask(slow, stream=True).status_code
        if status != 200:
            refused.append(status)
        return status

    for one in gateway.replicas:
        one.answers[:] = [Answer(UntilRefused())]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(asked, range(8)))
    assert sorted(answers) == [200] * 3 + [429] * 5
    assert gateway.ask(slow, stream=True).status_code == 200


def test_what_it_counts_is_told_at_a_private_address(gateway: Gateway, key: str) -> None:
    name = gateway.name(key)
    gateway.ask(key)
    gateway.ask("r1k_wrong")
    assert gateway.counted(f'r1code_gateway_requests_total{{key="{name}",outcome="done"}}') == 1
    assert gateway.counted(f'r1code_gateway_tokens_total{{key="{name}"') > 2
    assert gateway.counted('r1code_gateway_refusals_total{reason="key"}') >= 1
    assert gateway.counted("r1code_gateway_first_token_seconds_count") >= 1
    with gateway.client(key) as client:
        assert client.get("/metrics").status_code == 404


def test_nothing_that_was_asked_or_answered_is_kept_or_logged(gateway: Gateway, key: str) -> None:
    word = "a-word-that-nobody-else-would-write"
    for one in gateway.replicas:
        one.answers[:] = [Reply(text=word)]
    gateway.ask(key, text=word)
    gateway.ask(key, text=word, stream=True, nonsense=word)
    gateway.ask(key, text=[word])
    kept = [path for path in gateway.folder.rglob("*") if path.is_file()]
    assert len(kept) > 4
    assert [path for path in kept if word.encode() in path.read_bytes()] == []
    assert [path for path in kept if key.encode() in path.read_bytes()] == []
