"""A session of thirty steps with all that could change a prompt.

Rejected and empty replies, words of the person in between, steps that are taken back, and a compaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from fakes.chat import QUICK
from fakes.house import House
from fakes.prompts import Template, render
from fakes.sandbox import FakeSandbox
from fakes.server import Call, FakeServer, Reply, Style
from r1code import prompts
from r1code.dialects.text import read_again
from r1code.events import Event
from r1code.log import Replied, Rewound
from r1code.profiles import find_profile
from r1code.profiles.room import Room
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


def replies(way: Way) -> list[Reply]:
    return [said(text, way) for text in (*FIRST, *SECOND)]


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


def thirty_steps(house: House) -> list[Event]:
    """Both turns of it; between them a person takes back the last two steps, and asks for something else."""
    house.sandbox.answers["make it"] = steering(house)
    events = house.turn(task_of(FILES, "Make f1 add 2."), Budget(format_errors=9))
    steps = [one for one in house.session.path() if isinstance(one.item, Replied)]
    house.session.append(Rewound(position=0), parent=steps[-2].parent)
    return events + house.turn("Now go on with f6.", Budget(format_errors=9))


class Prompts:
    """What the server of a session was sent, as its template shows it."""

    def __init__(self, server: FakeServer, template: Template) -> None:
        self.bodies = [seen.body["messages"] for seen in server.chats]
        self.texts = [render(one, template) for one in self.bodies]
        self.stems = [render(one, template, generation=False) for one in self.bodies]
        """Up to where the model began to write."""
        self.turned = next(n for n, one in enumerate(self.texts) if "Now go on with f6." in one)
        """Where steps had been taken back."""
        self.changed: Sequence[int] = [
            n
            for n in range(1, len(self.texts))
            if not self.texts[n].startswith(self.stems[n - 1].removesuffix("\n")) and n != self.turned
        ]
        """Which do not begin with the one before."""
