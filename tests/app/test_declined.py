"""A person who did not want a project's image built is not asked again about the same lock files."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1code.app.environments import Project, forget_decline, was_declined
from r1code.app.images import Making, agreed
from r1code.control import Control
from r1code.sandbox.environments.detect import detect


class Builder:
    def __init__(self, state: Path) -> None:
        self.state = state
        self.said: list[str] = []
        self.asked = 0

    def agreed(self, lock: str, answer: bool | None) -> bool:
        files = {"requirements.txt": lock.encode()}
        self.project = Project(detected=detect(files, list(files)), files=files, own_base="base")

        def agrees(what: str) -> bool | None:
            assert "requirements" in what or "python" in what
            self.asked += 1
            return answer

        making = Making(state=self.state, say=self.said.append, control=Control())
        return agreed(self.project, agrees, making)


@pytest.fixture
def builder(tmp_path: Path) -> Builder:
    return Builder(tmp_path)


def test_a_no_is_remembered_for_the_same_lock_files(builder: Builder) -> None:
    assert not builder.agreed("six\n", answer=False)
    assert not builder.agreed("six\n", answer=True)
    assert builder.asked == 1
    assert "as you wanted before: `r1code sandbox build` installs them" in builder.said[1]
    assert builder.agreed("six==1\n", answer=True)
    assert builder.asked == 2


def test_a_build_forgets_it(builder: Builder) -> None:
    assert not builder.agreed("six\n", answer=False)
    forget_decline(builder.state, builder.project)
    assert builder.agreed("six\n", answer=True)


def test_who_does_not_answer_is_asked_again(builder: Builder) -> None:
    assert not builder.agreed("six\n", answer=None)
    assert not was_declined(builder.state, builder.project)
    assert "r1code sandbox build" in builder.said[0]
    assert builder.agreed("six\n", answer=True)
    assert builder.asked == 2
