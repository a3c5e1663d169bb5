"""r1code/reports/card.schema.json, made from types: `python -m reports.schema_document`, in tests/, writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from r1code.reports.card import SCHEMA, Card

FILE = Path(__file__).parents[2] / "r1code" / "reports" / "card.schema.json"


def schema() -> dict[str, Any]:
    """Closed: an object has exactly the fields that it names. In a report nothing is left out."""
    made = msgspec.json.schema(Card)
    for definition in made["$defs"].values():
        if definition.get("type") == "object" and "properties" in definition:
            definition["required"] = list(definition["properties"])
            definition["additionalProperties"] = False
            for field in definition["properties"].values():
                field.pop("default", None)
    made["$defs"]["Card"]["properties"]["schema"] = {"const": SCHEMA}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What a run of r1code came to",
        **made,
    }


def text() -> str:
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
