from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from r1code import prompts
from r1code.agent import Agent
from r1code.app.speech import dialect_of, instructions_of
from r1code.approval import Approvals, HeadlessApprover
from r1code.budget import Meter
from r1code.compaction import Compaction
from r1code.context import Model
from r1code.control import Control
from r1code.dialects.base import ChatMessage
from r1code.dialects.text import TextDialect
from r1code.events import TurnEnded
from r1code.log import Opened, Said, Switched
from r1code.profiles import find_profile, load_profiles
from r1code.profiles.room import room_of
from r1code.providers.scripted import ScriptedProvider, ScriptedReply
from r1code.rules.policy import Policy, Rules
from r1code.sandbox.network import parse_network
from r1code.session import Session
from r1code.tools.outputs import Outputs
from r1code.tools.toolset import Toolset
from r1code.tree.scan import Listing
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree
from r1code.types import Budget, Message, Usage

USED = Usage(prompt=100, cached=40, completion=10, reasoning=5)


class Replaying(TextDialect):
    """Sends the reasoning back, as a dialect for models that demand it does."""

    def render(self, instructions: str, history: Sequence[Message]) -> tuple[ChatMessage, ...]:
        return super().render(instructions, [replace(one, text=one.reasoning + one.text) for one in history])


def says(text: str, reasoning: str) -> ScriptedReply:
    return ScriptedReply(text=text, reasoning=reasoning, usage=USED)


def test_another_profile_goes_on_in_the_middle_of_a_session(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    tree = WorkTree(
        tmp_path / "repo", Listing(list), Store(tmp_path / "o"), state=tmp_path / "s", hidden=lambda _: False
    )
    session = Session.create(tmp_path, Opened(root="r", profile="vllm-r1", base=""))
    tools = Toolset(tree, reads=[], writes=[], execs=[], protected=lambda _: False)
    approvals = Approvals(Policy("auto", Rules(), lambda _: None), HeadlessApprover())
    first = find_profile("vllm-r1")
    one = ScriptedProvider([says("<done>\nHalf of it.\n</done>", "What R1 thought.")])
    two = ScriptedProvider([says("<done>\nAll of it.\n</done>", "")])
    words = prompts.load("instructions", tools=[])
    words += prompts.load("network", kind="allow-list", hosts="pypi.org")
    network = parse_network("pypi.org")
    model = Model(first, one, dialect_of(first, tools), instructions=words, seed=7)
    meter, control = Meter(Budget(steps=3)), Control()

    def turn(task: str) -> TurnEnded:
        compaction = Compaction(session, model, room_of(first), Outputs())
        *_, last = Agent(session, model, tools, approvals, compaction=compaction, headless=True).turn(
            Said(text=task, origin="task"), meter, control
        )
        assert isinstance(last, TurnEnded)
        return last

    assert turn("Begin.").text == "Half of it."
    session.append(Switched(profile="deepseek-flash"))
    second = load_profiles()["deepseek-flash"].profile
    words = instructions_of(second, tools, network)
    model = Model(second, two, dialect_of(second, tools), instructions=words, seed=7).after(session.answers)
    assert turn("Go on.").text == "All of it."

    # One history: in R1's roles first, in those of the other model then, and without R1's reasoning.
    (asked,), (again,) = one.requests, two.requests
    assert [message.role for message in asked.messages] == ["user"]
    assert [message.role for message in again.messages] == ["system", "user", "assistant", "user"]
    assert asked.messages[0].content == f"{again.messages[0].content}\n\n{again.messages[1].content}"
    assert "to these hosts alone: pypi.org" in again.messages[0].content
    assert again.messages[2].content.strip() == "<done>\nHalf of it.\n</done>"
    assert "What R1 thought." not in str(again.messages)
    # What the new model samples with is its own profile's; seeds go on.
    assert (asked.temperature, asked.seed) == (0.6, 7)
    assert (again.temperature, again.max_tokens, again.seed) == (None, 65536, 8)
    # One budget, and one account.
    assert (meter.steps, meter.usage) == (2, USED + USED)

    # It is in the log, and holds for whoever loads it.
    session.close()
    loaded = Session.load(session.folder)
    assert [entry.item for entry in loaded.entries if isinstance(entry.item, Switched)] == [
        Switched(profile="deepseek-flash")
    ]
    assert (loaded.opened.profile, loaded.profile) == ("vllm-r1", "deepseek-flash")
    assert loaded.history() == session.history()
    # A dialect that has to send the reasoning back finds it in the history.
    replayed = Replaying(system=True).render("", loaded.history())
    assert "What R1 thought." in replayed[2].content
    # Taking the switch back takes it back.
    before = next(entry.id for entry in loaded.entries if isinstance(entry.item, Switched)) - 1
    loaded.append(Switched(profile="vllm-r1"), parent=before)
    assert loaded.profile == "vllm-r1"
    loaded.close()
