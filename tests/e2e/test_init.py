"""`r1code init`: a draft by a model, shown, and written only when somebody agrees."""

from __future__ import annotations

import pytest

from e2e.conftest import Repo, write
from fakes.leaks import SECRETS, text_of

pytestmark = pytest.mark.timeout(300)
DRAFT = "# Shop\n\nTests: `pytest -q`.\n"


def test_it_is_written_only_when_somebody_agrees(repo: Repo) -> None:
    file = repo.root / "AGENTS.md"
    replies = repo.replies(f"```markdown\n{DRAFT}```")
    shown = repo.run("init", *replies)
    assert (shown.code, file.exists()) == (2, False)
    assert "+Tests: `pytest -q`." in shown.out
    assert "there is no terminal to agree on" in shown.err
    screen = repo.terminal("init", *replies)
    screen.expect(r"\+# Shop")
    screen.expect("Write AGENTS.md")
    screen.expect("n = no >")
    screen.send("n\r")
    screen.expect("was not written")
    screen.wait()
    assert not file.exists()
    made = repo.run("init", "--yes", *replies)
    assert (made.code, file.read_text()) == (0, DRAFT), made.out + made.err
    again = repo.run("init", "--yes", *replies)
    assert (again.code, "AGENTS.md stays as it is" in again.out) == (0, True)
    assert repo.run("undo").code == 0
    assert not file.exists()


def test_what_is_there_is_shown_to_the_model_and_replaced_as_a_diff(repo: Repo) -> None:
    write(
        repo.root,
        {"AGENTS.md": "# Old\nKeep me. See @pyproject.toml.\n", "README.md": f"read me {text_of('github')}\n"},
    )
    assert repo.run("trust").code == 0
    record = repo.root.parent / "asked"
    asked = repo.run("init", "--yes", "--record", str(record), *repo.replies("# New\nKeep me."))
    assert asked.code == 0, asked.err
    assert "-# Old" in asked.out
    assert "+# New" in asked.out
    assert (repo.root / "AGENTS.md").read_text() == "# New\nKeep me.\n"
    # Whoever agreed to it has seen it: trusted it stays, unless it names what they have not seen.
    assert repo.run("trust", "--show").out.startswith("trusted")
    assert repo.run("init", "--yes", *repo.replies("# New\nSee @README.md.")).code == 0
    assert "changed since the folder was trusted: AGENTS.md, README.md" in repo.run("trust", "--show").out
    assert SECRETS["github"] not in asked.out


@pytest.mark.parametrize(
    ("reply", "more", "why"), [("", {}, "empty"), ("# Half", {"finish": "length"}, "cut off")]
)
def test_without_a_usable_answer_it_ends_with_what_to_do(
    repo: Repo, reply: str, more: dict[str, str], why: str
) -> None:
    ran = repo.run("init", "--yes", *repo.replies(reply, **more))
    assert (ran.code, (repo.root / "AGENTS.md").exists()) == (6, False)
    assert f"its answer was {why}" in ran.err
    assert "next: try again, choose another model with --profile" in ran.err
