"""Small bugs for comparing ways of repair."""

from __future__ import annotations

from bugs.bug import Bug
from bugs.keeping import KEEPING
from bugs.numbers import NUMBERS
from bugs.texts import TEXTS

__all__ = ["BUGS", "Bug"]

BUGS = (*NUMBERS, *TEXTS, *KEEPING)
