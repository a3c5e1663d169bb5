"""What a report of a fault says, and what it does not."""

from __future__ import annotations

from pathlib import Path

from r1code.app.report import keep_report, report
from r1code.config import load_config
from r1code.errors import UsageError
from r1code.log import Ended, Entry, Said
from r1code.profiles import load_profiles
from r1code.types import Usage


def test_it_says_what_helps_and_nothing_private(tmp_path: Path) -> None:
    flags = {"base_url": "https://inside.example.org/v1", "test": "make secret", "steps": 7, "yes": True}
    config = load_config(flags=flags, environ={}, user_file=tmp_path / "none", project=None)
    ended = Ended(reason="stuck", text="private", usage=Usage(), steps=1, seconds=1.0)
    entries = [
        Entry(id=1, parent=None, time=0.0, item=Said(text="private", origin="task")),
        Entry(id=2, parent=1, time=0.0, item=ended),
    ]
    errors = [UsageError("it broke", why=f"{Path.home()}/x is k3y", hint="look")]
    profile = load_profiles()["embedded"].profile
    text = report(
        config, ("embedded", profile), entries, errors, hide=lambda text: text.replace("k3y", "<secret>")
    )
    assert "- steps: 7, from a flag" in text
    assert "- yes: True, from a flag" in text
    assert "- test: (set), from a flag" in text
    assert "- it broke: ~/x is <secret>" in text
    assert "- a turn ended: stuck" in text
    assert "private" not in text
    assert "inside.example.org" not in text
    file = keep_report(text, tmp_path / "state")
    assert file.read_text() == text
    assert file.stat().st_mode & 0o777 == 0o600
