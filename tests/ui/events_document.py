"""docs/events.md, made from the types. `.venv/bin/python tests/ui/events_document.py` writes it anew."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import types
import typing
from decimal import Decimal
from enum import IntEnum
from pathlib import Path

import msgspec

from r1code.events import Event
from r1code.types import ExitCode

DOCUMENT = Path(__file__).parents[2] / "docs" / "events.md"
NAMES: dict[object, str] = {
    str: "string",
    int: "integer",
    float: "number",
    Decimal: "string",
    bool: "boolean",
    type(None): "null",
    typing.Any: "any",
}
MEANINGS = {
    "TurnStarted": "A turn begins: `text` is the task, `session` names its log.",
    "StepStarted": "The model is called, for the `step`-th time in this turn.",
    "ReasoningDelta": "The next piece of the model's reasoning.",
    "TextDelta": "The next piece of the model's answer.",
    "ReplyReceived": "The answer is complete; tokens are what the provider reported.",
    "CallStarted": "The model asked for something, and it is looked at now.",
    "CommandOutput": "The next piece of a command's output; pieces are not lines.",
    "CallFinished": "What came of a call of the tool `name`.",
    "TurnEnded": "The agent stopped, and why; `text` is the ending in words.",
    "VerdictReached": "The tests ran again on the base and the patch, in a fresh sandbox.",
    "Counts": "How many tests ended in each way.",
    "ToolCall": "One thing that the model asks for.",
}
"""For types whose names say enough in the code."""

HEAD = """\
# Events

<!-- Made from r1code/events.py: `.venv/bin/python tests/ui/events_document.py` writes this file. -->

`r1code ... --json` writes one JSON object per line to standard output, each flushed at once. The field `event`
names its kind. A field is there even when its value is null or empty.

- `Finished` comes last, and its `exit_code` is the exit code of the process. Without it r1code could not start,
  or the backend or the sandbox failed: standard error says why.
- A reader must ignore fields and events that it does not know: later versions may add some.
- Characters that a terminal or a CI service would obey (escape sequences, bidirectional overrides, `##[`) are
  written as `\\\\uXXXX`; reading the JSON gives the text as it was. A lone surrogate stays one.
- A terminal is shown excerpts; the events hold what there was.
"""


def document() -> str:
    shared: dict[str, type[msgspec.Struct]] = {}
    parts = [HEAD.replace("\\\\", "\\")]
    parts += [section(event, shared) for event in Event.__subclasses__()]
    parts.append("# Values\n")
    done: set[str] = set()
    while set(shared) - done:
        name = next(name for name in shared if name not in done)
        done.add(name)
        parts.append(section(shared[name], shared))
    codes = rows([(str(code.value), f"`{code.name}`") for code in ExitCode])
    parts.append(f"## ExitCode\n\n| number | name |\n|---|---|\n{codes}")
    return "\n".join(parts)


def rows(cells: list[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


def section(kind: type[msgspec.Struct], shared: dict[str, type[msgspec.Struct]]) -> str:
    hints, notes = typing.get_type_hints(kind), field_notes(kind)
    text = f"## {kind.__name__}\n\n{meaning(kind)}\n"
    fields = [(name, words(hints[name], shared), notes.get(name, "")) for name in kind.__struct_fields__]
    table = rows([(f"`{name}`", *rest) for name, *rest in fields])
    return f"{text}\n| field | type | meaning |\n|---|---|---|\n{table}" if fields else text


def meaning(kind: type) -> str:
    return in_json(vars(kind).get("__doc__") or MEANINGS[kind.__name__])


def in_json(text: str) -> str:
    """A docstring on one line, and in the words of JSON."""
    return re.sub(r"\s+", " ", text).replace("None:", "null:").replace("False:", "false:")


def words(hint: object, shared: dict[str, type[msgspec.Struct]]) -> str:
    inner = typing.get_args(hint)
    match typing.get_origin(hint):
        case typing.Literal:
            text = ", ".join(f'`"{value}"`' for value in inner)
        case typing.Union | types.UnionType:
            turn = all(isinstance(each, type) and issubclass(each, Event) for each in inner)
            text = "an event of a turn" if turn else " or ".join(words(each, shared) for each in inner)
        case builtins.tuple:
            text = f"list of {words(inner[0], shared)}"
        case builtins.dict:
            text = "object"
        case _:
            text = NAMES.get(hint) or link(typing.cast("type", hint), shared)
    return text


def link(kind: type, shared: dict[str, type[msgspec.Struct]]) -> str:
    if not issubclass(kind, IntEnum):
        shared.setdefault(kind.__name__, kind)
    return f"[{kind.__name__}](#{kind.__name__.lower()})"


def field_notes(kind: type) -> dict[str, str]:
    """The sentences under the fields of a type."""
    tree = ast.parse(inspect.getsource(kind)).body[0]
    notes: dict[str, str] = {}
    name = ""
    for node in typing.cast("ast.ClassDef", tree).body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=found)):
                name = found
            case ast.Expr(value=ast.Constant(value=str(text))) if name:
                notes[name] = in_json(text)
            case _:
                name = ""
    return notes


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
