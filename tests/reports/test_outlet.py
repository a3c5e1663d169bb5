from __future__ import annotations

import os
import re
import stat
from io import StringIO
from pathlib import Path

import pytest
from msgspec.structs import replace

from fakes.repository import Repository
from r1code.errors import UsageError
from r1code.options.report import FORMS as NAMED
from r1code.repo.git import Git
from r1code.reports.card import card_of
from r1code.reports.ending import ending_of
from r1code.reports.form import FORMS, GITHUB, Target, form_of, target_of
from r1code.reports.github import Step, check_github
from r1code.reports.outlet import places_of, printable, put
from r1code.secrets.values import unchanged
from reports.runs import HOSTILE_TEXT, RUNS


@pytest.fixture
def git(tmp_path: Path) -> Git:
    repository = Repository(tmp_path / "repo")
    repository.write(".gitignore", "out/\n")
    repository.commit("kept.md")
    os.chdir(repository.root)
    return Git.find(repository.root)


def test_the_command_line_knows_the_forms_that_there_are() -> None:
    assert set(NAMED) == {*FORMS, GITHUB}


@pytest.mark.parametrize(
    ("text", "form", "file"),
    [
        ("junit:a.xml", "junit", "a.xml"),
        ("junit-before:a:b.xml", "junit-before", "a:b.xml"),
        ("json:-", "json", "-"),
        ("out/results.xml", "junit", "out/results.xml"),
        ("a.sarif", "sarif", "a.sarif"),
        ("a.sarif.json", "sarif", "a.sarif.json"),
        ("gl-code-quality-report.json", "codequality", "gl-code-quality-report.json"),
        ("C:a.PATCH", "diff", "C:a.PATCH"),
        ("github", "github", ""),
    ],
)
def test_a_report_is_named_by_its_form_or_by_its_file(text: str, form: str, file: str) -> None:
    assert target_of(text) == Target(form, file)


@pytest.mark.parametrize("text", ["", "x", "junit:", "nonsense:a.txt", "-", "github:x"])
def test_what_names_no_form_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no report can be made") as found:
        target_of(text)
    assert "codequality" in found.value.hint
    assert form_of("plain.txt") is None


def refusal(git: Git, *wanted: str) -> str:
    with pytest.raises(UsageError) as found:
        places_of([target_of(one) for one in wanted], git)
    return found.value.why


def test_a_file_that_cannot_be_one_is_refused_before_anything_is_started(git: Git, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    os.mkfifo(tmp_path / "pipe.xml")
    assert "it is no regular file" in refusal(git, f"json:{tmp_path}")
    assert "no folder that can be written" in refusal(git, f"json:{tmp_path}/file/x.json")
    assert "wait for ever" in refusal(git, f"{tmp_path}/pipe.xml")
    assert "git keeps" in refusal(git, "kept.md")
    assert "git keeps" in refusal(git, "json:.gitignore")
    assert "git keeps" in refusal(git, "json:.git/config")
    assert "two reports" in refusal(git, "json:x.json", f"jsonl:{git.root}/x.json")
    assert "two reports" in refusal(git, "json:-", "html:-")
    places_of([target_of(one) for one in ("new/deep/a.xml", "out/b.xml", "json:/dev/null")], git)
    assert not (git.root / "new").exists()


def test_a_report_is_written_whole_and_can_be_read_by_others(git: Git) -> None:
    (place,) = places_of([target_of("new/deep/a.json")], git)
    assert place.inside == "new/deep/a.json"
    put(place, "one")
    put(place, "two\udce9")
    file = git.root / "new/deep/a.json"
    assert file.read_text() == "two\\udce9"
    assert [path.name for path in file.parent.iterdir()] == ["a.json"]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(file.stat().st_mode) == 0o666 & ~mask


def test_a_patch_keeps_each_of_its_bytes(git: Git) -> None:
    (place,) = places_of([target_of("a.diff")], git)
    put(place, "+\udce9\r\n")
    assert (git.root / "a.diff").read_bytes() == b"+\xe9\r\n"


def test_what_works_in_the_tree_does_not_lead_a_report_elsewhere(git: Git, tmp_path: Path) -> None:
    (place,) = places_of([target_of("made/a.json")], git)
    (tmp_path / "outside").mkdir()
    (git.root / "made").symlink_to(tmp_path / "outside")
    with pytest.raises(UsageError, match="no report can be written"):
        put(place, "text")
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_link_in_the_place_of_a_report_is_replaced_and_not_followed(git: Git, tmp_path: Path) -> None:
    (place,) = places_of([target_of("a.json")], git)
    (tmp_path / "victim").write_text("mine")
    (git.root / "a.json").symlink_to(tmp_path / "victim")
    put(place, "text")
    assert ((tmp_path / "victim").read_text(), (git.root / "a.json").read_text()) == ("mine", "text")


def test_a_disk_that_refuses_leaves_what_was_there(git: Git) -> None:
    (place,) = places_of([target_of("made/a.json")], git)
    (git.root / "made").write_text("a file now")
    with pytest.raises(UsageError, match="no report can be written"):
        put(place, "text")
    assert (git.root / "made").read_text() == "a file now"


def test_a_patch_that_a_ci_log_would_obey_is_not_printed() -> None:
    line = " ::error::x\n"
    assert printable(line, "markdown", is_terminal=False, ci=True) == " : :error::x\n"
    assert printable(line, "diff", is_terminal=False, ci=False) == line
    for form in ("diff", "mbox"):
        with pytest.raises(UsageError, match="cannot be printed here"):
            printable(line, form, is_terminal=False, ci=True)
    with pytest.raises(UsageError, match="cannot be printed here"):
        printable("+\x1b[0m\n", "diff", is_terminal=True, ci=False)
    assert printable("::error::x\n", "annotations", is_terminal=False, ci=True) == "::error::x\n"


def test_standard_output_has_one_use(git: Git, tmp_path: Path) -> None:
    for flags in ({"json": True}, {"json": False, "answers": True}):
        with pytest.raises(UsageError, match="standard output cannot have a report"):
            ending_of("fix", ["json:-"], git, tmp_path, **flags)
    assert ending_of("fix", ["json:-"], git, tmp_path, json=False).uses_stdout


@pytest.mark.parametrize("lacks", ["GITHUB_ACTIONS", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
def test_outside_of_actions_there_is_no_step(lacks: str, tmp_path: Path) -> None:
    environ = actions(tmp_path)
    check_github(environ)
    with pytest.raises(UsageError, match="there is no step"):
        check_github({name: value for name, value in environ.items() if name != lacks})


def actions(folder: Path) -> dict[str, str]:
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "GITHUB_OUTPUT": str(folder / "output"),
    }


def outputs(text: str) -> dict[str, str]:
    """As the runner reads them."""
    found, lines = dict[str, str](), iter(text.splitlines())
    for line in lines:
        name, _, mark = line.partition("<<")
        value: list[str] = []
        while (inner := next(lines)) != mark:
            value.append(inner)
        found[name] = "\n".join(value)
    return found


def test_a_step_gets_summary_outputs_and_annotations_and_nothing_that_was_printed_is_a_command(
    tmp_path: Path,
) -> None:
    folder = RUNS["hostile"](tmp_path)
    stream = StringIO()
    step = Step(stream, actions(tmp_path))
    step.quiet()
    stream.write("::set-output name=x::y")
    step.tell(card_of(folder, unchanged), folder)
    step.loud()
    first, printed, token, *rest = stream.getvalue().splitlines()
    stopped = re.fullmatch("::stop-commands::([0-9a-f]{32})", first)
    assert stopped is not None
    assert (printed, token) == ("::set-output name=x::y", f"::{stopped[1]}::")
    assert all(line.startswith(("::notice ", "::error ", "::warning ")) for line in rest)
    assert (
        (tmp_path / "summary.md")
        .read_text()
        .startswith("### ❌ r1code: protected files, or what runs the tests, were changed\n")
    )
    text = (tmp_path / "output").read_text()
    found = outputs(text)
    assert {name: found[name] for name in ("outcome", "exit-code", "applied", "session")} == {
        "outcome": "tampered",
        "exit-code": "8",
        "applied": "false",
        "session": folder.name,
    }
    assert (
        found["title"]
        == "Fix the failing test y (not proven: protected files, or what runs the tests, were changed)"
    )
    assert Path(found["patch"]).read_text().startswith("diff --git a/shop/cart.py")
    assert Path(found["pull-request-body"]).read_text().startswith("<!-- r1code:report -->")
    marks = re.findall("<<(r1code_[0-9a-f]{32})", text)
    assert len(marks) == len(set(marks)) == len(found)


def test_no_output_can_make_another_one(tmp_path: Path) -> None:
    card = replace(card_of(RUNS["fixed"](tmp_path), unchanged), task=f"x\nexit-code=0\n{HOSTILE_TEXT}")
    Step(StringIO(), actions(tmp_path)).tell(card, None)
    found = outputs((tmp_path / "output").read_text())
    assert set(found) == {"outcome", "exit-code", "applied", "session", "title", "patch", "pull-request-body"}
    assert found["pull-request-body"] == ""
