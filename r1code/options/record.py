"""The flags of what looks at a session's record: `r1code why` and `r1code export`."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def add_why(add: Callable[..., argparse.ArgumentParser]) -> None:
    why = add("why", help="the step, the reasoning and the observation behind a line (docs/why.md)")
    why.add_argument("place", metavar="FILE:LINE", help="a line of a file as it is now")
    why.add_argument("--session", metavar="SESSION", help="what this session wrote last at that place")
    why.add_argument("--json", action="store_true", help="as JSON (docs/why.md)")
    why.add_argument("--color", choices=["auto", "always", "never"], help="colour (auto)")
    why.add_argument("-C", dest="folder", metavar="FOLDER", default=".", help="FILE is relative to FOLDER")


def add_export(add: Callable[..., argparse.ArgumentParser]) -> None:
    export = add("export", help="a session as a page, a text or data, without its secrets (docs/export.md)")
    export.add_argument(
        "session", nargs="?", metavar="SESSION", help="the id of a session, or its folder (the last one)"
    )
    export.add_argument(
        "--format", choices=["md", "json", "html"], help="what to make (as FILE ends; otherwise md)"
    )
    export.add_argument("-o", "--output", metavar="FILE", help="write it there (standard output)")
    export.add_argument("--force", action="store_true", help="also over a FILE that is there")
    export.add_argument("--step", metavar="T.N", help="only this step, like 1.2: turn and number")
    _add_verified(export)


def _add_verified(export: argparse.ArgumentParser) -> None:
    group = export.add_argument_group("training data (docs/training.md)")
    group.add_argument(
        "--verified",
        action="store_true",
        help="what led to a proven repair, as JSON lines to train a model with: of this project, or of SESSION, "
        "which may be a folder of sessions",
    )
    group.add_argument("--form", choices=["openai", "sharegpt"], help="of a line (openai)")
    group.add_argument("--all", action="store_true", help="of all projects")
    group.add_argument("--repo", metavar="PATH", help="of the project there")
    group.add_argument("--since", metavar="DATE", help="only sessions begun since, like 2026-11-30")
    group.add_argument("--max-tokens", type=int, metavar="N", help="no line that is longer")
    group.add_argument(
        "--eval-share",
        type=float,
        metavar="PART",
        help="so much of the repositories goes into FILE.eval.jsonl, like 0.05 (0)",
    )
    group.add_argument(
        "--allow-license",
        action="append",
        metavar="NAME",
        help="also what models of this licence said, by its name in the profile (MIT and Apache-2.0)",
    )
    group.add_argument("--wrong-turns", action="store_true", help="also the replies that led nowhere")


VERIFIED = ("form", "all", "repo", "since", "max_tokens", "eval_share", "allow_license", "wrong_turns")
"""What makes sense with `--verified` only."""
