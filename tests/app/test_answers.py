"""What a program may be given as the final answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from r1code.app.answers import Answer
from r1code.errors import UsageError


def answer(folder: Path, schema: object) -> Answer:
    file = folder / "schema.json"
    file.write_text(json.dumps(schema))
    return Answer.load(file)


@pytest.mark.parametrize("text", ["NaN", "[-Infinity]", "[1e999]"])
def test_what_python_alone_takes_for_json_is_none(tmp_path: Path, text: str):
    assert answer(tmp_path, {}).wrong(text).startswith("it is no JSON")


def test_an_answer_that_is_nested_too_deep_is_wrong_and_no_crash(tmp_path: Path):
    assert "nested too deep" in answer(tmp_path, {}).wrong("[" * 100_000)
    trees = answer(tmp_path, {"type": "array", "items": {"$ref": "#"}})
    assert not trees.wrong("[[], [[]]]")
    assert "nested too deep" in trees.wrong("[" * 300 + "]" * 300)


def test_nothing_is_fetched_for_a_schema(tmp_path: Path):
    with pytest.raises(UsageError) as error:
        answer(tmp_path, {"$ref": "http://127.0.0.1:9/schema.json"}).wrong("1")
    assert "refers to what is not in it" in error.value.why
