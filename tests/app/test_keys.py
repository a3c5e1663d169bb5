"""Keys that r1code keeps: in the keyring where there is one, else in a private file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked, PasswordDeleteError

from r1code.app.keys import Keys, environment
from r1code.errors import UsageError
from r1code.repo.files import is_secret


class Memory(KeyringBackend):
    priority = 5  # type: ignore[assignment]

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}
        self.is_locked = False
        self.asked: list[str] = []

    def get_password(self, service: str, username: str) -> str | None:
        self.asked.append(username)
        if self.is_locked:
            raise KeyringLocked("locked")
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.is_locked:
            raise KeyringLocked("locked")
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.held.pop((service, username), None) is None:
            raise PasswordDeleteError("not found")


@pytest.fixture
def memory() -> Iterator[Memory]:
    held = Memory()
    keyring.set_keyring(held)
    yield held
    keyring.set_keyring(NoKeyring())


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    keyring.set_keyring(NoKeyring())
    return Keys(tmp_path / "r1code/credentials.json")


def test_without_a_keyring_they_are_in_a_file_that_only_its_owner_reads(keys: Keys, tmp_path: Path):
    assert keys.set("A_KEY", "sk-1") == "file"
    assert keys.get("A_KEY") == "sk-1"
    assert keys.get("B_KEY") is None
    assert keys.places() == {"A_KEY": "file"}
    file = tmp_path / "r1code/credentials.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert is_secret(file.name)
    assert keys.delete("A_KEY")
    assert not keys.delete("A_KEY")
    assert "sk-1" not in file.read_text()


def test_a_file_that_others_may_read_is_not_used(keys: Keys, tmp_path: Path):
    keys.set("A_KEY", "sk-1")
    (tmp_path / "r1code/credentials.json").chmod(0o640)
    with pytest.raises(UsageError, match="is not used") as raised:
        keys.get("A_KEY")
    assert "chmod 600" in raised.value.hint
    with pytest.raises(UsageError, match="is not used"):
        environment({}, keys)


def test_a_broken_file_is_said_and_left_as_it_is(keys: Keys, tmp_path: Path):
    keys.set("A_KEY", "sk-1")
    file = tmp_path / "r1code/credentials.json"
    file.write_text('{"A_KEY": {"key": "sk-1"')
    with pytest.raises(UsageError, match="cannot be read") as raised:
        keys.set("B_KEY", "sk-2")
    assert "sk-1" not in str(raised.value)
    assert file.read_text() == '{"A_KEY": {"key": "sk-1"'


def test_with_a_keyring_the_file_holds_only_names(memory: Memory, tmp_path: Path):
    keys = Keys(tmp_path / "credentials.json")
    assert keys.set("A_KEY", "sk-1") == "keyring"
    assert memory.held == {("r1code", "A_KEY"): "sk-1"}
    assert "sk-1" not in (tmp_path / "credentials.json").read_text()
    memory.held.clear()
    assert keys.get("A_KEY") is None
    # Somebody took it away already.
    assert keys.delete("A_KEY")
    assert keys.places() == {}


def test_a_locked_keyring_takes_no_key_and_loses_none(memory: Memory, tmp_path: Path):
    keys = Keys(tmp_path / "credentials.json")
    keys.set("A_KEY", "sk-1")
    memory.is_locked = True
    with pytest.raises(UsageError, match="cannot be written"):
        keys.set("B_KEY", "sk-2")
    with pytest.raises(UsageError, match="cannot be read"):
        keys.get("A_KEY")
    assert keys.places() == {"A_KEY": "keyring"}
    assert environment({"C": "1"}, keys) == {"C": "1"}


def test_the_keyring_is_asked_once_for_each_key_until_one_is_written(memory: Memory, tmp_path: Path):
    file = tmp_path / "credentials.json"
    for name in ("A_KEY", "B_KEY"):
        Keys(file).set(name, "sk-1")
    for _ in range(3):
        assert environment({}, Keys(file)) == {"A_KEY": "sk-1", "B_KEY": "sk-1"}
    assert memory.asked == ["A_KEY", "B_KEY"]
    Keys(file).set("A_KEY", "sk-2")
    Keys(file).delete("B_KEY")
    assert environment({}, Keys(file)) == {"A_KEY": "sk-2"}


def test_who_did_not_unlock_the_keyring_is_not_asked_again(memory: Memory, tmp_path: Path):
    keys = Keys(tmp_path / "credentials.json")
    keys.set("A_KEY", "sk-1")
    memory.is_locked = True
    for _ in range(3):
        with pytest.raises(UsageError, match="cannot be read"):
            keys.get("A_KEY")
    assert memory.asked == ["A_KEY"]
    memory.is_locked = False
    keys.set("B_KEY", "sk-2")
    assert keys.get("A_KEY") == "sk-1"


def test_the_environment_goes_first_and_an_empty_variable_is_none(keys: Keys):
    keys.set("A_KEY", "kept")
    keys.set("B_KEY", "kept")
    assert environment({"A_KEY": "own", "B_KEY": " "}, keys) == {"A_KEY": "own", "B_KEY": "kept"}


@pytest.mark.parametrize("key", ["", "two words", "ключ", "a\nb", "a\x1b"])
def test_what_no_header_may_carry_is_no_key(keys: Keys, key: str):
    with pytest.raises(UsageError, match="this is no key"):
        keys.set("A_KEY", key)
    assert keys.places() == {}
