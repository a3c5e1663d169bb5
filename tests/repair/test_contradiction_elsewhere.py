"""Tests in Go, in Rust and for Node that cannot pass together, as far as that can be read for certain."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.repair.asked_elsewhere import asked
from r1code.repair.contradiction import contradictions

Lines = tuple[str, str]
HEADS = {
    "js": 'import { test, describe, it } from "node:test";\nimport assert from "node:assert/strict";\n'
    'import { total, Cart } from "../src/cart.js";\n',
    "go": 'package shop\n\nimport "testing"\n\n',
    "rs": "use shop::total;\n",
}
FILES = {"js": "test/cart.test.js", "go": "cart/cart_test.go", "rs": "crates/shop/tests/cart.rs"}
IDS = {
    "js": ("test/cart.test.js::one", "test/cart.test.js::two"),
    "go": ("example.org/shop/cart::TestOne", "example.org/shop/cart::TestTwo"),
    "rs": ("cart:tests/cart.rs::one", "cart:tests/cart.rs::two"),
}


def pair(language: str, lines: Lines, before: str = "") -> str:
    kinds = {
        "js": 'test("{}", () => {{\n  {}\n}});\n',
        "go": "func Test{}(t *testing.T) {{\n\t{}\n}}\n",
        "rs": "#[test]\nfn {}() {{\n    {}\n}}\n",
    }
    names = ("One", "Two") if language == "go" else ("one", "two")
    tests = (kinds[language].format(name, line) for name, line in zip(names, lines, strict=True))
    return HEADS[language] + before + "\n".join(tests)


def found(language: str, text: str, **more: str) -> int:
    one, two = IDS[language]
    return len(list(contradictions({FILES[language]: text, **more}, (one,), (two,))))


JS = [
    ("assert.strictEqual(total([1, 2]), 3);", "assert.strictEqual(total([1, 2]), 4);"),
    ("assert.equal(4, total([1], 'a'));", 'assert.deepStrictEqual(total([1], "a"), -1.5, "the sum")'),
    ("expect(total('x')).toBe(true);", "expect(total('x')).toEqual(false)"),
    ("const sum = total([1]);\n  assert.equal(sum, 1);", "const wanted = 2\n  assert.equal(total([1]), wanted)"),
    ("assert.equal(\n    total([1]),\n    1,\n  );", "assert.equal(total([1]), 2) // so"),
    ("assert.equal(total([2]), 1);\n  assert.equal(total([1]), 1);", "assert.equal(total([1]), 2);"),
    ("assert.equal(total([1]), null);", "assert.equal(total([1]), undefined);"),
    ("assert.equal(Cart.sum([1]), 1);", "assert.equal(Cart.sum([1]), 2);"),
]
GO = [
    (
        'if got := Total(1); got != 3 {\n\t\tt.Errorf("got %d", got)\n\t}',
        "if Total(1) != 4 {\n\t\tt.Fatal()\n\t}",
    ),
    (
        "got := Total([]int{1, 2}, true)\n\tif 3 != got {\n\t\tt.Fail()\n\t}",
        "if Total([]int{1, 2}, true) != 4 { t.Fail() }",
    ),
    (
        't.Parallel()\n\tif Name("a") != "b" {\n\t\tt.Error("x")\n\t}',
        "if Name(`a`) != `c` {\n\t\tt.Error()\n\t}".replace("`a`", '"a"'),
    ),
]
RUST = [
    ("assert_eq!(total(&[1, 2]), 3);", "assert_eq!(4, total(&[1, 2]));"),
    ('let sum = total(1);\n    assert_eq!(sum, 3, "it is {}", sum);', "assert_eq!(total(1), 4);"),
    ('assert_eq!(shop::name("a"), "b");', 'assert_eq!(shop::name("a"), "c");'),
    ("assert_eq!(total(vec![1, 2]), -3);", "assert_eq!(total(vec![1, 2]), 4)  // last\n    ;"),
]
ALL = [*(("js", one) for one in JS), *(("go", one) for one in GO), *(("rs", one) for one in RUST)]


@pytest.mark.parametrize(("language", "lines"), ALL)
def test_two_tests_that_expect_different_answers_of_one_call(language: str, lines: Lines) -> None:
    assert found(language, pair(language, lines)) == 1
    assert found(language, pair(language, (lines[0], lines[0]))) == 0
    assert list(contradictions({FILES[language]: pair(language, lines)}, IDS[language], ())) != []
    assert list(contradictions({FILES[language]: pair(language, lines)}, IDS[language][:1], ())) == []


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("js", ("assert.equal(total([1]), 1);", "assert.equal(total([2]), 2);")),
        ("js", ("assert.equal(total([0]), 1);", "assert.equal(total([-0]), 2);")),
        ("js", ("assert.equal(total([1]), 1);", "assert.equal(total([1]), 1.0);")),
        ("js", ("assert.equal(total([1]), 1);", "assert.equal(total([1]), '1');")),
        ("js", ("assert.equal(total(), 1);", "assert.equal(total(), 2);")),
        ("js", ("assert.notEqual(total([1]), 1);", "assert.equal(total([1]), 2);")),
        ("js", ("Cart.reset();\n  assert.equal(total([1]), 1);", "assert.equal(total([1]), 2);")),
        ("js", ("assert.equal(total([1]) + 1, 1);", "assert.equal(total([1]), 2);")),
        ("js", ("assert.equal(total([1])\n  .x, 1);", "assert.equal(total([1]), 2);")),
        ("js", ("assert.equal(total([1]), 1)\n  .x;", "assert.equal(total([1]), 2);")),
        ("js", ("expect(total([1])).not.toBe(1);", "expect(total([1])).toBe(2);")),
        ("js", ("const total = (x) => 1;\n  assert.equal(total([1]), 1);", "assert.equal(total([1]), 2);")),
        ("js", ("assert.equal(new Cart([1]), 1);", "assert.equal(new Cart([1]), 2);")),
        ("js", ("assert.equal(other([1]), 1);", "assert.equal(other([1]), 2);")),
        ("js", ("assert.equal(total([1]), 0x10);", "assert.equal(total([1]), 0);")),
        ("go", ("if Total(1) != 3 {\n\t\tt.Log()\n\t}", "if Total(1) != 4 {\n\t\tt.Fatal()\n\t}")),
        ("go", ("if Total(1) == 3 {\n\t\tt.Fail()\n\t}", "if Total(1) != 4 {\n\t\tt.Fatal()\n\t}")),
        ("go", ("Reset()\n\tif Total(1) != 3 {\n\t\tt.Fail()\n\t}", "if Total(1) != 4 {\n\t\tt.Fatal()\n\t}")),
        ("go", ("if Total(x) != 3 {\n\t\tt.Fail()\n\t}", "if Total(x) != 4 {\n\t\tt.Fatal()\n\t}")),
        ("go", ("if Total(1) != 3 && X {\n\t\tt.Fail()\n\t}", "if Total(1) != 4 {\n\t\tt.Fatal()\n\t}")),
        ("go", ("if Total(1) != 16777216 {\n\t\tt.Fail()\n\t}", "if Total(1) != 16777217 {\n\t\tt.Fatal()\n\t}")),
        ("go", ("t.Skip()\n\tif Total(1) != 3 {\n\t\tt.Fail()\n\t}", "if Total(1) != 4 {\n\t\tt.Fatal()\n\t}")),
        ("rs", ("assert_eq!(total(3u8), 1);", "assert_eq!(total(3u64), 2);")),
        ("rs", ("assert_eq!(total(3), 1u8);", "assert_eq!(total(3), 2);")),
        ("rs", ('assert_eq!(total(3), "1");', "assert_eq!(total(3), 2);")),
        ("rs", ("assert_ne!(total(3), 1);", "assert_eq!(total(3), 2);")),
        ("rs", ("reset();\n    assert_eq!(total(3), 1);", "assert_eq!(total(3), 2);")),
        ("rs", ("let total = |x| 1;\n    assert_eq!(total(3), 1);", "assert_eq!(total(3), 2);")),
        ("rs", ("assert_eq!(total(3).x, 1);", "assert_eq!(total(3).x, 2);")),
    ],
)
def test_what_is_no_contradiction_for_certain(language: str, lines: Lines) -> None:
    assert found(language, pair(language, lines)) == 0


@pytest.mark.parametrize(
    ("language", "before"),
    [
        ("js", "beforeEach(() => {});\n"),
        ("js", "jest.mock('../src/cart.js');\n"),
        ("js", "function total() {}\n"),
        ("js", "const strange = /['\"]/;\n"),
        ("js", "const told = `${1}`;\n"),
        ("js", 'test("one", () => {});\n'),
        ("go", "//go:build linux\n"),
        ("go", "var Total = func(int) int { return 1 }\n"),
        ("rs", '#![cfg(feature = "x")]\n'),
        ("rs", "fn total(x: i32) -> i32 { 1 }\n"),
        ("rs", "#[ignore]\n"),
        ("rs", 'const X: &str = r#"a"#;\n'),
        ("rs", "#[should_panic]\n"),
    ],
)
def test_what_makes_a_file_unreadable(language: str, before: str) -> None:
    lines = dict(reversed(ALL))[language]
    assert found(language, pair(language, lines)) == 1
    assert found(language, pair(language, lines, before)) == 0


def test_two_files_are_not_compared_and_a_name_that_is_there_twice_is_not_known() -> None:
    for language, path in FILES.items():
        lines = dict(reversed(ALL))[language]
        text = pair(language, lines)
        one, two = re.split(r"(?=\ntest\(\"two|\nfunc TestTwo|\n#\[test\]\nfn two)", text)
        other = path.replace("cart.", "other.").replace("cart_", "other_")
        assert found(language, one, **{other: HEADS[language] + two}) == 0
    # The report does not say in which folder, or crate, a test is.
    for language in ("go", "rs"):
        lines = dict(reversed(ALL))[language]
        other = FILES[language].replace("cart/", "a/cart/").replace("crates/shop", "crates/a")
        assert found(language, pair(language, lines), **{other: pair(language, lines)}) == 0


def test_groups_are_part_of_a_name_and_tests_of_the_code_itself_are_not_read() -> None:
    inner = pair("js", JS[0]).removeprefix(HEADS["js"]).replace("test(", "it(")
    text = f'{HEADS["js"]}describe("sums", function () {{\n{inner}}});\n'
    names = ["test/cart.test.js::sums::one", "test/cart.test.js::sums two"]
    assert len(list(contradictions({FILES["js"]: text}, names[:1], names[1:]))) == 1
    assert found("js", text) == 0
    source = {"src/lib.rs": pair("rs", RUST[0])}
    assert not list(contradictions(source, ("shop:src/lib.rs::one",), ("shop:src/lib.rs::two",)))


def test_gos_testify_counts_where_it_is_imported() -> None:
    lines = ("assert.Equal(t, 3, Total(1))", "require.Equal(t, Total(1), 4)")
    text = pair("go", lines)
    assert found("go", text) == 0
    testify = "github.com/stretchr/testify"
    both = f'import (\n\t"testing"\n\t"{testify}/assert"\n\t"{testify}/require"\n)'
    assert found("go", text.replace('import "testing"', both)) == 1


@given(st.text(), st.sampled_from(sorted(FILES.values())))
def test_any_text_can_be_read(text: str, path: str) -> None:
    list(asked(path, text))


@given(st.data(), st.sampled_from(ALL))
def test_whatever_is_missing_of_a_file_it_can_be_read(data: st.DataObject, case: tuple[str, Lines]) -> None:
    text = pair(*case)
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    list(asked(FILES[case[0]], text[:start] + text[end:]))
