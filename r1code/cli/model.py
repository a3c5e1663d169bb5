"""`r1code profiles` and `r1code model`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def profiles(options: argparse.Namespace) -> int:
    from r1code.app.folders import user_profiles
    from r1code.app.keys import environment
    from r1code.app.profiles import as_details, as_json, as_table
    from r1code.profiles import load_profiles, named
    from r1code.ui.safe import safe

    found, known = load_profiles(user_profiles()), environment()
    if options.action == "show":
        one = named(options.name, found)
        print(as_json([one], known, alone=True) if options.json else safe(as_details(one, known)))
    else:
        rows = list(found.values())
        print(as_json(rows, known) if options.json else safe(as_table(rows, known)))
    return 0


def model(options: argparse.Namespace) -> int:
    from r1code.app.model import describe_weights, ensure_weights
    from r1code.app.signals import cancel_on_signals
    from r1code.cli.work import agrees
    from r1code.control import Control

    if options.action == "fetch":
        control = Control()
        agreed = options.yes or bool(os.environ.get("R1CODE_YES"))
        with cancel_on_signals(control):
            ensure_weights(
                lambda what: agreed or agrees(what, control), lambda text: print(text, file=sys.stderr), control
            )
    print(describe_weights())
    return 0
