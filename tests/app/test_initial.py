"""What a model is shown to draft AGENTS.md from."""

from __future__ import annotations

from pathlib import Path

from fakes.leaks import SECRETS, text_of
from fakes.repository import Repository
from r1code.app.initial import Initial
from r1code.profiles.room import Room
from r1code.repo.git import Git
from r1code.secrets.vault import Vault


def test_the_question_has_what_a_repository_shows_within_a_budget(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repo")
    repository.write("README.md", f"A shop. {text_of('github')}\n" + "More.\n" * 5000)
    repository.write("pyproject.toml", "[tool.pytest.ini_options]\n")
    repository.write("tests/test_a.py", "def test(): pass\n")
    repository.write("CLAUDE.md", "Use tabs.\n")
    repository.write("AGENTS.md", "Only people know this.\n")
    repository.write(".env", "TOKEN=abc\n")
    for number in range(500):
        repository.write(f"src/p{number}/a.py")
    room = Room(window=None, reserve=1, prompt=40_000, map=0, observation=1)
    git = Git.find(repository.root)
    asked = Initial(git, tmp_path / "state", hide=Vault(bytes(32)).hide, room=room, measure=len).question()
    for words in (
        "A shop.",
        "Use tabs.",
        "[tool.pytest.ini_options]",
        "the likeliest first:\n- ",
        "There is an AGENTS.md.",
        "Only people",
    ):
        assert words in asked
    assert ".env" not in asked
    assert SECRETS["github"] not in asked
    assert len(asked) < 40_000
    assert asked.count("Only people") == 1
