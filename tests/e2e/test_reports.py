"""`--report` and `r1code report`, as a person and a CI service use them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring

from e2e.conftest import FIX, Repo, commit, passes, write
from fakes.leaks import SECRETS, text_of
from r1code.app.export import vault_of
from r1code.reports.form import FORMS as FORMS_MADE
from r1code.reports.sheet import sheet_of

pytestmark = pytest.mark.timeout(300)

HOST = ("--sandbox", "none", "--allow-host-exec")
TEST = ("--test", "python3 -m pytest -q -p no:cacheprovider")
QUICK = ("--test", "grep -q 'prices) - discount' shop/cart.py")
"""A command that fails until it is repaired."""
FORMS = (
    *("json", "jsonl", "diff", "mbox", "junit", "junit-before", "markdown", "comment", "annotations"),
    *("codequality", "sarif", "html"),
)
DONE = f"{FIX}\n<done>It subtracts now.</done>"


def wanted(folder: Path, *forms: str) -> list[str]:
    return [flag for form in forms for flag in ("--report", f"{form}:{folder / form}")]


def test_every_form_is_written_at_the_end_and_is_the_same_later(repo: Repo, tmp_path: Path) -> None:
    ran = repo.run("fix", *TEST, *HOST, *wanted(tmp_path / "out", *FORMS), *repo.replies(DONE))
    assert ran.code == 0, ran.out + ran.err
    assert ran.out.count("note: reports: ") == 1
    assert passes(repo.root)
    folder = next((repo.state / "sessions").glob("2*"))
    sheet = sheet_of(folder, repo.state, vault_of(repo.root, repo.state, {}).hide, forms=FORMS)
    for form in FORMS:
        assert FORMS_MADE[form](sheet) == (tmp_path / "out" / form).read_text(), form
    again = repo.run("report", "--as", "junit")
    assert (again.code, again.out, again.err) == (0, (tmp_path / "out/junit").read_text(), "")
    card = json.loads((tmp_path / "out/json").read_text())
    assert (card["outcome"], card["exit_code"], card["applied"]) == ("fixed", 0, True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=repo.root, capture_output=True, text=True, check=True)
    assert card["commit"] == head.stdout.strip()
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(repo.root), str(clone)], check=True)
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *identity, "am", "-q", str(tmp_path / "out/mbox")], cwd=clone, check=True)
    assert passes(clone)
    events = [json.loads(line)["event"] for line in (tmp_path / "out/jsonl").read_text().splitlines()]
    assert events == [
        *("BaselineReached", "TurnStarted", "StepStarted", "ReasoningDelta", "TextDelta", "ReplyReceived"),
        *("CallStarted", "CallFinished", "TurnEnded", "VerdictReached", "PatchReady", "Finished"),
    ]
    file = tmp_path / "later.sarif"
    assert repo.run("report", "-o", str(file)).code == 0
    refused = repo.run("report", "-o", str(file))
    assert (refused.code, "is there already" in refused.err) == (2, True)
    assert repo.run("report", "-o", str(file), "--force").code == 0
    assert json.loads(repo.run("report", "--schema").out)["$ref"] == "#/$defs/Card"


def test_what_is_interrupted_is_reported_as_far_as_it_came(repo: Repo, tmp_path: Path) -> None:
    slow = repo.replies("<run>echo started; sleep 60</run>")
    command = [str(repo.script), "fix", *QUICK, *HOST, *slow, "--json", *wanted(tmp_path, "json", "junit")]
    with subprocess.Popen(command, cwd=repo.root, env=repo.environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["event"] == "CommandOutput" and "started" in line:
                break
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[0].splitlines()
    assert process.returncode == 130
    assert json.loads(rest[-1])["event"] == "Finished"
    card = json.loads((tmp_path / "json").read_text())
    assert (card["exit_code"], card["reason"], len(card["before"]["failed"])) == (130, "cancelled", 1)
    assert len(fromstring((tmp_path / "junit").read_text()).findall(".//failure")) == 2


def test_a_backend_or_a_sandbox_that_fails_is_reported_with_its_code(repo: Repo, tmp_path: Path) -> None:
    ran = repo.run("fix", *QUICK, *HOST, *wanted(tmp_path, "json"), *repo.replies(FIX))
    card = json.loads((tmp_path / "json").read_text())
    assert (ran.code, card["exit_code"], card["outcome"]) == (6, 6, "error")
    assert card["error"]["what"] == "the script is over"
    assert card["patch"]["added"] == 1
    repo.env["DOCKER_HOST"] = "unix:///nowhere/docker.sock"
    said = ["--sandbox", "docker", *wanted(tmp_path, "markdown", "html"), "--report", "json:-", *repo.replies()]
    ran = repo.run("fix", *QUICK, *said)
    card = json.loads(ran.out)
    assert (ran.code, card["exit_code"], card["session"]) == (7, 7, "")
    assert "What to do:" in (tmp_path / "markdown").read_text()
    assert "there is no page" in ran.err
    assert not (tmp_path / "html").exists()


def test_a_report_in_the_tree_is_no_part_of_the_patch_or_of_a_commit(repo: Repo) -> None:
    identity = "[user]\n\tname = T\n\temail = t@example.org\n"
    (Path(os.environ["HOME"]) / ".gitconfig").write_text(identity)
    here = ["--report", "reports/junit.xml", "--report", "json:report.json"]
    ran = repo.run("fix", *QUICK, *HOST, *here, "--commit", *repo.replies(DONE))
    assert ran.code == 0, ran.out + ran.err
    assert fromstring((repo.root / "reports/junit.xml").read_text()).tag == "testsuites"
    shown = subprocess.run(
        ["git", "show", "--name-only", "--format=%s"], cwd=repo.root, capture_output=True, text=True, check=True
    )
    assert shown.stdout.split("\n\n")[1].split() == ["shop/cart.py"]
    assert json.loads((repo.root / "report.json").read_text())["patch"]["files"][0]["path"] == "shop/cart.py"
    refused = repo.run("fix", *QUICK, *HOST, "--report", "json:pyproject.toml", *repo.replies(DONE))
    assert (refused.code, "git keeps" in refused.err) == (2, True), refused.err


def test_a_patch_with_a_file_of_that_name_keeps_it(repo: Repo) -> None:
    makes = f'{FIX}\n<write path="r.xml">\nmine\n</write>\n<done>ok</done>'
    ran = repo.run("fix", *QUICK, *HOST, "--report", "r.xml", *repo.replies(makes))
    assert ran.code == 0, ran.out
    assert "the patch has a file of this name" in ran.out
    assert (repo.root / "r.xml").read_text() == "mine\n"


def test_a_step_of_github_actions_is_told(repo: Repo, tmp_path: Path) -> None:
    ran = repo.run("fix", *QUICK, *HOST, "--report", "github", *repo.replies(DONE))
    assert (ran.code, "there is no step" in ran.err, ran.out) == (2, True, "")
    names = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary"), "GITHUB_OUTPUT": str(tmp_path / "output")}
    repo.env |= {"GITHUB_ACTIONS": "true", "CI": "true", **names}
    said = f"{FIX}\n<done>\n::set-output name=outcome::fixed\n</done>"
    ran = repo.run("fix", *QUICK, *HOST, "--report", "github", *repo.replies(said))
    assert ran.code == 0, ran.err
    lines = ran.out.splitlines()
    assert lines[0].startswith("::stop-commands::")
    commands = [line for line in lines if line.lstrip().startswith("::")]
    assert [line.partition(" ")[0] for line in commands[2:]] == ["::notice"]
    assert commands[1] == f"::{commands[0].removeprefix('::stop-commands::')}::"
    assert "outcome<<" in (tmp_path / "output").read_text()
    assert "r1code: fixed" in (tmp_path / "summary").read_text()


def test_no_report_holds_a_secret(repo: Repo, tmp_path: Path) -> None:
    """They are in a file and in the environment; the model and the tests print all of them."""
    repo.env["SHOP_API_KEY"] = key = "k3y-of-the-environment-0123"
    kinds = ("github", "slack", "stripe", "google", "jwt", "openai", "anthropic", "gitlab", "npm")
    secrets = [*(SECRETS[kind] for kind in kinds), key]
    notes = "".join(f"{text_of(kind)}\n" for kind in kinds)
    write(repo.root, {"notes.txt": f"one\n{notes}", "deploy.txt": "two\n" + text_of("pem")})
    leak = "import os\n\ndef test_leak():\n    print(os.environ)\n    assert open('notes.txt').read() == ''\n"
    write(repo.root, {"tests/test_leak.py": leak})
    commit(repo.root)
    edits = "".join(
        f'<edit path="{path}">\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n</edit>\n'
        for path, old, new in (("notes.txt", "one", "1"), ("deploy.txt", "two", "2"))
    )
    said = f"{FIX}\n{edits}\n<done>They are {' and '.join(secrets)}.</done>"
    out = tmp_path / "out"
    ran = repo.run("fix", *TEST, *HOST, *wanted(out, *FORMS), *repo.replies(said))
    assert ran.code == 1, ran.out + ran.err
    assert ran.out.count("it has a secret in it") == 2
    assert {path.name for path in out.iterdir()} == {*FORMS} - {"diff", "mbox"}
    for path in out.iterdir():
        text = path.read_text()
        assert "hidden_" in text or path.name in {"codequality", "annotations", "comment", "markdown"}, path.name
        leaked = [value for value in (*secrets, SECRETS["pem"]) if value in text]
        assert leaked == [], path.name


def test_a_task_has_reports_too_and_a_conversation_has_none(repo: Repo, tmp_path: Path) -> None:
    said = ["--test", "off", *HOST, *repo.replies(f"{FIX}\n<done>Done.</done>")]
    ran = repo.run("-p", "Subtract it", "--report", "markdown:-", *said)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("### ✅ r1code: done\n\n`Subtract it` · 1 file changed (+1 -1), in the work tree")
    refused = repo.run("--report", "json:-")
    assert (refused.code, "nothing that a report could be about" in refused.err) == (2, True)
    refused = repo.run("--report", "json:-", "sessions")
    assert (refused.code, "--report says nothing to `r1code sessions`" in refused.err) == (2, True)


def test_a_turn_that_goes_on_is_reported_at_its_new_end(repo: Repo, tmp_path: Path) -> None:
    look = '<read path="shop/cart.py"/>'
    ran = repo.run("fix", *QUICK, *HOST, "--steps", "1", *wanted(tmp_path, "json"), *repo.replies(look))
    assert (ran.code, json.loads((tmp_path / "json").read_text())["limit"]) == (5, "steps")
    flags = repo.replies(look, DONE)[2:]
    ran = repo.run("resume", "--steps", "9", "--allow-host-exec", *wanted(tmp_path, "json"), *flags)
    card = json.loads((tmp_path / "json").read_text())
    assert (ran.code, card["outcome"], card["exit_code"]) == (0, "fixed", 0), ran.out + ran.err
    assert [path.name for path in (tmp_path / "state/sessions").iterdir()] == [card["session"]]
