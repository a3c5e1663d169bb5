"""Small bugs that can be repaired: an oracle, a model, or another tool repairs each, and is judged from outside.

    .venv/bin/python bench/solvable.py                              # the scripted oracle: must repair all of them
    .venv/bin/python bench/solvable.py --model embedded --candidates 1,4,8 [--seeds N] [--seconds N]
    .venv/bin/python bench/solvable.py --peer aider,mini [--seeds N] [--seconds N]

`--bugs a,b` and `--languages python,go` choose among the bugs of tests/bugs. What the tests, as they were, say of
the sources as they are now, in a container of their own, decides. Each run is a row of --out as soon as it is
over; what is there already is not run again. The exit code is 1 where the oracle fails, and where r1code calls
something repaired that is not. Peers are installed below build/ once, and ask the embedded model's own server.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from math import sqrt
from pathlib import Path
from typing import TypedDict, cast

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from solvable_peers import PEERS

from bugs import BUGS, Bug
from bugs.attempt import Attempt, by_oracle, by_r1code
from bugs.judge import judge

ORACLE = "oracle"


class Key(TypedDict):
    """What is run; a row with the same one is not run again."""

    bug: str
    who: str
    model: str
    candidates: int
    seed: int
    limit: int


class Row(Key):
    language: str
    solved: bool
    claimed: bool
    """Who tried said so."""
    touched: list[str]
    """What no repair has to touch."""
    exit_code: int | None
    """None: it was ended from here."""
    tokens: int
    completion: int
    """Of them, those that the model wrote."""
    calls: int
    seconds: float
    said: str


def run(bug: Bug, key: Key) -> Row:
    with tempfile.TemporaryDirectory() as name:
        root, state = Path(name) / bug.name, Path(name) / "state"
        root.mkdir()
        bug.commit(root)
        tried = _tried(bug, key, root, state)
        judged = judge(bug, root)
    return Row(
        **key,
        language=bug.language,
        solved=judged.solved,
        claimed=tried.claimed,
        touched=judged.touched,
        exit_code=tried.exit_code,
        tokens=tried.prompt + tried.completion,
        completion=tried.completion,
        calls=tried.calls,
        seconds=tried.seconds,
        said="" if judged.solved else f"{tried.said}\n{judged.said}",
    )


def _tried(bug: Bug, key: Key, root: Path, state: Path) -> Attempt:
    if key["who"] == ORACLE:
        return by_oracle(bug, root, state)
    if key["who"] in PEERS:
        return PEERS[key["who"]](bug, root, key["limit"])
    flags = ["--profile", key["model"], "--seconds", str(key["limit"]), "--seed", str(key["seed"])]
    flags += ["--candidates", str(key["candidates"])] if key["candidates"] > 1 else []
    return by_r1code(bug, root, state, flags=flags, limit=key["limit"])


def wrong(row: Row) -> list[str]:
    """What must not be."""
    against = {
        "called repaired, and is not": row["who"] not in PEERS and row["claimed"] and not row["solved"],
        "repaired, and not called so": row["who"] == ORACLE and row["solved"] and not row["claimed"],
        "not repaired": row["who"] == ORACLE and not row["solved"],
        f"touched {', '.join(row['touched'])}": row["who"] not in PEERS and bool(row["touched"]),
    }
    return [text for text, applies in against.items() if applies]


def interval(solved: int, count: int) -> tuple[float, float]:
    """Wilson's, at 95 %, in percent."""
    z = 1.96
    rate, spread = solved / count, z * z / count
    middle, half = rate + spread / 2, z * sqrt(rate * (1 - rate) / count + spread / (4 * count))
    return 100 * (middle - half) / (1 + spread), 100 * (middle + half) / (1 + spread)


def table(rows: Sequence[Row]) -> str:
    lines = [f"{'':24} {'solved':>9} {'95 %':>9} {'tokens':>8} {'written':>8} {'calls':>6} {'s':>7}  medians"]
    for who, candidates in dict.fromkeys((row["who"], row["candidates"]) for row in rows):
        own = [row for row in rows if (row["who"], row["candidates"]) == (who, candidates)]
        solved = sum(row["solved"] for row in own)
        low, high = interval(solved, len(own))
        figures = " ".join(
            f"{statistics.median([row[name] for row in own]):{width}.{digits}f}"
            for name, width, digits in (
                ("tokens", 8, 0),
                ("completion", 8, 0),
                ("calls", 6, 1),
                ("seconds", 7, 1),
            )
        )
        label = who if who in PEERS or who == ORACLE else f"{who}, N = {candidates}"
        lines.append(f"{label:24} {solved:4}/{len(own):<4} {low:3.0f}-{high:<3.0f}   {figures}")
        if who == ORACLE:
            of = Counter(row["language"] for row in own)
            good = Counter(row["language"] for row in own if row["solved"])
            lines.append("  " + ", ".join(f"{one} {good[one]}/{count}" for one, count in of.items()))
        claims = [row["bug"] for row in own if row["claimed"] and not row["solved"]]
        if claims and who in PEERS:
            lines.append(f"  ended as if repaired, and is not: {', '.join(claims)}")
        touched = [row["bug"] for row in own if row["touched"]]
        if touched:
            lines.append(f"  touched tests or how they are run: {', '.join(touched)}")
    return "\n".join(lines)


def plan(bugs: Sequence[Bug], options: argparse.Namespace) -> Iterator[tuple[Bug, Key]]:
    """Bug by bug, so that what is there after an interrupt can be compared."""
    peers = [] if options.peer is None else options.peer.split(",")
    for seed in range(1, options.seeds + 1):
        for bug in bugs:
            if options.model is None and not peers:
                yield bug, Key(bug=bug.name, who=ORACLE, model="scripted", candidates=1, seed=1, limit=0)
                continue
            ways = [("r1code", int(count)) for count in options.candidates.split(",")] if options.model else []
            # What TypeScript needs is linked into each sandbox by r1code; others do not know of it.
            others = [] if bug.language == "typescript" else peers
            for who, candidates in [*ways, *((peer, 1) for peer in others)]:
                model = options.model if who == "r1code" else "embedded"
                yield (
                    bug,
                    Key(
                        bug=bug.name,
                        who=who,
                        model=model,
                        candidates=candidates,
                        seed=seed,
                        limit=options.seconds,
                    ),
                )


def read(path: Path) -> list[Row]:
    lines = path.read_text().splitlines() if path.exists() else []
    return [cast("Row", json.loads(line)) for line in lines]


def chosen(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[Bug]:
    names = None if options.bugs is None else options.bugs.split(",")
    languages = None if options.languages is None else options.languages.split(",")
    bugs = [
        bug
        for bug in BUGS
        if (names is None or bug.name in names) and (languages is None or bug.language in languages)
    ]
    if not bugs or (names is not None and len(bugs) != len(set(names))):
        parser.error(f"the bugs are: {', '.join(bug.name for bug in BUGS)}")
    return bugs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bugs", help="names, with commas (all)")
    parser.add_argument("--languages", help="with commas (all)")
    parser.add_argument("--model", help="this profile's model repairs them, not the oracle")
    parser.add_argument("--candidates", default="1", help="numbers, with commas (1)")
    parser.add_argument("--peer", help=f"other tools, with commas: {', '.join(PEERS)}")
    parser.add_argument("--seeds", type=int, default=1, help="runs of each (1)")
    parser.add_argument("--seconds", type=int, default=300, help="limit of a run, from its first request (300)")
    parser.add_argument("--out", type=Path, default=Path("build/solvable.jsonl"))
    options = parser.parse_args()
    wanted = list(plan(chosen(parser, options), options))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    known = read(options.out)
    rows: list[Row] = []
    # Both end in order, also where it runs in the background, which ignores interrupts.
    for wanted_end in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wanted_end, signal.default_int_handler)
    try:
        for number, (bug, key) in enumerate(wanted, start=1):
            row = next((one for one in known if key.items() <= one.items()), None)
            is_known = row is not None
            if row is None:
                row = run(bug, key)
                with options.out.open("a") as file:
                    file.write(json.dumps(row) + "\n")
            rows.append(row)
            who = f"{key['who']} {key['candidates']}" if key["candidates"] > 1 else key["who"]
            how = "; ".join(wrong(row)) or ("solved" if row["solved"] else f"not solved ({row['exit_code']})")
            how = f"{'known: ' * is_known}{how}, {row['tokens']:,} tokens, {row['seconds']} s"
            print(f"[{number:3}/{len(wanted)}] {row['language']:10} {bug.name:10} {who:10} {how}", flush=True)
    except KeyboardInterrupt:
        print("\ninterrupted: the same command goes on with the rest")
    print(table(rows) if rows else "nothing was run")
    sys.exit(any(wrong(row) for row in rows))


if __name__ == "__main__":
    main()
