"""`r1code doctor`: what is right and wrong with a model's server, or with what a session would use."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from r1code.app.checkup.evidence import Evidence, Target
    from r1code.app.checkup.finding import Finding
    from r1code.control import Control


def doctor(options: argparse.Namespace) -> int:
    from r1code.app.checkup.checkup import target_of
    from r1code.app.folders import user_profiles
    from r1code.app.signals import cancel_on_signals
    from r1code.control import Control
    from r1code.errors import UsageError

    control = Control()
    with cancel_on_signals(control):
        if options.target is not None:
            target = target_of(options.target, options.model_name, user_profiles())
            if target.profile.provider == "chat":
                return _server(target, options, control)
        if options.write is not None:
            raise UsageError(
                "there is nothing to write",
                why="--write keeps what was found about a server",
                hint="r1code doctor http://localhost:8000/v1 --write NAME",
            )
        return _machine(options, control)


def _server(target: Target, options: argparse.Namespace, control: Control) -> int:
    from r1code.app.checkup.finding import exit_code
    from r1code.app.checkup.written import table_of, write_profile
    from r1code.app.folders import user_profiles

    target, seen, found = _probed(target, options, control)
    _show(found, options)
    if options.json:
        _print_json(found, seen, target)
    if options.write is not None:
        write_profile(options.write, table_of(seen, target), user_profiles(), force=options.force)
        _say(f"written: the profile {options.write!r} in {user_profiles()}")
    return exit_code(found)


def _probed(
    target: Target, options: argparse.Namespace, control: Control
) -> tuple[Target, Evidence, list[Finding]]:
    """Raises Cancelled, after having shown what was found by then."""
    from r1code.app.checkup.checkup import with_key
    from r1code.app.checkup.diagnose import diagnose
    from r1code.app.checkup.probe import Probe
    from r1code.errors import Cancelled

    target, key = with_key(target)
    probe = Probe(target, key, control, say=_say)
    try:
        probe.run()
    except Cancelled:
        _show(diagnose(probe.seen, probe.target), options)
        raise
    return probe.target, probe.seen, diagnose(probe.seen, probe.target)


def _machine(options: argparse.Namespace, control: Control) -> int:
    """What a session would use: the model that is chosen, and the sandbox."""
    from r1code.app.backend import chosen_profile
    from r1code.app.checkup.checkup import target_of
    from r1code.app.checkup.embedded import check_embedded
    from r1code.app.checkup.evidence import Target
    from r1code.app.checkup.finding import exit_code
    from r1code.app.doctor import examine
    from r1code.app.folders import state_folder, user_config, user_profiles
    from r1code.config import load_config
    from r1code.profiles import load_profiles, named

    flags = {"model_name": options.model_name}
    config = load_config(flags=flags, environ=os.environ, user_file=user_config(), project=None)
    if options.target is None:
        name, profile = chosen_profile(config)
    else:
        name, profile = options.target, target_of(options.target, None, user_profiles()).profile
    found: list[Finding] = []
    seen: Evidence | None = None
    target = Target(name=name, profile=profile, below=named(name, load_profiles(user_profiles())).profile)
    if profile.provider == "chat":
        target, seen, found = _probed(target, options, control)
        _show(found, options)
    elif profile.provider == "local":
        found += _shown(check_embedded(profile, control), options)
    if options.target is None:
        found += _shown(examine(state_folder(), config, control), options)
    if options.json:
        _print_json(found, seen, target)
    return exit_code(found)


def _shown(findings: Iterable[Finding], options: argparse.Namespace) -> list[Finding]:
    """All of them, each shown as it comes."""
    found: list[Finding] = []
    for one in findings:
        found.append(one)
        _show([one], options)
    return found


def _show(findings: Iterable[Finding], options: argparse.Namespace) -> None:
    from r1code.ui.finding import told

    if options.json:
        return
    for one in findings:
        print(told(one), flush=True)


def _print_json(findings: list[Finding], seen: Evidence | None, target: Target) -> None:
    import msgspec

    from r1code.app.checkup.finding import exit_code

    asked = {"profile": target.name, "base_url": target.profile.base_url, "model": target.profile.model}
    told = {"target": asked, "findings": findings, "evidence": seen, "exit_code": int(exit_code(findings))}
    print(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())


def _say(text: str) -> None:
    from r1code.ui.safe import safe_line

    print(safe_line(text), file=sys.stderr)
