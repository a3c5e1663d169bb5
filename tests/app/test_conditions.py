"""Whatever a task was begun with is what it goes on with: all of it comes back from the log."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from r1code.app.answers import Answer
from r1code.app.conditions import answer_of, under
from r1code.app.stopped import settings_for
from r1code.app.task import Task
from r1code.config import DETECTED, Config, load_config
from r1code.errors import StateError
from r1code.log import Conditions, Opened

OTHERS: dict[str, Any] = {
    "strategy": "loop",
    "strict": "all",
    "sandbox": "bubblewrap",
    "approve": "ask",
    "commit": "turn",
    "attribution": "none",
    "pick": "best",
    "color": "never",
    "language_servers": {"python": "a server"},
}
"""Values that are none of the defaults, where a kind of value does not say one."""
KEYS = tuple(Config().values)


def other(key: str) -> object:
    default = getattr(Config(), key)
    kinds: dict[type, object] = {bool: not default, tuple: ("a", "b"), int: 3, float: 3.5, str: "other"}
    if key in OTHERS:
        return OTHERS[key]
    if default is not None:
        return kinds[type(default)]
    # It may be a number or a text: whatever is taken.
    for value in (3_000, 3, "other"):
        try:
            msgspec.convert({key: value}, type=Config)
        except msgspec.ValidationError:
            continue
        return value
    raise AssertionError(key)


@pytest.mark.parametrize("key", KEYS)
def test_every_setting_comes_back_from_the_log(key: str) -> None:
    begun = load_config(flags={key: other(key)}, environ={}, user_file=Path(os.devnull), project=None)
    assert getattr(begun, key) != getattr(Config(), key)
    opened = Opened(root="/", profile="scripted", base="", settings=begun.values)
    logged = msgspec.json.decode(msgspec.json.encode(opened), type=Opened)
    kept = settings_for(logged, begun.profile or "scripted")
    again = load_config(flags=kept, environ={}, user_file=Path(os.devnull), project=None)
    assert getattr(again, key) == getattr(begun, key)


def test_so_does_what_is_no_setting(tmp_path: Path) -> None:
    (tmp_path / ".r1codeignore").write_text("secret\n")
    answer = Answer.of(b'{"type": "integer"}')
    found = Config(test="pytest -q", origins={"test": DETECTED})
    conditions = Task(command="fix", only_tests=True, part="a", answer=answer).conditions(found, tmp_path)
    again = msgspec.json.decode(msgspec.json.encode(conditions), type=Conditions)
    assert (again.only_tests, again.part) == (True, "a")
    assert again.hiding not in {"", None}
    assert under(Config(test="pytest -q"), again).origins == {"test": DETECTED}
    wanted = answer_of(again)
    assert wanted is not None
    assert (wanted.wrong("7"), bool(wanted.wrong('"7"'))) == ("", True)
    plain = Task(command="fix").conditions(Config(test="pytest -q", origins={"test": "a flag"}), tmp_path / "no")
    assert plain == Conditions(hiding="")
    assert answer_of(plain) is None
    assert under(Config(), plain).origins == {}


def test_a_schema_that_was_damaged_is_told() -> None:
    with pytest.raises(StateError, match="the session cannot go on"):
        answer_of(Conditions(answer='{"type": 7}'))
