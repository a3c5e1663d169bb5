from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from r1code.sandbox.runners.digest import digest, error_of, folded, squeezed
from r1code.types import Case

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=400)
LINES = st.lists(
    st.sampled_from(
        [
            "E       assert 1 == 2",
            "    x = 1",
            '  File "/usr/lib/python3/x.py", line 3, in f',
            "    at f (node:internal/x:1:2)",
            "ValueError: no",
            "t.py:3: ValueError",
            "_ _ _ _ _ _",
            "",
        ]
    ),
    max_size=80,
).map("\n".join)
CASES = st.lists(
    st.builds(
        Case, id=TEXT, state=st.sampled_from(["failed", "uncollected"]), text=st.one_of(TEXT, LINES), file=TEXT
    ),
    max_size=8,
)


def failed(name: str, text: str = "", **fields: object) -> Case:
    return Case(id=name, state="failed", text=text, **fields)


@given(CASES, st.integers(0, 3_000), st.one_of(st.none(), st.sets(TEXT)))
def test_a_digest_never_exceeds_its_limit(cases: list[Case], limit: int, known: set[str] | None) -> None:
    assert len(digest(cases, limit=limit, known=known)) <= limit


@given(CASES, st.integers(300, 2_000))
def test_what_was_left_out_is_always_said_to_the_end(cases: list[Case], limit: int) -> None:
    told = digest(cases, limit=limit)
    assert told == digest(cases, limit=1_000_000) or told.endswith("to see all that it says]")


@given(CASES)
def test_with_enough_room_every_failure_is_named_or_counted_and_nothing_is_left_out(cases: list[Case]) -> None:
    cases = [failed(f"t.py::test_{number}", f"{number}: {one.text}") for number, one in enumerate(cases)]
    told = digest(cases, limit=1_000_000)
    # Of those with one error the first few are named.
    more = sum(map(int, re.findall(r" and (\d+) more$", told, re.MULTILINE)))
    assert sum(one.id in told for one in cases) + more == len(cases)
    assert "[left out" not in told


@given(st.lists(TEXT.map(lambda text: text.replace("\n", " ")), max_size=30), st.integers(0, 2_000))
def test_squeezed_lines_keep_their_order_and_their_limit(lines: list[str], room: int) -> None:
    kept = squeezed(lines, room)
    assert len("\n".join(kept)) <= max(room, len("[...]"))
    rest = iter(lines)
    assert all(line == "[...]" or line in rest for line in kept)


def test_new_failures_come_first_and_are_marked() -> None:
    told = digest([failed("a", "KeyError: 1"), failed("b", "ValueError: 2")], limit=1_000, known=["a"])
    assert told == "FAILED b (new)\nValueError: 2\n\nFAILED a\nKeyError: 1"
    assert "(new)" not in digest([failed("a", "x")], limit=1_000)


def test_failures_with_the_same_error_stand_together() -> None:
    same = "Traceback\nAttributeError: <A object at 0x7f00> has no attribute 'x'"
    cases = [failed("a", same), failed("b", "ValueError: 1"), failed("c", same.replace("0x7f00", "0x8f11"))]
    told = digest(cases, limit=1_000)
    assert told.count("AttributeError") == 1
    assert "the same error in c\n\nFAILED b" in told
    # Other values are another error.
    assert digest([failed("a", "assert 1 == 2"), failed("b", "assert 1 == 3")], limit=1_000).count("assert") == 2


def test_what_does_not_fit_is_counted_and_the_way_to_see_it_is_named() -> None:
    long = "\n".join(["def test():", *(f"    line {n}" for n in range(200)), "E       assert 1 == 2"])
    cases = [failed(f"test_{number}", f"{long}{number}") for number in range(20)]
    told = digest(cases, limit=600)
    assert "assert 1 == 20" in told
    assert "failing tests and lines of those above; run a test alone to see all that it says]" in told
    shown = told.count("FAILED test_")
    assert f"[left out: {20 - shown} failing tests" in told


def test_frames_of_libraries_are_folded_and_the_projects_own_stay() -> None:
    trace = """\
Traceback (most recent call last):
  File "/workspace/shop/cart.py", line 3, in total
    return load(prices)
           ^^^^^^^^^^^^
  File "/usr/lib/python3.11/json/__init__.py", line 346, in loads
    return _default_decoder.decode(s)
  File "/venv/lib/python3.11/site-packages/x/decoder.py", line 337, in decode
    obj, end = self.raw_decode(s)
json.decoder.JSONDecodeError: Expecting value"""
    assert folded(trace) == [
        "Traceback (most recent call last):",
        '  File "/workspace/shop/cart.py", line 3, in total',
        "    return load(prices)",
        "           ^^^^^^^^^^^^",
        "    [2 frames of libraries]",
        "json.decoder.JSONDecodeError: Expecting value",
    ]


def test_frames_are_known_in_every_language() -> None:
    traces = {
        "js": "Error: no\n    at add (/w/cart.js:1:61)\n    at run (/w/node_modules/jest/x.js:3:1)\n"
        "    at node:internal/x:5:3\n    at new Promise (<anonymous>)",
        "java": "java.lang.AssertionError: no\n\tat org.junit.Assert.fail(Assert.java:89)\n"
        "\tat shop.CartTest.adds(CartTest.java:5)\n\tat java.base/jdk.internal.X.invoke(Native Method)",
        "go": "panic: no\nshop.TestX(0x1)\n\t/w/x_test.go:4 +0x2e\ntesting.tRunner(0x1, 0x2)\n"
        "\t/usr/lib/go-1.19/src/testing/testing.go:1446 +0x10b",
        "rust": "panicked at src/lib.rs:14:43:\n   0: core::panicking::panic_fmt\n"
        "             at /rustc/abc/library/core/src/panicking.rs:80:14\n   1: shop::tests::x\n"
        "             at ./src/lib.rs:14:43",
        "ruby": "expected: 2\n# /usr/share/rubygems/gems/rspec/x.rb:3:in `fail'\n# ./spec/a_spec.rb:4:in `block'",
    }
    kept = {language: "\n".join(folded(trace)) for language, trace in traces.items()}
    for language, mine in {
        "js": "cart.js:1:61",
        "java": "CartTest.java:5",
        "go": "/w/x_test.go:4",
        "rust": "./src/lib.rs:14:43",
        "ruby": "a_spec.rb:4",
    }.items():
        assert mine in kept[language]
        assert "of libraries]" in kept[language]
    for foreign in ("node_modules", "Assert.java", "tRunner", "panic_fmt", "rubygems", "anonymous"):
        assert not any(foreign in text for text in kept.values()), foreign


def test_foreign_entries_of_pytest_are_folded_but_what_they_say_stays() -> None:
    text = """\
    def test_a():
>       load("x")

test_a.py:4:
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _
    def loads(s):
>       return decode(s)

/usr/lib/python3.11/json/__init__.py:346:
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _
    def decode(s):
E       JSONDecodeError: Expecting value

/usr/lib/python3.11/json/decoder.py:355: JSONDecodeError"""
    kept = folded(text.replace(":4:\n", ":4: \n").replace(":346:\n", ":346: \n"))
    assert kept[:2] == ["    def test_a():", '>       load("x")']
    assert kept[-2:] == ["E       JSONDecodeError: Expecting value", "    [2 frames of libraries]"]
    assert error_of(text) == "JSONDecodeError: Expecting value"
