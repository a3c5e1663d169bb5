"""What the desk of a conversation knows besides the session: the folder, and the person who is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from r1code.app.trust import Question
from r1code.control import Control
from r1code.repo.git import Git

Ask = Callable[[str, str, Mapping[str, str], Control], str]
"""Asks a person: a title, the details, and what each key means. The key; empty: no answer. Raises Cancelled."""
Trusts = Callable[[Question, Control], bool | None]
"""As trust's Person, with what may cancel the question."""


class Around(Struct, frozen=True, kw_only=True):
    git: Git
    state: Path
    say: Callable[[str], None]
    ask: Ask
    trusts: Trusts
    trusted: bool = False
    """The folder is trusted for now (`--trust`)."""
