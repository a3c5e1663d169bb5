"""What a sandbox without an image may read of what is installed here besides the machine's own programs."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from r1code.repo.git import Git
from r1code.sandbox.bubblewrap import SYSTEM, Borrowed

NAMES = (".venv", "venv", "node_modules")


def borrowed(git: Git, environ: Mapping[str, str]) -> Borrowed:
    """Environments in the root of the work tree that git ignores, interpreters, and the order of the PATH.

    Only what is a system's folder, or what uv, pyenv or nvm installed: a link in a repository may lead anywhere,
    and so may a PATH.
    """
    ignored = git.ignored([f"{name}/" for name in NAMES])
    folders = tuple(name for name in NAMES if f"{name}/" in ignored and _is_usable(git.root / name))
    wanted = [Path(entry) for entry in environ.get("PATH", "").split(os.pathsep) if entry.startswith("/")]
    used = [*wanted, *((git.root / name / "bin/python").resolve() for name in folders)]
    homes = {home for home in _homes(environ) for path in used if path.is_relative_to(home)}
    seen = (*map(Path, SYSTEM), *homes)
    return Borrowed(
        root=git.root,
        folders=folders,
        outside=tuple(sorted(homes)),
        path=tuple(str(path) for path in wanted if any(path.is_relative_to(one) for one in seen)),
    )


def _homes(environ: Mapping[str, str]) -> Iterator[Path]:
    home = Path(environ.get("HOME", "/nonexistent"))
    folders = (
        Path(environ.get("UV_PYTHON_INSTALL_DIR") or home / ".local/share/uv/python"),
        Path(environ.get("PYENV_ROOT") or home / ".pyenv") / "versions",
        Path(environ.get("NVM_DIR") or home / ".nvm") / "versions/node",
    )
    for folder in folders:
        if folder.is_dir():
            yield from (one for one in sorted(folder.resolve().iterdir()) if _is_usable(one))


def _is_usable(folder: Path) -> bool:
    """Whether it is a real folder, and whoever runs the sandbox can read it."""
    try:
        if not stat.S_ISDIR(folder.lstat().st_mode):
            return False
        above = (folder, *folder.resolve().parents)
        # Where r1code is root, the sandbox is nobody.
        return os.geteuid() != 0 or all(one.stat().st_mode & stat.S_IXOTH for one in above)
    except OSError:
        return False
