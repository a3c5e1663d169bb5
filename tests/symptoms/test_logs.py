"""Logs of CI systems and runners: what is read out of each, and that none makes the reader fail or grow."""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.sandbox.runners import cargo, go, pyunit, ruby
from r1code.sandbox.runners.base import Left
from r1code.symptoms.lines import LONGEST, lines_of, plain
from r1code.symptoms.log import read_lines, read_log
from r1code.symptoms.matching import matched
from r1code.symptoms.places import Files
from r1code.symptoms.symptom import MOST_PLACES, MOST_TESTS, Symptom

CORPUS = Path(__file__).parent / "corpus"
BARE = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
REPORTS = Path(__file__).parents[1] / "sandbox" / "reports"


def log(name: str) -> Symptom:
    return read_log(io.BytesIO((CORPUS / name).read_bytes()), name)


@pytest.mark.parametrize(
    ("name", "tests"),
    [
        ("github-pytest.log", ["tests/test_cart.py::TestCart::test_discount[10-3]", "tests/test_names.py"]),
        (
            "github-view.log",
            [
                "example.com/shop/cart::TestTotal",
                "example.com/shop/cart::TestTotal/with_discount",
                "example.com/shop/mail",
            ],
        ),
        ("gitlab-jest.log", ["src/cart.test.ts::Cart::discount::takes it off", "src/mail.test.ts"]),
        ("jenkins-maven.log", ["shop.CartTest::takesDiscountOff"]),
        ("plain-cargo.log", ["shop:src/lib.rs::tests::takes_discount_off"]),
        ("plain-nextest.log", ["shop::tests::takes_discount_off"]),
        ("plain-vitest.log", ["src/cart.test.ts::Cart > takes it off"]),
        ("plain-mocha.log", ["Cart discount takes it off", "Cart is empty at first"]),
        ("plain-rspec.log", ["spec/cart_spec.rb::Cart with a discount takes it off"]),
        ("plain-rails.log", ["CartTest::test_takes_discount_off"]),
        ("plain-phpunit.log", [r"Shop\Tests\CartTest::testTakesDiscountOff"]),
        ("plain-gradle.log", ["CartTest::takesDiscountOff"]),
        ("plain-dotnet.log", ["Shop.Tests.CartTests.TakesDiscountOff"]),
        (
            "plain-unittest.log",
            ["tests.test_cart.TestCart::test_discount", "tests.test_cart.TestNames::test_names"],
        ),
        ("plain-tap.log", ["takes the discount off"]),
    ],
)
def test_failing_tests_are_found(name: str, tests: list[str]) -> None:
    assert [one.id for one in log(name).tests] == tests
    assert log(name).failed


@pytest.mark.parametrize(
    ("name", "command", "commit"),
    [
        ("github-pytest.log", "python -m pytest -q -p randomly", "4f1c2d3e4a5b6c7d8e9f00112233445566778899"),
        ("github-view.log", "", ""),
        ("gitlab-jest.log", "npx jest", "1a2b3c4d"),
        ("jenkins-maven.log", "mvn -q test", "00112233445566778899aabbccddeeff00112233"),
    ],
)
def test_the_step_that_failed_and_its_commit_are_found(name: str, command: str, commit: str) -> None:
    found = log(name)
    assert "\n".join(found.commands) == command
    assert found.commit == commit


@pytest.mark.parametrize(
    ("name", "paths", "place"),
    [
        ("github-pytest.log", ["shop/cart.py", "tests/test_cart.py", "cart.py"], "shop/cart.py:2"),
        ("gitlab-jest.log", ["src/cart.ts", "src/cart.test.ts"], "src/cart.ts:2"),
        ("jenkins-maven.log", ["src/test/java/shop/CartTest.java"], "src/test/java/shop/CartTest.java:12"),
        ("plain-cargo.log", ["src/lib.rs"], "src/lib.rs:12"),
        ("plain-dotnet.log", ["tests/CartTests.cs"], "tests/CartTests.cs:12"),
        ("plain-unittest.log", ["tests/test_cart.py"], "tests/test_cart.py:9"),
        ("plain-phpunit.log", ["tests/CartTest.php"], "tests/CartTest.php:12"),
        ("github-view.log", ["cart/cart_test.go"], "cart/cart_test.go:12"),
    ],
)
def test_places_on_other_machines_are_found_in_the_repository(name: str, paths: list[str], place: str) -> None:
    found = Files(paths).resolved(log(name).places)
    assert place in [f"{one.path}:{one.line}" for one in found]
    assert {one.path for one in found} <= set(paths)


def test_what_may_explain_a_difference_is_kept() -> None:
    found = log("github-pytest.log").traits
    assert (found["python"], found["random order"]) == ("3.12.3", "1234567")
    assert log("plain-rspec.log").traits["random order"] == "4321"
    assert log("plain-rails.log").traits["random order"] == "5678"


def test_the_excerpt_ends_with_the_failure_and_not_with_what_cleans_up() -> None:
    text = log("github-pytest.log").text
    assert text.endswith("##[error]Process completed with exit code 1.")
    assert "\x1b" not in text
    assert "2024-05-10T14" not in text


@pytest.mark.parametrize(
    ("recorded", "read"),
    [
        ("cargo-1.95.0.txt", cargo.read),
        ("go-1.19.8.txt", go.read),
        ("unittest-3.11.7.txt", pyunit.read),
        ("minitest-5.17.0.txt", ruby.read_minitest),
    ],
)
def test_what_real_runners_print_names_what_our_own_runner_reads(recorded: str, read: object) -> None:
    assert callable(read)
    text = (REPORTS / recorded).read_text()
    cases = read(Left(output=text, root="/workspace"))
    failing = {one.id for one in cases if one.state in {"failed", "uncollected"}}
    found = matched(read_lines(text, "log", recorded).tests, [one.id for one in cases], failing)
    assert found.ids, recorded
    assert set(found.ids) <= failing
    # Names that only a docstring or a random suffix tells are the exception.
    assert len(failing - set(found.ids)) <= len(failing) // 2


def test_a_real_pytest_log_names_what_failed(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text(
        "import pytest\nclass TestA:\n    @pytest.mark.parametrize('x', ['a b', '1/2.5'])\n"
        "    def test_x(self, x): assert not x\ndef test_ok(): pass\n"
    )
    (tmp_path / "tests" / "test_b.py").write_text("import nowhere\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--color=yes",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
    ]
    done = subprocess.run([*command, "-v"], cwd=tmp_path, env=BARE, capture_output=True, check=False)
    found = read_log(io.BytesIO(done.stdout), "log")
    assert [one.id for one in found.tests] == ["tests/test_b.py"] or {one.id for one in found.tests} == {
        "tests/test_a.py::TestA::test_x[a b]",
        "tests/test_a.py::TestA::test_x[1/2.5]",
        "tests/test_b.py",
    }


LINE = st.text(max_size=200) | st.sampled_from(
    [line for path in sorted(CORPUS.glob("*.log")) for line in path.read_text().splitlines()]
)


@given(st.lists(LINE, max_size=60))
def test_no_text_makes_the_reader_fail(lines: list[str]) -> None:
    found = read_log(io.BytesIO("\n".join(lines).encode("utf-8", "replace")), "x")
    assert len(found.tests) <= MOST_TESTS
    assert len(found.places) <= MOST_PLACES
    assert all(one.id for one in found.tests)


@given(st.binary(max_size=2_000))
def test_no_bytes_make_the_reader_fail(data: bytes) -> None:
    found = read_log(io.BytesIO(data), "x")
    assert found.kind == "log"
    assert all(len(line) <= LONGEST for line in lines_of(io.BytesIO(data)))


@given(LINE)
def test_what_is_plain_stays_plain(line: str) -> None:
    once = plain(line.replace("\n", ""))
    assert "\r" not in once.rstrip("\r")
    assert "\x1b[" not in once


class Endless(io.RawIOBase):
    """A file of `size` bytes that is nowhere."""

    def __init__(self, size: int, lines: Iterator[bytes]) -> None:
        self._left, self._lines, self._rest = size, lines, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:
        view = memoryview(buffer)
        while len(self._rest) < len(view) and self._left > 0:
            line = next(self._lines)
            self._left -= len(line)
            self._rest += line
        piece, self._rest = self._rest[: len(view)], self._rest[len(view) :]
        view[: len(piece)] = piece
        return len(piece)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("size", [20_000_000, pytest.param(200_000_000, marks=pytest.mark.full)])
def test_a_long_log_needs_no_more_memory_than_a_short_one(size: int) -> None:
    def lines() -> Iterator[bytes]:
        number = 0
        while True:
            number += 1
            yield b"2024-05-10T14:21:33.1234567Z tests/test_%d.py::test_x FAILED\n/home/a/%d.py:1: E\n" % (
                number,
                number,
            )
            if number % 100 == 0:
                # A bar of progress is one line, however long.
                yield b"x" * 500_000 + b"\n"

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = read_log(io.BufferedReader(Endless(size, lines())), "x")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert found.failed
    assert grown < 60, f"{grown:.0f} MB"
