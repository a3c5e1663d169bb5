"""Folders that come and go whole: whoever is killed meanwhile leaves no part of one under its name."""

from __future__ import annotations

import shutil
from pathlib import Path


def restored(root: Path) -> None:
    """Puts back what a `swapped` that was killed had set aside and not yet replaced."""
    aside = _beside(root, "before")
    if not root.exists() and aside.exists():
        aside.rename(root)


def swapped(fresh: Path, root: Path) -> None:
    """`fresh` takes the place of `root`, if there is one."""
    aside = _beside(root, "before")
    if root.exists():
        shutil.rmtree(aside, ignore_errors=True)
        root.rename(aside)
    fresh.rename(root)
    shutil.rmtree(aside, ignore_errors=True)
    shutil.rmtree(_beside(root, "gone"), ignore_errors=True)


def discarded(root: Path) -> None:
    """Removes `root`. What a kill leaves of it has another name, and goes with the next `swapped`."""
    gone = _beside(root, "gone")
    shutil.rmtree(gone, ignore_errors=True)
    root.rename(gone)
    shutil.rmtree(gone)


def _beside(root: Path, what: str) -> Path:
    return root.with_name(f"{root.name}.{what}")
