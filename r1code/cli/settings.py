"""`r1code settings`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def settings(options: argparse.Namespace) -> int:
    from pathlib import Path

    import msgspec

    from r1code.app.backend import key_names
    from r1code.app.folders import state_folder, user_config
    from r1code.app.settings import counts, may_be, one_of, remove_setting, settings_of, write_setting
    from r1code.app.vault import bare_vault
    from r1code.config import load_config
    from r1code.errors import UsageError
    from r1code.repo.git import Git
    from r1code.ui.messages import localized
    from r1code.ui.safe import safe_line
    from r1code.ui.settings_table import as_json, told

    file = user_config()
    if options.unset:
        if options.key is None or options.value is not None:
            raise UsageError(
                "--unset needs a setting", why="it takes one away", hint="r1code settings KEY --unset"
            )
        there = remove_setting(file, options.key)
        key, where = safe_line(options.key), safe_line(str(file))
        print(localized(f"{key} is taken out of {where}" if there else f"{key} is not in {where}"))
        return 0
    git = Git.find(Path(options.folder), state_folder())
    config = load_config(flags={}, environ=os.environ, user_file=file, project=git.root)
    hide = bare_vault(state_folder(), os.environ, key_names()).hide

    def shown(value: str) -> str:
        return safe_line(hide(value))

    if options.value is not None:
        before = load_config(flags={}, environ={}, user_file=file, project=None)
        written = write_setting(file, options.key, options.value)
        print(localized(f"written: {options.key} = {shown(written)}, in {safe_line(str(file))}"))
        if options.key in before.origins:
            print(localized(f"before: {shown(one_of(before, options.key).value)}"), file=sys.stderr)
        if other := counts(config, options.key, file):
            print(localized(f"note: {safe_line(other)} counts more, and says something else"), file=sys.stderr)
        return 0
    found = settings_of(config) if options.key is None else [one_of(config, options.key)]
    found = [msgspec.structs.replace(one, value=hide(one.value)) for one in found]
    if options.json:
        print(as_json(found))
        return 0
    print(told(found))
    if options.key is not None:
        print(localized(f"it may be {may_be(options.key)}"))
    return 0
