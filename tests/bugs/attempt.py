"""A bug, repaired by `r1code fix` as it is installed, in a repository and a state folder of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, cast

from bugs.bug import Bug
from bugs.judge import SCRIPT

GRACE = 240
"""Seconds beyond its own limit until a run is ended from here: for sandboxes, tests and the model's loading."""


class Attempt(NamedTuple):
    claimed: bool
    """Whoever tried says that it is repaired."""
    exit_code: int | None
    """None: it was ended from here."""
    prompt: int
    """Tokens, of all requests together."""
    completion: int
    calls: int
    seconds: float
    said: str
    """The end of what it printed."""


def by_oracle(bug: Bug, root: Path, state: Path) -> Attempt:
    """The scripted model makes the right edit, runs the tests, and says that it is done."""
    replies = state / "replies.toml"
    replies.parent.mkdir(parents=True, exist_ok=True)
    # A JSON value is a TOML value.
    texts = [json.dumps(text) for text in (f"{bug.oracle()}\n<test/>", "<done>It is repaired.</done>")]
    replies.write_text("".join(f"[[reply]]\ntext = {text}\n" for text in texts))
    flags = ["--profile", "scripted", "--replies", str(replies)]
    return by_r1code(bug, root, state, flags=flags, limit=GRACE)


def by_r1code(bug: Bug, root: Path, state: Path, *, flags: Sequence[str], limit: float) -> Attempt:
    words = [str(SCRIPT), "fix", "--test", bug.setting.command, "--json", "--yes", *flags]
    # A tree that is tried on is one of a person, also where CI does it.
    ours = {key: value for key, value in os.environ.items() if key != "CI"}
    began = time.monotonic()
    code, out, said = ended(words, root, {**ours, "R1CODE_STATE_DIR": str(state)}, limit + GRACE)
    seconds = time.monotonic() - began
    events = [json.loads(line) for line in out.splitlines() if line.endswith("}")]
    used = list(_usages(events))
    return Attempt(
        claimed=code == 0,
        exit_code=code,
        prompt=sum(one.get("prompt") or 0 for one in used),
        completion=sum(one.get("completion") or 0 for one in used),
        calls=len(used),
        seconds=round(seconds, 1),
        said=said[-400:],
    )


def _usages(events: Sequence[dict[str, object]]) -> Iterator[Mapping[str, int | None]]:
    """Of each reply, also of candidates, whose events are inside of others."""
    for event in events:
        inner = event.get("inner", event)
        found = cast("dict[str, object]", inner)
        if found.get("event") == "ReplyReceived":
            yield cast("dict[str, int | None]", found["usage"])


def ended(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], limit: float
) -> tuple[int | None, str, str]:
    """The exit code and what was printed; an interrupt, or the limit, ends the command in order."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        # The interrupt of a terminal comes to it through us only, once.
        start_new_session=True,
    )
    try:
        out, said = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        return None, *_stopped(process)
    except KeyboardInterrupt:
        _stopped(process)
        raise
    return process.returncode, out, said


def _stopped(process: subprocess.Popen[str]) -> tuple[str, str]:
    process.send_signal(signal.SIGINT)
    try:
        return process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()
