"""Writes the text dialect: calls as blocks that parse back to them, observations as the model sees them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from r1code.dialects.base import Parsed
from r1code.dialects.form import FORMS, NOTE, Form
from r1code.dialects.reasoning import TAG
from r1code.types import ToolCall


def _stop(name: str, text: str) -> str:
    """A word that makes the closing tag differ from everything in `text`."""
    word, number = "STOP", 1
    while f"</{name} {word}>" in text:
        number += 1
        word = f"STOP{number}"
    return word


def render_observation(call: ToolCall | None, text: str) -> str:
    """An observation as R1 sees it. No text can close it early, so none can pass for somebody else's."""
    about = "" if call is None else f' of="{call.name}"'
    if "</observation" in text:
        word = _stop("observation", text)
        return f'<observation{about} end="{word}">\n{text}\n</observation {word}>'
    return f"<observation{about}>\n{text}\n</observation>"


def write_parsed(parsed: Parsed) -> str:
    """A reply that says all of `parsed`."""
    said = [_block(NOTE, note) for note in parsed.notes]
    if parsed.ending.kind != "none":
        said.append(_block(parsed.ending.kind, parsed.ending.text))
    return "\n".join(text for text in (parsed.prose, *map(_written, parsed.calls), *said) if text)


def _block(name: str, text: str) -> str:
    word = _stop(name, text)
    return f'<{name} end="{word}">\n{text}\n</{name} {word}>'


def _written(call: ToolCall) -> str:
    try:
        return render_call(call)
    except ValueError:
        # A path that no attribute can hold; it was said in another dialect, and it is only history.
        return f"(I called {call.name} with {call.arguments!r}.)"


def render_call(call: ToolCall) -> str:
    """The block that parses back to `call`. Raises ValueError for a path that no attribute can hold."""
    form = FORMS[call.name]
    lines = _render_body(call, form)
    attributes = {
        key: str(value) for key, value in call.arguments.items() if key not in {form.body, "edits", "content"}
    }
    text = "".join(f" {key}={_quoted(value)}" for key, value in attributes.items())
    if lines is None:
        return f"<{call.name}{text}/>"
    body = "".join(f"\n{line}" for line in lines) + "\n"
    if TAG.search(body):
        text += ' think="literal"'
    if form.body == "content" and lines and not call.arguments["content"].endswith("\n"):
        text += ' final-newline="no"'
    word = _stop(call.name, body)
    return f'<{call.name}{text} end="{word}">{body}</{call.name} {word}>'


def _render_body(call: ToolCall, form: Form) -> list[str] | None:
    """The lines of the body; None: there is none."""
    if form.body == "edits":
        return [_render_edit(edit) for edit in call.arguments["edits"]]
    if form.body is None or form.body not in call.arguments:
        return None
    text: str = call.arguments[form.body]
    if form.body == "content":
        return text.removesuffix("\n").split("\n") if text else []
    return text.split("\n")


def _render_edit(edit: Mapping[str, str]) -> str:
    runs = re.findall(r"^(?:<{5,}|={5,}|>{5,})", edit["search"] + edit["replace"], re.MULTILINE)
    size = max([7, *(len(run) + 1 for run in runs)])
    return f"{'<' * size} SEARCH\n{edit['search']}{'=' * size}\n{edit['replace']}{'>' * size} REPLACE"


def _quoted(value: str) -> str:
    quote = '"' if '"' not in value else "'"
    if quote in value or "\n" in value:
        raise ValueError(f"no attribute can hold {value!r}")
    return f"{quote}{value}{quote}"
