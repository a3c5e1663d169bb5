"""The map in a session of the installed command: in its first message, once, and the same in a replay."""

from __future__ import annotations

import json
from pathlib import Path

from e2e.conftest import Repo, commit, write

TASK = [
    "-p",
    "The total of a cart with a discount is wrong.",
    "--sandbox=none",
    "--allow-host-exec",
    "--test",
    "off",
]
ASKED = '<search symbol="total"/>'


def said(folder: Path) -> list[str]:
    lines = (folder / "log.jsonl").read_text().splitlines()
    items = [json.loads(line)["item"] for line in lines]
    return [item["text"] for item in items if item["kind"] == "Said"]


def test_a_session_begins_with_a_map_that_stays_when_it_goes_on_or_is_done_again(repo: Repo) -> None:
    ran = repo.run(*TASK, "--map-tokens", "300", "--steps", "1", "--json", *repo.replies(ASKED))
    assert ran.code == 5, ran.out + ran.err
    session = str(ran.events[-1]["session"])
    folder = repo.state / "sessions" / session
    (task,) = said(folder)
    assert "come first.\nshop/cart.py:\n  def total(prices, discount=0)\n" in task
    assert '<search symbol="NAME"/>' in task
    assert "1 definition of total" in (folder / "log.jsonl").read_text()
    # Another history, other files: nobody is shown another map for that.
    shown = (folder / "map.txt").read_text()
    write(repo.root, {"shop/discount.py": "def discount(): pass\n"})
    commit(repo.root)
    went_on = repo.run("resume", *repo.replies("<done>looked</done>")[2:], "--steps", "5")
    assert went_on.code == 0, went_on.out + went_on.err
    assert said(folder) == [task]
    assert (folder / "map.txt").read_text() == shown
    again = repo.run("replay", session, "--allow-host-exec")
    assert again.code == 0, again.err


def test_without_room_the_first_message_has_the_plain_list(repo: Repo) -> None:
    ran = repo.run(*TASK, "--json", *repo.replies("<done>nothing</done>"))
    assert ran.code == 0, ran.out + ran.err
    (task,) = said(repo.state / "sessions" / str(ran.events[-1]["session"]))
    assert "pyproject.toml\nshop/__init__.py\nshop/cart.py" in task
    assert "come first" not in task
    assert not list(repo.state.glob("*/graph"))
