"""Which files of real commits are in a map, in one run: the index at the parent commit, the message as the task.

    .venv/bin/python bench/recall.py [--commits N] [--json FILE] REPOSITORY ...

For each repository the last N commits without merges that change one to eight files of their parent. Beside
the map: `grep`, the files in which most of the message's words are, rare words counting more, each with its
first matching line, in the same number of tokens. Messages that name a gold path are reported apart. Intervals:
bootstrap over commits, 95 %. docs/map.md has the method and figures.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from r1code.app.maps import Maps
from r1code.control import Control
from r1code.profiles.tokenizers import tokenizer_named
from r1code.repo.files import is_secret
from r1code.repo.git import Git
from r1code.repo.index.index import FILE, Index
from r1code.tree.scan import Listing
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree

ROOMS = (1_000, 2_000, 4_000, 8_000)
MOST_GOLD = 8
RESAMPLED = 2_000
_WORD = re.compile(r"[A-Za-z_]\w{2,}")
_COMMON = frozenset(
    [
        "the",
        "and",
        "for",
        "that",
        "with",
        "from",
        "this",
        "not",
        "are",
        "was",
        "when",
        "what",
        "has",
        "have",
        "its",
        "into",
        "does",
        "which",
        "only",
    ]
)


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=True)
    return done.stdout.decode(errors="replace")


def commits(root: Path, most: int) -> list[tuple[str, str, frozenset[str]]]:
    """Hash, message, and the changed files that were there before; the newest first."""
    found = []
    for name in git(root, "rev-list", "--no-merges", "--max-count=4000", "HEAD").split():
        lines = git(root, "diff-tree", "-r", "--no-commit-id", "--name-status", "--no-renames", name).splitlines()
        gold = frozenset(path for kind, _, path in (line.partition("\t") for line in lines) if kind in "MD")
        if 0 < len(gold) <= MOST_GOLD and len(lines) <= 2 * MOST_GOLD:
            found.append((name, git(root, "log", "-1", "--format=%B", name).strip(), gold))
        if len(found) == most:
            break
    return found


def grep(root: Path, paths: Sequence[str], task: str, room: int) -> set[str]:
    count = tokenizer_named("deepseek-r1").count
    words = sorted({word.lower() for word in _WORD.findall(task)} - _COMMON)
    texts = {}
    for path in paths:
        try:
            texts[path] = (root / path).read_text(errors="replace")
        except OSError:
            continue
    lowered = {path: f"{path}\n{text}".lower() for path, text in texts.items()}
    scores: dict[str, float] = {}
    for word in words:
        files = [path for path, text in lowered.items() if word in text]
        for path in files:
            scores[path] = scores.get(path, 0.0) + math.log(1 + len(texts) / len(files))
    shown: set[str] = set()
    left = room
    for path in sorted(scores, key=lambda one: (-scores[one], one)):
        line = next((row for row in texts[path].splitlines() if any(word in row.lower() for word in words)), "")
        left -= count(f"{path}: {line.strip()[:120]}\n")
        if left < 0:
            break
        shown.add(path)
    return shown


def measure(source: Path, most: int, rows: list[dict[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        root, state = Path(name) / "tree", Path(name) / "state"
        git(Path(name), "clone", "-q", "--no-checkout", str(source.resolve()), str(root))
        seen = Git(root)
        store = Store(state / "objects")
        tree = WorkTree(root, Listing(seen.files, seen.ignored), store, state=state, hidden=is_secret)
        count = tokenizer_named("deepseek-r1").count
        with closing(Index(state / FILE, store)) as index:
            for number, (commit, message, gold) in enumerate(commits(source, most)):
                git(root, "checkout", "-q", "-f", f"{commit}^")
                snapshot = tree.snapshot()
                index.build(snapshot, Control())
                with closing(Maps(tree, snapshot, index, seen)) as maps:
                    for room in ROOMS:
                        drawn = maps.draw(message, room, count, str)
                        assert count(drawn.text) <= room
                        rows.append(
                            {
                                "project": source.resolve().name,
                                "commit": commit,
                                "named": any(
                                    path in message or path.rpartition("/")[2] in message for path in gold
                                ),
                                "room": room,
                                "map": len(gold & set(drawn.map.files)) / len(gold),
                                "signed": len(gold & set(drawn.map.files[: drawn.map.outlined])) / len(gold),
                                "grep": len(gold & grep(root, [*snapshot.entries], message, room)) / len(gold),
                            }
                        )
                print(f"\r{source.name}: {number + 1}", end="", file=sys.stderr)
        print(file=sys.stderr)
        shutil.rmtree(root)


def interval(values: Sequence[float]) -> tuple[float, float]:
    chance = random.Random(1)
    means = sorted(statistics.fmean(chance.choices(values, k=len(values))) for _ in range(RESAMPLED))
    return means[int(0.025 * RESAMPLED)], means[int(0.975 * RESAMPLED)]


def report(rows: Sequence[dict[str, object]]) -> None:
    for named in (False, True):
        for room in ROOMS:
            some = [row for row in rows if row["room"] == room and row["named"] == named]
            if not some:
                continue
            means = {
                kind: statistics.fmean(float(str(row[kind])) for row in some)
                for kind in ("map", "signed", "grep")
            }
            low, high = interval([float(str(row["map"])) - float(str(row["grep"])) for row in some])
            print(
                f"{'names a path' if named else 'names none':12} {room:6} tokens, {len(some):4} commits: "
                f"map {means['map']:.3f} (with signatures {means['signed']:.3f})  grep {means['grep']:.3f}  "
                f"lift {low:+.3f} to {high:+.3f}"
            )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--commits", type=int, default=100)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows: list[dict[str, object]] = []
    for one in options.repositories:
        measure(one, options.commits, rows)
    if options.json is not None:
        options.json.write_text(json.dumps(rows, indent=1))
    report(rows)


if __name__ == "__main__":
    main()
