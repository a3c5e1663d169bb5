"""The composite action, run as a runner does it, with an r1code that writes down what it was told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from fakes.repository import Repository
from fakes.runner import Runner
from r1code.types import ExitCode

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "action.yml"
# Writes down what it was told, and ends with the codes of CODES, one after the other. What r1code itself says
# to a step, test_action_run.py has.
NOTING = f"""#!{sys.executable}
import json, os, pathlib, sys
here = pathlib.Path(__file__).parent
with (here / "told").open("a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
command, arguments = sys.argv[1], sys.argv[2:]
if command == "--version":
    sys.exit(0)
if command == "report":
    pathlib.Path(arguments[arguments.index("-o") + 1]).write_text(f"as {{arguments[1]}}\\n")
    sys.exit(0)
codes = os.environ.get("CODES", "0").split()
code = int(codes[min(len((here / "told").read_text().split("\\n")) - 2, len(codes) - 1)])
assert arguments[arguments.index("--report") + 1] == "github"
if code != 2:
    with open(os.environ["GITHUB_OUTPUT"], "a") as file:
        file.write(f"outcome<<mark\\ncode-{{code}}\\nmark\\nexit-code<<mark\\n{{code}}\\nmark\\n")
sys.exit(code)
"""


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    repository = Repository(tmp_path / "workspace")
    repository.commit("a.py")
    runner = Runner(tmp_path / "runner", repository.root)
    runner.installed(NOTING)
    return runner


def told(runner: Runner) -> list[list[str]]:
    lines = (runner.temp / "r1code/venv/bin/told").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_every_input_is_one_argument_whatever_stands_in_it(runner: Runner) -> None:
    inputs = yaml.safe_load(ACTION.read_text())["inputs"]
    own = {
        "folder",
        "sandbox",
        "pull-request",
        "reports",
        "state",
        "resume",
        "version",
        "wheels",
        "python",
        "issue",
    }
    evil = {name: f"-x {name} $(touch fired) `touch fired`; touch fired\n* \"'" for name in inputs.keys() - own}
    done = runner.run(ACTION, **{name.replace("-", "_"): value for name, value in evil.items()})
    assert done.code == 0, done.log
    arguments = told(runner)[0]
    assert arguments[:3] == ["fix", "-C", "."]
    said = {f"--{name}={value}" for name, value in evil.items()}
    assert said == set(arguments[3 : arguments.index("--report")]) - {"--sandbox=docker", "--yes"}
    assert not (runner.workspace / "fired").exists()


def test_the_text_of_an_issue_reaches_no_command_line(runner: Runner) -> None:
    text = 'It fails.\n\n`$(touch fired)` "${HOME}"\n::error::no'
    assert runner.run(ACTION, issue=text).code == 0
    place = runner.temp / "r1code/issue.txt"
    assert f"--from-issue={place}" in told(runner)[0]
    assert place.read_text() == f"{text}\n"


@pytest.mark.parametrize("code", [*ExitCode, 10, 11])
def test_the_step_ends_as_r1code_does_but_nothing_to_fix_is_no_failure(runner: Runner, code: int) -> None:
    runner.env["CODES"] = str(int(code))
    done = runner.run(ACTION)
    assert done.code == (0 if code == ExitCode.NOTHING_TO_FIX else code), done.log
    assert done.outputs["exit-code"] == str(int(code))
    assert done.outputs["outcome"] == ("error" if code == ExitCode.USAGE else f"code-{int(code)}")


def test_reports_and_outputs_are_where_the_action_says(runner: Runner) -> None:
    done = runner.run(ACTION, pull_request="patch", reports="markdown junit")
    reports = Path(done.outputs["reports"])
    arguments = told(runner)[0]
    assert arguments[arguments.index("--report") :] == [
        *("--report", "github"),
        *("--report", f"markdown:{reports}/summary.md"),
        *("--report", f"junit:{reports}/junit.xml"),
    ]
    assert done.outputs["mbox"] == str(reports / "fix.mbox")
    assert (reports / "fix.mbox").read_text() == "as mbox\n"
    assert (reports / "pull-request.md").read_text() == "as comment\n"
    assert done.outputs["base"] == head(runner)


def test_without_a_fix_there_is_no_patch(runner: Runner) -> None:
    runner.env["CODES"] = "1"
    assert runner.run(ACTION, pull_request="patch").outputs["mbox"] == ""
    runner.env["CODES"] = "0"
    assert runner.run(ACTION).outputs["mbox"] == ""


def head(runner: Runner) -> str:
    ran = subprocess.run(["git", "rev-parse", "HEAD"], cwd=runner.workspace, capture_output=True, check=True)
    return ran.stdout.decode().strip()


def kept(state: Path, commit: str) -> None:
    """A state folder with two sessions, of which `old` was used last."""
    for number, name in enumerate(("before", "old")):
        (state / "sessions" / name).mkdir(parents=True)
        (state / "sessions" / name / "log.jsonl").write_text("x\n")
        os.utime(state / "sessions" / name / "log.jsonl", (number + 1, number + 1))
    (state / "commit").write_text(f"{commit}\n")


@pytest.mark.parametrize(
    ("codes", "commands"), [("0", ["resume"]), ("5", ["resume"]), ("2 0", ["resume", "fix"])]
)
def test_a_stopped_session_goes_on_and_else_a_new_one_begins(
    runner: Runner, tmp_path: Path, codes: str, commands: list[str]
) -> None:
    state = tmp_path / "state"
    runner.env["CODES"] = codes
    kept(state, head(runner))
    runner.run(ACTION, state=str(state), resume="true", steps="9", profile="one", reports="")
    assert [one[0] for one in told(runner)] == commands
    assert told(runner)[0] == ["resume", "old", "-C", ".", "--steps=9", "--report", "github"]


def test_a_session_of_another_commit_does_not_go_on(runner: Runner, tmp_path: Path) -> None:
    kept(tmp_path / "state", "0" * 40)
    runner.run(ACTION, state=str(tmp_path / "state"), resume="true", reports="")
    assert [one[0] for one in told(runner)] == ["fix"]
    assert (tmp_path / "state/commit").read_text() == f"{head(runner)}\n"


def test_where_nothing_was_stopped_nothing_is_resumed(runner: Runner) -> None:
    runner.run(ACTION, resume="true", reports="")
    assert [one[0] for one in told(runner)] == ["fix"]


@pytest.mark.parametrize(("name", "value"), [("sandbox", "none"), ("pull_request", "push"), ("reports", "x")])
def test_what_the_action_does_not_do_is_refused(runner: Runner, name: str, value: str) -> None:
    done = runner.run(ACTION, **{name: value})
    assert (done.code, "::error title=r1code::the input" in done.log) == (2, True)
    assert not (runner.temp / "r1code/venv/bin/told").exists()


PIP = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


@pytest.mark.parametrize(
    ("inputs", "arguments"),
    [
        ({}, ["--constraint", str(ROOT / "constraints.txt"), str(ROOT)]),
        ({"version": "0.1.0"}, ["r1code==0.1.0"]),
        ({"version": "0.1.0", "wheels": "w"}, ["--no-index", "--find-links", "w", "r1code==0.1.0"]),
        ({"wheels": "my wheels"}, ["--no-index", "--find-links", "my wheels", "r1code"]),
    ],
)
def test_r1code_is_installed_at_one_version(runner: Runner, inputs: dict[str, str], arguments: list[str]) -> None:
    (runner.temp / "r1code/venv/bin/r1code").unlink()
    # A Python that makes an environment with itself in it, and in place of pip only writes down its arguments.
    python = runner.stub(
        "fake-python",
        f'#!/bin/sh\ncase "$1 $2" in\n"-m venv") mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;\n'
        f'"-m pip") for one; do echo "$one"; done > {runner.folder}/pip; '
        f'cp {runner.folder}/r1code "${{0%/*}}" ;;\nesac\n',
    )
    (runner.folder / "r1code").write_text(NOTING)
    (runner.folder / "r1code").chmod(0o755)
    assert runner.run(ACTION, python=str(python), **inputs).code == 0
    assert (runner.folder / "pip").read_text().splitlines() == [*PIP, *arguments]


def test_a_version_that_is_none_is_refused(runner: Runner) -> None:
    (runner.temp / "r1code/venv/bin/r1code").unlink()
    done = runner.run(ACTION, version="1.0 --index-url=evil")
    assert (done.code, "is no version" in done.log) == (2, True)
