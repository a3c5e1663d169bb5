"""The outlines of the sample of each language, as text.

`.venv/bin/python tests/repo/index/samples.py` writes them anew; read the diff before you commit.
"""

from __future__ import annotations

from pathlib import Path

from r1code.repo.index.languages import Language, language_of
from r1code.repo.index.outline import Outline
from r1code.repo.index.read import read

FOLDER = Path(__file__).parent / "golden"
SAMPLES = Path(__file__).parents[2] / "projects" / "outlines"


def names() -> list[str]:
    return sorted(place.name for place in SAMPLES.iterdir())


def language(name: str) -> Language:
    found = language_of(name, is_program=name == "program")
    assert found is not None
    return found


def outlined(name: str) -> Outline:
    return read((SAMPLES / name).read_bytes(), language(name))


def shown(outline: Outline) -> str:
    """Everything that is in it."""
    head = f"{outline.language}, {outline.lines} lines, error {outline.error}, note {outline.note!r}"
    rows = [head]
    for number, one in enumerate(outline.definitions):
        place = f"{one.first}-{one.last} line {one.line} in {one.parent}"
        rows += [f"{number} {one.kind} {one.path} {place}", f"    {one.signature}"]
        rows += [f"    # {one.doc}"] if one.doc else []
    rows += [f"import {one.name} {one.line}" for one in outline.imports]
    rows += [f"call {name} {' '.join(map(str, lines))}" for name, lines in outline.calls.items()]
    rows += [f"use {name} {' '.join(map(str, lines))}" for name, lines in outline.uses.items()]
    return "\n".join([*rows, ""])


def main() -> None:
    for name in names():
        (FOLDER / f"{name}.txt").write_text(shown(outlined(name)))


if __name__ == "__main__":
    main()
