from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from r1code.app.tests import DETECTED, choose_tests, found_tests, with_tests
from r1code.config import Config
from r1code.repo.git import Git
from r1code.sandbox.runners.detect import Found

BOTH = {"pytest.ini": "[pytest]\n", "package.json": '{"scripts": {"test": "jest"}}'}
PYTEST, NPM = "python3 -m pytest -q", "npm test"


class Place:
    """A repository, a state folder, and a person who answers with a command."""

    def __init__(self, folder: Path, files: dict[str, str], answer: str | None = None) -> None:
        root = folder / "repo"
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        subprocess.run(["git", "init", "-q"], cwd=root, check=True)
        self.state = folder / "state"
        self.git = Git.find(root, self.state)
        self.answer = answer
        self.asked = 0

    def choose(self, found: Sequence[Found]) -> Found | None:
        self.asked += 1
        return next((one for one in found if one.line == self.answer), None)

    def command(self) -> str | None:
        chosen = choose_tests(self.git, self.state, self.choose)
        return None if chosen is None else chosen.command


def test_the_only_likely_command_is_used_without_a_question(tmp_path: Path) -> None:
    place = Place(tmp_path, {"pytest.ini": "[pytest]\n", "Makefile": "test:\n"})
    chosen = choose_tests(place.git, place.state, place.choose)
    assert chosen is not None
    assert (chosen.command, place.asked) == (PYTEST, 0)
    assert (
        chosen.told == f"tests: `{PYTEST}` (pytest.ini has [pytest]); --test or .r1code/config.toml sets another"
    )


def test_of_equally_likely_ones_a_person_is_asked_once(tmp_path: Path) -> None:
    place = Place(tmp_path, BOTH, answer=PYTEST)
    assert [place.command(), place.command(), place.asked] == [PYTEST, PYTEST, 1]
    again = choose_tests(place.git, place.state, place.choose)
    assert again is not None
    assert "(chosen here before)" in again.told
    # What was chosen is gone: the question is open again.
    (place.git.root / "pytest.ini").unlink()
    assert [place.command(), place.asked] == [NPM, 1]


def test_without_a_terminal_the_first_is_taken_and_the_others_are_named(tmp_path: Path) -> None:
    place = Place(tmp_path, BOTH)
    chosen = choose_tests(place.git, place.state, place.choose)
    assert chosen is not None
    assert chosen.command == NPM
    assert f"as likely: `{PYTEST}`" in chosen.told


def test_what_was_set_wins_and_off_means_none(tmp_path: Path) -> None:
    place = Place(tmp_path, BOTH)
    config, told = with_tests(Config(test="tox"), place.git, place.state, place.choose)
    assert (config.test, told) == ("tox", "")
    config, told = with_tests(Config(test="off"), place.git, place.state, place.choose)
    assert (config.test, told) == (None, "")
    config, told = with_tests(Config(), place.git, place.state, place.choose)
    assert (config.test, config.origins) == (NPM, {"test": DETECTED})


@pytest.mark.parametrize("memory", [b"", b"[1]", b'{"x": 1}', b"\xff"])
def test_a_damaged_memory_costs_a_question_and_nothing_else(tmp_path: Path, memory: bytes) -> None:
    place = Place(tmp_path, BOTH, answer=PYTEST)
    place.state.mkdir(exist_ok=True)
    (place.state / "tests.json").write_bytes(memory)
    assert [place.command(), place.command(), place.asked] == [PYTEST, PYTEST, 1]


def test_links_and_files_that_cannot_be_read_are_no_manifests(tmp_path: Path) -> None:
    place = Place(tmp_path, {"a.py": ""})
    outside = tmp_path / "pytest.ini"
    outside.write_text("[pytest]\n")
    (place.git.root / "pytest.ini").symlink_to(outside)
    (place.git.root / "Makefile").write_bytes(b"test:\n" + b"#" * 1_000_001)
    os.mkfifo(place.git.root / "tox.ini")
    assert found_tests(place.git) == ()
