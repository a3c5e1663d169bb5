from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from r1code.reports.form import FORMS
from r1code.reports.sheet import sheet_of
from r1code.secrets.values import unchanged
from reports.golden import FOLDER, GOLDEN, made, path_of
from reports.runs import RUNS, fixed, unfinished
from reports.schema_document import FILE, schema, text

DOCUMENT = Path(__file__).parents[2] / "docs" / "reports.md"


@pytest.mark.parametrize("form", GOLDEN)
@pytest.mark.parametrize("run", RUNS)
def test_a_report_reads_as_its_golden_file(run: str, form: str, tmp_path: Path) -> None:
    expected = path_of(run, form).read_bytes()
    assert made(run, form, tmp_path).encode("utf-8", "surrogateescape") == expected


def test_every_golden_file_belongs_to_a_run_and_a_form() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {
        path_of(run, form).name for run in RUNS for form in GOLDEN
    }


@pytest.mark.parametrize("run", RUNS)
def test_the_json_form_is_what_the_schema_says(run: str) -> None:
    validator = jsonschema.Draft202012Validator(schema())
    assert [error.message for error in validator.iter_errors(json.loads(path_of(run, "json").read_text()))] == []


def test_the_schema_that_is_shipped_is_that_of_the_types_and_it_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert FILE.read_text() == text()


def test_the_schema_is_complete_and_closed() -> None:
    """Of every object in a report, no field may be missing and none may come in addition."""
    validator = jsonschema.Draft202012Validator(schema())
    whole = json.loads(path_of("fixed", "json").read_text())
    seen = 0

    def broken(value: object) -> None:
        nonlocal seen
        if isinstance(value, list):
            for inner in value:
                broken(inner)
        elif isinstance(value, dict):
            for key in list(value):
                kept = value.pop(key)
                assert not validator.is_valid(whole), key
                value[key] = kept
                broken(kept)
                seen += 1
            value["more"] = 1
            assert not validator.is_valid(whole)
            del value["more"]

    # What is keyed by anything has no fields of its own.
    whole["before"].pop("failed_of", None)
    whole["after"].pop("failed_of", None)
    if validator.is_valid(whole):
        broken(whole)
        assert seen > 60
    assert validator.is_valid(json.loads(path_of("fixed", "json").read_text()))


def test_every_field_of_the_card_and_every_form_is_documented() -> None:
    words = DOCUMENT.read_text()
    names = schema()["$defs"]
    for kind in ("Card", "Patch", "Changed", "Candidate", "Problem"):
        for field in names[kind]["properties"]:
            assert f"`{field}`" in words, f"{kind}.{field}"
    for form in FORMS:
        assert f"`{form}`" in words


def test_the_page_is_made_of_the_same_session(tmp_path: Path) -> None:
    sheet = sheet_of(fixed(tmp_path), tmp_path / "state", unchanged, forms=FORMS)
    assert "20260102-030405-0a1b2" in FORMS["html"](sheet)


def test_a_run_whose_process_died_is_reported_as_far_as_it_came(tmp_path: Path) -> None:
    card = sheet_of(unfinished(tmp_path), tmp_path, unchanged, forms=GOLDEN).card
    assert (card.outcome, card.exit_code, card.is_good) == ("unfinished", None, False)
    assert card.before is not None
    assert [file.path for file in card.patch.files] == ["shop/cart.py"]
