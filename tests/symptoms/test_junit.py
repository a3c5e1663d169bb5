"""JUnit files of many runners: each names a test that r1code's own runner knows by another name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.sandbox.runners import pytest as pytest_runner
from r1code.symptoms.junit import read_junit
from r1code.symptoms.matching import matched
from r1code.symptoms.symptom import Symptom

CORPUS = Path(__file__).parent / "corpus"
BARE = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def report(name: str) -> Symptom:
    return read_junit((CORPUS / name).read_bytes(), name)


OURS = {
    "xunit2.xml": ["tests/test_cart.py::TestCart::test_discount[10-3]", "tests/test_names.py"],
    "jest-junit.xml": ["src/cart.test.ts::Cart::discount::takes it off"],
    "vitest.xml": ["src/cart.test.ts::Cart::discount::takes it off"],
    "mocha.xml": ["test/cart.spec.js::Cart discount takes it off"],
    "go-junit-report.xml": ["example.com/shop/cart::TestTotal/with_discount"],
    "nextest.xml": ["shop::tests::takes_discount_off"],
    "cargo2junit.xml": ["shop:src/lib.rs::tests::takes_discount_off"],
    "phpunit.xml": ["tests/CartTest.php::testTakesDiscountOff"],
    "rspec.xml": ["spec/cart_spec.rb::Cart with a discount takes it off"],
    "gradle.xml": ["shop.CartTest::takesDiscountOff()"],
}
"""What r1code's own runners call what failed there."""
OTHERS = [
    "tests/test_cart.py::TestCart::test_sum",
    "tests/test_cart.py::TestCart::test_discount[10-4]",
    "tests/test_other.py::TestCart::test_discount[10-3]",
    "src/cart.test.ts::Cart::adds",
    "src/other.test.ts::Cart::discount::takes it off",
    "test/other.spec.js::Cart discount takes it off",
    "example.com/shop/cart::TestTotal",
    "example.com/shop/names::TestTotal/with_discount",
    "shop:tests/all.rs::takes_discount",
    "tests/OtherTest.php::testTakesDiscountOff",
    "spec/other_spec.rb::Cart with a discount takes it off",
    "shop.OtherTest::takesDiscountOff()",
]


@pytest.mark.parametrize("name", OURS)
def test_what_failed_is_found_among_the_tests_of_a_run(name: str) -> None:
    found = matched(report(name).tests, [*OTHERS, *OURS[name]])
    assert list(found.ids) == OURS[name]
    assert found.missing == ()


@pytest.mark.parametrize("name", OURS)
def test_what_is_not_in_the_run_is_said_to_be_missing(name: str) -> None:
    found = matched(report(name).tests, [one for one in OTHERS if "test_cart" not in one])
    assert found.ids == ()
    assert len(found.missing) == len(report(name).tests)


@pytest.mark.parametrize("family", ["xunit1", "xunit2"])
def test_a_real_report_of_pytest_names_what_our_own_runner_reads(tmp_path: Path, family: str) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "test_a.py").write_text(
        "import pytest\nclass TestA:\n    class TestInner:\n"
        "        @pytest.mark.parametrize('x', ['a b', '1/2.5', 'c::d'])\n"
        "        def test_x(self, x): assert not x\n    def test_y(self): pass\ndef test_y(): assert 0\n"
    )
    (tmp_path / "pkg" / "test_b.py").write_text("import nowhere\n")
    reports = []
    for one in (family, "xunit1"):
        file = tmp_path / f"{one}.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
        more = [f"--junitxml={file}", "-o", f"junit_family={one}", "--continue-on-collection-errors"]
        subprocess.run([*command, *more], cwd=tmp_path, env=BARE, capture_output=True, check=False)
        reports.append(file.read_bytes())
    cases = pytest_runner.parse(reports[1]) or []
    failing = [one.id for one in cases if one.state in {"failed", "uncollected"}]
    found = matched(read_junit(reports[0], "x").tests, [one.id for one in cases])
    assert sorted(found.ids) == sorted(failing)
    assert len(failing) == 5


def test_entities_are_refused_and_said_to_be_no_report() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "b">]><testsuite><testcase name="&a;"><failure/></testcase></testsuite>'
    found = read_junit(bomb, "bomb.xml")
    assert (found.tests, found.failed) == ((), False)
    assert "bomb.xml is no JUnit report" in found.remarks[0]


def test_a_report_of_passed_tests_shows_no_failure() -> None:
    data = b'<testsuite><testcase classname="a" name="b"/><testcase name="c"><skipped/></testcase></testsuite>'
    assert not read_junit(data, "x").failed


@given(st.binary(max_size=500))
def test_no_bytes_make_the_reader_fail(data: bytes) -> None:
    assert not read_junit(data, "x").failed


TAG = st.sampled_from(["testsuites", "testsuite", "testcase", "failure", "error", "skipped", "x"])
NAME = st.text("abcxyz_/.:[]", max_size=12)


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> str:
    tag, name, group, file = draw(TAG), draw(NAME), draw(NAME), draw(NAME)
    inner = "".join(draw(st.lists(elements(depth - 1), max_size=3))) if depth else draw(NAME)
    return f'<{tag} name="{name}" classname="{group}" file="{file}">{inner}</{tag}>'


@given(elements())
def test_no_report_makes_the_reader_fail(text: str) -> None:
    found = read_junit(text.encode(), "x")
    assert matched(found.tests, ["a/b.py::c"]).ids in {(), ("a/b.py::c",)}
