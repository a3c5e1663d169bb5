"""Every fault at every point of an answer: what a person is told, how often it is asked, what is run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from msgspec import Struct

from fakes.chat import KEY, REQUEST, provider, timers
from fakes.house import House
from fakes.server import (
    CUT,
    HANG,
    Answer,
    FakeServer,
    Reply,
    Step,
    chunk,
    cut_in,
    event,
    fault,
    openai_error,
)
from r1code.control import Control
from r1code.errors import ProviderError
from r1code.events import ReplyDiscarded

COMMAND = "make thing"
ASKS = Reply(text=f"Running it.\n<run>{COMMAND}</run>\n", reasoning="Let me see: é.")
ENDS = Reply(text="<done>ok</done>", reasoning="Good.")

# What was sent when the fault comes. The whole call is out in the last three, and must not be run before the end.
PHASES: dict[str, list[Step]] = {
    "before_anything": [],
    "before_the_first_piece": [chunk({"role": "assistant", "content": ""})],
    "in_the_reasoning": [chunk({"reasoning": "Let me"})],
    "in_the_answer": [chunk({"reasoning": "Hm."}), chunk({"content": "Running"})],
    "after_the_call": [chunk({"reasoning": "Hm."}), chunk({"content": f"<run>{COMMAND}</run>"})],
    "after_a_done": [chunk({"reasoning": "Hm."}), chunk({"content": "<done>ok</done>"})],
}
FAULTS: dict[str, tuple[list[Step], str]] = {
    "cut": ([CUT], "the connection to 127.0.0.1:{port} broke"),
    "cut_in_an_event": ([b'data: {"choices": [{"del', CUT], "the connection to 127.0.0.1:{port} broke"),
    "cut_in_a_character": (['data: {"x": "é'.encode()[:-1], CUT], "the connection to 127.0.0.1:{port} broke"),
    "an_end_without_done": ([], "the answer ended too early"),
    "done_without_a_finish": ([b"data: [DONE]\n\n"], "the answer ended too early"),
    "an_end_in_an_event": ([b'data: {"choices": [{"del'], "the answer ended too early"),
    "an_error_event": ([event(openai_error("engine died", 500))], "the server broke off its answer"),
    "not_json": ([b"data: {oops\n\n"], "the server's answer cannot be read"),
    "no_resources": ([chunk({}, "insufficient_system_resource")], "the server gave up on the answer"),
    "aborted": ([chunk({}, "abort")], "the server gave up on the answer"),
    "silence": ([b": keep-alive\n\n", HANG], "the connection to the server went silent"),
}


class Course(Struct):
    """How a turn went."""

    end: str
    requests: int
    ran: int
    discarded: int
    said: list[str]


def course(folder: Path, answers: list[Answer | Reply], output: str = "made\n") -> Course:
    """A turn on a server with these answers; `end` is how it ended, or what the error says."""
    said: list[str] = []
    # Only where somebody falls silent may a silence be taken for one.
    hangs = any(isinstance(one, Answer) and HANG in one.steps for one in answers)
    limits = timers(idle=1.0 if hangs else 30)
    with FakeServer(answers, key=KEY) as server, provider(server.url, KEY, said=said, timers=limits) as made:
        house = House(folder, [], sandbox={COMMAND: (0, output)}, provider=made)
        try:
            events = house.turn()
            end = events[-1].reason  # type: ignore[union-attr]
        except ProviderError as error:
            events, end = [], error.what.replace(str(server.port), "{port}")
    discarded = sum(isinstance(one, ReplyDiscarded) for one in events)
    return Course(
        end=end,
        requests=len(server.chats),
        ran=house.sandbox.commands.count(COMMAND),
        discarded=discarded,
        said=said,
    )


@pytest.mark.parametrize("fault_name", FAULTS)
@pytest.mark.parametrize("phase", PHASES)
def test_a_fault_that_passes_costs_one_more_request_and_nothing_runs_twice(
    tmp_path: Path, phase: str, fault_name: str
) -> None:
    broken = Answer([*PHASES[phase], *FAULTS[fault_name][0]])
    went = course(tmp_path, [broken, ASKS, ENDS])
    begun = any(b"reasoning" in step for step in PHASES[phase] if isinstance(step, bytes))
    assert (went.end, went.requests, went.ran) == ("done", 3, 1)
    # What the person had seen already is taken back; what nobody saw is only a wait.
    assert (went.discarded, len(went.said)) == ((1, 0) if begun else (0, 1))


@pytest.mark.parametrize("fault_name", FAULTS)
@pytest.mark.parametrize("phase", ["before_anything", "after_the_call", "after_a_done"])
def test_a_fault_that_stays_ends_the_turn_in_its_words_and_nothing_is_run(
    tmp_path: Path, phase: str, fault_name: str
) -> None:
    steps, words = FAULTS[fault_name]
    went = course(tmp_path, [Answer([*PHASES[phase], *steps])])
    # Five tries while nothing came; three where it broke off what had begun.
    assert (went.end, went.requests, went.ran) == (words, 5 if phase == "before_anything" else 3, 0)


REFUSED: dict[str, tuple[Answer, str, str]] = {
    "400": (fault(400, openai_error("bad format")), "the server refused the request", "profile"),
    "401": (fault(401, {"error": "Unauthorized"}), "the server does not accept the key", "R1CODE_API_KEY"),
    "402": (
        fault(402, openai_error("Insufficient Balance")),
        "the account at the server has no balance",
        "top it up",
    ),
    "403": (fault(403, openai_error("not yours")), "the server does not accept the key", "R1CODE_API_KEY"),
    "413": (fault(413, openai_error("too big")), "the request is too large for the server", "smaller task"),
    "422": (fault(422, openai_error("bad top_p")), "the server refused the request", "profile"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("step", ["first", "second"])
def test_a_refusal_ends_the_turn_at_once_with_what_to_do(tmp_path: Path, name: str, step: str) -> None:
    answer, words, _ = REFUSED[name]
    went = course(tmp_path, [answer] if step == "first" else [ASKS, answer])
    assert (went.end, went.requests, went.ran) == (words, 1 if step == "first" else 2, int(step == "second"))
    assert went.said == []


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_says_what_to_do_next(name: str) -> None:
    answer, words, hint = REFUSED[name]
    with (
        FakeServer([answer]) as server,
        provider(server.url, KEY) as made,
        pytest.raises(ProviderError) as caught,
    ):
        list(made.stream(REQUEST, Control()))
    assert caught.value.what == words
    assert hint in caught.value.hint
    assert not caught.value.retryable


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 529])
@pytest.mark.parametrize(
    "headers", [{}, {"retry_after": "0.01"}, {"retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"}]
)
def test_a_busy_server_is_asked_again_in_either_step(
    tmp_path: Path, status: int, headers: dict[str, str]
) -> None:
    busy = fault(status, openai_error("busy"), **headers)
    went = course(tmp_path, [busy, ASKS, busy, busy, ENDS])
    assert (went.end, went.requests, went.ran) == ("done", 5, 1)
    assert len(went.said) == 3


LONG = fault(
    400, openai_error("This model's maximum context length is 100 tokens. However, your prompt contains ...")
)


def test_an_overflow_shortens_the_history_and_is_asked_once_more(tmp_path: Path) -> None:
    went = course(tmp_path, [ASKS, LONG, ENDS], output="made\n" * 4_000)
    assert (went.end, went.requests, went.ran) == ("done", 3, 1)


@pytest.mark.parametrize(("answers", "requests", "ran"), [([LONG], 1, 0), ([ASKS, LONG, LONG], 2, 1)])
def test_an_overflow_that_stays_ends_the_turn(
    tmp_path: Path, answers: list[Answer | Reply], requests: int, ran: int
) -> None:
    went = course(tmp_path, answers)
    assert (went.requests, went.ran) == (requests, ran)
    assert went.end == "the conversation does not fit into the model's context window"


def raw(*deltas: dict[str, Any], finish: str = "stop") -> Answer:
    return Answer([*map(chunk, deltas), chunk({}, finish), b"data: [DONE]\n\n"])


ODD: dict[str, tuple[Answer, int, Literal["asked again", "told"]]] = {
    "nothing_at_all": (raw({"role": "assistant", "content": ""}), 3, "asked again"),
    "null_content": (raw({"role": "assistant", "content": None}), 3, "asked again"),
    # The model meant to call something and did not: it is told so, as R1 is of any malformed reply.
    "tool_calls_without_any": (raw({"content": None, "tool_calls": []}, finish="tool_calls"), 3, "told"),
    "reasoning_only": (raw({"reasoning": "I think that I am done."}), 3, "told"),
    "reasoning_and_tool_calls_without_any": (raw({"reasoning": "Hm."}, finish="tool_calls"), 3, "told"),
    "white_space": (raw({"reasoning": "Hm."}, {"content": " \n"}), 3, "told"),
}


@pytest.mark.parametrize("name", ODD)
def test_an_answer_that_says_nothing_is_no_ending(tmp_path: Path, name: str) -> None:
    answer, requests, how = ODD[name]
    went = course(tmp_path, [answer, ASKS, ENDS])
    assert (went.end, went.requests, went.ran) == ("done", requests, 1)
    assert bool(went.said) == (how == "asked again")


def test_a_character_that_is_cut_in_two_reaches_nobody(tmp_path: Path) -> None:
    went = course(
        tmp_path, [Reply(text=ASKS.text, reasoning=ASKS.reasoning, size=1, shape=cut_in("é")), ASKS, ENDS]
    )
    assert (went.end, went.requests, went.ran) == ("done", 3, 1)
