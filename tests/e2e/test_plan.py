from __future__ import annotations

import json

import msgspec
import pytest

from e2e.conftest import FIX, Repo, commit, passes, write

HOST = ["--sandbox=none", "--allow-host-exec", "--test", "python3 -m pytest -q", "--json"]
THOUGHT = "Let me think."
PLAN = "<plan>\nSubtract it.\n\n## Steps\n1. In total().\n\n## Files\n- `shop/cart.py`\n</plan>"


def planner(repo: Repo, *replies: str) -> list[str]:
    """Flags that make a second scripted model the planner."""
    flags = repo.replies(*replies)
    file = repo.state / "planner.toml"
    (repo.state / "replies.toml").rename(file)
    folder = repo.state / "config" / "r1code"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profiles.toml").write_text(
        f'[big]\nextends = "scripted"\nlabel = "plans"\nmodel = {json.dumps(str(file))}\n'
    )
    repo.env["XDG_CONFIG_HOME"] = str(repo.state / "config")
    assert flags
    return ["--planner", "big"]


def test_a_plan_is_made_corrected_and_carried_out(repo: Repo) -> None:
    before = repo.files()
    ran = repo.run("plan", "Fix the discount", *HOST, *repo.replies(f"{FIX}\n<run>touch made</run>", PLAN))
    assert ran.code == 0, ran.out + ran.err
    (file,) = (repo.root / ".r1code/plans").iterdir()
    assert {path: text for path, text in repo.files().items() if not path.startswith(".r1code")} == before
    file.write_text(file.read_text().replace("In total().", "In total(), by hand."))
    ran = repo.run("-p", "Fix it", "--plan", str(file), *HOST, *repo.replies(FIX, "<done>ok</done>"))
    assert ran.code == 0, ran.out + ran.err
    (log,) = [one for one in repo.state.glob("sessions/*/log.jsonl") if "by hand" in one.read_text()]
    # The file may be gone: a replay takes the plan from the log.
    file.unlink()
    again = repo.run("replay", log.parent.name, "--allow-host-exec")
    assert again.code == 0, again.out + again.err


@pytest.mark.full
def test_an_actor_that_gives_up_goes_back_to_the_planner_and_sees_none_of_its_thoughts(repo: Repo) -> None:
    flags = planner(repo, '<read path="shop/cart.py"/>', PLAN, PLAN.replace("Subtract", "Really subtract"))
    replies = repo.replies("I cannot.", "I cannot.", FIX, "<done>ok</done>", reasoning="")
    ran = repo.run("-p", "Fix the discount", *flags, *replies, *HOST)
    assert ran.code == 0, ran.out + ran.err
    roles = [event["role"] for event in ran.events if event["event"] == "RoleStarted"]
    assert roles == ["planner", "actor", "planner", "actor"]
    (log,) = repo.state.glob("sessions/*/log.jsonl")
    entries = {one["id"]: one for one in map(msgspec.json.decode, log.read_bytes().splitlines())}

    def path(at: int | None) -> list[dict[str, object]]:
        return [] if at is None else [*path(entries[at]["parent"]), entries[at]["item"]]

    last = max(number for number, one in entries.items() if one["item"]["kind"] == "Replied")
    heard = path(last)
    assert not any(item["kind"] == "Switched" or item.get("reasoning") for item in heard)
    assert THOUGHT in log.read_text()
    assert repo.run("undo").code == 0
    assert "sum(prices) + discount" in (repo.root / "shop/cart.py").read_text()


def test_a_model_that_reasons_names_places_and_edits_them(repo: Repo) -> None:
    write(repo.root, {".gitignore": "__pycache__/\n.pytest_cache/\n"})
    commit(repo.root)
    wrong = FIX.replace("- discount", "* discount")
    replies = repo.replies('<read path="shop/cart.py"/>', wrong, '<read path="shop/cart.py"/>', FIX)
    ran = repo.run("fix", "--strategy", "pipeline", *HOST, *replies)
    assert ran.code == 0, ran.out + ran.err


READ = '<read path="shop/cart.py"/>'


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("said", "left"),
    [
        pytest.param([READ, FIX.replace("- discount", "* discount"), READ], [FIX], marks=pytest.mark.full),
        # Where it brings nothing the loop goes on.
        pytest.param([READ, "no", READ, "no", READ], [FIX, "<done>ok</done>"], marks=pytest.mark.full),
    ],
    ids=["in the pipeline", "in the loop after it"],
)
def test_a_pipeline_that_was_stopped_goes_on_to_its_end(repo: Repo, said: list[str], left: list[str]) -> None:
    write(repo.root, {".gitignore": "__pycache__/\n.pytest_cache/\n"})
    commit(repo.root)
    steps = str(len(said))
    ran = repo.run("fix", "--strategy", "pipeline", *HOST, *repo.replies(*said), "--steps", steps)
    assert ran.code == 5, ran.out + ran.err
    ran = repo.run("resume", "--json", *repo.replies(*left)[2:], "--steps", "9")
    assert ran.code == 0, ran.out + ran.err
    assert passes(repo.root)
    (log,) = repo.state.glob("sessions/*/log.jsonl")
    again = repo.run("replay", log.parent.name, "--allow-host-exec")
    assert again.code == 0, again.out + again.err


def test_a_plan_needs_no_engine_no_consent_and_no_test_command(repo: Repo) -> None:
    repo.env["DOCKER_HOST"] = f"unix://{repo.state}/nobody.sock"
    for number, flags in enumerate(([], ["--sandbox=none"])):
        ran = repo.run("plan", f"Task {number}", *flags, *repo.replies("<test/>\n<run>ls</run>", PLAN))
        assert ran.code == 0, ran.out + ran.err
        assert "nothing was changed" in ran.out
        assert f"--plan {repo.root}/.r1code/plans/task-{number}.md" in ran.out


def test_a_plan_that_was_stopped_is_written_where_it_was_wanted(repo: Repo) -> None:
    wanted = repo.state / "elsewhere.md"
    ran = repo.run("plan", "Fix it", "--plan", str(wanted), *repo.replies(READ), "--steps", "1")
    assert ran.code == 5, ran.out + ran.err
    assert not wanted.exists()
    ran = repo.run("resume", *repo.replies(PLAN)[2:], "--steps", "9")
    assert ran.code == 0, ran.out + ran.err
    assert wanted.exists()
    assert not (repo.root / ".r1code").exists()


def test_a_turn_that_ends_without_a_plan_made_none(repo: Repo) -> None:
    ran = repo.run("plan", "Fix it", *repo.replies("<done>Nothing to do.</done>"))
    assert ran.code == 1
    assert "there is no plan" in ran.out
    assert "tests" not in ran.out.rpartition("exit code")[2]
    assert not (repo.root / ".r1code").exists()
