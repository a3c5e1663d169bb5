from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from fakes.chat import REQUEST, provider
from fakes.server import HANG, Answer, FakeServer, Reply, chunk, fault, openai_error, pieces
from r1code.control import Control
from r1code.errors import Cancelled, ProviderError
from r1code.providers.retry import Backoff
from r1code.providers.slots import Slots


def test_no_more_requests_go_out_at_a_time_than_the_profile_says() -> None:
    said: list[str] = []
    slow = Reply(text="ok", shape=pieces(80, 0.02))
    with (
        FakeServer([slow], concurrency=2) as server,
        provider(server.url, said=said, concurrency=2) as made,
        ThreadPoolExecutor(6) as pool,
    ):
        list(pool.map(lambda _: list(made.stream(REQUEST, Control())), range(6)))
    assert server.most_at_once == 2
    assert server.rejected == []
    waited = [
        text
        for text in said
        if text.endswith("gets 2 of our requests at a time (concurrency): waiting for one to end")
    ]
    assert waited == said
    assert 1 <= len(said) <= 4


def test_waiting_for_a_slot_ends_with_a_cancel_and_takes_none() -> None:
    answers = [Answer([chunk({"content": "a"}), HANG]), Reply(text="ok")]
    with FakeServer(answers) as server, provider(server.url, concurrency=1) as made:
        stream = made.stream(REQUEST, Control())
        next(stream)
        waiting = Control()
        timer = threading.Timer(0.2, waiting.cancel)
        timer.start()
        with pytest.raises(Cancelled):
            list(made.stream(REQUEST, waiting))
        timer.join()
        assert len(server.chats) == 1
        # The one who is left gives its slot back.
        stream.close()  # type: ignore[attr-defined]
        assert len(list(made.stream(REQUEST, Control()))) > 1


def test_a_failure_gives_its_slot_back() -> None:
    answers = [fault(422, openai_error("no")), Reply(text="ok")]
    with FakeServer(answers) as server, provider(server.url, concurrency=1) as made:
        with pytest.raises(ProviderError):
            list(made.stream(REQUEST, Control()))
        assert len(list(made.stream(REQUEST, Control()))) > 1


def test_no_slot_is_held_while_waiting_for_another_try() -> None:
    busy = fault(503, openai_error("busy"), retry_after="4")
    control = Control()
    answers = [busy, Reply(text="second"), Reply(text="first")]
    with (
        FakeServer(answers) as server,
        provider(server.url, concurrency=1, backoff=Backoff(most_asked_seconds=4)) as made,
        ThreadPoolExecutor(1) as pool,
    ):
        first = pool.submit(lambda: list(made.stream(REQUEST, control)))
        assert server.seen_chats(1)
        second = list(made.stream(REQUEST, Control()))
        assert "second" in repr(second)
        assert "first" in repr(first.result())


def test_a_free_slot_is_not_spoken_of() -> None:
    said: list[str] = []
    slots = Slots(1)
    for _ in range(2):
        with slots.taken(Control(), lambda: said.append("waiting")):
            pass
    assert said == []
