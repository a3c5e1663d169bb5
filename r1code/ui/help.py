"""The help of the command line, in the person's language."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from r1code.ui.messages import localized


class Help(argparse.HelpFormatter):
    def start_section(self, heading: str | None) -> None:
        super().start_section(heading and localized(heading))

    def add_text(self, text: str | None) -> None:
        super().add_text(text and localized(text))

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help and localized(action.help)


class Grammar(argparse.ArgumentParser):
    """As its base, and so are the parsers of its commands."""

    def __init__(
        self,
        *,
        prog: str | None = None,
        description: str | None = None,
        epilog: str | None = None,
        parents: Sequence[argparse.ArgumentParser] = (),
        add_help: bool = True,
        allow_abbrev: bool = True,
    ) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            parents=parents,
            formatter_class=Help,
            add_help=add_help,
            allow_abbrev=allow_abbrev,
        )
