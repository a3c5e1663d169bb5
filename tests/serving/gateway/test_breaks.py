"""Servers, connections and proxies that break: told to who asked, and never taken for an end."""

from __future__ import annotations

import json
import os
import resource
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from fakes.answers import DONE, chunk
from fakes.gateway import HELLO, Gateway, chat, running
from fakes.server import CUT, HANG, Answer, Step
from r1code.serving.gateway.refusals import NO_SERVER

pytestmark = pytest.mark.timeout(300)


def test_a_stream_that_breaks_ends_with_an_error_and_is_never_whole(gateway: Gateway, key: str) -> None:
    for end in ([CUT], []):
        for one in gateway.replicas:
            one.answers[:] = [Answer([chunk({"content": "first"}), 0.05, *end])]
        answer = gateway.ask(key, stream=True)
        *_, last, empty = answer.text.split("\n\n")
        assert empty == ""
        assert json.loads(last.removeprefix("data: "))["error"]["code"] == 502
        assert "[DONE]" not in answer.text
    # Not asked again: two questions, two requests.
    assert len(gateway.chats()) == 2


def test_an_answer_that_breaks_is_an_error(gateway: Gateway, key: str) -> None:
    for one in gateway.replicas:
        one.answers[:] = [Answer([b'{"choices": [', CUT], headers={"content-type": "application/json"})]
    answer = gateway.ask(key)
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "upstream_error"
    assert len(gateway.chats()) == 1


def test_a_request_that_a_server_took_and_dropped_is_not_sent_again(gateway: Gateway, key: str) -> None:
    for one in gateway.replicas:
        one.answers[:] = [Answer(before=[CUT])]
    answer = gateway.ask(key)
    assert answer.status_code == 502
    assert "broke off before it answered" in answer.json()["error"]["message"]
    assert len(gateway.chats()) == 1


class Until(list[Step]):
    """An answer that goes on until it is enough."""

    def __init__(self, enough: threading.Event) -> None:
        self._enough = enough

    def __iter__(self) -> Iterator[Step]:
        while not self._enough.is_set():
            yield from (chunk({"content": "x"}), 0.05)
        yield from (chunk({}, "stop"), DONE)


def test_a_server_that_dies_under_load_breaks_only_what_it_was_doing(tmp_path: Path) -> None:
    with running(tmp_path, "workers = 2\n") as gateway:
        key = gateway.key("ada", "requests_per_minute=off", "concurrent=16")
        enough, begun = threading.Event(), threading.Barrier(17)
        for one in gateway.replicas:
            one.answers[:] = [Answer(Until(enough))]

        def asked(number: int) -> str:
            with gateway.client(key, **{"x-session-id": str(number)}) as client:
                body = chat(stream=True)
                with client.stream("POST", "/v1/chat/completions", json=body) as answer:
                    assert answer.status_code == 200
                    pieces = answer.iter_text()
                    text = next(pieces)
                    begun.wait(20)
                    return text + "".join(pieces)

        with ThreadPoolExecutor(16) as pool:
            answers = [pool.submit(asked, number) for number in range(16)]
            begun.wait(20)
            # Two proxies, one limit.
            refused = gateway.ask(key)
            doomed = len(gateway.replicas[0].chats)
            gateway.replicas[0].stop()
            enough.set()
            texts = [one.result() for one in answers]
        assert refused.status_code == 429
        broken = [text for text in texts if "[DONE]" not in text]
        assert 0 < doomed < 16
        assert len(broken) == doomed
        assert all('"code":502' in text for text in broken)
        assert gateway.settled("ada").estimated >= doomed
        # Nothing was asked twice, and whoever asks now is answered by the other one.
        assert len(gateway.chats()) == 16
        gateway.replicas[1].answers[:] = [HELLO]
        for number in range(8):
            with gateway.client(key, **{"x-session-id": str(number)}) as client:
                assert client.post("/v1/chat/completions", json=chat()).status_code == 200
        assert len(gateway.chats()) == 24
        gateway.replicas[1].stop()
        # The router finds out first, and knows then: both say so, and what to do.
        for _ in range(4):
            answer = gateway.ask(key)
            assert answer.status_code == 502
            assert answer.json()["error"]["message"] == NO_SERVER
        assert gateway.settled("ada").failed == doomed + 4


def test_a_proxy_that_is_killed_leaves_books_that_the_next_one_settles(tmp_path: Path) -> None:
    with running(tmp_path, "bounds.drain_seconds = 1\n", replicas=1) as gateway:
        key = gateway.key("ada", "concurrent=2")
        for one in gateway.replicas:
            one.answers[:] = [Answer([chunk({"content": "x"}), HANG])]
        with (
            gateway.client(key) as client,
            client.stream("POST", "/v1/chat/completions", json=chat(stream=True)) as answer,
        ):
            pieces = answer.iter_text()
            next(pieces)
            for pid in gateway.workers():
                os.kill(pid, signal.SIGKILL)
            # No end of the chunks: what was cut is seen as cut.
            with pytest.raises(httpx2.RemoteProtocolError):
                next(pieces)
        assert gateway._process is not None
        assert gateway._process.wait(20) != 0
        (sums,) = gateway.store.usage(0, "ada")
        assert sums.open == 1
        gateway.start()
        (sums,) = gateway.store.usage(0, "ada")
        assert (sums.open, sums.estimated) == (0, 1)
        # And one that is asked to stop lets what runs end, for a while, and says that it did not.
        with (
            gateway.client(key) as client,
            client.stream("POST", "/v1/chat/completions", json=chat(stream=True)) as answer,
        ):
            pieces = answer.iter_text()
            next(pieces)
            assert gateway.stop() == 0
            rest = "".join(pieces)
        assert json.loads(rest.removeprefix("data: "))["error"]["code"] == 503
        (sums,) = gateway.store.usage(0, "ada")
        assert (sums.open, sums.requests) == (0, 2)
        assert not list(gateway.folder.glob("run/*.sock"))


def test_an_answer_that_takes_too_long_is_ended_and_said_to_be(tmp_path: Path) -> None:
    with running(tmp_path, "bounds.answer_seconds = 1\n", replicas=1) as gateway:
        key = gateway.key("ada")
        (server,) = gateway.replicas
        server.answers[:] = [Answer(Until(threading.Event()))]
        answer = gateway.ask(key, stream=True)
        last = answer.text.split("\n\n")[-2]
        assert json.loads(last.removeprefix("data: "))["error"] == {
            "message": "the answer took too long",
            "type": "timeout",
            "param": None,
            "code": 504,
        }
        assert "[DONE]" not in answer.text
        server.answers[:] = [Answer(before=[HANG])]
        whole = gateway.ask(key)
        assert (whole.status_code, whole.json()["error"]["code"]) == (504, "timeout")
        # The server was let go each time, and neither counts as its failure.
        assert [seen.gone.wait(5) for seen in gateway.chats()] == [True, True]
        used = gateway.settled("ada")
        assert (used.requests, used.failed, used.estimated) == (2, 0, 2)
        assert used.output > 1


def test_a_server_that_says_nothing_for_too_long_has_failed(tmp_path: Path) -> None:
    with running(tmp_path, "bounds.silence_seconds = 1\n", replicas=1) as gateway:
        key = gateway.key("ada")
        (server,) = gateway.replicas
        for stream in (True, False):
            server.answers[:] = [Answer(before=[HANG])]
            silent = gateway.ask(key, stream=stream)
            assert silent.status_code == 504
            assert "silent for too long" in silent.json()["error"]["message"]
        server.answers[:] = [Answer([chunk({"content": "first"}), HANG])]
        broken = gateway.ask(key, stream=True).text
        assert json.loads(broken.split("\n\n")[-2].removeprefix("data: "))["error"]["code"] == 502
        assert "[DONE]" not in broken
        assert gateway.settled("ada").failed == 3
        assert [seen.gone.wait(5) for seen in gateway.chats()] == [True] * 3
        # What takes longer than that, piece by piece, is no silence.
        slow = [step for _ in range(3) for step in (chunk({"content": "x"}), 0.6)]
        server.answers[:] = [Answer([*slow, chunk({}, "stop"), DONE])]
        assert gateway.ask(key, stream=True).text.endswith("data: [DONE]\n\n")
        assert gateway.settled("ada").failed == 3


def test_books_on_a_full_disk_let_nobody_in_and_lose_nothing(tmp_path: Path) -> None:
    """The proxy may write no further than its files reach, which it is told as it is told of a full disk."""
    with running(tmp_path, replicas=1) as gateway:
        key = gateway.key("ada")
        (server,) = gateway.replicas
        (proxy,) = gateway.workers()
        enough = threading.Event()
        server.answers[:] = [Answer(Until(enough))]
        with (
            gateway.client(key) as client,
            client.stream("POST", "/v1/chat/completions", json=chat(stream=True)) as answer,
        ):
            pieces = answer.iter_text()
            next(pieces)
            _, most = resource.prlimit(proxy, resource.RLIMIT_FSIZE)
            resource.prlimit(proxy, resource.RLIMIT_FSIZE, (4_096, most))
            refused = gateway.ask(key)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
            assert "cannot keep its books" in refused.json()["error"]["message"]
            # It was not sent; what ran before goes on to its end.
            assert len(gateway.chats()) == 1
            enough.set()
            assert "".join(pieces).endswith("data: [DONE]\n\n")
        assert gateway.store.usage(0, "ada")[0].open == 1
        resource.prlimit(proxy, resource.RLIMIT_FSIZE, (most, most))
        used = gateway.settled("ada")
        assert (used.requests, used.open, used.failed) == (1, 0, 0)
        assert used.output > 1
        server.answers[:] = [HELLO]
        assert gateway.ask(key).status_code == 200
