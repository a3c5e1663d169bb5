"""Stands for `r1code fix --json --dry-run -C FOLDER --test 'HOW SECONDS' ...`: as quick as a process can be.

HOW: an outcome, or `exit-N`, `killed`, `crash`, or `later-N-OUTCOME`, which fails N times before. What it did
is a line of the file that FAKE_JOURNAL names.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

CODES = {"fixed": 0, "unbroken": 0, "not_fixed": 1, "nothing_to_fix": 3, "cannot_reproduce": 4, "tampered": 8}
SPENT = {"requests": 2, "prompt": {"known": 100}, "completion": {"known": 20}}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("-C", dest="folder", type=Path)
    parser.add_argument("--test")
    parser.add_argument("--from-issue", type=Path)
    options, _ = parser.parse_known_args()
    how, _, seconds = options.test.partition(" ")
    journal = Path(os.environ["FAKE_JOURNAL"])
    name = (options.folder / "name").read_text().strip()
    # Before it says that it began: who waited for that may ask it to stop.
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    with journal.open("a") as file:
        file.write(f"{name} began {os.getpid()}\n")
    before = journal.read_text().count(f"{name} began ")
    time.sleep(float(seconds or 0))
    if how.startswith("later-"):
        _, times, then = how.split("-")
        how = "exit-7" if before <= int(times) else then
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "crash":
        raise RuntimeError("a bug")
    if how.startswith("exit-"):
        sys.stderr.write("r1code: the sandbox failed\n")
        return int(how.removeprefix("exit-"))
    end(options.folder, how)
    with journal.open("a") as file:
        file.write(f"{name} ended {os.getpid()}\n")
    return CODES[how]


def end(folder: Path, outcome: str) -> None:
    """The events of an end; the number in the file `value` is one more than it was."""
    value = int((folder / "value").read_text())
    diff = f"diff --git a/value b/value\n--- a/value\n+++ b/value\n@@ -1 +1 @@\n-{value}\n+{value + 1}\n"
    session = Path(os.environ["R1CODE_STATE_DIR"]) / "sessions" / "s1"
    session.mkdir(parents=True)
    (session / "patch.diff").write_text(diff)
    verdict = {
        "outcome": outcome,
        "why": "1 still failing" if outcome == "not_fixed" else "",
        "sandbox": "fake",
        "fixed": ["t::a"] + ["t::b"] * (outcome == "fixed"),
        "still_failing": ["t::b"] * (outcome != "fixed"),
        "tampered": ["tests/t.py"] * (outcome == "tampered"),
    }
    say(event="TurnStarted", session="s1", text="\u202e<script>")
    if outcome not in {"nothing_to_fix", "cannot_reproduce"}:
        say(event="PatchReady", diff=diff, files=1)
        say(event="VerdictReached", verdict=verdict)
    patch = None if outcome in {"nothing_to_fix", "cannot_reproduce"} else str(session / "patch.diff")
    say(
        event="Finished",
        outcome=outcome,
        reason="done",
        exit_code=CODES[outcome],
        applied=False,
        patch_file=patch,
        session="s1",
        usage={},
        seconds=1.0,
        spent=SPENT,
    )


def say(**event: object) -> None:
    sys.stdout.write(json.dumps(event, separators=(",", ":")) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
