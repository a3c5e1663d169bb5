"""Flags of `fix` alone."""

from __future__ import annotations

import argparse


def add_fix(fix: argparse.ArgumentParser) -> None:
    del fix
