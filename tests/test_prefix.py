"""The prefix is a contract: a server never computes twice what it computed for the request before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from fakes.chat import QUICK
from fakes.house import House
from fakes.prompts import Template, render, tokens
from fakes.sandbox import FakeSandbox
from fakes.server import Call, FakeServer, Reply, Style
from r1code import prompts
from r1code.dialects.text import read_again
from r1code.events import Event, HistoryCompacted
from r1code.log import Replied, Rewound
from r1code.profiles import Profile, find_profile
from r1code.profiles.room import Room
from r1code.profiles.template import rendered
from r1code.providers.chat import ChatProvider
from r1code.tools.list import listing
from r1code.types import Budget

FILES = {f"src/f{number}.py": f"def f{number}(x):\n    return x + {number}\n" * 40 for number in range(8)}
EDIT = """<edit path="src/f1.py">
<<<<<<< SEARCH
def f1(x):
    return x + 1
def f1(x):
    return x + 1
=======
def f1(x):
    return x + 2
>>>>>>> REPLACE
</edit>"""


class Way(Struct, frozen=True, kw_only=True):
    """A profile, and the server that it is for."""

    profile: str
    style: Style
    template: Template = "plain"
    native: bool = False


WAYS = {
    "vllm-r1": Way(profile="vllm-r1", style="vllm", template="r1"),
    "vllm-r1-0528": Way(profile="vllm-r1-0528", style="vllm", template="r1-0528"),
    "vllm-r1-distill-qwen-7b": Way(profile="vllm-r1-distill-qwen-7b", style="vllm", template="r1"),
    "vllm-v3-0324": Way(profile="vllm-v3-0324", style="vllm"),
    "openrouter-r1-0528": Way(profile="openrouter-r1-0528", style="openai", template="r1-0528"),
    "deepseek-flash": Way(profile="deepseek-flash", style="deepseek"),
    "deepseek-flash, native": Way(profile="deepseek-flash", style="deepseek", native=True),
    "openai-o1": Way(profile="openai-o1", style="o1"),
    "openai-o1, native": Way(profile="openai-o1", style="o1", native=True),
}
FIRST = [
    "I look around.\n<list/>",
    '<read path="src/f1.py"/>',
    '<read path="src/f2.py" lines="1-20"/>\n<read path="src/f3.py" lines="1-20"/>',
    "<read/>",
    EDIT,
    '<search pattern="f[12]"/>',
    "I think that this is it.",
    "<note>f1 adds 2 now</note>\n<test/>",
    "",
    "<run>make it</run>",
    '<read path="no/such/file.py"/>',
    EDIT.replace("f1", "f5"),
    "<run>make it</run>",
    '<read path="src/f5.py"/>',
    "<done>The half.</done>",
]
SECOND = [
    '<read path="src/f6.py"/>',
    "<test>again</test>",
    *(f'<read path="src/f{number}.py"/>\n<run>make it</run>' for number in (2, 3, 4)),
    "f1 adds 2, and nothing else had to be changed.",
    '<read path="src/f7.py" lines="1-9"/>',
    "<list/>",
    '<search pattern="return"/>',
    "<read/>",
    '<read path="output:1"/>',
    "<run>make it</run>",
    "<test/>",
    '<list path="src"/>',
    "<done>All.</done>",
]


def said(text: str, way: Way) -> Reply:
    parsed = read_again(text) if way.native else None
    if not way.native or (text and parsed is not None and not parsed.calls and parsed.ending.kind == "none"):
        return Reply(text=text, reasoning="Let me think about that." * 9)
    calls = [] if parsed is None else [(call.name, call.arguments) for call in parsed.calls]
    calls += [] if parsed is None else [("note", {"text": note}) for note in parsed.notes]
    if parsed is not None and parsed.ending.kind == "done":
        calls.append(("done", {"text": parsed.ending.text}))
    if parsed is None:
        calls = [("read", {})]
    made = [Call(name=name, arguments=msgspec.json.encode(given).decode()) for name, given in calls]
    return Reply(reasoning="Let me think about that." * 9, calls=made)


def task_of(files: dict[str, str], task: str) -> str:
    paths = sorted(files)
    return prompts.load("task", task=task, count=len(paths), files=listing(paths), instructions="")


@contextmanager
def house_on(server: FakeServer, folder: Path, way: Way, *, prompt: int = 100_000) -> Iterator[House]:
    profile = msgspec.structs.replace(
        find_profile(way.profile), base_url=server.url, model="m", concurrency=1, key_env=None
    )
    profile = msgspec.structs.replace(profile, dialect="native") if way.native else profile
    made = ChatProvider(profile, None, lambda: "session-1", say=lambda _: None, backoff=QUICK)
    room = Room(window=200_000, reserve=1_000, prompt=prompt, map=0, observation=900)
    outputs: dict[str, Any] = {"make it": (0, "made\n" * 200), "pytest -q": (1, "1 failed\n")}
    try:
        yield House(
            folder,
            [],
            files=FILES,
            sandbox=FakeSandbox({**outputs, "pytest -q again": (0, "1 passed\n")}),
            profile=profile,
            provider=made,
            room=room,
        )
    finally:
        made.close()


def steering(house: House) -> Callable[[Any], tuple[int, str]]:
    """A command during which the person says something."""

    def make(_files: Any) -> tuple[int, str]:
        house.control.steer("Leave src/f0.py as it is.")
        return 0, "made\n" * 200

    return make


@pytest.mark.parametrize("name", WAYS)
def test_thirty_steps_change_the_prefix_once_for_each_compaction(tmp_path: Path, name: str) -> None:
    way = WAYS[name]
    answers = [said(text, way) for text in (*FIRST, *SECOND)]
    with (
        FakeServer(answers, style=way.style, template=way.template) as server,
        house_on(server, tmp_path, way, prompt=7_000) as house,
    ):
        house.sandbox.answers["make it"] = steering(house)
        events: list[Event] = house.turn(task_of(FILES, "Make f1 add 2."), Budget(format_errors=9))
        # A person takes back the last two steps, and asks for something else from there.
        steps = [one for one in house.session.path() if isinstance(one.item, Replied)]
        house.session.append(Rewound(position=0), parent=steps[-2].parent)
        events += house.turn("Now go on with f6.", Budget(format_errors=9))
        assert events[-1].text == "All."
        bodies = [seen.body["messages"] for seen in server.chats]
        assert server.rejected == []
        assert len(bodies) >= 30
        texts = [render(one, way.template) for one in bodies]
        stems = [render(one, way.template, generation=False) for one in bodies]
        turned = next(n for n, one in enumerate(texts) if "Now go on with f6." in one)
        compactions = sum(isinstance(event, HistoryCompacted) for event in events)
        changed = [
            n
            for n in range(1, len(texts))
            if not texts[n].startswith(stems[n - 1].removesuffix("\n")) and n != turned
        ]
        assert len(changed) == compactions
        assert compactions in {1, 2}
        assert any(texts[turned].startswith(stem.removesuffix("\n")) for stem in stems[turned - 3 : turned])
        _assert_hits(server, stems, changed, turned)
        _assert_rendered(house.profile, bodies, changed, turned)


def _assert_hits(server: FakeServer, stems: list[str], changed: list[int], turned: int) -> None:
    """Nearly all that could hit did: whole units of the request before, but where the history was shortened."""
    unit = server.host.unit
    could = {
        n: len(tokens(stems[n - 1])) // unit * unit
        for n in range(1, len(stems))
        if n not in changed and n != turned
    }
    hit = sum(min(server.cached[n], could[n]) for n in could)
    assert hit >= 0.99 * sum(could.values())
    # What was said before and is taken up again is known, too; a shortened history begins as the long one.
    assert server.cached[turned] >= 0.8 * could[turned - 1]
    begin = (len(tokens(stems[0])) // unit - 1) * unit
    if server.host.cache == "blocks":
        assert all(server.cached[n] >= begin for n in changed)


def _assert_rendered(profile: Profile, bodies: list[Any], changed: list[int], turned: int) -> None:
    """The same by the profile's own template, where it knows one."""
    pairs = [[(one["role"], one["content"]) for one in body] for body in bodies]
    if profile.template is None:
        return
    for n in range(1, len(pairs)):
        stem = rendered(profile, pairs[n - 1], generation=False)
        assert stem is not None
        if n not in changed and n != turned:
            assert str(rendered(profile, pairs[n])).startswith(stem)


@pytest.mark.parametrize("name", WAYS)
def test_two_sessions_on_equal_trees_share_everything_up_to_the_task(tmp_path: Path, name: str) -> None:
    way = WAYS[name]
    with FakeServer([said("<done>ok</done>", way)], style=way.style, template=way.template) as server:
        for number, task in enumerate(("Make f1 add 2.", "Write a README.")):
            with house_on(server, tmp_path / str(number), way) as house:
                house.turn(task_of(FILES, task))
        first, second = (render(seen.body["messages"], way.template) for seen in server.chats)
    common = next(at for at, (one, other) in enumerate(zip(first, second, strict=False)) if one != other)
    assert first[:common].endswith("Task: ")
    assert server.chats[0].body.get("tools") == server.chats[1].body.get("tools")
    unit = server.host.unit
    if server.host.cache == "blocks":
        assert server.cached[1] >= len(tokens(first[:common])) // unit * unit
