from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from msgspec.structs import replace

from fakes.chat import QUICK, profile_at
from fakes.house import House
from fakes.server import FakeServer, Reply, fault
from r1code.account import Account
from r1code.budget import USEFUL, Meter
from r1code.context import Model
from r1code.control import Control
from r1code.dialects.base import Request
from r1code.dialects.reasoning import Piece, ReasoningStart
from r1code.dialects.text import TextDialect
from r1code.errors import BudgetExhausted, FormatError, UsageError
from r1code.events import Event, Notice, ReasoningDelta, ReplyCut, ReplyRejected
from r1code.governor.counter import Counter
from r1code.governor.governor import Governor, think_tokens, thinking
from r1code.governor.guard import Guard
from r1code.log import Opened, Replied, Said
from r1code.profiles import Profile, find_profile
from r1code.profiles.profile import Thinking
from r1code.profiles.tokenizers import tokenizer_named
from r1code.providers.chat import ChatProvider
from r1code.providers.scripted import ScriptedReply
from r1code.repair.replay import ReplayedProvider, first_difference
from r1code.session import Session
from r1code.types import Budget, Message, Usage
from r1code.types import Reply as Made

TOKENIZER = tokenizer_named("deepseek-r1")
LOOP = "Wait, let me check that again.\n" * 300
LONG = " ".join(f"thought {number}" for number in range(4000))
VLLM = Thinking(budget_field="thinking_token_budget", budget=1000, cut="continue")
IGNORED = "top_k"
"""A field that the fake server takes, and that limits no reasoning."""
HISTORY = [Message(role="user", text="Count to three.")]


@contextmanager
def model_at(server: FakeServer, **changes: Any) -> Iterator[Model]:
    profile = profile_at(server.url, **{"reasoning": "in_prompt", "tokenizer": "deepseek-r1", **changes})
    provider = ChatProvider(profile, None, lambda: "s", backoff=QUICK)
    try:
        yield Model(profile, provider, TextDialect(), instructions="Be brief.", waits=(0, 0))
    finally:
        provider.close()


def ask(model: Model, budget: Budget | None = None) -> tuple[list[Event], Made]:
    opened = Opened(root="/", profile="scripted", base="")
    with TemporaryDirectory() as folder, closing(Session.create(Path(folder), opened)) as session:
        account = Account(session, Meter(budget or Budget()))
        asking: Generator[Event, None, Made] = model.ask(HISTORY, account, Control())
        events: list[Event] = []
        while True:
            try:
                events.append(next(asking))
            except StopIteration as stop:
                return events, stop.value


def cuts(events: list[Event]) -> list[ReplyCut]:
    return [event for event in events if isinstance(event, ReplyCut)]


def test_a_server_that_can_is_asked_to_keep_the_budget() -> None:
    with FakeServer([Reply(reasoning=LONG, text="<done/>")]) as server, model_at(server, thinking=VLLM) as model:
        events, reply = ask(model)
    assert server.seen[0].body["thinking_token_budget"] == 1000
    assert not cuts(events)
    assert reply.text == "<done/>"
    assert 990 <= TOKENIZER.count(reply.reasoning) <= 1010


@pytest.mark.parametrize("template", ["r1", "r1-0528"])
def test_a_loop_is_cut_and_the_model_goes_on_with_its_answer(template: Any) -> None:
    answers = [Reply(reasoning=LOOP, text="never"), Reply(reasoning="more", text="<done>Three.</done>")]
    start = "in_prompt" if template == "r1" else "tag"
    thinks = replace(VLLM, budget=20_000)
    with (
        FakeServer(answers, template=template) as server,
        model_at(server, thinking=thinks, reasoning=start) as model,
    ):
        events, reply = ask(model)
        assert model.parse(reply, 1).ending.text == "Three."
    (cut,) = cuts(events)
    assert (cut.cut.why, cut.cut.part, cut.cut.then) == ("repetition", "reasoning", "continue")
    assert "let me check that again" in cut.cut.evidence
    assert cut.cut.tokens < 1500
    second = server.seen[1].body
    assert (second["continue_final_message"], second["add_generation_prompt"]) == (True, False)
    assert second["thinking_token_budget"] == 0
    last = second["messages"][-1]
    assert last["role"] == "assistant"
    assert last["content"].startswith("<think>\n")
    assert last["content"].count("let me check that again") == 1
    assert not server.rejected
    # The first request was never finished, and nobody says what it cost.
    assert reply.usage.completion is not None
    assert reply.usage.completion < 50
    assert "I have thought long enough" in reply.reasoning


@pytest.mark.parametrize("template", ["r1", "r1-0528"])
def test_a_server_without_a_parser_has_no_budgets_and_the_model_is_asked_again(template: Any) -> None:
    """Nothing else would close the reasoning there."""
    answers = [Reply(reasoning=LONG, text="never"), Reply(text="<done/>")]
    start = "in_prompt" if template == "r1" else "tag"
    with (
        FakeServer(answers, parser=False, template=template) as server,
        model_at(server, thinking=VLLM, reasoning=start) as model,
    ):
        events, reply = ask(model)
        with pytest.raises(FormatError, match="that was all the room"):
            model.parse(reply, 1)
    assert any("takes no thinking_token_budget" in event.text for event in events if isinstance(event, Notice))
    (cut,) = cuts(events)
    assert (cut.cut.then, 1000 <= cut.cut.tokens < 1020) == ("ask", True)
    assert len(server.rejected) == 1


def test_a_server_that_ignores_the_budget_is_cut_before_it_is_used_twice() -> None:
    answers = [
        Reply(reasoning=LONG, text="never"),
        Reply(reasoning="hm", text="<done/>"),
        Reply(reasoning=LONG, text="never"),
    ]
    for answer in (0, 2):
        answers[answer] = replace(answers[answer], size=40)
    ignored = replace(VLLM, budget_field=IGNORED, budget=600, cut="ask")
    with FakeServer(answers) as server, model_at(server, thinking=ignored) as model:
        events, reply = ask(model)
        with pytest.raises(FormatError, match="cut after"):
            model.parse(reply, 1)
        again, other = ask(model)
        assert (cuts(again), other.text) == ([], "<done/>")
        third, _ = ask(model)
    (first,), (last,) = cuts(events), cuts(third)
    assert 900 <= first.cut.tokens < 1000
    assert (first.cut.why, first.cut.limit, first.cut.then) == ("budget", 600, "ask")
    # It is not trusted again.
    assert 600 <= last.cut.tokens < 650


def test_a_server_that_refuses_the_field_is_asked_without_it() -> None:
    refusal = fault(400, {"error": {"message": "thinking_token_budget needs --reasoning-config"}})
    answers = [refusal, Reply(reasoning=LONG, text="never")]
    with FakeServer(answers) as server, model_at(server, thinking=VLLM) as model:
        events, reply = ask(model)
    assert any("takes no thinking_token_budget" in event.text for event in events if isinstance(event, Notice))
    assert "thinking_token_budget" not in server.seen[1].body
    (cut,) = cuts(events)
    assert 1000 <= cut.cut.tokens < 1020
    assert (cut.cut.then, reply.text) == ("ask", "")


def test_where_a_server_does_not_go_on_the_model_is_asked_again() -> None:
    answers = [Reply(reasoning=LOOP, text="never"), fault(400, {"error": {"message": "no such field"}})]
    with FakeServer(answers) as server, model_at(server, thinking=replace(VLLM, budget=20_000)) as model:
        events, reply = ask(model)
        with pytest.raises(FormatError, match="said the same"):
            model.parse(reply, 1)
    assert any("does not go on" in event.text for event in events if isinstance(event, Notice))
    assert reply.usage == Usage()


@pytest.mark.parametrize("field", [IGNORED, None])
def test_where_continued_reasoning_is_not_closed_it_is_continued_only_once(field: str | None) -> None:
    never = Reply(reasoning=LOOP, text="never")
    thinks = Thinking(budget_field=field, budget=20_000, cut="continue")
    with FakeServer([never] * 3) as server, model_at(server, thinking=thinks) as model:
        first, _ = ask(model)
        again, _ = ask(model)
        assert [one.body.get("continue_final_message", False) for one in server.seen] == [False, True, False]
    assert [cut.cut.then for cut in (*cuts(first), *cuts(again))] == ["continue", "ask"]


def test_an_answer_that_loops_after_its_reasoning_was_closed_is_no_reason_to_stop_closing() -> None:
    looping = Reply(reasoning="hm", text=LOOP)
    answers = [
        Reply(reasoning=LOOP, text="never"),
        looping,
        Reply(reasoning=LOOP, text="never"),
        Reply(text="ok"),
    ]
    with FakeServer(answers) as server, model_at(server, thinking=replace(VLLM, budget=20_000)) as model:
        _, first = ask(model)
        assert (first.cut is not None and first.cut.then, first.text) == ("ask", "")
        _, again = ask(model)
    assert (again.cut is not None and again.cut.then, again.text) == ("continue", "ok")


def test_reasoning_of_which_one_half_is_unknown_is_unknown() -> None:
    """Then r1code's own count of both halves stands for it."""
    profile = profile_at("http://x/v1", thinking=Thinking(budget=20_000, cut="continue"), tokenizer="deepseek-r1")

    def stream(request: Request, start: ReasoningStart, guard: Guard) -> Generator[Event, None, Made]:
        yield from ()
        guard.begin()
        if not request.continues:
            assert guard.sees([Piece("reasoning", LOOP)])
            return Made(text="", reasoning=LOOP)
        guard.sees([Piece("reasoning", "and so on")])
        return Made(text="<done/>", reasoning="and so on", usage=Usage(prompt=1200, completion=9, reasoning=3))

    asking = Governor(profile).ask(stream, Request(), "field")
    cut = next(asking)
    with pytest.raises(StopIteration) as ended:
        next(asking)
    reply = ended.value.value
    assert reply.usage == Usage(prompt=1200, completion=9)
    assert isinstance(cut, ReplyCut)
    assert reply.thought == cut.cut.tokens + 3 > 1000


def test_what_is_left_of_the_turn_is_the_limit_and_an_answer_that_it_cuts_off_is_none() -> None:
    thinks = Thinking(budget=5000)
    with FakeServer([Reply(reasoning=LONG, text="never")]) as server, model_at(server, thinking=thinks) as model:
        with pytest.raises(BudgetExhausted) as caught:
            ask(model, Budget(reasoning_tokens=600))
        assert caught.value.limit == "reasoning_tokens"
        assert [one.body["max_tokens"] for one in server.seen] == [600]


def test_a_server_that_keeps_the_budget_closes_the_reasoning_in_time_for_an_answer() -> None:
    with FakeServer([Reply(reasoning=LONG, text="<done/>")]) as server, model_at(server, thinking=VLLM) as model:
        reply = ask(model, Budget(reasoning_tokens=1200))[1]
        body = server.seen[0].body
        assert (body["max_tokens"], body["thinking_token_budget"]) == (1200, 1200 - USEFUL)
        assert reply.text == "<done/>"


def scripted(text: str, reasoning: str = "hm") -> ScriptedReply:
    return ScriptedReply(text=text, reasoning=reasoning, chunk=64)


def test_nothing_of_a_looping_answer_is_done(tmp_path: Path) -> None:
    edit = '<edit path="a.py">\n<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE\n</edit>\n'
    house = House(tmp_path, [scripted(edit * 300), "<done/>"], files={"a.py": "x = 1\n"})
    events = house.turn()
    assert house.file("a.py") == "x = 1\n"
    (told,) = [event.text for event in events if isinstance(event, ReplyRejected)]
    assert "same" in told
    assert "SEARCH" in told
    (said,) = [one.item for one in house.session.path() if isinstance(one.item, Replied) and one.item.cut]
    # What the model is shown of it has no copies: they would invite more.
    assert said.text.count("REPLACE") <= 1


def test_a_replay_does_the_same_again(tmp_path: Path) -> None:
    files = {"a.py": "x = 1\n"}
    replies = [scripted("never", LOOP), scripted('<read path="a.py"/>\n' * 900), "<done>Read.</done>"]
    first = House(tmp_path / "1", replies, files=files)
    assert first.end().reason == "done"
    again = House(tmp_path / "2", [], files=files, provider=ReplayedProvider(first.session.entries))
    events = again.turn()
    assert first_difference(first.session.entries, again.session.entries) is None
    assert [event.cut.part for event in cuts(events)] == ["reasoning", "answer"]


def test_a_loop_that_does_not_end_ends_the_turn(tmp_path: Path) -> None:
    house = House(tmp_path, [scripted("never", LOOP) for _ in range(9)], files={"a.py": ""})
    end = house.end()
    assert (end.reason, end.steps) == ("format", 4)
    told = [one.item.text for one in house.session.path() if isinstance(one.item, Said)]
    assert "Think only briefly" in told[-1]


def test_the_turns_budget_of_reasoning_holds_though_nobody_reports_usage(tmp_path: Path) -> None:
    replies = [scripted('<read path="a.py"/>', " ".join(map(str, range(n, n + 200)))) for n in range(10)]
    house = House(tmp_path, replies, files={"a.py": ""})
    events = house.turn(budget=Budget(reasoning_tokens=1000))
    thought = TOKENIZER.count("".join(event.text for event in events if isinstance(event, ReasoningDelta)))
    # What nobody tells counts as it was reserved.
    assert 300 < thought <= 1000
    assert (events[-1].reason, events[-1].limit) == ("budget", "reasoning_tokens")


@pytest.mark.parametrize(
    ("text", "tokens"), [("4k", 4096), ("800", 800), ("off", 0), ("0", 0), ("16K", 16384), (" Off ", 0)]
)
def test_think_is_read(text: str, tokens: int) -> None:
    assert think_tokens(text) == tokens


@pytest.mark.parametrize("text", ["", "4m", "-1", "4 k", "lots", "1.5k"])
def test_what_think_may_not_be_is_said(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be used"):
        think_tokens(text)


def test_thinking_is_switched_off_where_it_can_be() -> None:
    def profile(name: str) -> Profile:
        return find_profile(name)

    assert thinking(profile("deepseek-flash"), "off").thinking.effort == "off"
    assert thinking(profile("vllm-r1"), "off").thinking.budget == 0
    assert thinking(profile("vllm-r1"), "2k").thinking.budget == 2048
    assert thinking(profile("vllm-r1"), None) == profile("vllm-r1")
    with pytest.raises(UsageError, match="cannot be switched off"):
        thinking(profile("openrouter-r1-0528"), "off")


def test_tokens_are_counted_as_the_model_counts_them() -> None:
    counter = Counter(TOKENIZER)
    text = LONG + "等等，我再检查一下。" * 300 + "x" * 5000
    for at in range(0, len(text), 7):
        counter.feed(text[at : at + 7])
    whole = TOKENIZER.count(text)
    assert whole <= counter.tokens <= whole * 1.01
    assert counter.reached(whole)
    assert not counter.reached(counter.tokens + 1)


OFF = replace(VLLM, budget=0)


def test_thinking_that_a_server_does_not_switch_off_is_an_error_and_not_a_cut() -> None:
    """Cut at its first token, every reply would be asked for again, and none would be an answer."""
    refused = pytest.raises(UsageError, match=r"(?s)cannot be switched off.*reasoning_config.*--think 1k")
    with FakeServer([Reply(reasoning="hm", text="<done/>")], parser=False) as server:
        with model_at(server, thinking=OFF) as model, refused:
            ask(model)
        assert len(server.seen) == 1


def test_thinking_that_goes_on_though_it_was_switched_off_is_an_error() -> None:
    ignored = replace(OFF, budget_field=IGNORED)
    refused = pytest.raises(UsageError, match=r"(?s)cannot be switched off.*takes top_k and does not heed it")
    with FakeServer([Reply(reasoning=LONG, text="never", size=8)]) as server:
        with model_at(server, thinking=ignored) as model, refused:
            ask(model)
        assert len(server.seen) == 1


def test_a_server_that_can_switches_thinking_off() -> None:
    with FakeServer([Reply(reasoning=LONG, text="<done/>")]) as server, model_at(server, thinking=OFF) as model:
        events, reply = ask(model)
    assert (cuts(events), reply.text, reply.reasoning) == ([], "<done/>", "")


def test_a_budget_below_what_the_field_takes_is_refused_before_anything_is_sent() -> None:
    hosted = find_profile("siliconflow-r1")
    with pytest.raises(UsageError, match="cannot be switched off"):
        thinking(hosted, "off")
    with pytest.raises(UsageError, match=r"(?s)cannot think so little.*thinking_budget takes 128.*--think 128"):
        thinking(hosted, "100")
    assert thinking(hosted, "128").thinking.budget == 128
