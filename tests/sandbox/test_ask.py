from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.sandbox.runners.ask import asked, stages, subset
from r1code.sandbox.runners.base import Left, Place
from r1code.types import Case

F = "/tmp/r1code-0"
CTEST = f"ctest --output-on-failure --output-junit {F}/ctest-{{}}.xml"


@pytest.mark.parametrize(
    ("command", "run", "named"),
    [
        ("pytest -q", "pytest -q", ["pytest"]),
        ("cd x && poetry run pytest", "cd x && poetry run pytest", ["pytest"]),
        ("python3 -m unittest", "python3 -m unittest -v", ["unittest"]),
        ("python -m unittest discover -s t", "python -m unittest discover -v -s t", ["unittest"]),
        ("coverage run -m unittest && x", "coverage run -m unittest -v && x", ["unittest"]),
        ("python manage.py test shop", "python manage.py test -v 2 shop", ["django"]),
        ("go vet ./... && go test ./...", "go vet ./... && go test -json ./...", ["go"]),
        ("CGO_ENABLED=0 go test -race ./...", "CGO_ENABLED=0 go test -json -race ./...", ["go"]),
        ("cargo test", "cargo test --no-fail-fast", ["cargo"]),
        (
            "cargo nextest run",
            f"cargo nextest run --no-fail-fast --tool-config-file r1code:{F}/nextest.toml",
            ["nextest"],
        ),
        ("vendor/bin/phpunit tests", f"vendor/bin/phpunit --log-junit {F}/phpunit-1.xml tests", ["phpunit"]),
        (
            "ctest; ctest -L slow",
            CTEST.format(1) + "; " + CTEST.format(2) + " -L slow",
            ["ctest"],
        ),
        ("npx jest --ci", "npx jest --ci", ["jest"]),
        ("yarn vitest run", "yarn vitest run", ["vitest"]),
        ("node --test", "node --test", ["node"]),
        ("bundle exec rspec", "bundle exec rspec", ["rspec"]),
        ("bin/rails test", "bin/rails test -v", ["minitest"]),
        ("./mvnw -q verify", "./mvnw -q verify", ["maven"]),
        ("./gradlew :app:test", "./gradlew :app:test", ["gradle"]),
        ("prove -l t", "prove -v -l t", ["tap"]),
        ("make test", "make test", []),
        ("echo go test", "echo go test", []),
        ("./run-jest.sh", "./run-jest.sh", []),
        ("pytester", "pytester", []),
        ("echo 'pytest' > go", "echo 'pytest' > go", []),
    ],
)
def test_a_runner_is_asked_where_the_shell_would_start_it(command: str, run: str, named: list[str]) -> None:
    found = asked(command, F)
    assert found.command == run
    assert [runner.name for runner in found.named] == named


def test_pytest_alone_is_asked_as_ever_and_whoever_is_below_a_wrapper_is_asked_too() -> None:
    place = Place(folder=F, root="/w", node=(20, 1))
    assert set(asked("pytest", F).environment(place)) == {"PYTEST_ADDOPTS"}
    below = asked("make test", F).environment(place)
    assert {"PYTEST_ADDOPTS", "NODE_OPTIONS", "SPEC_OPTS", "GOFLAGS", "TESTOPTS", "TOX_OVERRIDE"} <= set(below)
    assert "--test-reporter" in below["NODE_OPTIONS"]


@pytest.mark.parametrize(
    ("node", "takes"), [((18, 14), False), ((18, 15), True), ((19, 5), False), ((20, 0), True)]
)
def test_a_node_that_takes_no_reporter_is_not_given_one(node: tuple[int, int], takes: bool) -> None:
    options = asked("npm test", F).environment(Place(folder=F, node=node))["NODE_OPTIONS"]
    assert ("--test-reporter" in options) is takes
    assert "NODE_OPTIONS" not in asked("npm test", F).environment(Place(folder=F))


def bad(name: str, file: str = "") -> Case:
    return Case(id=name, state="failed", file=file)


@pytest.mark.parametrize(
    ("command", "case", "wanted"),
    [
        ("pytest -q -k x tests", bad("tests/a.py::T::a[1]"), ("pytest -q -k x 'tests/a.py::T::a[1]'",)),
        ("python3 -m unittest", bad("m.t::C::a"), ("python3 -m unittest m.t.C.a",)),
        ("npx jest --ci", bad("a.js::x y", "a.js"), ("npx jest --ci a.js",)),
        ("go test ./...", bad("x/y::TestA/n=1"), ("go test -run '^(TestA)$' x/y",)),
        ("cargo test", bad("a:src/a.rs::m::t"), ("cargo test -- --exact m::t",)),
        (
            "bundle exec rspec",
            bad("s/a_spec.rb::A b", "s/a_spec.rb"),
            ("bundle exec rspec s/a_spec.rb -e 'A b'",),
        ),
        ("ctest --test-dir b", bad("a b"), ("ctest --test-dir b -R '^(a\\ b)$'",)),
        ("./gradlew test", bad("x.CartTest::adds()"), ("./gradlew test --tests x.CartTest.adds",)),
        ("make test", bad("a"), ()),
        ("cd x && pytest", bad("x/a.py::b", "x/a.py"), ("cd x && pytest a.py::b",)),
        ("cd x; pytest", bad("a.py::b"), ()),
        ("prove", bad("a"), ()),
    ],
)
def test_a_command_for_failing_tests_alone(command: str, case: Case, wanted: tuple[str, ...]) -> None:
    found = subset(command, [case])
    assert found == (wanted[0] if wanted else None)


def test_stages_are_the_failures_then_their_files_then_all() -> None:
    cases = [bad("tests/a.py::x", "tests/a.py"), bad("tests/a.py::y", "tests/a.py")]
    assert stages("pytest -q", cases) == (
        "pytest -q tests/a.py::x tests/a.py::y",
        "pytest -q tests/a.py",
        "pytest -q",
    )
    assert stages("make test", cases) == ("make test",)


EVIL = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


@given(EVIL, st.sampled_from(["pytest -q", "python3 -m unittest", "ctest", "phpunit", "mvn test", "rspec"]))
def test_whatever_an_id_holds_it_stays_one_word_of_the_command(name: str, command: str) -> None:
    found = subset(command, [bad(f"a::{name}", "a")])
    assert found is not None
    words = shlex.split(found)
    # Nothing was added but words: the shell sees the same ones, whatever characters are in them.
    assert shlex.join(words) == found
    assert words[: len(command.split())] == command.split()


@pytest.mark.parametrize("begin", ["cd packages/shop && ", "cd 'my shop' && "])
def test_a_command_in_a_folder_names_files_from_the_top_and_runs_tests_from_there(begin: str) -> None:
    folder = shlex.split(begin)[1]
    command = f"{begin}python3 -m pytest -q"
    names = {"x": "tests/test_a.py", "y": f"{folder}/tests/test_b.py"}
    cases = (f'<testcase name="{name}" file="{file}"><failure/></testcase>' for name, file in names.items())
    report = f"<testsuite>{''.join(cases)}</testsuite>"
    found = asked(command, "/tmp/x").read(Left(files={"report.xml": report.encode()}, root="/workspace"))
    assert found is not None
    assert [one.file for one in found[1]] == [f"{folder}/tests/test_a.py", f"{folder}/tests/test_b.py"]
    assert found[1][0].id == f"{folder}/tests/test_a.py::x"
    alone = subset(command, found[1])
    assert alone is not None
    assert alone.startswith(begin)
    assert alone.endswith("tests/test_a.py::x tests/test_b.py::y")
    assert folder not in alone.removeprefix(begin)


@pytest.mark.parametrize("command", ["cd /etc && pytest", "cd ../x && pytest", "cd $X && pytest", "cd a; pytest"])
def test_a_folder_that_is_not_plainly_inside_is_none_of_ours(command: str) -> None:
    assert asked(command, "/tmp/x").folder == ""
    assert subset(command, [Case(id="a/t.py::x", state="failed", file="a/t.py")]) is None
