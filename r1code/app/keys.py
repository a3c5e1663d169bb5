"""Keys of models' servers that a person gave r1code to keep: in the system's keyring, or in a file of theirs."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec
from msgspec import Struct

from r1code.app.folders import user_config
from r1code.app.kept import alone, write_private
from r1code.errors import UsageError

if TYPE_CHECKING:
    from r1code.app.system_keyring import SystemKeyring

Place = Literal["keyring", "file"]
_Stamp = tuple[int, int]
_OTHERS = 0o077


def key_file() -> Path:
    """Its name says what it is, so no model is shown it."""
    return user_config().with_name("credentials.json")


class _Kept(Struct, frozen=True):
    key: str = ""
    """Empty: it is in the keyring."""


class Keys:
    """By the name of the variable that would hold the key otherwise. The environment's own is not looked at.

    Which keys there are is in the file, also where they are in the keyring: without any, that is never opened.
    A process asks the keyring once for each key, until one is written: a locked one asks its owner each time.
    """

    _answers: ClassVar[dict[tuple[Path, str], tuple[_Stamp, str | UsageError | None]]] = {}
    """What the keyring said, and when: of all objects, for a session makes one wherever it needs a key."""
    _asks = threading.Lock()

    def __init__(self, file: Path) -> None:
        self._file = file

    def places(self) -> dict[str, Place]:
        """Where each of them is. Raises UsageError where the file cannot be used."""
        return {name: "file" if one.key else "keyring" for name, one in self._read().items()}

    def get(self, name: str) -> str | None:
        """None: there is none. Raises UsageError where it cannot be read."""
        # Before the file is read: what is written later has another stamp.
        stamp = self._stamp()
        kept = self._read().get(name)
        if kept is None or kept.key:
            return None if kept is None else kept.key
        with self._asks:
            known = self._answers.get((self._file, name))
            if known is None or known[0] != stamp:
                known = self._answers[self._file, name] = stamp, self._asked(name)
        answer = known[1]
        if isinstance(answer, UsageError):
            raise UsageError(answer.what, why=answer.why, hint=answer.hint)
        return answer

    def _asked(self, name: str) -> str | UsageError | None:
        """What the keyring says now."""
        try:
            return self._of_keyring(name)
        except UsageError as error:
            return error

    def _stamp(self) -> _Stamp:
        """Of the file: whoever writes a key, in this process or in another one, writes it as well."""
        try:
            found = self._file.stat()
        except OSError:
            return 0, 0
        return found.st_ino, found.st_mtime_ns

    @staticmethod
    def _of_keyring(name: str) -> str | None:
        keyring = _keyring()
        if keyring is None:
            raise UsageError(
                f"the key for {name} cannot be read",
                why="it is in the system's keyring, and none can be used here",
                hint=f"export {name}=..., or keep it again: r1code auth login",
            )
        return keyring.get(name)

    def set(self, name: str, key: str) -> Place:
        """Keeps it; where. Raises UsageError where that is not possible, or it is no key."""
        if not key or not (key.isascii() and key.isprintable()) or " " in key:
            raise UsageError(
                "this is no key",
                why="it is empty, or holds characters that no HTTP header may carry",
                hint="copy it again, alone",
            )
        # First: where the file cannot be written, the keyring has nothing that nobody knows of.
        self._read()
        keyring = _keyring()
        if keyring is not None:
            keyring.set(name, key)
        with alone(self._file):
            self._write({**self._read(), name: _Kept(key="" if keyring is not None else key)})
        return "file" if keyring is None else "keyring"

    def delete(self, name: str) -> bool:
        """Whether there was one. Raises UsageError, and then it is still there."""
        kept = self._read()
        if name not in kept:
            return False
        if not kept[name].key and (keyring := _keyring()) is not None:
            keyring.delete(name)
        with alone(self._file):
            self._write({other: one for other, one in self._read().items() if other != name})
        return True

    def _read(self) -> dict[str, _Kept]:
        try:
            if (mode := self._file.stat().st_mode) & _OTHERS:
                raise UsageError(
                    f"{self._file} is not used",
                    why=f"it holds keys, and others may read or write it (mode {mode & 0o777:o})",
                    hint=f"chmod 600 {self._file}",
                )
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, _Kept])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError) as error:
            raise UsageError(
                f"{self._file} cannot be read",
                # What stands in it is secret; where it is wrong is not.
                why=str(error),
                hint="correct it, or remove it and run r1code auth login again",
            ) from error

    def _write(self, kept: Mapping[str, _Kept]) -> None:
        try:
            write_private(self._file, msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n")
        except OSError as error:
            raise UsageError(
                "the key cannot be kept",
                why=f"{self._file}: {error}",
                hint="make that folder writable, or set the key in the environment",
            ) from error


def environment(environ: Mapping[str, str] = os.environ, keys: Keys | None = None) -> Mapping[str, str]:
    """The environment, with the keys that are kept for variables which it does not set.

    What is kept and cannot be read is left out: whoever needs it says that it is not there. Raises UsageError
    where the file cannot be used at all.
    """
    keys = Keys(key_file()) if keys is None else keys
    found = dict(environ)
    for name in keys.places():
        if not found.get(name, "").strip():
            try:
                key = keys.get(name)
            except UsageError:
                continue
            if key is not None:
                found[name] = key
    return found


def _keyring() -> SystemKeyring | None:
    """None: there is none that keeps a secret, or the package for it is not installed."""
    if find_spec("keyring") is None:
        return None
    from r1code.app.system_keyring import SystemKeyring

    return SystemKeyring.usable()
