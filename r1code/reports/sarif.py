"""A card as SARIF 2.1.0. Pure."""

from __future__ import annotations

from typing import Any, get_args

from r1code.reports.card import Card
from r1code.reports.escape import unlinked, uri
from r1code.reports.finding import LEVELS, MEANINGS, TITLES, Rule, Spot, spots
from r1code.reports.words import told
from r1code.ui.export import as_json

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
"""Its name; nobody fetches it."""
_ROOT = "SRCROOT"
_RULES: tuple[Rule, ...] = get_args(Rule)


def sarif(card: Card) -> str:
    run = {
        "tool": {"driver": {"name": "r1code", "semanticVersion": card.version, "rules": [*map(_rule, _RULES)]}},
        "automationDetails": {"id": f"r1code/{card.command}/"},
        "invocations": [_invocation(card)],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The top folder of the work tree."}}},
        "columnKind": "unicodeCodePoints",
        "results": [*map(_result, spots(card))],
    }
    return as_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule,
        "name": "".join(part.capitalize() for part in rule.split("-")),
        "shortDescription": {"text": TITLES[rule]},
        "fullDescription": {"text": MEANINGS[rule]},
        "help": {"text": MEANINGS[rule]},
        "defaultConfiguration": {"level": LEVELS[rule]},
    }


def _invocation(card: Card) -> dict[str, Any]:
    """Whether r1code itself could work; what it found of the code is in the results."""
    level = "error" if card.outcome in {"error", "unfinished"} else "note"
    found: dict[str, Any] = {
        "executionSuccessful": level == "note",
        "toolExecutionNotifications": [{"level": level, "message": {"text": unlinked(told(card))}}],
    }
    return found if card.exit_code is None else {**found, "exitCode": card.exit_code}


def _result(spot: Spot) -> dict[str, Any]:
    place: dict[str, Any] = {
        "artifactLocation": {"uri": uri(spot.path) if spot.path else ".", "uriBaseId": _ROOT}
    }
    if spot.path and spot.line is not None and spot.line > 0:
        place["region"] = {"startLine": spot.line}
    return {
        "ruleId": spot.rule,
        "ruleIndex": _RULES.index(spot.rule),
        "level": spot.level,
        "message": {"text": unlinked(f"{spot.title}\n{spot.text}".strip())},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"r1code/v1": spot.fingerprint},
    }
