"""Which files of real commits are in a map, in one run: the index at the parent commit, the message as the task.

    .venv/bin/python bench/recall.py [--commits N] [--aider PYTHON] [--json FILE] REPOSITORY|FILE.json ...

For each repository the last N commits without merges that have a message and change one to eight files of
their parent. Beside the map: `grep`, the files in which most of the message's words are, rare words counting
more, each with its first matching line, in the same number of tokens; one search, as a model could make it
first; with `--aider`, the Python of an environment that has aider, aider's map (bench/aider_map.py). Rows of
earlier runs are reported together with the new ones. Messages that name a gold path are reported apart.
Intervals: bootstrap over commits, and over whole projects, 95 %. docs/map.md has the method and figures.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

from msgspec import Struct
from msgspec import json as coded

from r1code.app.maps import Maps
from r1code.control import Control
from r1code.profiles.tokenizers import tokenizer_named
from r1code.repo.clues import clues_of
from r1code.repo.files import is_secret
from r1code.repo.git import Git
from r1code.repo.index.index import FILE, Index
from r1code.repo.search import search
from r1code.tree.scan import Listing
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree

ROOMS = (1_000, 2_000, 4_000, 8_000)
MOST_GOLD = 8
MOST_MATCHES = 60
"""As many lines as the tool shows."""
RESAMPLED = 2_000
WAYS = ("map", "signed", "map+search", "grep", "grep+search", "aider")
_WORD = re.compile(r"[A-Za-z_]\w{2,}")
_COMMON = frozenset(
    re.findall(r"\w+", "the and for that with from this not are was when what has have its into does which only")
)


class Row(Struct, frozen=True, kw_only=True):
    """What of the gold files of one commit is in so many tokens, by the way they were chosen."""

    project: str
    commit: str
    named: bool
    """The message names a gold path."""
    room: int
    parts: dict[str, float]


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=True)
    return done.stdout.decode(errors="replace")


def commits(root: Path, most: int) -> list[tuple[str, str, frozenset[str]]]:
    """Hash, message, and the changed files that were there before; the newest first."""
    found = []
    for name in git(root, "rev-list", "--no-merges", "--min-parents=1", "--max-count=4000", "HEAD").split():
        lines = git(root, "diff-tree", "-r", "--no-commit-id", "--name-status", "--no-renames", name).splitlines()
        gold = frozenset(path for kind, _, path in (line.partition("\t") for line in lines) if kind in "MD")
        message = git(root, "log", "-1", "--format=%B", name).strip()
        if message and 0 < len(gold) <= MOST_GOLD and len(lines) <= 2 * MOST_GOLD:
            found.append((name, message, gold))
        if len(found) == most:
            break
    return found


class Texts:
    """What of a tree `grep` sees. Each content is read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._texts: dict[str, str] = {}
        self._having: dict[tuple[str, str], bool] = {}

    def texts(self, snapshot: Snapshot) -> dict[str, str]:
        """Path to digest; what is no file is left out."""
        found = {}
        for path, entry in snapshot.entries.items():
            if entry.kind == "file":
                if entry.digest not in self._texts:
                    self._texts[entry.digest] = (self._root / path).read_text(errors="replace")
                found[path] = entry.digest
        return found

    def lines(self, digest: str) -> list[str]:
        return self._texts[digest].splitlines()

    def has(self, path: str, digest: str, word: str) -> bool:
        key = digest, word
        if key not in self._having:
            self._having[key] = word in self._texts[digest].lower()
        return self._having[key] or word in path.lower()


def grep(texts: Texts, digests: dict[str, str], task: str) -> Iterator[tuple[str, int]]:
    """The files, the best first, and what each costs; as many as the largest room has."""
    count = tokenizer_named("deepseek-r1").count
    words = sorted({word.lower() for word in _WORD.findall(task)} - _COMMON)
    scores: dict[str, float] = {}
    for word in words:
        files = [path for path, digest in digests.items() if texts.has(path, digest, word)]
        for path in files:
            scores[path] = scores.get(path, 0.0) + math.log(1 + len(digests) / len(files))
    left = max(ROOMS)
    for path in sorted(scores, key=lambda one: (-scores[one], one)):
        rows = texts.lines(digests[path])
        line = next((row for row in rows if any(word in row.lower() for word in words)), "")
        cost = count(f"{path}: {line.strip()[:120]}\n")
        yield path, cost
        left -= cost
        if left < 0:
            break


def filled(files: Sequence[tuple[str, int]], room: int) -> frozenset[str]:
    shown: set[str] = set()
    for path, cost in files:
        room -= cost
        if room < 0:
            break
        shown.add(path)
    return frozenset(shown)


def searched(root: Path, texts: Texts, digests: dict[str, str], task: str) -> frozenset[str]:
    """What one search shows: for the name as in code that the fewest files have; without one, the rarest word."""
    names = [name for name in clues_of(task, ()).names if len(name) > 3]
    for terms in (names, _WORD.findall(task)):
        often = {
            term: sum(texts.has(path, digest, term.lower()) for path, digest in digests.items())
            for term in set(terms)
            if term.lower() not in _COMMON
        }
        there = sorted((files, term) for term, files in often.items() if files)
        if there:
            pattern = f"(?i){re.escape(there[0][1])}"
            found = search(root, pattern, sorted(digests), Control(), limit=MOST_MATCHES)
            return frozenset(match.path for match in found.matches)
    return frozenset()


@contextmanager
def aider(python: Path | None, root: Path) -> Iterator[Callable[[str], dict[str, frozenset[str]]]]:
    """Asks aider's map; without `python` it knows nothing."""
    if python is None:
        yield lambda _: {}
        return
    helper = Path(__file__).with_name("aider_map.py")
    with subprocess.Popen(
        [str(python), "-P", str(helper)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        asked, answers = process.stdin, process.stdout
        assert asked is not None
        assert answers is not None

        def ask(task: str) -> dict[str, frozenset[str]]:
            asked.write(json.dumps({"root": str(root), "task": task, "rooms": ROOMS}).encode() + b"\n")
            asked.flush()
            return {room: frozenset(files) for room, files in json.loads(answers.readline()).items()}

        yield ask


def measure(source: Path, most: int, python: Path | None) -> list[Row]:
    rows = []
    with tempfile.TemporaryDirectory() as name:
        # aider writes into the folder that it maps.
        root, beside, state = (Path(name) / one for one in ("tree", "beside", "state"))
        for one in (root, beside):
            git(Path(name), "clone", "-q", "--no-checkout", str(source.resolve()), str(one))
        seen = Git(root)
        store = Store(state / "objects")
        tree = WorkTree(root, Listing(seen.files, seen.ignored), store, state=state, hidden=is_secret)
        texts = Texts(root)
        with closing(Index(state / FILE, store)) as index, aider(python, beside) as ask:
            for number, (commit, message, gold) in enumerate(commits(source, most)):
                git(root, "checkout", "-q", "-f", f"{commit}^")
                if python is not None:
                    git(beside, "checkout", "-q", "-f", f"{commit}^")
                snapshot = tree.snapshot()
                index.build(snapshot, Control())
                digests = texts.texts(snapshot)
                grepped = list(grep(texts, digests, message))
                one_search = searched(root, texts, digests, message)
                theirs = ask(message)
                with closing(Maps(tree, snapshot, index, seen)) as maps:
                    for room in ROOMS:
                        drawn = maps.draw(message, room, tokenizer_named("deepseek-r1").count, str)
                        shown = frozenset(drawn.map.files)
                        by_grep = filled(grepped, room)
                        ways = {
                            "map": shown,
                            "signed": frozenset(drawn.map.files[: drawn.map.outlined]),
                            "map+search": shown | one_search,
                            "grep": by_grep,
                            "grep+search": by_grep | one_search,
                        }
                        if str(room) in theirs:
                            ways["aider"] = theirs[str(room)]
                        rows.append(
                            Row(
                                project=source.resolve().name.partition("_")[0],
                                commit=commit,
                                named=any(path in message or path.rpartition("/")[2] in message for path in gold),
                                room=room,
                                parts={way: len(gold & files) / len(gold) for way, files in ways.items()},
                            )
                        )
                print(f"{source.name}: {number + 1}", file=sys.stderr)
    return rows


def interval(groups: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Of the mean of all values, where whole groups are drawn anew."""
    chance = random.Random(1)
    sums = [(sum(values), len(values)) for values in groups]
    means = []
    for _ in range(RESAMPLED):
        drawn = chance.choices(sums, k=len(sums))
        means.append(sum(one for one, _ in drawn) / sum(size for _, size in drawn))
    means.sort()
    return means[int(0.025 * RESAMPLED)], means[int(0.975 * RESAMPLED)]


def said(title: str, rows: Sequence[Row]) -> str:
    line = f"{title:24} {len(rows):4}"
    for way in WAYS:
        values = [row.parts[way] for row in rows if way in row.parts]
        if values:
            of = f" of {len(values)}" if len(values) < len(rows) else ""
            line += f"  {way} {statistics.fmean(values):.3f}{of}"
    for way in ("grep", "aider"):
        lifts: dict[str, list[float]] = {}
        for row in rows:
            if way in row.parts:
                lifts.setdefault(row.project, []).append(row.parts["map"] - row.parts[way])
        if lifts:
            each = [value for values in lifts.values() for value in values]
            low, high = interval([[value] for value in each])
            line += f"  map-{way} {statistics.fmean(each):+.3f}, {low:+.3f}..{high:+.3f}"
        if len(lifts) > 1:
            low, high = interval([*lifts.values()])
            line += f" (whole projects {low:+.3f}..{high:+.3f})"
    return line


def report(rows: Sequence[Row]) -> None:
    for named in (False, True):
        print("messages that name a path:" if named else "messages that name no path:")
        for room in ROOMS:
            if some := [row for row in rows if row.room == room and row.named == named]:
                print(said(f"{room} tokens", some))
    print("by project, messages that name no path:")
    for project in sorted({row.project for row in rows}):
        if some := [row for row in rows if row.room == 4_000 and row.project == project and not row.named]:
            print(said(f"4000, {project}", some))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sources", nargs="+", type=Path)
    parser.add_argument("--commits", type=int, default=100)
    parser.add_argument("--aider", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    known = [one for one in options.sources if one.suffix == ".json"]
    rows = [row for one in known for row in coded.decode(one.read_bytes(), type=list[Row])]
    fresh = [one for one in options.sources if one not in known]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for some in pool.map(
            measure, fresh, *([value] * len(fresh) for value in (options.commits, options.aider))
        ):
            rows += some
            if options.json is not None:
                options.json.write_bytes(coded.encode(rows))
    report(rows)


if __name__ == "__main__":
    main()
