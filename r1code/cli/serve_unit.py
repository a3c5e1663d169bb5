"""`--unit` of `r1code serve up` and `serve gateway`: what systemd is to start."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from r1code.serving.run.unit import Started


def started_by(options: argparse.Namespace) -> Started:
    from pathlib import Path

    from r1code.app.folders import own_program
    from r1code.serving.run.unit import Started

    words = tuple(options.typed)
    return Started(program=own_program(), words=words, folder=Path.cwd(), environ=os.environ).without("--unit")
