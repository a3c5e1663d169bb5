"""The flags of `r1code settings`."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def add_settings(add: Callable[..., argparse.ArgumentParser]) -> None:
    settings = add("settings", help="what is set, and by whom; write it into your own file")
    settings.add_argument("key", nargs="?", metavar="KEY", help="one of them")
    settings.add_argument("value", nargs="?", metavar="VALUE", help="what it is to be from now on")
    settings.add_argument("--unset", action="store_true", help="take KEY out of your own file")
    settings.add_argument("--json", action="store_true", help="as JSON")
    settings.add_argument("-C", dest="folder", metavar="FOLDER", default=".", help="as in FOLDER")
