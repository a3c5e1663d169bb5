"""Answers for bench/recall.py which files aider's RepoMap has for a task. Runs in aider's environment.

The environment: aider-chat, msgspec, and r1code without what it depends on. Lines of JSON: {"root": folder,
"task": text, "rooms": [tokens]} in, {tokens: [paths]} out. The map is asked for as aider's chat does it: no
file is in the chat, the message's words are the identifiers, and those that are paths, file names or names of
files without their ending are the mentioned files. Tokens are counted as for our own map.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from aider.repomap import RepoMap  # pyright: ignore[reportMissingImports]

from r1code.profiles.tokenizers import tokenizer_named

_QUOTES = "\"'`*_"
_LEAST_STEM = 5


def _read(path: str, *_: object, **__: object) -> str | None:
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError):
        return None


def mentioned(task: str, files: list[str]) -> tuple[set[str], set[str]]:
    """Files and identifiers that aider takes from a message."""
    words = {word.rstrip(",.!;:?").strip(_QUOTES) for word in task.split()}
    idents = set(re.split(r"\W+", task))
    by_name: dict[str, list[str]] = {}
    for path in files:
        by_name.setdefault(path.rpartition("/")[2], []).append(path)
    found = {path for path in files if path in words}
    found |= {
        paths[0]
        for name, paths in by_name.items()
        if len(paths) == 1 and name in words and re.search(r"[._-]", name)
    }
    stems = {one.lower() for one in idents if len(one) >= _LEAST_STEM}
    return found | {path for path in files if Path(path).stem.lower() in stems}, idents


def main() -> None:
    count = tokenizer_named("deepseek-r1").count
    answers, sys.stdout = sys.stdout, sys.stderr
    made: RepoMap | None = None
    for line in sys.stdin:
        asked = json.loads(line)
        root = asked["root"]
        listed = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, check=True).stdout
        files = [path for path in os.fsdecode(listed).split("\0") if path]
        if made is None:
            made = RepoMap(
                root=root,
                io=SimpleNamespace(read_text=_read, tool_warning=print, tool_error=print, tool_output=print),
                main_model=SimpleNamespace(token_count=count),
                refresh="always",
            )
            # In memory it is faster than on the disk, and nothing is written into the tree.
            made.TAGS_CACHE = {}
            rank = made.get_ranked_tags
        paths, idents = mentioned(asked["task"], files)
        absolute = [f"{root}/{path}" for path in files]
        ranked = rank([], absolute, paths, idents)
        # The same for every room.
        made.get_ranked_tags = lambda *_, ranked=ranked, **__: ranked
        shown = {}
        for room in asked["rooms"]:
            made.max_map_tokens = room
            text = made.get_repo_map([], absolute, mentioned_fnames=paths, mentioned_idents=idents) or ""
            names = {row.removesuffix(":") for row in text.splitlines()}
            shown[str(room)] = sorted(names.intersection(files))
        print(json.dumps(shown), file=answers, flush=True)


if __name__ == "__main__":
    main()
