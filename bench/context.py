"""Tokens of one small bug fix (tests/fakes/six_steps.py), beside what was measured of other agents.

    .venv/bin/python bench/context.py

Token counts are the profile's own, over the rendered prompt; nothing here depends on the machine.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import closing
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fakes.six_steps import FILES, TASK, SixSteps
from r1code import prompts
from r1code.app.maps import Maps
from r1code.control import Control
from r1code.profiles import find_profile
from r1code.profiles.tokenizers import tokenizer_named
from r1code.repo.git import Git
from r1code.repo.index.index import FILE, Index
from r1code.tools.list import listing
from r1code.tools.toolset import ORDER

PEERS = {
    "mini-swe-agent 2.4.6 (text)": (7, 11_211, 774),
    "mini-swe-agent 2.4.6 (tool)": (7, 13_000, 836),
    "pi 0.73": (7, 15_000, 1_243),
    "aider 0.86.2 (diff, map)": (6, 17_300, 4_209),
    "opencode 1.18": (8, 55_200, 6_838),
    "vibe 3.0.2": (7, 57_800, 7_443),
    "codex 0.169": (7, 64_700, 8_252),
    "gptme 0.35.1": (8, 71_700, 9_245),
    "gemini-cli 0.61": (7, 80_500, 10_509),
    "kimi-cli 1.49": (7, 84_000, 10_964),
    "qwen-code 0.24": (7, 129_700, 17_454),
}
"""Measured in November 2026, on a project of the same size: requests, prompt tokens of all, of the first."""


def main() -> None:
    count = tokenizer_named("deepseek-r1").count
    tools = [prompts.load(f"tools/{name}") for name in ORDER]
    print(
        f"instructions with all {len(tools)} tools: {count(prompts.load('instructions', tools=tools))} tokens\n"
    )
    print("| | requests | prompt tokens, session | first request |\n|---|---|---|---|")
    for name in ("vllm-r1", "vllm-r1-0528"):
        with tempfile.TemporaryDirectory() as folder:
            session = SixSteps(Path(folder), find_profile(name))
        sizes = session.prompts
        print(f"| **r1code, {name}** | {len(sizes)} | **{sum(sizes):,}** | {sizes[0]:,} |")
    for peer, (requests, total, first) in PEERS.items():
        print(f"| {peer} | {requests} | {total:,} | {first:,} |")
    said = session.said(tokenizer_named("deepseek-r1"))
    frames = [b - a - reply - seen for (reply, seen), (a, b) in zip(said, pairwise(sizes), strict=False)]
    print(f"\nwhat a step adds beyond reply and observation: {min(frames)} to {max(frames)} tokens")
    print(f"what the steps add, in all requests: {sum(sizes) - len(sizes) * sizes[0]:,} tokens")
    print(f"a map instead of the list of files adds to each request: {mapped()} tokens")


def mapped() -> int:
    """With room for 1,000; there are 12 files."""
    count = tokenizer_named("deepseek-r1").count
    with tempfile.TemporaryDirectory() as folder:
        session = SixSteps(Path(folder), find_profile("vllm-r1"))
        index = Index(Path(folder) / FILE, session.store)
        # What the session changed is no matter here, nor is a history that it does not have.
        maps = Maps(session.tree, session.tree.snapshot(), index, Git(session.root, Path(folder) / "lone"))
        with closing(index), closing(maps):
            maps.wait(Control())
            return count(maps.draw(TASK, 1_000, count, str).text) - count(listing(sorted(FILES)))


if __name__ == "__main__":
    main()
