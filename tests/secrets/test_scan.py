from __future__ import annotations

import sysconfig
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.leaks import INNOCENT, SECRETS, text_of
from r1code.secrets.scan import scan

ROOT = Path(__file__).parents[2]


def found_in(text: str) -> list[str]:
    return [text[one.start : one.end] for one in scan(text)]


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_found_and_nothing_beside_it(kind: str) -> None:
    text = f"before\n{text_of(kind)}\nafter"
    found = found_in(text)
    assert SECRETS[kind] in found
    assert len(found) == (3 if kind == "pem" else 1)


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_looks_like_a_secret_is_none(text: str) -> None:
    assert found_in(text) == []


def test_a_key_in_json_is_found_line_by_line() -> None:
    text = '{"private_key": "' + text_of("pem").replace("\n", "\\n") + '"}'
    assert SECRETS["pem"] in found_in(text)


PIECES = st.sampled_from([*map(text_of, SECRETS), *INNOCENT, "\n", "x = 1\n"])


@given(pieces=st.lists(PIECES, max_size=6))
def test_what_is_found_is_in_order_and_apart(pieces: list[str]) -> None:
    found = scan("\n".join(pieces))
    assert all(left.end <= right.start for left, right in pairwise(found))
    assert all(one.start < one.end for one in found)


def test_ordinary_code_is_left_alone() -> None:
    """A tenth of the standard library and all of this repository."""
    library = sorted(Path(sysconfig.get_path("stdlib")).glob("*/*.py"))[::5]
    ours = [
        path for name in ("r1code", "tools", "sandbox", "tests", "docs") for path in (ROOT / name).rglob("*.*")
    ]
    texts = {
        path: path.read_text(errors="replace")
        for path in [*library, *ours]
        if path.suffix in {".py", ".md", ".toml"}
    }
    assert len(texts) > 200
    assert {str(path): found for path, text in texts.items() if (found := found_in(text))} == {}


@pytest.mark.parametrize(
    "line", ['TOKEN = "hunter"; key = x[1]\n', "a" * 79 + "\n", "secret=", "://:@", "eyJ.", "sk-xox AKIA"]
)
def test_a_megabyte_takes_less_than_a_second_of_the_processor(line: str) -> None:
    scan("")
    text = line * (1_000_000 // len(line))
    began = time.process_time()
    scan(text)
    assert time.process_time() - began < 1
