"""What is on record of a line and of a session, by the installed command."""

from __future__ import annotations

import json
from pathlib import Path

from e2e.conftest import FIX, Repo

HOST = ["--sandbox=none", "--allow-host-exec"]
TEST = ["--test", "python3 -m pytest -q -p no:cacheprovider"]
STEPS = [
    'I look first.\n::error::stop\n<read path="shop/cart.py"/>',
    f"It has to be subtracted.\n{FIX}",
    "<done>ok</done>",
]


def test_a_line_of_a_repair_leads_to_its_step(repo: Repo) -> None:
    ran = repo.run("fix", *TEST, *HOST, *repo.replies(*STEPS))
    assert ran.code == 0, ran.out + ran.err
    told = repo.run("why", "shop/cart.py:2")
    assert told.code == 0, told.err
    (session,) = [folder.name for folder in (repo.state / "sessions").iterdir()]
    assert f"turn 1, step 2 of session {session}: checkpoint 1" in told.out
    assert "it said:\n  It has to be subtracted.\n" in told.out
    assert "it had seen, in step 1.1: read shop/cart.py\n" in told.out
    found = json.loads(repo.run("why", "cart.py:2", "-C", "shop", "--json").out)
    assert (found["session"], found["step"], found["call"]["name"]) == (session, "1.2", "edit")


def test_a_session_is_a_page_a_text_or_data(repo: Repo, tmp_path: Path) -> None:
    ran = repo.run("-p", "Subtract.", "--test", "off", *HOST, *repo.replies(*STEPS))
    assert ran.code == 0, ran.out + ran.err
    (session,) = [folder.name for folder in (repo.state / "sessions").iterdir()]
    page = tmp_path / "session.html"
    assert repo.run("export", "-o", str(page)).code == 0
    assert '<a href="#s1.2">step 1.2</a>' in page.read_text()
    refused = repo.run("export", session, "-o", str(page))
    assert (refused.code, "is there already" in refused.err) == (2, True)
    data = json.loads(repo.run("export", session, "--format", "json").out)
    assert [(hunk["id"], hunk["steps"]) for file in data["files"] for hunk in file["hunks"]] == [
        ("shop/cart.py#1", ["1.2"])
    ]
    repo.env["CI"] = "true"
    step = repo.run("export", session, "--step", "1.1").out
    assert ("### Step 1.1" in step, "### Step 1.2" in step) == (True, False)
    assert (": :error::stop" in step, "\n::error" in step) == (True, False)


def test_where_nothing_is_on_record_it_says_so(repo: Repo) -> None:
    ran = repo.run("export")
    assert (ran.code, "there is no session yet" in ran.err) == (2, True)
    found = json.loads(repo.run("why", "shop/cart.py:2", "--json").out)
    assert (found["kind"], found["commit"]["subject"]) == ("older", "first")
