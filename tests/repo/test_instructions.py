"""Which files of a project say how to work on it, and what is read of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fakes.repository import Repository
from r1code.repo.files import is_secret
from r1code.repo.git import Git
from r1code.repo.instructions import AT_ROOT, Instructions, instructions_of
from r1code.tree.scan import Listing
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repo")


def found(repository: Repository) -> dict[str, list[str]]:
    return {folder: [one.path for one in sources] for folder, sources in read(repository).items()}


def read(repository: Repository) -> Instructions:
    git = Git.find(repository.root)
    state = repository.root.parent / "state"
    listing = Listing(git.files, git.ignored)
    return instructions_of(WorkTree(git.root, listing, Store(state / "o"), state=state, hidden=is_secret))


@pytest.mark.parametrize("number", range(len(AT_ROOT)))
def test_the_first_of_a_folder_counts_and_no_other(repository: Repository, number: int) -> None:
    for name in AT_ROOT[number:]:
        repository.write(name, f"of {name}\n")
    assert found(repository)[""] == [AT_ROOT[number]]


def test_folders_have_their_own_where_they_are_not_ignored(repository: Repository) -> None:
    repository.write("web/CLAUDE.md", "web\n")
    repository.write("web/app/AGENTS.md", "app\n")
    repository.write("web/app/CLAUDE.md", "app for one\n")
    repository.write("web/.cursorrules", "only at the root\n")
    repository.write("out/AGENTS.md", "ignored\n")
    repository.write(".gitignore", "out/\n")
    assert found(repository) == {"web": ["web/CLAUDE.md"], "web/app": ["web/app/AGENTS.md"]}


def test_an_ignored_file_at_the_root_counts_for_it_is_the_persons_own(repository: Repository) -> None:
    repository.write(".git/info/exclude", "AGENTS.md\n")
    repository.write("AGENTS.md", "mine\n")
    assert found(repository) == {"": ["AGENTS.md"]}


def test_links_and_copies_are_said_once(repository: Repository) -> None:
    repository.write("CLAUDE.md", "the rules\n")
    (repository.root / "AGENTS.md").symlink_to("CLAUDE.md")
    (repository.root / "web").mkdir()
    (repository.root / "web/AGENTS.md").symlink_to("../AGENTS.md")
    repository.write("lib/GEMINI.md", "the rules\n")
    assert found(repository) == {"": ["AGENTS.md"]}


def test_nothing_is_read_outside_of_the_tree_or_that_is_hidden(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "AGENTS.md").write_text("outside\n")
    (repository.root / "AGENTS.md").symlink_to(tmp_path / "AGENTS.md")
    (repository.root / "linked").symlink_to(tmp_path)
    repository.write(".env", "TOKEN=x\n")
    names = "@../AGENTS.md @linked/AGENTS.md @.env @.git/config @/etc/hostname @~/AGENTS.md @nothing @web"
    repository.write("CLAUDE.md", f"see {names}\n")
    os.mkfifo(repository.root / "AGENT.md")
    repository.write("web/AGENTS.md", "\0binary")
    repository.write("lib/AGENTS.md", " \n\n")
    assert found(repository) == {"": ["CLAUDE.md"]}


def test_imports_go_one_level_deep_relative_to_the_file(repository: Repository) -> None:
    code = "`@docs/code.md`\n```\n@docs/fence.md\n```\n"
    text = f"Read @docs/style.md, and @CLAUDE.md. Mail a@docs/mail.md; {code}@README"
    repository.write("web/AGENTS.md", text)
    for path in ("style", "mail", "code", "fence"):
        repository.write(f"web/docs/{path}.md", f"{path}: @deep.md\n")
    repository.write("web/docs/deep.md")
    repository.write("web/README", "read me\n")
    repository.write("web/CLAUDE.md", text)
    assert found(repository) == {"web": ["web/AGENTS.md", "web/docs/style.md", "web/README"]}
