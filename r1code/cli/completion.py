"""`r1code completion`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def completion(options: argparse.Namespace) -> int:
    """Prints the script for a shell: made from the parser, so it knows what that knows."""
    import shtab

    from r1code.options.grammar import parser

    print(shtab.complete(parser(), shell=options.shell))
    return 0
