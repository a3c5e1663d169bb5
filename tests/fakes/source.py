"""A module as programs have it: a constant, functions, a class with methods."""

from __future__ import annotations

FEES = '''\
"""Fees."""

import os
from datetime import date

DAYS = 3


@cache
def fee(days):
    # keep it simple
    return days * 2


class Desk:
    """A desk."""

    size: int = 1

    def lend(self, book):
        return book

    @property
    def full(self):
        return False


def other():
    return fee(1)
'''
