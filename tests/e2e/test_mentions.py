"""Mentions in a whole session: told to the model, in its log, and said at once where they mean nothing."""

from __future__ import annotations

import json

from e2e.conftest import Repo

HOST = ["--sandbox=none", "--allow-host-exec", "--test=off"]


def test_what_a_task_mentions_is_in_its_message_and_in_a_replay(repo: Repo) -> None:
    task = "Rename @total in @shop/cart.py:1-2, not `@nobody`"
    ran = repo.run("-p", task, *HOST, *repo.replies("<done/>"))
    assert ran.code == 0, ran.err
    assert "told to the model: total in shop/cart.py (2 lines)" in ran.out
    (log,) = (repo.state / "sessions").glob("*/log.jsonl")
    entries = [json.loads(line)["item"] for line in log.read_text().splitlines()]
    (said,) = (entry["text"] for entry in entries if entry.get("origin") == "task")
    assert said.count("    return sum(prices) + discount\n</observation>") == 2
    assert f"Task: {task}\n\nWhat the task mentions" in said
    (repo.root / "shop/cart.py").unlink()
    again = repo.run("replay", log.parent.name, HOST[1])
    assert again.code == 0, again.err


def test_what_means_nothing_is_said_before_a_session_begins(repo: Repo) -> None:
    ran = repo.run("plan", "Mend @shop/carts.py and @.git/config", *repo.replies("<done/>"))
    assert ran.code == 2
    assert "@shop/carts.py: there is no such file or folder; @.git/config: it may hold secrets" in ran.err
    assert not (repo.state / "sessions").exists()
