"""The actions of the text dialect: their names, and how each is written."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from r1code.dialects.blocks import Grammar
from r1code.types import EndingKind


class Form(Struct, frozen=True, kw_only=True):
    """How one action is written: its attributes, and the argument that its body becomes."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    """Not empty: one of these is needed, the first one as a rule."""
    body: str | None = None
    lenient: bool = True
    """A closing tag that is missing at the very end of the answer is forgiven."""


FORMS: Mapping[str, Form] = {
    "read": Form(required=("path",), optional=("lines",)),
    "list": Form(optional=("path", "name", "definitions")),
    "search": Form(optional=("path",), one_of=("pattern", "symbol", "references", "callers"), body="pattern"),
    "edit": Form(required=("path",), optional=("syntax",), body="edits"),
    "replace": Form(required=("path",), body="content", lenient=False),
    "insert": Form(
        required=("path",), optional=("before", "after", "into", "syntax"), body="content", lenient=False
    ),
    "patch": Form(optional=("syntax",), body="content", lenient=False),
    "write": Form(required=("path",), optional=("syntax",), body="content", lenient=False),
    "delete": Form(required=("path",)),
    "move": Form(required=("path", "to")),
    "chmod": Form(required=("path", "executable")),
    "run": Form(required=("command",), optional=("background", "ready"), body="command"),
    "logs": Form(required=("name",)),
    "stop": Form(required=("name",)),
    "test": Form(optional=("selection",), body="selection"),
}
ENDINGS: Mapping[str, EndingKind] = {"done": "done", "plan": "plan", "question": "question"}
NOTE = "note"
GRAMMAR = Grammar(
    names=frozenset({*FORMS, *ENDINGS, NOTE}),
    optional=frozenset(name for name, form in FORMS.items() if form.body in form.optional),
    bodiless=frozenset(name for name, form in FORMS.items() if form.body is None),
    marked=frozenset({"edit"}),
)
