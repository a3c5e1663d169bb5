"""Another agent's search/replace matcher, behind JSON lines. Runs in that agent's own Python.

Reads {"text", "search", "replace", "suggest"} and answers {"after", "place", "seconds"}: the text after the edit,
or null, and the first and last line that its error would show, where `suggest` asks for it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from aider.coders.editblock_coder import do_replace, find_similar_lines

NAME = Path(__file__)
"""Stands for the file: one that exists, or it would be created."""
FENCE = ("```", "```")


def place(text: str, search: str) -> list[int] | None:
    shown = find_similar_lines(search, text).splitlines()
    lines = text.splitlines()
    for start in range(len(lines) - len(shown) + 1):
        if shown and lines[start : start + len(shown)] == shown:
            return [start + 1, start + len(shown)]
    return None


def main() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        asked = json.loads(line)
        began = time.perf_counter()
        after = do_replace(NAME, asked["text"], asked["search"], asked["replace"], FENCE)
        taken = time.perf_counter() - began
        shown = place(asked["text"], asked["search"]) if asked["suggest"] and not after else None
        print(json.dumps({"after": after or None, "place": shown, "seconds": taken}), file=answers, flush=True)


main()
