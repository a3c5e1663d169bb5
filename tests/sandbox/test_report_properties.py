"""Runs that were made up, as their runners would print them: what comes out is how each test ended."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from r1code.sandbox.runners import cargo, go, pyunit, ruby, tap
from r1code.sandbox.runners.base import Left

NAMES = st.from_regex(r"test_[a-z]{1,8}", fullmatch=True)
STATES = st.sampled_from(["ok", "FAIL", "ERROR", "skipped 'why'", "expected failure", "unexpected success"])
NOISE = st.sampled_from(["", "printed ", "is ok? ", "FAIL ", "a ... b "])
PYUNIT = {"ok": "passed", "expected failure": "passed", "skipped 'why'": "skipped"}


@given(st.dictionaries(NAMES, st.tuples(STATES, NOISE), max_size=6), st.booleans())
def test_a_generated_unittest_run_is_read_as_it_ended(tests: dict[str, tuple[str, str]], modern: bool) -> None:
    def owner(name: str) -> str:
        return f"pkg.test_m.Case.{name}" if modern else "pkg.test_m.Case"

    lines = [f"{name} ({owner(name)}) ... {noise}{state}" for name, (state, noise) in tests.items()]
    bad = {name: state for name, (state, _) in tests.items() if state in {"FAIL", "ERROR"}}
    bad |= {name: "UNEXPECTED SUCCESS" for name, (state, _) in tests.items() if state == "unexpected success"}
    for name, state in bad.items():
        lines += ["", "=" * 70, f"{state}: {name} ({owner(name)})", "-" * 70, "AssertionError: 1 != 2"]
    lines += ["", "-" * 70, f"Ran {len(tests)} tests in 0.001s", "", "FAILED" if bad else "OK"]
    cases = pyunit.read(Left(output="\n".join(lines)))
    assert cases is not None
    assert {one.id: one.state for one in cases} == {
        f"pkg.test_m::Case::{name}": PYUNIT.get(state, "failed") for name, (state, _) in tests.items()
    }


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b"]), st.dictionaries(NAMES, st.sampled_from(["ok", "FAILED", "ignored"]))
        ),
        max_size=3,
        unique_by=lambda row: row[0],
    )
)
def test_a_generated_cargo_run_is_read_as_it_ended(binaries: list[tuple[str, dict[str, str]]]) -> None:
    states = {"ok": "passed", "FAILED": "failed", "ignored": "skipped"}
    lines: list[str] = []
    wanted: dict[str, str] = {}
    for name, tests in binaries:
        count = [sum(state == one for state in tests.values()) for one in states]
        lines += [f"     Running unittests src/{name}.rs (target/debug/deps/{name}-0123456789abcdef)", ""]
        lines += [f"test m::{test} ... {state}" for test, state in tests.items()]
        lines += [
            f"---- m::{test} stdout ----\nsaid {test}\n" for test, state in tests.items() if state == "FAILED"
        ]
        lines += ["", f"test result: ok. {count[0]} passed; {count[1]} failed; {count[2]} ignored; 0 measured; 0"]
        wanted |= {f"{name}:src/{name}.rs::m::{test}": states[state] for test, state in tests.items()}
    cases = cargo.read(Left(output="\n".join(lines)))
    assert {one.id: one.state for one in cases or []} == wanted
    assert (cases is None) == (not binaries)


@given(st.dictionaries(NAMES, st.tuples(st.sampled_from(".FES"), NOISE), max_size=6))
def test_a_generated_minitest_run_is_read_as_it_ended(tests: dict[str, tuple[str, str]]) -> None:
    lines = [f"CartTest#{name} = {noise}0.01 s = {state}" for name, (state, noise) in tests.items()]
    count = {state: sum(one == state for one, _ in tests.values()) for state in ".FES"}
    for number, (name, (state, _)) in enumerate(tests.items(), start=1):
        if state == "F":
            lines += ["", f"  {number}) Failure:", f"CartTest#{name} [test/a_test.rb:{number}]:", "Expected: 1"]
    runs = f"{len(tests)} runs, 3 assertions, {count['F']} failures, {count['E']} errors, {count['S']} skips"
    cases = ruby.read_minitest(Left(output="\n".join([*lines, "", runs])))
    assert cases is not None
    known = {".": "passed", "F": "failed", "E": "failed", "S": "skipped"}
    assert {one.id: one.state for one in cases} == {
        f"CartTest::{name}": known[state] for name, (state, _) in tests.items()
    }


@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from(["", " # SKIP why", " # TODO x"])), min_size=1, max_size=8)
)
def test_a_generated_tap_stream_is_read_as_it_ended(points: list[tuple[bool, str]]) -> None:
    lines = [f"{'' if good else 'not '}ok {at} - n{at}{word}" for at, (good, word) in enumerate(points, start=1)]
    wanted = ["skipped" if word else "passed" if good else "failed" for good, word in points]
    for stream in ([f"1..{len(points)}", *lines], [*lines, f"1..{len(points)}"]):
        cases = tap.read(Left(output="\n".join(stream)))
        assert [one.state for one in cases or []] == wanted
    assert tap.read(Left(output="\n".join([f"1..{len(points) + 1}", *lines]))) is None
    assert tap.read(Left(output="\n".join([f"1..{len(points)}", *lines, "Bail out!"]))) is None


@given(st.dictionaries(NAMES, st.sampled_from(["PASS", "FAIL", "SKIP"]), min_size=1, max_size=6))
def test_a_generated_go_run_is_the_same_as_text_and_as_events(tests: dict[str, str]) -> None:
    package = "example.com/m"
    text: list[str] = []
    events: list[dict[str, object]] = []
    for name, state in tests.items():
        said = [f"=== RUN   {name}", f"    a_test.go:3: {name}", f"--- {state}: {name} (0.01s)"]
        text += said
        test = {"Package": package, "Test": name}
        events += [
            {"Action": "run", **test},
            *({"Action": "output", "Output": f"{one}\n", **test} for one in said),
        ]
        events.append({"Action": state.lower(), "Elapsed": 0.01, **test})
    bad = "FAIL" in tests.values()
    text += ["FAIL" if bad else "PASS", f"{'FAIL' if bad else 'ok  '}\t{package}\t0.1s"]
    events.append({"Action": "fail" if bad else "pass", "Package": package, "Elapsed": 0.1})
    lines = [json.dumps(event, separators=(",", ":")) for event in events]
    first, second = go.read(Left(output="\n".join(text))), go.read(Left(output="\n".join(lines)))
    assert first == second
    states = {"PASS": "passed", "FAIL": "failed", "SKIP": "skipped"}
    assert {one.id: one.state for one in first or []} == {
        f"{package}::{name}": states[state] for name, state in tests.items()
    }
