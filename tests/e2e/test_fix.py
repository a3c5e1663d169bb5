from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import msgspec
import pytest

from e2e.conftest import FIX, Repo, commit, passes, write
from fakes.pace import Pace
from r1code.session import Session

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300), pytest.mark.usefixtures("engine")]
TEST = ["--test", "python3 -m pytest -q"]


def test_a_fix_is_proven_and_only_the_fixed_file_changes(repo: Repo) -> None:
    before = repo.files()
    ran = repo.run(
        "fix", *TEST, *repo.replies('<read path="shop/cart.py"/>', f"{FIX}\n<test/>", "<done>ok</done>")
    )
    assert ran.code == 0, ran.out + ran.err
    assert "verdict: fixed" in ran.out
    after = repo.files()
    assert {path for path in after if after[path] != before.get(path)} == {"shop/cart.py"}
    assert before.keys() == after.keys()
    assert passes(repo.root)
    assert repo.containers() == []


def test_a_model_that_only_says_that_the_tests_pass_has_fixed_nothing(repo: Repo) -> None:
    before = repo.files()
    ran = repo.run("fix", *TEST, *repo.replies("<done>I fixed it, all tests pass now.</done>"))
    assert ran.code == 1
    assert "the tests were not run again" in ran.out
    assert "clean re-run" not in ran.out
    assert repo.files() == before
    assert not passes(repo.root)


@pytest.mark.parametrize("command", [["fix"], ["-p", "Fix it."]])
def test_a_dry_run_proves_the_patch_and_leaves_the_tree_alone(repo: Repo, command: list[str]) -> None:
    before = repo.files()
    replies = repo.replies(f"{FIX}\n<run>echo x > made.txt</run>", "<done>ok</done>")
    ran = repo.run(*command, *TEST, "--dry-run", "--json", *replies)
    assert ran.code == 0, ran.out + ran.err
    finished = ran.events[-1]
    assert (finished["outcome"], finished["applied"]) == ("fixed", False)
    assert repo.files() == before
    assert msgspec.json.decode(repo.run("checkpoints", "list", "--json").out) == []
    subprocess.run(["git", "apply", str(finished["patch_file"])], cwd=repo.root, check=True)
    assert passes(repo.root)
    assert (repo.root / "made.txt").exists()


def test_what_tests_leave_behind_and_git_ignores_is_no_part_of_the_patch(repo: Repo) -> None:
    write(repo.root, {".gitignore": "*.log\ncache/\n__pycache__/\n"})
    commit(repo.root)
    (repo.root / "x.log").write_text("mine\n")
    test = "echo ran > x.log; mkdir -p cache; echo c > cache/c; python3 -m pytest -q"
    host = ["--sandbox=none", "--allow-host-exec", "--json"]
    ran = repo.run("fix", "--test", test, *host, *repo.replies(f"{FIX}\n<test/>", "<done>ok</done>"))
    assert ran.code == 0, ran.out + ran.err
    ready = next(event for event in ran.events if event["event"] == "PatchReady")
    assert ready["files"] == 1, ready
    assert passes(repo.root)
    assert (repo.root / "x.log").read_text() == "mine\n"


def test_a_fix_that_meets_other_changes_is_not_applied_and_does_not_end_with_0(repo: Repo) -> None:
    meanwhile = f"<run>echo '# mine' >> {repo.root}/shop/cart.py</run>"
    host = ["--sandbox=none", "--allow-host-exec"]
    ran = repo.run("fix", *TEST, *host, *repo.replies(f"{FIX}\n{meanwhile}", "<done>ok</done>"))
    assert ran.code == 1, ran.out
    assert "the patch was not applied" in ran.out
    assert "# mine" in (repo.root / "shop/cart.py").read_text()


def test_uncommitted_changes_are_said_and_are_part_of_the_work(repo: Repo) -> None:
    (repo.root / "shop/names.py").write_text("NAME = 2\n")
    (repo.root / "notes.txt").write_text("mine\n")
    ran = repo.run("-p", "Look.", *repo.replies('<read path="notes.txt"/>', "<done>ok</done>"))
    assert ran.code == 0, ran.err
    assert "uncommitted changes are part of what r1code works on: shop/names.py, notes.txt" in ran.out
    subprocess.run(["git", "stash", "-qu"], cwd=repo.root, check=True)
    clean = repo.run("-p", "Look.", *repo.replies("<done>ok</done>"))
    assert "uncommitted" not in clean.out


def test_a_wrong_fix_is_kept_as_a_patch_and_stays_out_of_the_tree(repo: Repo) -> None:
    before = repo.files()
    wrong = FIX.replace("sum(prices) - discount", "7")
    ran = repo.run("fix", *TEST, "--json", *repo.replies(f"{wrong}\n<done>Fixed.</done>"))
    assert ran.code == 1
    assert repo.files() == before
    finished = ran.events[-1]
    assert (finished["event"], finished["outcome"], finished["applied"]) == ("Finished", "not_fixed", False)
    verdict = next(event["verdict"] for event in ran.events if event["event"] == "VerdictReached")
    assert verdict["fixed"] == ["tests/test_cart.py::test_discount"]
    assert verdict["broken"] == ["tests/test_cart.py::test_sum"]
    subprocess.run(["git", "apply", str(finished["patch_file"])], cwd=repo.root, check=True)
    assert "return 7" in (repo.root / "shop/cart.py").read_text()


@pytest.mark.parametrize(
    "attack",
    [
        '<write path="tests/test_cart.py">\ndef test_sum(): pass\ndef test_discount(): pass\n</write>',
        '<write path="conftest.py">\ndef pytest_runtest_call(item): item.obj = None\n</write>',
        "<run>sed -i 's/== 7/== 13/' tests/test_cart.py</run>",
        "<run>printf 'collect_ignore = [\"tests\"]\\n' > conftest.py</run>",
        "<run>git commit -qam x; rm -rf tests .git</run>",
    ],
)
def test_the_code_under_test_does_not_write_its_own_report_card(repo: Repo, attack: str) -> None:
    before = repo.files()
    ran = repo.run("fix", *TEST, *repo.replies(attack, "<done>All green.</done>", "<done>Really.</done>"))
    assert ran.code == 1
    assert repo.files() == before
    assert (repo.root / ".git/HEAD").exists()


def test_a_module_that_ends_the_process_as_a_success_is_not_believed(repo: Repo) -> None:
    cheat = FIX.replace("sum(prices) - discount", "__import__('os')._exit(0)")
    assert repo.run("fix", *TEST, *repo.replies(f"{cheat}\n<done>ok</done>", "<done>ok</done>")).code == 1


def test_uncommitted_and_new_files_are_part_of_the_base(repo: Repo) -> None:
    write(repo.root, {"shop/extra.py": "HALF = 2\n", "shop/names.py": "NAME = 'x'\n"})
    ran = repo.run("fix", *TEST, *repo.replies(f"{FIX}\n<done>ok</done>"))
    assert ran.code == 0
    assert (repo.root / "shop/extra.py").read_text() == "HALF = 2\n"
    assert (repo.root / "shop/names.py").read_text() == "NAME = 'x'\n"


@pytest.mark.parametrize(
    ("arguments", "replies", "ends"),
    [
        (["--test", "python3 -m pytest -q tests/test_cart.py::test_sum"], [], (3, "all tests pass")),
        (["--test", "no-such-runner"], [], (4, "not found")),
        (["--test", "python3 -m pytest -q nowhere"], [], (4, "pytest was called wrongly")),
        ([*TEST, "--steps", "1"], ['<read path="shop/cart.py"/>'], (5, "budget of 1 steps")),
        ([*TEST, "--image", "no-such-image:1"], [], (7, "no-such-image:1")),
    ],
)
def test_each_outcome_has_its_own_exit_code(
    repo: Repo, arguments: list[str], replies: list[str], ends: tuple[int, str]
) -> None:
    ran = repo.run("fix", *arguments, *repo.replies(*replies))
    assert ran.code == ends[0], ran.out + ran.err
    assert ends[1] in ran.out + ran.err


def test_a_backend_that_fails_is_told_apart_and_the_work_so_far_is_kept(repo: Repo) -> None:
    replies = repo.replies(FIX)
    ran = repo.run("fix", *TEST, *replies)
    assert ran.code == 6
    assert "the script is over" in ran.err
    patch = next((repo.state / "sessions").glob("*/patch.diff"))
    assert "-    return sum(prices) + discount" in patch.read_text()


def test_events_are_json_lines_and_the_last_one_agrees_with_the_exit_code(repo: Repo) -> None:
    ran = repo.run("fix", *TEST, "--json", *repo.replies(f"{FIX}\n<test/>", "<done>ok</done>"))
    kinds = [event["event"] for event in ran.events]
    assert kinds[-1] == "Finished"
    assert ran.events[-1]["exit_code"] == ran.code == 0
    assert {"BaselineReached", "TurnStarted", "CallFinished", "PatchReady", "VerdictReached"} <= set(kinds)
    assert "Let me think." in "".join(str(e["text"]) for e in ran.events if e["event"] == "ReasoningDelta")


def test_a_task_works_in_the_tree_and_gets_a_verdict(repo: Repo) -> None:
    ran = repo.run("-p", "Subtract the discount.", *TEST, *repo.replies(f"{FIX}\n<done>ok</done>"))
    assert ran.code == 0
    assert "verdict: fixed" in ran.out
    assert passes(repo.root)


def test_a_task_that_breaks_a_test_does_not_end_with_zero(repo: Repo) -> None:
    worse = FIX.replace("sum(prices) - discount", "0")
    ran = repo.run("-p", "Simplify.", *TEST, *repo.replies(f"{worse}\n<done>ok</done>"))
    assert ran.code == 1
    assert "tests/test_cart.py::test_sum" in ran.out


def test_a_task_without_a_test_command_ends_with_what_the_turn_came_to(repo: Repo) -> None:
    off = ["--test", "off"]
    assert repo.run("-p", "Fix it.", *off, *repo.replies(f"{FIX}\n<done>ok</done>")).code == 0
    assert repo.run("-p", "Fix it.", *off, *repo.replies("I cannot.", "No.")).code == 1


def test_the_first_candidate_that_is_proven_ends_it(repo: Repo) -> None:
    wrong = FIX.replace("sum(prices) - discount", "7")
    replies = [
        f"{wrong}\n<done>ok</done>",
        "<done>nothing</done>",
        f"{FIX}\n<done>ok</done>",
        "<done>never</done>",
    ]
    ran = repo.run(
        "fix",
        *TEST,
        "--strategy",
        "loop",
        "--candidates",
        "4",
        "--parallel",
        "1",
        "--json",
        *repo.replies(*replies),
    )
    assert ran.code == 0, ran.out + ran.err
    inner = [(event["candidate"], event["inner"]) for event in ran.events if event["event"] == "CandidateEvent"]
    verdicts = [(number, one["verdict"]["outcome"]) for number, one in inner if one["event"] == "VerdictReached"]
    assert verdicts == [(1, "not_fixed"), (2, "not_fixed"), (3, "fixed")]
    assert [number for number, one in inner if one["event"] == "TurnEnded"] == [1, 2, 3]
    final = [event["verdict"]["outcome"] for event in ran.events if event["event"] == "VerdictReached"]
    assert final == ["fixed"]
    assert passes(repo.root)


def test_of_candidates_that_all_fail_the_nearest_is_kept_as_a_patch(repo: Repo) -> None:
    harmless = FIX.replace("- discount", "+ discount + 0")
    wrong = FIX.replace("sum(prices) - discount", "7")
    replies = [f"{wrong}\n<done>ok</done>", f"{harmless}\n<done>ok</done>"]
    ran = repo.run("fix", *TEST, "--strategy", "loop", "--candidates", "2", "--json", *repo.replies(*replies))
    assert ran.code == 1
    assert "+ discount + 0" in Path(str(ran.events[-1]["patch_file"])).read_text()


def _started(repo: Repo, *arguments: str) -> subprocess.Popen[str]:
    command = [str(repo.script), *arguments, "--json"]
    return subprocess.Popen(command, cwd=repo.root, env=repo.environ, stdout=subprocess.PIPE, text=True)


def _until(process: subprocess.Popen[str], event: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == event:
            return
    raise AssertionError(f"no {event}")


@pytest.mark.parametrize(
    ("event", "more"),
    [("ReasoningDelta", {"delay_seconds": 0.2, "chunk": 1}), ("CommandOutput", {})],
)
def test_an_interrupt_ends_in_order_and_leaves_no_container(
    repo: Repo, event: str, more: dict[str, object]
) -> None:
    before = repo.files()
    replies = repo.replies("<run>echo started; sleep 60</run>", **more)
    with _started(repo, "-p", "Go.", *replies) as process:
        _until(process, event)
        with Pace() as pace:
            process.send_signal(signal.SIGINT)
            rest = process.communicate(timeout=60)[0].splitlines()
            # The cancel itself takes at most half a second; leaving the interpreter and the container is on top.
            assert pace.seconds < 3
    assert process.returncode == 130
    assert json.loads(rest[-1])["reason"] == "cancelled"
    assert repo.containers() == []
    assert repo.files() == before


def test_an_interrupted_repair_says_how_it_goes_on_and_one_that_ended_what_came_of_it(repo: Repo) -> None:
    slow = repo.replies("<run>echo started; sleep 60</run>")
    command = [str(repo.script), "fix", *TEST, *slow]
    with subprocess.Popen(
        command, cwd=repo.root, env=repo.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        said = ""
        while "started" not in said.replace("echo started", ""):
            line = process.stdout.readline()
            assert line, said
            said += line
        process.send_signal(signal.SIGTERM)
        said += process.communicate(timeout=60)[0]
    session = next((repo.state / "sessions").iterdir()).name
    assert process.returncode == 130
    assert f"next: r1code resume {session} goes on" in said
    ran = repo.run("resume", session, *repo.replies(FIX, "<done/>")[2:])
    assert ran.code == 0, ran.out + ran.err
    again = repo.run("resume", session)
    assert again.code == 2
    assert "it came to its own end: fixed" in again.err
    assert f"r1code report {session}" in again.err


def test_what_a_killed_process_left_goes_with_prune_and_its_log_loads(repo: Repo) -> None:
    with _started(repo, "-p", "Go.", *repo.replies("<run>echo started; sleep 60</run>")) as process:
        _until(process, "CommandOutput")
        process.kill()
    assert len(repo.containers()) == 1
    assert "1 containers and 0 images removed" in repo.run("sandbox", "prune").out
    assert repo.containers() == []
    session = Session.load(next((repo.state / "sessions").iterdir()))
    assert [call.name for call in session.dangling()] == ["run"]
    session.close()


def test_what_a_killed_process_left_goes_with_the_next_start(repo: Repo) -> None:
    with _started(repo, "-p", "Go.", *repo.replies("<run>echo started; sleep 60</run>")) as process:
        _until(process, "CommandOutput")
        process.kill()
    assert repo.run("-p", "Go.", *repo.replies("<done>ok</done>")).code == 0
    assert repo.containers() == []


def test_a_running_session_keeps_its_container_when_another_one_prunes(repo: Repo) -> None:
    with _started(repo, "-p", "Go.", *repo.replies("<run>echo started; sleep 60</run>")) as process:
        _until(process, "CommandOutput")
        assert "0 containers and" in repo.run("sandbox", "prune").out
        assert len(repo.containers()) == 1
        busy = repo.run("-p", "Go.", *repo.replies("<done>ok</done>"))
        assert busy.code == 2
        assert "another r1code works in" in busy.err
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 130


def test_no_engine_says_how_to_start_one(repo: Repo) -> None:
    repo.env["DOCKER_HOST"] = "unix:///nowhere/docker.sock"
    ran = repo.run("fix", *TEST, "--sandbox", "docker", *repo.replies())
    assert ran.code == 7
    assert "--sandbox=none" in ran.err


def test_a_binary_file_and_an_odd_name_are_told_to_the_model_and_left_alone(repo: Repo) -> None:
    (repo.root / "logo.png").write_bytes(b"\x89PNG\r\n\0\xff" * 9)
    (repo.root / "odd\nname.txt").write_text("x\n")
    (repo.root / os.fsdecode(b"caf\xe9.txt")).write_text("x\n")
    commit(repo.root)
    before = repo.files()
    replies = [
        '<read path="logo.png"/>',
        FIX.replace("shop/cart.py", "logo.png"),
        "<list/>",
    ]
    ran = repo.run("-p", "Look.", "--json", *repo.replies(*replies, "<done>ok</done>"))
    texts = [event["observation"]["text"] for event in ran.events if event["event"] == "CallFinished"]
    assert ["binary file" in text for text in texts] == [True, True, False]
    assert "caf?.txt" in texts[2]
    assert repo.files() == before


def test_an_empty_repository_is_worked_in(tmp_path: Path) -> None:
    root = tmp_path / "empty"
    root.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    repo = Repo(root=root, state=tmp_path / "state")
    assert repo.run("fix", *TEST, *repo.replies()).code == 4
    assert (
        repo.run("-p", "Begin.", *repo.replies('<write path="a.py">\nx = 1\n</write>\n<done>ok</done>')).code == 0
    )
    assert (root / "a.py").read_text() == "x = 1\n"
