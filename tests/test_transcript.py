from __future__ import annotations

from pathlib import Path

from fakes.transcript import GOLDEN, transcript


def test_what_the_model_sees_is_as_it_was_reviewed(tmp_path: Path) -> None:
    assert transcript(tmp_path) == GOLDEN.read_text()
