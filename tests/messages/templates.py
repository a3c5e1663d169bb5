"""Every message that the program can say to a person, read out of its source.

    python -m messages.templates zh     # in tests/: what the Chinese catalogue lacks, and what it has for nothing

A message is a text, or a text with `{0}`, `{1}` for what is filled in. It is looked for where texts are said: in
errors, notices, help, lines; and everywhere in `r1code/ui`, whose texts are all for people.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec

from r1code.ui.messages import GAP
from r1code.ui.piece import Style
from r1code.ui.repl.live import Doing

ROOT = Path(__file__).parents[2]
SOURCES = ("r1code", "tools", "sandbox", "serving")
SAYING = frozenset(
    {
        "say",
        "_say",
        "note",
        "said",
        "line",
        "wrapped",
        "Piece",
        "Notice",
        "Finding",
        "wrong",
        "_Gap",
        "Check",
        "Fact",
        "localized",
        "print",
    }
)
"""Calls whose texts are said."""
APART = frozenset(
    {
        # argparse's own.
        "positional arguments",
        "options",
        "show this help message and exit",
        # What goes on, in one word each (r1code/ui/repl/live.py).
        *get_args(Doing),
        # Heads and cells of tables, ends of turns, verdicts.
        *("requests", "hit", "miss", "reasoning", "answer", "cost", "all", "nothing", "unknown"),
        *("used", "turns", "ended", "branch", "title", "project", "profile", "from", "begun", "size", "now"),
        *("hits", "preempted"),
        *("answered", "question", "cancelled", "interrupted", "damaged", "forked", "flaky", "failed", "passed"),
        *("instructions", "tasks and the map", "replies", "observations", "no sandbox", "tests untouched"),
        *("1 edit", "{0} edits", "(1 edit)", "({0} edits)"),
        *("fixed", "unbroken", "tampered", "act", "none"),
        *("command", "why", "mind", "then", "weights", "adapters"),
        # States of servers, and the head of their table.
        *("starting", "ready", "restarting", "stopping", "stopped", "unwatched", "gone"),
        *("server", "state", "address", "model", "restarts"),
        *("{0} failed", "{0} not collected", "{0} flaky", "{0} passed", "{0} skipped"),
        *("{0} fixed", "{0} broken", "{0} still fail", "{0} still fails", "{0} still pass", "{0} still passes"),
    }
) - {""}
"""Messages that are put together of words, or are words alone."""
HELPING = frozenset(
    {
        *("add_argument", "add_parser", "add", "add_argument_group", "Grammar"),
        *(
            "flag",
            "Variable",
            "Shortage",
            "_changed",
            "_best",
            "_first",
            "Progress",
            "Failure",
            "Fault",
            "_Known",
        ),
    }
)
"""Calls of which keywords are said, and nothing else."""
_STYLES = frozenset(get_args(Style))
_WORDS = frozenset(
    {"why", "hint", "what", "text", "help", "description", "title", "about", "label", "advice", "seen", "reason"}
)
"""Keywords whose texts are said, in any call."""
WHOLE = ("r1code/ui/", "serving/plan/warned.py")
DOCUMENTS = frozenset(
    {"r1code/ui/batch_page.py", "r1code/ui/page.py", "r1code/ui/markdown.py", "r1code/ui/themes.py"}
    | {"serving/monitoring/dashboard.py", "serving/monitoring/rules.py"}
    | {"r1code/ui/bench_charts.py", "r1code/ui/bench_page.py"}
)
"""What is in these is read by others than the person at the terminal, or said to none."""
_LETTERS = re.compile(r"(?<![A-Za-z.:\\[])(?<!--)[a-z][a-z']+|\b[A-Z][a-z]+")
_TECHNICAL = re.compile(
    r"[\x00-\x1f]|\(\?|^(class|dict|fg|r1code|noinherit)\b[^ ]*( reverse|, object\])?$"
    r"|^[.\w{}]+\.\w+$|^/[\w.{}]+$"
)
"""A word of ours: no flag, no command, no name of a file."""


def templates() -> dict[str, set[str]]:
    """Each message, with the files that say it."""
    found = {text: {"(apart)"} for text in APART}
    for folder in SOURCES:
        for file in sorted((ROOT / folder).rglob("*.py")):
            path = file.relative_to(ROOT).as_posix()
            if path in DOCUMENTS:
                continue
            for text in _of(ast.parse(file.read_text()), whole=path.startswith(WHOLE)):
                found.setdefault(text, set()).add(path)
    return found


def _of(tree: ast.Module, *, whole: bool) -> Iterator[str]:
    apart = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            apart |= {id(part) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for value in _said(node):
                yield from _texts(value)
        elif whole and isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in apart:
            yield from (text for text in _texts(node) if " " in text.strip() or "{" in text)


def _said(call: ast.Call) -> Iterator[ast.expr]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    keys = {key.arg for key in call.keywords}
    if name.endswith("Error") and keys & {"why", "hint"}:
        yield from call.args[:1]
        yield from (key.value for key in call.keywords if key.arg in _WORDS)
    elif name in SAYING or name in {"Command", "Choice"}:
        yield from call.args
        yield from (key.value for key in call.keywords if key.arg in _WORDS)
    elif name in HELPING:
        yield from (key.value for key in call.keywords if key.arg in _WORDS)


def _texts(node: ast.expr) -> Iterator[str]:
    """The messages in an expression; those that are filled into another one, too."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield from _kept(node.value)
    elif isinstance(node, ast.JoinedStr):
        number, parts = 0, list[str]()
        for part in node.values:
            if isinstance(part, ast.Constant):
                parts.append(str(part.value))
            elif isinstance(part, ast.FormattedValue) and ast.unparse(part.value) != "MARGIN":
                parts.append(f"{{{number}}}")
                number += 1
                yield from _texts(part.value)
        yield from _kept("".join(parts))
    else:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from _texts(child)


def _kept(text: str) -> Iterator[str]:
    """One for each line and each part between dots: what stands beside them is said apart."""
    for line in text.split("\n"):
        for part in line.split(" · "):
            told = part.strip()
            if told not in _STYLES and _LETTERS.search(GAP.sub("", told)) and not _TECHNICAL.search(told):
                yield numbered(told)


def numbered(text: str) -> str:
    """With its gaps numbered from 0."""
    numbers = iter(range(100))
    return GAP.sub(lambda _: f"{{{next(numbers)}}}", text)


def main(language: str) -> None:
    known = msgspec.toml.decode((ROOT / f"r1code/ui/{language}.toml").read_bytes(), type=dict[str, str])
    said = templates()
    for text in sorted(said.keys() - known.keys()):
        sys.stdout.write(f"lacks  {json.dumps(text, ensure_ascii=False)}  {' '.join(sorted(said[text]))}\n")
    for text in sorted(known.keys() - said.keys()):
        sys.stdout.write(f"says for nothing  {json.dumps(text, ensure_ascii=False)}\n")


if __name__ == "__main__":
    main(sys.argv[1])
