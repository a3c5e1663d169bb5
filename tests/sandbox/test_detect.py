from __future__ import annotations

import json
import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1code.sandbox.runners.detect import Found, detect, wanted

PYTEST = "python3 -m pytest -q"
CMAKE = "cmake -S . -B build && cmake --build build && ctest --test-dir build"


def found(files: dict[str, str]) -> tuple[Found, ...]:
    """What is found in a repository of these files."""
    named = wanted(files)
    return detect({path: files[path].encode() for path in named}, frozenset(files))


def package(**fields: object) -> str:
    return json.dumps(fields)


@pytest.mark.parametrize(
    ("files", "command", "runner", "reason"),
    [
        (
            {"pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-q'\n"},
            PYTEST,
            "pytest",
            "pyproject.toml has [tool.pytest.ini_options]",
        ),
        ({"pytest.ini": "[pytest]\n"}, PYTEST, "pytest", "pytest.ini has [pytest]"),
        ({"tox.ini": "[tox]\n[pytest]\n"}, PYTEST, "pytest", "tox.ini has [pytest]"),
        ({"setup.cfg": "[tool:pytest]\n"}, PYTEST, "pytest", "setup.cfg has [tool:pytest]"),
        ({"tests/conftest.py": "", "setup.py": ""}, PYTEST, "pytest", "there is a conftest.py"),
        (
            {"requirements-dev.txt": "pytest>=8\n", "tests/test_a.py": ""},
            PYTEST,
            "pytest",
            "pytest is required, and there are test files",
        ),
        (
            {"setup.py": "", "tests/__init__.py": "", "tests/test_a.py": ""},
            "python3 -m unittest",
            "unittest",
            "there are test files, and nothing names pytest",
        ),
        (
            {"setup.py": "", "tests/test_a.py": ""},
            "python3 -m unittest discover -s tests",
            "unittest",
            "there are test files, and nothing names pytest",
        ),
        (
            {"tests/test_a.py": "import shop\n\n\ndef test_a():\n    assert shop.price(2) == 4\n"},
            PYTEST,
            "pytest",
            "the test files are written for pytest",
        ),
        (
            {"tests/test_a.py": "import unittest\n\n\ndef test_helper(): ...\n"},
            "python3 -m unittest discover -s tests",
            "unittest",
            "there are test files, and nothing names pytest",
        ),
        (
            {"manage.py": "import django\n", "shop/tests.py": ""},
            "python3 manage.py test",
            "django",
            "manage.py is Django's",
        ),
        ({"tox.ini": "[tox]\nenvlist = py\n"}, "tox", "", "tox is configured"),
        ({"noxfile.py": "import nox\n"}, "nox", "", "there is a noxfile.py"),
        (
            {"pyproject.toml": "[tool.pdm.scripts]\ntest = 'x'\n"},
            "pdm run test",
            "",
            "pyproject.toml has tool.pdm.scripts.test",
        ),
        (
            {"package.json": package(scripts={"test": "jest --ci"})},
            "npm test",
            "",
            "package.json has a script `test`: jest --ci",
        ),
        (
            {"package.json": package(scripts={"test": "vitest"}), "pnpm-lock.yaml": ""},
            "pnpm test",
            "",
            "package.json has a script `test`: vitest",
        ),
        (
            {"package.json": package(devDependencies={"mocha": "1"})},
            "npx mocha",
            "mocha",
            "package.json needs mocha",
        ),
        (
            {
                "package.json": package(scripts={"test": 'echo "Error: no test specified" && exit 1'}),
                "a.test.js": "",
            },
            "node --test",
            "node",
            "there are *.test.js files, and package.json names no runner",
        ),
        ({"go.mod": "module x\n", "a_test.go": ""}, "go test ./...", "go", "there are a go.mod and tests"),
        ({"Cargo.toml": "[package]\n"}, "cargo test", "cargo", "there is a Cargo.toml"),
        (
            {"Cargo.toml": "[workspace]\n", ".config/nextest.toml": "", "a/Cargo.toml": "[package]"},
            "cargo nextest run --workspace",
            "nextest",
            "there is a .config/nextest.toml",
        ),
        (
            {"pom.xml": "<project/>", "a/pom.xml": "<project/>", "mvnw": ""},
            "./mvnw -q test",
            "maven",
            "there is a pom.xml",
        ),
        ({"build.gradle.kts": "", "gradlew": ""}, "./gradlew test", "gradle", "there is a build.gradle"),
        ({"CMakeLists.txt": "project(x)\nenable_testing()\n"}, CMAKE, "ctest", "CMakeLists.txt enables tests"),
        ({"Gemfile": "", ".rspec": "--color\n"}, "bundle exec rspec", "rspec", "there is a .rspec"),
        ({"Rakefile": "Rake::TestTask.new\n"}, "rake test", "", "the Rakefile has a test task"),
        (
            {"composer.json": package(name="x"), "phpunit.xml": "<phpunit/>"},
            "vendor/bin/phpunit",
            "phpunit",
            "there is a phpunit.xml",
        ),
        ({"t/a.t": "", "Makefile": "all:\n"}, "prove -lr t", "tap", "there are tests in t/"),
        ({"Makefile": "all: x\ncheck test: all\n\t./x\n"}, "make test", "", "the Makefile has a target `test`"),
        ({"Makefile": "CHECK := 1\ncheck:\n\t./x\n"}, "make check", "", "the Makefile has a target `check`"),
        (
            {".github/workflows/ci.yml": "steps:\n  - run: |\n      go test -race ./x\n"},
            "go test -race ./x",
            "go",
            "CI runs it",
        ),
    ],
)
def test_the_command_is_found_with_its_reason(
    files: dict[str, str], command: str, runner: str, reason: str
) -> None:
    best = found(files)[0]
    assert (best.line, best.runner, best.reason) == (command, runner, reason)


def test_nothing_is_found_where_nothing_shows_it() -> None:
    assert found({"README.md": "pytest", "main.c": "", "Makefile": "all:\n", "package.json": "{}"}) == ()
    assert found({"node_modules/x/package.json": package(scripts={"test": "jest"})}) == ()


def test_a_repository_of_several_projects_shows_each_in_its_folder() -> None:
    several = found(
        {
            "web ui/package.json": package(scripts={"test": "vitest"}),
            "api/go.mod": "module x\n",
            "api/a_test.go": "",
            "api/vendor/y/go.mod": "",
            "Makefile": "test:\n\tmake -C api test\n",
        }
    )
    assert [one.line for one in several] == ["cd api && go test ./...", "cd 'web ui' && npm test", "make test"]
    assert several[0].weight == several[1].weight


def test_modules_below_a_build_that_runs_them_are_not_listed() -> None:
    whole = found({"pom.xml": "", "a/pom.xml": "", "a/b/pom.xml": "", "Cargo.toml": "", "c/Cargo.toml": ""})
    assert [one.line for one in whole] == ["cargo test", "mvn -q test"]


def test_ci_makes_a_command_likelier_and_says_so() -> None:
    files = {
        "pyproject.toml": "[tool.pytest.ini_options]\nx = 1\n",
        "package.json": package(scripts={"test": "jest"}),
        ".github/workflows/ci.yml": "steps:\n  - run: npm test\n  - run: pip install x\n",
    }
    first, second, *_ = found(files)
    assert (first.line, first.reason) == (
        "npm test",
        "package.json has a script `test`: jest; CI runs it, too",
    )
    assert second.line == PYTEST
    assert first.weight > second.weight


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "pyproject.toml",
                "package.json",
                "tox.ini",
                "Cargo.toml",
                "Makefile",
                "composer.json",
                "a b/package.json",
                ".github/workflows/x.yml",
                "CMakeLists.txt",
                "t'/go.mod",
            ]
        ),
        st.one_of(
            st.binary(max_size=80),
            st.sampled_from(
                [
                    b'{"scripts": {"test": 1}, "devDependencies": []}',
                    b'{"scripts": {"test": "x; rm -rf $(y)"}}',
                    b"[tool]\npytest = 1\npoe = {tasks = 3}\n",
                    b"tool = 1",
                    b"[" * 5_000,
                    b"{" * 5_000,
                    b"test:\n",
                    b"- run: |\n    pytest `x`\n    pytest ${{ y }}\n    pytest -q\n",
                ]
            ),
        ),
    )
)
def test_whatever_the_files_hold_nothing_is_raised_and_nothing_of_them_is_a_command(
    files: dict[str, bytes],
) -> None:
    for one in detect(files, frozenset({*files, "x_test.go", "t'/x_test.go"})):
        assert shlex.split(one.line)
        assert "rm -rf" not in one.line
        assert "`" not in one.command
        assert "$" not in one.command
