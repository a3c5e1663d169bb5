"""Two processes that change the user's own files at the same moment: what both wrote is there."""

from __future__ import annotations

import threading
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from r1code.app.checkup.written import write_profile
from r1code.app.kept import alone, write_private
from r1code.app.keys import Keys
from r1code.app.settings import write_setting


def meanwhile(file: Path, other: Callable[[], object], change: Callable[[], object]) -> None:
    """`change` is wanted while somebody else is about to have written `other`."""
    running = threading.Thread(target=change)
    with alone(file):
        running.start()
        time.sleep(0.3)
        other()
    running.join(timeout=60)
    assert not running.is_alive()


@pytest.mark.parametrize("key", ["steps", "language_servers"])
def test_settings(tmp_path: Path, key: str) -> None:
    file = tmp_path / "config.toml"
    value = {"steps": "3", "language_servers": "go = gopls"}[key]
    meanwhile(file, lambda: file.write_text("seed = 1\n"), lambda: write_setting(file, key, value))
    assert tomllib.loads(file.read_text()).keys() == {"seed", key}


def test_keys(tmp_path: Path) -> None:
    keyring.set_keyring(NoKeyring())
    keys = Keys(tmp_path / "credentials.json")
    other = b'{"A_KEY": {"key": "a"}}'
    meanwhile(
        tmp_path / "credentials.json",
        lambda: write_private(tmp_path / "credentials.json", other),
        lambda: keys.set("B_KEY", "b"),
    )
    assert keys.places().keys() == {"A_KEY", "B_KEY"}
    meanwhile(
        tmp_path / "credentials.json",
        lambda: write_private(tmp_path / "credentials.json", other),
        lambda: keys.delete("B_KEY"),
    )
    assert keys.places().keys() == {"A_KEY"}


def test_profiles(tmp_path: Path) -> None:
    file = tmp_path / "profiles.toml"
    other = '[one]\nextends = "deepseek-flash"\n'
    table = {"extends": "deepseek-flash"}
    meanwhile(file, lambda: file.write_text(other), lambda: write_profile("two", table, file, force=False))
    assert tomllib.loads(file.read_text()).keys() == {"one", "two"}
