"""Syntax after edits: what an edit broke is told with it, in every language that the index reads."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.house import House
from r1code.control import Control
from r1code.events import CallFinished, Notice
from r1code.repo.index.languages import languages
from r1code.repo.index.pool import Pool
from r1code.repo.index.syntax import Syntax
from r1code.tools.diagnostics import Diagnostics
from r1code.tree.store import Store

BROKEN = {
    "a.sh": ("f() { echo 1; }\n", "f() { echo 1;\n"),
    "a.c": ("int f(void) { return 1; }\n", "int f(void) { return 1 }}\n"),
    "a.cpp": ("class A { int x; };\n", "class A { int x; ;; = }\n"),
    "a.css": ("a { color: red; }\n", "a { color: red; \n"),
    "a.go": ("package a\n\nfunc f() {}\n", "package a\n\nfunc f( {}\n"),
    "a.html": ("<p>one</p>\n", "<p <one</p>\n"),
    "A.java": ("class A { int f() { return 1; } }\n", "class A { int f() { return 1; \n"),
    "a.js": ("f(1);\n", "f(1;\n"),
    "a.json": ('{"a": 1}\n', '{"a": 1,,}\n'),
    "a.rs": ("fn f() -> i32 { 1 }\n", "fn f( -> i32 { 1 }\n"),
    "a.toml": ("a = 1\n", "a = = 1\n"),
    "a.ts": ("const a: number = 1;\n", "const a: = 1;\n"),
    "a.tsx": ("const a = <p>1</p>;\n", "const a = <p>1</;\n"),
    "a.cs": ("class A { int x; }\n", "class A { int x; \n"),
    "Dockerfile": ("FROM a\nRUN b\n", "FROM a\n)( b\n"),
    "a.kt": ("fun f(): Int { return 1 }\n", "fun f(: Int { return 1 }\n"),
    "a.lua": ("function f() return 1 end\n", "function f( return 1 end\n"),
    "Makefile": ("a: b\n\techo 1\n", "a: b\n)(\n\techo $(\n"),
    "a.php": ("<?php\nfunction f() { return 1; }\n", "<?php\nfunction f( { return 1; }\n"),
    "a.rb": ("def f\n  1\nend\n", "def f(\n  1\nend\n"),
    "a.scala": ("object A { def f = 1 }\n", "object A { def f = (1 }\n"),
    "a.sql": ("SELECT a FROM b;\n", "SELECT a FROM FROM WHERE;\n"),
    "a.swift": ("func f() -> Int { return 1 }\n", "func f( -> Int { return 1 }\n"),
}
ELSEWHERE = {"python", "markdown", "yaml", "notebook", "header", "script"}
"""Python is refused; these two are not read with a grammar; and the rest is one of the others."""


@pytest.fixture(scope="module")
def syntax(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Syntax]:
    made = Syntax(Store(tmp_path_factory.mktemp("objects")))
    yield made
    made.close()


def test_every_language_that_has_a_grammar_is_looked_at(syntax: Syntax) -> None:
    changed = {path: (was.encode(), now.encode()) for path, (was, now) in BROKEN.items()}
    assert syntax.broken(changed, Control()).keys() == BROKEN.keys()
    assert len(BROKEN) == len(languages().keys() - ELSEWHERE)


def test_only_what_the_change_broke(syntax: Syntax) -> None:
    good, bad = (text.encode() for text in BROKEN["a.ts"])
    still = b"const b = 1;\n" + bad
    changed = {
        "fine.ts": (bad, good),
        "before.ts": (bad, still),
        "same.ts": (bad, bad),
        "new.ts": (None, bad),
        "a.py": (b"a = 1\n", b"a = = 1\n"),
        "a.unknown": (good, bad),
    }
    assert syntax.broken(changed, Control()) == {"new.ts": 1}


def test_the_edit_stays_and_the_model_is_told(tmp_path: Path, syntax: Syntax) -> None:
    edit = '<edit path="a.ts">\n<<<<<<< SEARCH\nb();\n=======\nb(;\n>>>>>>> REPLACE\n</edit>'
    made = House(tmp_path, [edit, "<done/>"], files={"a.ts": "a();\nb();\n"})
    own = Syntax(made.store)
    made.toolset.checking(Diagnostics(made.tree, own))
    (seen,) = (event.observation for event in made.turn() if isinstance(event, CallFinished))
    own.close()
    assert seen.status == "ok"
    assert made.file("a.ts") == "a();\nb(;\n"
    assert "\na.ts:2: syntax error near 'b(;'" in made.told()


def test_hostile_sources_end_in_time(tmp_path: Path, syntax: Syntax) -> None:
    began = time.monotonic()
    changed = {
        "deep.json": (b"{}\n", b"[" * 400_000),
        "wide.js": (b"1;\n", b"a(" * 200_000),
        "binary.c": (b"int a;\n", bytes(range(256)) * 100),
        "wrong.go": (b"package a\n", b"package \xff\xfe\x00a {"),
    }
    syntax.broken(changed, Control())
    assert time.monotonic() - began < 30
    good, bad = (text.encode() for text in BROKEN["a.ts"])
    assert syntax.broken({"a.ts": (good, bad)}, Control()) == {"a.ts": 1}


def test_what_hangs_the_reader_is_said_to_be_nothing(tmp_path: Path) -> None:
    hangs = "import sys, time; sys.stdout.buffer.write(bytes(4)); sys.stdout.flush(); time.sleep(60)"
    store = Store(tmp_path / "objects")
    pool = Pool(store.folder, most=1, command=(sys.executable, "-c", hangs), seconds=2.0)
    syntax = Syntax(store, pool=pool)
    began = time.monotonic()
    assert syntax.broken({"a.ts": (None, b"f(;\n")}, Control()) == {}
    assert time.monotonic() - began < 30
    syntax.close()


def test_where_no_reader_starts_a_person_is_told_once_and_work_goes_on(tmp_path: Path) -> None:
    replies = [f'<write path="{name}.ts">\nf(;\n</write>' for name in "ab"]
    made = House(tmp_path, [*replies, "<done/>"])
    pool = Pool(made.store.folder, most=1, command=(str(tmp_path / "missing"),))
    made.toolset.checking(Diagnostics(made.tree, Syntax(made.store, pool=pool)))
    events = made.turn()
    assert [event.level for event in events if isinstance(event, Notice)] == ["warning"]
    assert made.file("b.ts") == "f(;\n"


def test_a_notebook_is_looked_at_by_cell(syntax: Syntax) -> None:
    def notebook(code: str) -> bytes:
        cell = {"cell_type": "code", "source": [code], "metadata": {}, "outputs": []}
        metadata = {"language_info": {"name": "python"}}
        return json.dumps({"cells": [cell], "metadata": metadata, "nbformat": 4}, indent=1).encode()

    assert syntax.broken({"a.ipynb": (notebook("a = 1"), notebook("a = (1"))}, Control())
