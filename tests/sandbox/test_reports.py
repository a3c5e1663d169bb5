"""Reports that real runners wrote, each with its version in its name, and reports that nobody should believe."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1code.sandbox.runners import cargo, ctest, go, java, javascript, php, pyunit, ruby, tap
from r1code.sandbox.runners import pytest as pytest_runner
from r1code.sandbox.runners.ask import RUNNERS
from r1code.sandbox.runners.base import Cases, Left
from r1code.types import Case

FOLDER = Path(__file__).parent / "reports"
ROOT = "/workspace"
Read = Callable[[Left], Cases]


def left(recorded: str, name: str = "") -> Left:
    """What a run left: a file of that name, or what it printed."""
    data = (FOLDER / recorded).read_bytes()
    return Left(files={name: data}, root=ROOT) if name else Left(output=data.decode(), root=ROOT)


NODE = {
    "test/a.test.mjs::cart::adds": "passed",
    "test/a.test.mjs::cart::subtracts": "failed",
    "test/a.test.mjs::cart::deep::later": "skipped",
    "test/a.test.mjs::top::sub": "passed",
    "test/a.test.mjs::todo one": "skipped",
    "test/broken.test.mjs": "uncollected",
}
GO = {
    "example.com/shop/cart::TestAdd": "passed",
    "example.com/shop/cart::TestPrint": "passed",
    "example.com/shop/cart::TestSkip": "skipped",
    "example.com/shop/cart::TestSub": "failed",
    "example.com/shop/cart::TestSub/n=1": "passed",
    "example.com/shop/cart::TestSub/n=2": "failed",
    "example.com/shop/pan::TestOk": "passed",
    "example.com/shop/pan::TestPanic": "failed",
    "example.com/shop/bad": "uncollected",
}
MINITEST = {
    "CartTest::test_adds": "passed",
    "CartTest::test_subtracts": "failed",
    "CartTest::test_raises": "failed",
    "CartTest::test_later": "skipped",
    "words::test_0001_has spaces": "passed",
}
CTEST = {
    "adds": "passed",
    "subtracts two": "failed",
    "missing": "failed",
    "later": "skipped",
    "slow": "failed",
    "sk": "skipped",
}
RECORDED: list[tuple[Read, str, str, dict[str, str]]] = [
    (
        pyunit.read,
        "unittest-3.11.7.txt",
        "",
        {
            "tests.test_a::Broken": "uncollected",
            "tests.test_a::Cart::test_adds": "passed",
            "tests.test_a::Cart::test_expected": "passed",
            "tests.test_a::Cart::test_later": "skipped",
            "tests.test_a::Cart::test_prints": "passed",
            "tests.test_a::Cart::test_raises": "failed",
            "tests.test_a::Cart::test_sub": "failed",
            "tests.test_a::Cart::test_subtracts": "failed",
            "tests.test_a::Cart::test_unexpected": "failed",
            "tests.test_broken": "uncollected",
        },
    ),
    (
        javascript.read_jest,
        "jest-29.7.0.json",
        "jest-1.json",
        {
            "j/a.test.js::cart::adds": "passed",
            "j/a.test.js::cart::subtracts": "failed",
            "j/a.test.js::cart::later": "skipped",
            "j/a.test.js::cart::never": "skipped",
            "j/a.test.js::throws": "failed",
            "j/broken.test.js": "uncollected",
        },
    ),
    (
        javascript.read_vitest,
        "vitest-4.1.12.json",
        "vitest-1.json",
        {
            "v/a.test.ts::cart::adds": "passed",
            "v/a.test.ts::cart::subtracts": "failed",
            "v/a.test.ts::cart::later": "skipped",
            "v/broken.test.ts": "uncollected",
        },
    ),
    (
        javascript.read_mocha,
        "mocha-12.0.3.json",
        "mocha-1.json",
        {
            "m/a.js::cart adds": "passed",
            "m/a.js::cart subtracts": "failed",
            "m/a.js::cart async fails": "failed",
            "m/a.js::cart later": "skipped",
        },
    ),
    (javascript.read_node, "node-20.20.2.jsonl", "node.jsonl", NODE),
    (go.read, "go-1.19.8.jsonl", "", GO),
    (go.read, "go-1.19.8.txt", "", GO),
    (
        cargo.read,
        "cargo-1.95.0.txt",
        "",
        {
            "shop:src/lib.rs::tests::later": "skipped",
            "shop:src/lib.rs::tests::adds": "passed",
            "shop:src/lib.rs::tests::subtracts": "failed",
            "shop:src/lib.rs::tests::panics": "passed",
            "api:tests/api.rs::fails": "failed",
            "api:tests/api.rs::works": "passed",
            "shop::src/lib.rs - total (line 3)": "passed",
        },
    ),
    (
        ruby.read_rspec,
        "rspec-3.12.0.json",
        "rspec.json",
        {
            "spec/a_spec.rb::Cart adds": "passed",
            "spec/a_spec.rb::Cart subtracts": "failed",
            "spec/a_spec.rb::Cart later": "skipped",
            "spec/a_spec.rb::Cart deep raises": "failed",
        },
    ),
    (ruby.read_rspec, "rspec-3.12.0-unloaded.json", "rspec.json", {"spec/broken_spec.rb": "uncollected"}),
    (ruby.read_minitest, "minitest-5.17.0.txt", "", MINITEST),
    (
        php.read,
        "phpunit-9.6.7.xml",
        "phpunit-1.xml",
        {
            "tests/CartTest.php::testAdds": "passed",
            "tests/CartTest.php::testSubtracts": "failed",
            "tests/CartTest.php::testRaises": "failed",
            "tests/CartTest.php::testLater": "skipped",
            'tests/CartTest.php::testRows with data set "one"': "passed",
            "tests/CartTest.php::testRows with data set #0": "failed",
        },
    ),
    (
        java.MAVEN_RUNNER.read,
        "surefire-2.22.3.xml",
        "workspace/target/surefire-reports/TEST-shop.CartTest.xml",
        {
            "shop.CartTest::adds": "passed",
            "shop.CartTest::subtracts": "failed",
            "shop.CartTest::raises": "failed",
            "shop.CartTest::later": "skipped",
        },
    ),
    (ctest.read, "ctest-3.25.1.xml", "ctest-1.xml", CTEST),
    (ctest.read, "ctest-3.25.1.txt", "", CTEST),
    (
        tap.read,
        "prove-3.44.txt",
        "",
        {"t/a.t::fine": "passed", "t/a.t::wrong": "failed", "t/a.t::test 3": "skipped"},
    ),
    (tap.read, "bats-1.8.2.tap", "", {"adds": "passed", "subtracts": "failed", "later": "skipped"}),
]


@pytest.mark.parametrize(("read", "recorded", "name", "wanted"), RECORDED, ids=[row[1] for row in RECORDED])
def test_what_a_real_runner_wrote_comes_out_as_ids_and_states(
    read: Read, recorded: str, name: str, wanted: dict[str, str]
) -> None:
    cases = read(left(recorded, name))
    assert cases is not None
    assert {one.id: one.state for one in cases} == wanted
    assert [one.id for one in cases if one.text and one.state in {"passed", "skipped"}] == []


@pytest.mark.parametrize(
    ("read", "recorded", "name", "identity", "place", "says"),
    [
        (pyunit.read, RECORDED[0][1], "", "tests.test_a::Cart::test_subtracts", ("tests/test_a.py", 6), "2 != 1"),
        (pyunit.read, RECORDED[0][1], "", "tests.test_broken", ("tests/test_broken.py", 1), "nothing_there"),
        (
            javascript.read_jest,
            "jest-29.7.0.json",
            "jest-1.json",
            "j/a.test.js::throws",
            ("j/a.test.js", 3),
            "Error: no a",
        ),
        (
            javascript.read_node,
            "node-20.20.2.jsonl",
            "node.jsonl",
            list(NODE)[1],
            ("test/a.test.mjs", 2),
            "1 == 2",
        ),
        (go.read, "go-1.19.8.txt", "", "example.com/shop/cart::TestSub/n=2", ("cart_test.go", 8), "want 1"),
        (go.read, "go-1.19.8.jsonl", "", "example.com/shop/bad", ("bad/bad_test.go", 3), "undefined: undefined"),
        (cargo.read, "cargo-1.95.0.txt", "", "shop:src/lib.rs::tests::subtracts", ("src/lib.rs", 14), "not four"),
        (
            ruby.read_rspec,
            "rspec-3.12.0.json",
            "rspec.json",
            "spec/a_spec.rb::Cart subtracts",
            ("spec/a_spec.rb", 4),
            "expected: 2",
        ),
        (ruby.read_minitest, "minitest-5.17.0.txt", "", "CartTest::test_raises", ("test/a_test.rb", 7), "boom"),
        (
            php.read,
            "phpunit-9.6.7.xml",
            "phpunit-1.xml",
            "tests/CartTest.php::testSubtracts",
            ("tests/CartTest.php", 6),
            "Failed asserting",
        ),
        (
            java.MAVEN_RUNNER.read,
            "surefire-2.22.3.xml",
            "workspace/target/surefire-reports/TEST-a.xml",
            "shop.CartTest::subtracts",
            ("shop/CartTest.java", 5),
            "expected",
        ),
        (ctest.read, "ctest-3.25.1.xml", "ctest-1.xml", "subtracts two", ("x.c", 12), "expected 1 got 2"),
    ],
)
def test_a_failure_says_where_and_why(  # noqa: PLR0917 - a row of the table
    read: Read, recorded: str, name: str, identity: str, place: tuple[str, int], says: str
) -> None:
    one = next(one for one in read(left(recorded, name)) or [] if one.id == identity)
    assert (one.file, one.line) == place
    assert says in one.text


def test_every_recorded_report_is_read_by_a_test() -> None:
    assert {row[1] for row in RECORDED} | {"node-20.20.2.tap"} == {path.name for path in FOLDER.iterdir()}


def everything(data: bytes) -> Left:
    """These bytes wherever anybody looks for a report."""
    names = ["report.xml", "jest-1.json", "vitest-1.json", "mocha-1.json", "node.jsonl", "rspec.json"]
    names += ["phpunit-1.xml", "ctest-1.xml", "w/target/surefire-reports/TEST-a.xml", "w/r1code-junit.xml"]
    names += ["w/build/test-results/test/TEST-a.xml"]
    return Left(files=dict.fromkeys(names, data), output=data.decode(errors="replace"), root=ROOT)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A recorded report that was cut, doubled or written over somewhere."""
    data = (FOLDER / draw(st.sampled_from(sorted(path.name for path in FOLDER.iterdir())))).read_bytes()
    start, end = sorted((draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))))
    return data[:start] + draw(st.binary(max_size=20)) + data[draw(st.sampled_from([start, end])) :]


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        damaged(),
        st.text(alphabet="= ok.()[]#:\n-FAILED1", max_size=300).map(str.encode),
    )
)
def test_no_reader_raises_whatever_it_is_given(data: bytes) -> None:
    for runner in RUNNERS:
        cases = runner.read(everything(data))
        assert cases is None or all(isinstance(one, Case) and one.state for one in cases)
        if cases:
            assert len({one.id for one in cases}) == len(cases)


HOSTILE = [
    b"",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"testResults":' + b"[" * 50_000,
    b'{"examples": "no list", "testResults": {}, "passes": 1, "failures": null, "pending": 0}',
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><testsuites><testcase name="&a;"/></testsuites>',
    b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuite><testcase name="&a;"/></testsuite>',
    b"<testsuite>" + b"<a>" * 50_000,
    b'{"action": 1}\n{"Action":"pass","Package":7}',
]


@pytest.mark.parametrize("data", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_report_or_an_attack_is_no_report(data: bytes) -> None:
    assert [runner.name for runner in RUNNERS if runner.read(everything(data))] == []


@pytest.mark.parametrize(
    "line",
    [
        "x" * 100,
        "ok 1 - " + "a " * 500,
        "=== RUN " * 300,
        "(" * 2_000,
        "a.b:1:" * 400,
        "#test = " * 300,
        "    at " * 300,
    ],
)
def test_a_flood_of_odd_lines_is_read_in_linear_time(line: str) -> None:
    flood = everything(f"{line}\n".encode() * 2_000)
    began = time.monotonic()
    for runner in RUNNERS:
        runner.read(flood)
    assert time.monotonic() - began < 10


def test_a_test_whose_subtests_failed_takes_no_line_from_the_next_one() -> None:
    lines = ["Applying x.1...test_a (m.C) ... test_b (m.C) ... ok", "test_c (m.C)", "What it says. ... ok"]
    lines += ["=" * 70, "FAIL: test_a (m.C) (n=1)", "-" * 70, "AssertionError", "", "-" * 70]
    cases = pyunit.read(Left(output="\n".join([*lines, "Ran 3 tests in 0.001s", "", "FAILED (failures=1)"])))
    assert {one.id: one.state for one in cases or []} == {
        "m::C::test_a": "failed",
        "m::C::test_b": "passed",
        "m::C::test_c": "passed",
    }


def test_points_of_tap_with_one_description_are_told_apart() -> None:
    cases = tap.read(Left(output="1..3\nok 1 - same\nnot ok 2 - same\nok 3 - same"))
    assert {one.id: one.state for one in cases or []} == {
        "same": "passed",
        "same #2": "failed",
        "same #3": "passed",
    }


def test_printed_results_whose_sums_do_not_fit_are_no_report() -> None:
    whole = (FOLDER / "unittest-3.11.7.txt").read_text()
    assert pyunit.read(Left(output=whole.replace("Ran 9 tests", "Ran 12 tests"))) is None
    assert pyunit.read(Left(output=whole.replace("FAIL: test_subtracts", "test_subtracts"))) is None
    text = (FOLDER / "cargo-1.95.0.txt").read_text()
    assert cargo.read(Left(output=text.replace("2 passed", "3 passed"))) is None
    text = (FOLDER / "minitest-5.17.0.txt").read_text()
    assert ruby.read_minitest(Left(output=text.replace("5 runs", "6 runs"))) is None
    text = (FOLDER / "ctest-3.25.1.txt").read_text()
    assert ctest.read(Left(output=text.replace("3 tests failed", "2 tests failed"))) is None


def test_a_pytest_case_has_its_place_and_its_time() -> None:
    data = (
        b'<testsuites><testsuite><testcase classname="t" name="a" file="t.py" line="4" time="0.25"/>'
        b'<testcase classname="t" name="b" file="t.py" line="6" time="x"><failure message="no">def b():\n'
        b"&gt;       assert 1 == 2\nE       assert 1 == 2\n\nt.py:8: AssertionError</failure></testcase>"
        b"</testsuite></testsuites>"
    )
    good, bad = pytest_runner.parse(data) or []
    assert (good.file, good.line, good.seconds) == ("t.py", 5, 0.25)
    assert (bad.file, bad.line, bad.seconds) == ("t.py", 8, None)
