"""The vault of a session: what is known to be secret before anything is read."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from r1code.events import Event
from r1code.repo.files import is_secret
from r1code.repo.git import Git
from r1code.secrets.scan import version
from r1code.secrets.values import Hide, hidden
from r1code.secrets.vault import Vault, machine_key
from r1code.tree.entry import look

_SECRET_VARIABLE = re.compile(r"(^|_)(KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASS|PWD|CREDENTIALS?|PAT)(_|$)")
_MOST_BYTES = 200_000
_MOST_FILES = 200


def open_vault(
    git: Git, state: Path, environ: Mapping[str, str], keys: Iterable[str], *, exempt: Callable[[str], bool]
) -> Vault:
    """A vault that knows the keys in the environment, and what the project's own secret files hold.

    Those files themselves are never shown or copied, but a program may print what is in them. What stands in a
    file that is `exempt` is no secret. Raises StateError.
    """
    vault = bare_vault(state, environ, keys)
    paths = git.files()
    # Most secret files are ignored by git, and then lie beside its top folder.
    beside = [path.name for path in git.root.iterdir() if path.is_file()]
    for data in _contents(git.root, [path for path in paths if exempt(path)]):
        vault.exempt_data(data)
    hidden_ones = {path for path in (*paths, *beside) if is_secret(path) and not exempt(path)}
    for data in _contents(git.root, [".git/config", *sorted(hidden_ones)[:_MOST_FILES]]):
        vault.hide_data(data)
    return vault


def bare_vault(state: Path, environ: Mapping[str, str], keys: Iterable[str]) -> Vault:
    """A vault that knows the keys in the environment only. Raises StateError."""
    vault = Vault(machine_key(state))
    vault.trust_clean(_scanned(state))
    names = set(keys)
    named = (value.strip() for name, value in environ.items() if name in names or _SECRET_VARIABLE.search(name))
    vault.add_known((value for value in named if not value.startswith("/")), "env")
    return vault


def keep_scanned(vault: Vault, state: Path) -> None:
    """Remembers which texts need not be scanned again. What cannot be kept is no loss."""
    fresh = state / f"scanned.{os.getpid()}"
    try:
        fresh.write_bytes(version() + vault.clean)
        fresh.replace(state / "scanned")
    except OSError:
        fresh.unlink(missing_ok=True)


def _scanned(state: Path) -> bytes:
    try:
        data = (state / "scanned").read_bytes()
    except OSError:
        return b""
    head = len(version())
    return data[head:] if data[:head] == version() and len(data) % head == 0 else b""


def _contents(root: Path, paths: Iterable[str]) -> Iterator[bytes]:
    for path in paths:
        with suppress(OSError):
            found = look(root, path)
            if found is not None and len(found[1]) <= _MOST_BYTES:
                yield found[1]


def veiled(events: Generator[Event, None, None], hide: Hide) -> Generator[Event, None, None]:
    """The same events, without secrets."""
    try:
        for event in events:
            yield hidden(event, hide)
    finally:
        events.close()
