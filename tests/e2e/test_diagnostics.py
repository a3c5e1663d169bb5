"""Diagnostics reach the model in a whole session, and nothing of them outlives it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from e2e.conftest import Repo
from fakes.language_server import gone, starts

FAKE = Path(__file__).parents[1] / "fakes/language_server.py"
HOST = ["--sandbox=none", "--allow-host-exec", "--test=off", "--json"]
BREAK = '<write path="a.py">\nx = 1  # BAD one\n</write>\n<write path="b.js">\nf(;\n</write>'


def test_syntax_at_once_and_a_servers_findings_when_they_are_there(repo: Repo) -> None:
    log = repo.root.parent / "log"
    command = shlex.join([sys.executable, str(FAKE), "good", str(log)])
    repo.env = {"R1CODE_LANGUAGE_SERVERS": f"python = {command}"}
    seen = f"for i in $(seq 200); do grep -q didOpen {shlex.quote(str(log))} && break; sleep 0.1; done; sleep 1"
    ran = repo.run("-p", "Break it", *HOST, *repo.replies(BREAK, f"<run>{seen}</run>", "<done/>"))
    assert ran.code == 0, ran.err
    told = [each["observation"]["text"] for each in ran.events if each["event"] == "CallFinished"]
    assert "b.js:1: syntax error near 'f(;'" in told[1]
    assert "[diagnostic] a.py:1: new error: BAD is one" in told[2]
    assert all(gone(pid) for pid in starts(log))


def test_a_setting_that_could_not_work_is_said_at_the_start(repo: Repo) -> None:
    repo.env = {"R1CODE_LANGUAGE_SERVERS": "piethon = x --stdio"}
    ran = repo.run("-p", "Break it", *HOST, *repo.replies("<done/>"))
    assert ran.code == 2
    assert "'piethon' is no language that r1code knows" in ran.err
