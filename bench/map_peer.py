"""aider's map of a repository, for bench/map.py: by an interpreter that has aider-chat and not r1code.

Its words of the task are those that it takes from a chat. Tokens are counted as a quarter of the characters: its
own way to count them takes it longer.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from aider.io import InputOutput
from aider.repomap import RepoMap


class Model:
    def token_count(self, text: str) -> int:
        return len(text) // 4


def spent() -> float:
    return sum(os.times()[:4])


def main() -> None:
    root, room, task, touched = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True).stdout
    files = [f"{root}/{os.fsdecode(path)}" for path in listed.split(b"\0") if path]
    words = set(re.split(r"\W+", task))
    began, before = time.perf_counter(), spent()
    made = RepoMap(map_tokens=room, root=str(root), main_model=Model(), io=InputOutput(yes=True, pretty=False))

    def draw() -> None:
        made.get_repo_map([], files, mentioned_idents=words, force_refresh=True)

    draw()
    wall, first = time.perf_counter() - began, spent() - before
    with touched.open("a") as file:
        file.write("\n# touched\n")
    before = spent()
    draw()
    print()
    print(json.dumps({"all": first, "wall": wall, "touched": spent() - before}))


if __name__ == "__main__":
    main()
