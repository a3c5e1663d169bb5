"""The first start at a terminal: which model is to answer."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

_ABOUT_MODEL = ("profile", "base_url", "model_name", "planner", "replies")
"""Settings with which somebody has chosen one."""
_ELSEWHERE = ("CI", "R1CODE_MODEL", "R1CODE_YES")
"""Variables that say that nobody sits there, or that the embedded model is meant."""


def first_run(options: argparse.Namespace) -> None:
    """Asks where nobody ever chose a model and a person is there to be asked. Raises UsageError and Cancelled."""
    if options.json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return
    if options.continues is not None or any(os.environ.get(name) for name in _ELSEWHERE):
        return
    from r1code.app.folders import user_config, user_profiles
    from r1code.config import load_config

    config = load_config(flags=vars(options), environ=os.environ, user_file=user_config(), project=None)
    if config.yes or any(getattr(config, name) is not None for name in _ABOUT_MODEL):
        return
    from r1code.app.backend import key_names
    from r1code.app.keys import Keys, environment, key_file

    known = environment()
    if any(known.get(name, "").strip() for name in key_names(deepseek=True)):
        return
    from r1code.app.signals import cancel_on_signals
    from r1code.control import Control
    from r1code.ui.first_run import FirstRun

    control = Control()
    with cancel_on_signals(control):
        FirstRun(control, Keys(key_file()), settings=user_config(), profiles=user_profiles()).run()
