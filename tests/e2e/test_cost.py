"""Budgets, what is spent, and how a turn that a budget stopped goes on: as a person meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from e2e.conftest import FIX, Repo, passes

PROFILE = """\
[paid]
label = "a script that costs money"
provider = "scripted"
reasoning = "in_prompt"
context_window = 32768
max_output = 2000
[paid.price]
currency = "USD"
date = "2026-01-01"
source = "https://example.org"
hit = 0.1
miss = 1.0
output = 4.0
[dear]
extends = "paid"
label = "a script that costs ten times as much, and calls functions"
dialect = "native"
reasoning = "none"
[dear.price]
currency = "USD"
date = "2026-01-01"
source = "https://example.org"
hit = 1.0
miss = 10.0
output = 40.0
"""
USAGE = {"usage.prompt": 1000, "usage.cached": 896, "usage.completion": 600, "usage.reasoning": 500}
HERE = ["--sandbox=none", "--allow-host-exec", "--profile", "paid"]
TEST = ["--test", "python3 -m pytest -q -p no:cacheprovider"]
STEPS = ['<read path="shop/cart.py"/>', FIX, "<done>\nIt subtracts.\n</done>"]


@pytest.fixture
def paid(repo: Repo, tmp_path: Path) -> Repo:
    folder = tmp_path / "config" / "r1code"
    folder.mkdir(parents=True)
    (folder / "profiles.toml").write_text(PROFILE)
    repo.env["XDG_CONFIG_HOME"] = str(folder.parent)
    return repo


WRONG, RIGHT = (f"    return sum(prices) {sign} discount\n" for sign in "+-")
EDIT = {"path": "shop/cart.py", "edits": [{"search": WRONG, "replace": RIGHT}]}
CALLS = [("edit", EDIT), ("done", {"text": "It subtracts."})]


def calling(repo: Repo, name: str, arguments: dict[str, object]) -> list[str]:
    """A reply that calls a function."""
    flags = repo.replies("", reasoning="", **USAGE)[2:]
    call = f'calls = [{{ name = "{name}", arguments = {json.dumps(json.dumps(arguments))} }}]\n'
    file = Path(flags[-1])
    file.write_text(file.read_text() + call)
    return flags


def replies(repo: Repo, *texts: str) -> list[str]:
    return repo.replies(*texts, **USAGE)[2:]


def test_a_budget_in_money_is_told_before_and_after_and_the_turn_goes_on(paid: Repo) -> None:
    before = paid.files()
    ran = paid.run("-p", "Subtract.", "--test", "off", *HERE, *replies(paid, *STEPS), "--budget", "0.0075")
    assert ran.code == 5, ran.out + ran.err
    assert "this costs at most 0.0075 USD (--budget)" in ran.out
    assert "the limit --budget is reached" in ran.out
    (folder,) = (paid.state / "sessions").iterdir()
    assert f"r1code resume {folder.name} --budget N goes on" in ran.out
    # What was done until then stays.
    assert (paid.files() == before, passes(paid.root)) == (False, True)
    went_on = paid.run("resume", *replies(paid, *STEPS[2:]), "--budget", "1")
    assert went_on.code == 0, went_on.out + went_on.err
    assert passes(paid.root)
    told = paid.run("cost")
    assert told.code == 0
    assert "turn 1, step 1" in told.out
    assert "turn 2, step 1" in told.out
    assert "the same tokens on OpenAI's o1" in told.out
    total = json.loads(paid.run("cost", "--json").out)["spent"]
    # Three answers, 0.0025936 each.
    assert (total["requests"], total["bills"][0]["total"]) == (3, "0.0077808")
    assert json.loads(paid.run("cost", "--day", "--json").out)["spent"] == total
    again = paid.run("resume", folder.name)
    assert again.code == 2
    assert "its last turn came to its own end" in again.err


def test_another_model_goes_on_with_the_conversation_at_its_own_price(paid: Repo) -> None:
    first = ["-p", "Subtract.", "--test", "off", *HERE, *replies(paid, *STEPS), "--steps", "1"]
    assert paid.run(*first).code == 5
    (folder,) = (paid.state / "sessions").iterdir()
    # It stays with the new model, also when that is stopped.
    more = paid.run("resume", "--profile", "dear", *calling(paid, *CALLS[0]), "--steps", "1")
    assert more.code == 5, more.out + more.err
    went_on = paid.run("resume", *calling(paid, *CALLS[1]), "--steps", "2")
    assert went_on.code == 0, went_on.out + went_on.err
    assert passes(paid.root)
    totals = [bill["total"] for bill in json.loads(paid.run("cost", "--json").out)["spent"]["bills"]]
    # One answer at 0.0025936, two at ten times that.
    assert totals == ["0.0544656"]
    # Each reply is read as that of its own profile.
    (paid.root / "shop/cart.py").write_text("changed = since\n")
    replayed = paid.run("replay", folder.name, "--allow-host-exec")
    assert replayed.code == 0, replayed.out + replayed.err
    assert "here the profile dear went on" in replayed.out
    assert (paid.root / "shop/cart.py").read_text() == "changed = since\n"


@pytest.mark.full
def test_a_repair_that_was_stopped_goes_on_in_the_copy_that_it_left(paid: Repo) -> None:
    wrong, right = FIX.replace("- discount", "* discount"), FIX.replace("+ discount", "* discount")
    ran = paid.run("fix", *TEST, *HERE, *replies(paid, wrong, "<done/>"), "--steps", "1")
    assert ran.code == 5, ran.out + ran.err
    assert not passes(paid.root)
    went_on = paid.run("resume", "--json", *replies(paid, right, "<done>Now.</done>"), "--steps", "9")
    assert went_on.code == 0, went_on.out + went_on.err
    assert "on the tree as it is" not in went_on.out
    assert passes(paid.root)


def test_money_needs_a_price(repo: Repo) -> None:
    ran = repo.run("-p", "x", *repo.replies("<done/>"), "--sandbox=none", "--allow-host-exec", "--budget", "1")
    assert ran.code == 2
    assert "its price is not known, and nothing is guessed" in ran.err


def test_a_draft_of_instructions_is_no_exception(paid: Repo) -> None:
    flags = ["--yes", "--profile", "paid", *replies(paid, "# Shop\n")]
    none = paid.run("init", *flags, "--budget", "0")
    assert (none.code, (paid.root / "AGENTS.md").exists()) == (5, False), none.out + none.err
    assert "AGENTS.md stays as it is: the budget of 0 in money is used up" in none.out
    assert paid.run("init", *flags, "--budget", "1").code == 0
    total = json.loads(paid.run("cost", "--json").out)["spent"]
    assert (total["requests"], total["bills"][0]["total"]) == (1, "0.0025936")
    assert "there is no session to go on with" in paid.run("resume").err
    assert paid.run("checkpoints", "prune").code == 0
