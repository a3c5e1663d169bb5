"""Commands of one's own, in the REPL."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.conftest import Repo
from fakes.seat import Seat

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def test_a_file_becomes_a_command_that_is_completed_shown_and_said(repo: Repo, tmp_path: Path) -> None:
    home = tmp_path / "config"
    mine = home / "r1code/commands"
    mine.mkdir(parents=True)
    (mine / "look.md").write_text(
        "---\ndescription: Look at a file\nargument-hint: FILE\nmode: plan\n---\nLook at @$1."
    )
    (mine / "undo.md").write_text("Not this.")
    theirs = repo.root / ".r1code/commands"
    theirs.mkdir(parents=True)
    (theirs / "ship.md").write_text("Ship it.\x1b[2J")
    host = ["--sandbox", "none", "--allow-host-exec", "--test", "off"]
    env = {"R1CODE_STATE_DIR": str(repo.state), "XDG_CONFIG_HOME": str(home)}
    logged = ["--log-file", str(tmp_path / "r1code.log")]
    seat = Seat([str(repo.script), *host, *logged, *repo.replies("Seen.", "Shipped.")], repo.root, env)
    seat.sees("Do you trust this folder")
    seat.sees(r"ship\.md")
    seat.answer("n")
    seat.sees(r"no commands: \.r1code/commands/ship\.md")
    seat.sees(r"no command: /undo is there already")
    seat.say("/help")
    seat.sees("/look FILE +Look at a file")
    seat.say("/ship")
    seat.sees("there is no /ship")
    seat.type("/loo")
    seat.sees("/look +Look at a file")
    seat.say("k shop/cart.py")
    seat.sees(r"Seen\.")
    seat.sees("^plan>")
    log = next(repo.state.glob("sessions/*/log.jsonl")).read_text()
    assert "Look at @shop/cart.py." in log
    assert "return sum(prices) + discount" in log
    assert '"event":"StepStarted"' in (tmp_path / "r1code.log").read_text()
    seat.press("\x04")
    assert seat.leaves() == 0
    trusted = Seat([str(repo.script), *host, "--trust", *repo.replies("Shipped.")], repo.root, env)
    trusted.sees("^>$")
    trusted.sees("⎇")
    trusted.say("/ship now")
    trusted.sees(r"Shipped\.")
    assert b"\x1b[2J" not in trusted.raw
    trusted.press("\x04")
    assert trusted.leaves() == 0
