"""Secrets and commits: none in a message or a branch's name, and none in a file unless somebody says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.desk import Desk
from fakes.leaks import SECRETS, text_of
from fakes.repository import Repository
from r1code.app.worktrees import Worktrees
from r1code.errors import UsageError

KINDS = ["github", "stripe", "openai", "google", "slack", "aws"]


def everything_git_says(desk: Desk) -> str:
    """Messages, people, notes of the reflog, and names of branches."""
    git = desk.repository.git
    return git("log", "--all", "--format=%B%an%ae%cn%ce%D") + git("reflog", "--all") + git("branch", "-a")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("before", ["Rotate", "Use " + "long words " * 5])
def test_a_secret_of_the_task_is_not_in_the_message(desk: Desk, kind: str, before: str) -> None:
    desk.change(f"{before} {SECRETS[kind]} in the client", tracked="new\n")
    made = desk.commit()
    assert SECRETS[kind] not in everything_git_says(desk)
    assert SECRETS[kind][:12] not in made.subject
    assert "in the client" in desk.message().replace("\n", " ")


@pytest.mark.parametrize(
    "style", ["Add {} thing", "feat(app): add {} thing", "ABC-{} add it", "✨ Add {} thing."]
)
def test_the_style_of_the_project_changes_nothing_in_that(desk: Desk, style: str) -> None:
    for number in range(6):
        desk.repository.git("commit", "-q", "--allow-empty", "-m", style.format(number))
    desk.change(f"{SECRETS['github']} goes, and so does {SECRETS['stripe']}", tracked="new\n")
    desk.commit()
    said = everything_git_says(desk)
    assert [kind for kind in ("github", "stripe") if SECRETS[kind] in said] == []


def test_a_subject_that_is_cut_holds_no_part_of_one(desk: Desk) -> None:
    desk.change(f"{'deep/' * 9}{SECRETS['github']}", tracked="new\n")
    desk.commit()
    assert SECRETS["github"][:8] not in everything_git_says(desk)


def test_a_secret_in_the_name_of_a_file_is_not_in_the_message(desk: Desk) -> None:
    desk.write("", {f"notes/{SECRETS['github']}.md": "x\n"})
    desk.commit()
    assert SECRETS["github"] not in everything_git_says(desk)
    assert "hidden_github_" in desk.message()


def test_a_secret_in_a_persons_own_message_is_replaced_and_that_is_said(desk: Desk) -> None:
    desk.change(tracked="new\n")
    desk.commit(text=f"Rotate {SECRETS['github']}\n\nToken: {SECRETS['stripe']}")
    said = everything_git_says(desk)
    assert [kind for kind in ("github", "stripe") if SECRETS[kind] in said] == []
    assert desk.notes == ["a secret in the message was replaced by a placeholder"]


def test_a_hook_brings_none_into_the_message(desk: Desk) -> None:
    desk.hook("commit-msg", f'echo "Key: {SECRETS["github"]}" >> "$1"')
    desk.trust()
    desk.change(tracked="new\n")
    desk.commit()
    assert SECRETS["github"] not in everything_git_says(desk)
    assert "Key: hidden_github_" in desk.message()


def test_the_commits_that_are_made_by_themselves_have_none(desk: Desk) -> None:
    session = desk.write(f"Use {SECRETS['github']}", {"tracked": "new\n"})
    assert desk.commits.turn(session) is not None
    assert SECRETS["github"] not in everything_git_says(desk)


def test_a_branch_is_not_named_after_one(desk: Desk) -> None:
    task = desk.vault.hide(f"{SECRETS['github']} must go")
    linked = Worktrees(desk.git, desk.state).create("", task, desk.notes.append)
    branch = desk.repository.git("branch", "--list", "r1code/*")
    assert "must-go" in branch
    assert "hidden" not in branch
    assert SECRETS["github"][4:12].lower() not in branch.lower() + str(linked.root).lower()


def test_a_file_that_newly_holds_one_is_refused_where_nobody_is_there(desk: Desk) -> None:
    desk.change(tracked=text_of("github"), other="new\n")
    head = desk.repository.git("rev-parse", "HEAD")
    with pytest.raises(UsageError, match="a secret would be committed") as raised:
        desk.commit()
    assert raised.value.why.startswith("tracked: ")
    assert "--not-secret" in raised.value.hint
    assert desk.repository.git("rev-parse", "HEAD") == head
    assert desk.status() == " M other\n M tracked\n"


@pytest.mark.parametrize("answer", [True, False])
def test_a_person_is_asked_and_told_which_file_but_not_the_secret(desk: Desk, answer: bool) -> None:
    desk.change(tracked=text_of("github"))
    asked: list[str] = []

    def agrees(what: str) -> bool:
        asked.append(what)
        return answer

    if answer:
        assert desk.commits.commit([], None, desk.hooks, agrees=agrees).paths == ("tracked",)
    else:
        with pytest.raises(UsageError):
            desk.commits.commit([], None, desk.hooks, agrees=agrees)
    (what,) = asked
    assert what.startswith("tracked: hidden_github_")
    assert SECRETS["github"] not in what


def test_one_that_was_committed_before_is_no_reason(desk: Desk) -> None:
    desk.repository.write("tracked", text_of("github"))
    desk.repository.git("commit", "-qam", "theirs")
    desk.change(tracked=text_of("github") + "more\n")
    desk.commit()
    assert desk.of() == ["tracked"]
    desk.change(tracked=text_of("github") + text_of("stripe"))
    with pytest.raises(UsageError, match="a secret would be committed"):
        desk.commit()


def test_a_person_may_say_that_it_is_none(desk: Desk) -> None:
    desk.change(tracked=text_of("github"))
    desk.exempt.add("tracked")
    desk.commit()
    assert desk.of() == ["tracked"]


@pytest.mark.parametrize("first", [True, False])
def test_by_itself_such_a_file_is_left_out_and_named(desk: Desk, first: bool) -> None:
    files: dict[str, str | None] = {"tracked": text_of("github"), "other": "new\n"}
    if first:
        for path, text in files.items():
            desk.repository.write(path, str(text))
        made = desk.commits.first()
    else:
        made = desk.commits.turn(desk.write("Go on", files))
    assert made is not None
    assert made.paths == ("other",)
    assert "not committed: tracked (it holds what looks like a secret" in "\n".join(desk.notes)


def test_a_file_in_a_repository_without_a_commit(tmp_path: Path) -> None:
    desk = Desk(Repository(tmp_path / "fresh"), tmp_path / "state")
    desk.write("Begin", {"a.py": text_of("stripe")})
    with pytest.raises(UsageError, match="a secret would be committed"):
        desk.commit()
