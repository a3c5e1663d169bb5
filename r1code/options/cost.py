"""The flags of limits and of what they lead to: `r1code resume` and `r1code cost`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from r1code.options.report import add_report_flag


def add_limits(common: argparse.ArgumentParser) -> None:
    limits = common.add_argument_group("limits of a turn")
    limits.add_argument("--steps", metavar="N", help="model calls (40, or what the profile says)")
    limits.add_argument("--seconds", metavar="N", help="time")
    limits.add_argument("--tokens", metavar="N", help="tokens, prompts and replies together")
    limits.add_argument("--reasoning-tokens", metavar="N", help="tokens of reasoning")
    limits.add_argument("--budget", metavar="AMOUNT", help="money, in the currency of the profile (docs/cost.md)")
    limits.add_argument(
        "--working-context",
        metavar="N",
        help="tokens of a prompt, beyond which the conversation is shortened (what the profile says)",
    )


def add_resume(resume: argparse.ArgumentParser) -> None:
    resume.add_argument(
        "session", nargs="?", metavar="SESSION", help="the id of a session, or its folder (the last one here)"
    )
    resume.add_argument("--profile", metavar="NAME", help="another model goes on with it (`r1code profiles`)")
    resume.add_argument("--base-url", metavar="URL", help="its server, with --profile")
    resume.add_argument(
        "--model", metavar="NAME", dest="model_name", help="what that server calls it, with --profile"
    )
    add_limits(resume)
    add_report_flag(resume)
    resume.add_argument("--replies", metavar="FILE", help="the replies of the profile `scripted`")
    resume.add_argument("--allow-host-exec", action="store_true", default=None, help="as for fix")
    resume.add_argument("--json", action="store_true", help="events as JSON lines (docs/events.md)")
    resume.add_argument("--color", choices=["auto", "always", "never"], help="colour (auto)")
    resume.add_argument(
        "-C",
        dest="folder",
        metavar="FOLDER",
        help="the last one of FOLDER; with SESSION: go on in this checkout of the same commit (docs/ci.md)",
    )


def add_cost(add: Callable[..., argparse.ArgumentParser]) -> None:
    cost = add("cost", help="what sessions and days cost, in tokens and money")
    cost.add_argument(
        "session", nargs="?", metavar="SESSION", help="the id of a session, or its folder (the last one)"
    )
    days = cost.add_mutually_exclusive_group()
    days.add_argument("--day", dest="days", action="store_const", const=1, help="all sessions of today")
    days.add_argument(
        "--days", dest="days", type=int, metavar="N", help="all sessions of the last N days, by day"
    )
    cost.add_argument("--json", action="store_true", help="as JSON (docs/cost.md)")
