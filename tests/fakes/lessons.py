"""Sessions that end in a proof, made by the installed command with a server that remembers what it was sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from e2e.conftest import FIX, Ran, Repo
from fakes.server import Call, FakeServer, Reply, Style

MODEL = "deepseek-ai/DeepSeek-R1"
CHECK = """import sys
sys.path.insert(0, ".")
from shop.cart import total
if total([10], discount=3) != 7:
    sys.exit("total([10], discount=3): the discount is added")
"""
"""A test whose words never differ."""
READ = '<read path="shop/cart.py"/>'
PLAN = "<plan>\nSubtract it.\n\n## Steps\n1. In total().\n\n## Files\n- `shop/cart.py`\n</plan>"
EDIT = {
    "path": "shop/cart.py",
    "edits": [{"search": "    return sum(prices) + discount", "replace": "    return sum(prices) - discount"}],
}
PROFILES = """
[r1]
extends = "vllm-r1"
base_url = "{url}"

[speaks]
extends = "deepseek-flash"
base_url = "{url}"
model = "deepseek-flash"
key_env = "NO_KEY"
key_required = false
label = "speaks natively"
license = "MIT"
dialect = "native"
tokenizer = "deepseek-v4"
"""


def thinks(text: str, *calls: tuple[str, dict[str, Any]], about: str = "The sign is wrong.") -> Reply:
    made = [Call(name=name, arguments=json.dumps(arguments)) for name, arguments in calls]
    return Reply(text=text, reasoning=f"\n{about}\n", calls=made)


class Lesson(Struct, frozen=True, kw_only=True):
    """What is asked of the command, and what the model says."""

    flags: tuple[str, ...]
    replies: tuple[Reply, ...]
    style: Style = "vllm"
    model: str = MODEL


LESSONS = {
    "loop": Lesson(
        flags=("--profile", "r1"),
        replies=(
            thinks(READ, about="I look."),
            thinks("<edit>", about="A slip."),
            thinks(f"I see.\n\n{FIX}"),
            thinks("<done>It is subtracted.</done>"),
        ),
    ),
    "native": Lesson(
        flags=("--profile", "speaks"),
        style="deepseek",
        model="deepseek-flash",
        replies=(
            thinks("", ("read", {"path": "shop/cart.py"}), about="I look."),
            thinks("", ("edit", EDIT), ("note", {"text": "minus"})),
            thinks("", ("done", {"text": "It is subtracted."})),
        ),
    ),
    "two roles": Lesson(
        flags=("--profile", "r1", "--planner", "r1"),
        replies=(
            thinks(READ, about="I look."),
            thinks(PLAN, about="I plan."),
            thinks(FIX),
            thinks("<done>It is subtracted.</done>"),
        ),
    ),
    "pipeline": Lesson(
        flags=("--profile", "r1", "--strategy", "pipeline"),
        replies=(
            thinks(READ, about="Here?"),
            thinks(FIX.replace("- discount", "* discount"), about="Perhaps times."),
            thinks(READ, about="Here."),
            thinks(FIX),
        ),
    ),
}


class Learned(Struct, frozen=True, kw_only=True):
    ran: Ran
    sent: Sequence[list[dict[str, Any]]]
    """The messages of each request."""
    offered: Sequence[Any]
    """Its functions."""


def learn(repo: Repo, lesson: Lesson) -> Learned:
    """A session of the repository, whose discount is to be subtracted."""
    (repo.root / "check.py").write_text(CHECK)
    folder = repo.state / "config/r1code"
    folder.mkdir(parents=True, exist_ok=True)
    repo.env["XDG_CONFIG_HOME"] = str(repo.state / "config")
    with FakeServer(list(lesson.replies), style=lesson.style, models=[lesson.model]) as server:
        (folder / "profiles.toml").write_text(PROFILES.format(url=server.url))
        ran = repo.run("fix", "--test", "python3 check.py", "--sandbox=none", "--allow-host-exec", *lesson.flags)
        assert ran.code == 0, ran.out + ran.err
        assert server.rejected == []
        bodies = [seen.body for seen in server.chats]
    return Learned(
        ran=ran, sent=[body["messages"] for body in bodies], offered=[body.get("tools") for body in bodies]
    )
