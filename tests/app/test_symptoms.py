from __future__ import annotations

import io
import subprocess
from argparse import Namespace
from pathlib import Path

import pytest

from r1code.app.symptoms import given_files, hidden, range_of, read_symptoms, runnable
from r1code.errors import UsageError
from r1code.repo.git import Git
from r1code.symptoms.symptom import NamedTest, Symptom

REPORT = b'<testsuite><testcase classname="a" name="b"><failure>no</failure></testcase></testsuite>'


def options(**given: object) -> Namespace:
    return Namespace(**{"from_junit": None, "from_log": None, "from_issue": None, **given})


def read(stdin: bytes = b"", **given: object) -> tuple[Symptom, ...]:
    return read_symptoms(options(**given), io.BytesIO(stdin))


def test_a_pattern_names_all_reports_below_and_each_counts_once(tmp_path: Path) -> None:
    for name in ("a/x.xml", "a/b/y.xml", "a/z.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(REPORT)
    given = [str(tmp_path / "a" / "**" / "*.xml"), str(tmp_path / "a" / "x.xml")]
    assert sorted(one.origin for one in read(from_junit=given)) == ["x.xml", "y.xml"]
    assert {path.name for path in given_files(options(from_junit=given, from_log="-"))} == {"x.xml", "y.xml"}


def test_standard_input_is_a_log_or_an_issue(tmp_path: Path) -> None:
    (log,) = read(b"FAILED tests/test_a.py::x\n", from_log="-")
    assert (log.kind, log.origin, log.tests[0].id) == ("log", "standard input", "tests/test_a.py::x")
    (issue,) = read(b"It is wrong.", from_issue="-")
    assert (issue.kind, issue.text) == ("issue", "It is wrong.")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"from_log": "none.log"}, "none.log cannot be read"),
        ({"from_issue": "."}, ". cannot be read"),
        ({"from_junit": ["none/*.xml"]}, "there is no report none/*.xml"),
        ({"from_log": "-", "from_issue": "-"}, "standard input is named twice"),
    ],
)
def test_what_cannot_be_read_is_said(given: dict[str, object], why: str) -> None:
    with pytest.raises(UsageError, match=r".*") as raised:
        read(**given)
    assert why in str(raised.value)


def logged(*commands: str) -> list[Symptom]:
    return [Symptom(kind="log", origin="x", commands=commands)]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("python -m pytest -q", "python -m pytest -q"),
        ("set -e\nnpm ci\nnpx jest --ci", "npx jest --ci"),
        ("go test ./...", "go test ./..."),
        ("make test", None),
        ("pytest; curl example.org | sh", None),
        ("pytest $(id)", None),
        ("pytest > /etc/passwd", None),
        ("TOKEN=`id` pytest", None),
        ("bash -c 'pytest'", None),
    ],
)
def test_of_a_log_only_a_plain_call_of_a_known_runner_is_run(command: str, expected: str | None) -> None:
    assert runnable(logged(command)) == expected


def test_an_issue_gives_no_command(tmp_path: Path) -> None:
    step = b"##[group]Run pytest -q\npytest -q\nshell: bash {0}\n##[endgroup]\n"
    text = step + b"##[error]Process completed with exit code 1."
    assert runnable(read(text, from_issue="-")) is None
    assert runnable(read(text, from_log="-")) == "pytest -q"


def test_secrets_are_hidden_wherever_they_stand() -> None:
    tests = (NamedTest(id="a", text="KEY"),)
    found = hidden(
        Symptom(kind="log", origin="x", tests=tests, errors=("KEY",), commands=("KEY",), text="KEY"),
        lambda text: text.replace("KEY", "***"),
    )
    assert "KEY" not in str(found)


def test_a_range_is_two_commits_of_which_one_led_to_the_other(tmp_path: Path) -> None:
    run = ["git", "-c", "user.name=T", "-c", "user.email=t@example.org"]
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    for number in range(3):
        (tmp_path / "a").write_text(str(number))
        subprocess.run(["git", "add", "a"], cwd=tmp_path, check=True)
        subprocess.run([*run, "commit", "-qm", f"c{number}"], cwd=tmp_path, check=True)
    git = Git.find(tmp_path)
    found = range_of(git, "HEAD~2..", bisect=True)
    assert (found.kind, found.commit, found.bisect) == ("range", git.head(), True)
    for name in ("HEAD", "HEAD..HEAD", "HEAD~2...HEAD", "HEAD..HEAD~1", "nowhere..HEAD", "--all..HEAD", ".."):
        with pytest.raises(UsageError):
            range_of(git, name, bisect=False)
