"""Functions, as servers know them: their schemas, and what a model calls them with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec
from msgspec import Struct

from r1code.dialects.base import Function, Parsed
from r1code.dialects.form import ENDINGS, NOTE
from r1code.errors import FormatError
from r1code.types import Arguments, Ending, Message, RawCall, ToolCall, ToolSpec

_REF = "#/$defs/"


class Said(Struct, frozen=True, kw_only=True):
    """The argument of a function that only says something: an ending or a note."""

    text: str


SAID = {name: ToolSpec(name=name, arguments=Said) for name in (NOTE, "question", "plan", "done")}
"""What a model says with functions instead of tags; in this order it is told of them."""


def function(spec: ToolSpec, description: str) -> Function:
    """The schema comes from the types of the tool's own arguments."""
    (schema,), parts = msgspec.json.schema_components([spec.arguments], ref_template=_REF + "{name}")
    parameters = cast("dict[str, Any]", _inlined(schema, parts))
    parameters["additionalProperties"] = False
    return Function(name=spec.name, description=description, parameters=parameters)


def _inlined(schema: object, parts: Mapping[str, object]) -> object:
    """`schema` without references and titles: servers read references differently, and nobody reads titles."""
    if isinstance(schema, dict):
        fields = cast("dict[str, object]", schema)
        if "$ref" in fields:
            return _inlined(parts[str(fields["$ref"]).removeprefix(_REF)], parts)
        found = {
            key: _inlined(value, parts) for key, value in fields.items() if key not in {"title", "description"}
        }
        return _without_null(found)
    if isinstance(schema, list):
        return [_inlined(one, parts) for one in cast("list[object]", schema)]
    return schema


def _without_null(schema: dict[str, object]) -> dict[str, object]:
    """An argument that may be null may as well be left out, and is easier to understand so."""
    if schema.get("default", ...) is None:
        del schema["default"]
        choices = cast("list[dict[str, object]]", schema.pop("anyOf"))
        schema.update(next(choice for choice in choices if choice != {"type": "null"}))
    return schema


class RawCalls:
    """Puts the calls of a stream together from pieces, however a server cuts them."""

    def __init__(self) -> None:
        self._calls: list[tuple[list[str], list[str]]] = []
        self._latest: dict[int, int] = {}
        self._ids: dict[str, int] = {}

    def feed(self, index: int | None, call_id: str, name: str, arguments: str) -> None:
        """A piece of the call with this index.

        An id that was not seen before begins a call, also where a server numbers all of them alike. The index
        may be missing, then a name begins a call.
        """
        at = self._ids.get(call_id) if call_id else None
        if at is None and not call_id:
            at = self._latest.get(index) if index is not None else None
            if index is None and not name and self._calls:
                at = len(self._calls) - 1
        elif (
            at is None
            and index in self._latest
            and not any(number == self._latest[index] for number in self._ids.values())
        ):
            # The id came later than the first piece.
            at = self._latest[index]
        if at is None:
            at = len(self._calls)
            self._calls.append(([], []))
        if index is not None:
            self._latest[index] = at
        if call_id:
            self._ids[call_id] = at
        names, texts = self._calls[at]
        if name and names != [name]:
            names.append(name)
        if arguments:
            texts.append(arguments)

    def whole(self) -> tuple[RawCall, ...]:
        return tuple(RawCall(name="".join(names), arguments="".join(texts)) for names, texts in self._calls)


def read_arguments(raw: RawCall, number: int, specs: Mapping[str, ToolSpec]) -> Arguments:
    """The arguments of the call with this number in its reply. Raises FormatError where anything is wrong."""
    which = f"Call {number} ({raw.name})"
    spec = specs.get(raw.name)
    if spec is None:
        raise FormatError(
            f"Call {number}: there is no function {raw.name!r}, so nothing was done. The functions are: "
            f"{', '.join(specs)}."
        )
    found = _json_object(raw.arguments, which)
    names = [field.encode_name for field in msgspec.structs.fields(spec.arguments)]
    unknown = sorted(found.keys() - set(names))
    if unknown:
        raise FormatError(f"{which} has no argument {unknown[0]!r}. It takes: {', '.join(names)}.")
    arguments = {name: value for name, value in found.items() if value is not None}
    missing = [
        field.encode_name
        for field in msgspec.structs.fields(spec.arguments)
        if field.required and arguments.get(field.encode_name) is None
    ]
    if missing:
        raise FormatError(f"{which} needs the argument {missing[0]!r}.")
    try:
        msgspec.convert(arguments, type=spec.arguments)
    except msgspec.ValidationError as error:
        raise FormatError(f"{which} cannot be used: {_plain(error)}.") from error
    return _whole_lines(arguments)


def _plain(error: msgspec.ValidationError) -> str:
    return str(error).replace("`$.", "`")


def _json_object(text: str, which: str) -> Arguments:
    if not text.strip():
        # Some servers send nothing for a call without arguments.
        return {}
    try:
        found = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            raise FormatError(
                f"{which}: its arguments end in the middle, after {len(text)} characters: ...{text[-30:]!r}. "
                "Nothing was done. Send the call again, whole; if it is long, in smaller parts."
            ) from error
        near = text[max(0, error.pos - 15) : error.pos + 15]
        raise FormatError(
            f"{which}: its arguments are no JSON: {error.msg.removesuffix(' at')} at line {error.lineno}, "
            f"column {error.colno}, near {near!r}. Nothing was done. Send the call again with its arguments as "
            "one JSON object."
        ) from error
    except (ValueError, RecursionError) as error:
        why = "they are nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise FormatError(f"{which}: its arguments cannot be used: {why}. Nothing was done.") from error
    if not isinstance(found, dict):
        kind = "a text" if isinstance(found, str) else "a list or a single value"
        raise FormatError(
            f"{which}: its arguments are {kind}, and must be one JSON object. Nothing was done. Send the call "
            "again."
        )
    return cast("Arguments", found)


def _unique(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key!r} is there twice")
        found[key] = value
    return found


def _no_number(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")


def _whole_lines(arguments: Arguments) -> Arguments:
    """Edits replace whole lines; the last line's end is often left out in JSON."""
    if "edits" not in arguments:
        return arguments
    edits = [
        {key: text and text.removesuffix("\n") + "\n" for key, text in edit.items()}
        for edit in arguments["edits"]
    ]
    return {**arguments, "edits": edits}


def is_object(text: str) -> bool:
    """Whether a server will take `text` as arguments; some read them, and fail."""
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def said(message: Message) -> Parsed:
    """What a reply that called functions said: its calls as they were read, its endings and notes."""
    endings: list[Ending] = []
    notes: list[str] = []
    for raw in message.raw_calls:
        if raw.name in SAID and is_object(raw.arguments):
            text = str(json.loads(raw.arguments).get("text", ""))
            if raw.name == NOTE:
                notes.append(text)
            else:
                endings.append(Ending(kind=ENDINGS[raw.name], text=text))
    ending = endings[0] if len(endings) == 1 else Ending()
    return Parsed(calls=message.calls, ending=ending, prose=message.text.strip(), notes=tuple(notes))


def raw_call(call: ToolCall) -> RawCall:
    """The call as the model would send it."""
    return RawCall(name=call.name, arguments=json.dumps(call.arguments, ensure_ascii=False))


def raw_text(name: str, text: str) -> RawCall:
    """An ending or a note as the model would send it."""
    return RawCall(name=name, arguments=json.dumps({"text": text}, ensure_ascii=False))
