"""A final answer that a program reads: JSON, as a schema of the user's says (`--output-schema`)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
from jsonschema import SchemaError, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from r1code.errors import UsageError

_FENCED = re.compile(r"```\w*\n(.*)\n```", re.DOTALL)
_MOST_WHY = 500
"""Characters that say what is wrong."""


class Answer:
    """`schema`: as the model is shown it."""

    def __init__(self, validator: Validator, schema: str) -> None:
        self.schema = schema
        self._validator = validator

    @classmethod
    def load(cls, file: Path) -> Answer:
        """Raises UsageError where the file is no JSON Schema of a draft that is known."""
        try:
            return cls.of(file.read_bytes())
        except (OSError, msgspec.MsgspecError, SchemaError) as error:
            why = error.message if isinstance(error, SchemaError) else str(error)
            raise UsageError(
                f"{file} is no JSON Schema",
                why=why,
                hint="correct it; https://json-schema.org says how they are written",
            ) from error

    @classmethod
    def of(cls, text: bytes) -> Answer:
        """Raises MsgspecError and SchemaError where the text is no JSON Schema of a draft that is known."""
        # Anything else than an object cannot even be looked at for its draft.
        schema: Any = msgspec.json.decode(text, type=dict[str, Any])
        kind = validator_for(schema)
        kind.check_schema(schema)
        # An empty registry: what a schema refers to is in it, and nothing is fetched.
        return cls(kind(schema, registry=Registry()), json.dumps(schema, indent=1, ensure_ascii=False))

    def wrong(self, text: str) -> str:
        """What is wrong with it as the answer, in words for the model; empty: nothing."""
        try:
            value: Any = _value(text)
        except ValueError as error:
            return f"it is no JSON: {error}"
        try:
            self._validator.validate(value)
        except RecursionError:
            return "it is nested too deep, or the schema refers to itself without an end"
        except ValidationError as error:
            return f"at {error.json_path}: {error.message}"[:_MOST_WHY]
        except Unresolvable as error:
            raise UsageError(
                "the schema of the answer cannot be used",
                why=f"it refers to what is not in it: {error}",
                hint="inline it",
            ) from error
        return ""

    @staticmethod
    def told(text: str) -> str:
        """The answer on one line, with nothing in it that a terminal would obey."""
        return json.dumps(_value(text))


def _value(text: str) -> object:
    """Raises ValueError, also for what Python alone takes for JSON: no number, or one without an end."""
    text = text.strip()
    fenced = _FENCED.fullmatch(text)
    try:
        value: object = json.loads(fenced[1] if fenced else text)
        json.dumps(value, allow_nan=False)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    return value
