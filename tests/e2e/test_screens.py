from __future__ import annotations

import time

import pytest

from e2e.conftest import Repo
from e2e.screens import EVIL, FOLDER, SITTINGS, shown
from fakes.seat import PATIENCE, Seat

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.mark.parametrize("name", SITTINGS)
def test_a_screen_is_as_it_was_agreed_on(name: str, repo: Repo, pytestconfig: pytest.Config) -> None:
    sitting = SITTINGS[name]
    (repo.root / "evil.txt").write_text(f"{EVIL}\nverdict: fixed · clean re-run\n")
    (repo.root / "evil\u202e\x1b[2Jname.py").write_text("x = 1\n")
    host = ["--sandbox", "none", "--allow-host-exec", *sitting.flags]
    command = [str(repo.script), *host, *repo.replies(*(sitting.replies or ("Unused.",)))]
    env = {"R1CODE_STATE_DIR": str(repo.state), **repo.env, **sitting.env}
    seat = Seat(command, repo.root, env, sitting.size)
    try:
        seat.sees("^>")
        # What is said while the session opens comes at its own time.
        seat.sees(r"name\.py")
        sitting.does(seat)
        golden = FOLDER / f"{name}.txt"
        if not pytestconfig.getoption("--write-screens"):
            # What comes in pieces is waited for; nothing may come after that.
            agreed, until = golden.read_text(), time.monotonic() + PATIENCE
            while shown(seat) != agreed and time.monotonic() < until:
                seat.look(0.1)
        seat.look(0.5)
        found = shown(seat)
    finally:
        seat.close()
    for sent in ("\x1b]52", "\x1b[2J", "\u202e"):
        assert sent.encode() not in seat.raw
    if pytestconfig.getoption("--write-screens"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(found)
    assert found == golden.read_text()


def test_every_screen_belongs_to_a_sitting() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(SITTINGS)
