"""What the code under test must not write: its own report card. The list is data.

Three things no list of names can hold: scripts that the test command runs, files that hold the tests of a report
under names of the project's own, and new modules that Python would load in place of those that it has.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable

import msgspec
from pathspec import GitIgnoreSpec

from r1code.types import TestReport

TEST_FILES = (
    "test_*.py",
    "*_test.py",
    "*_test.go",
    "*.test.[jt]s",
    "*.test.[jt]sx",
    "*.test.[cm][jt]s",
    "*.spec.[jt]s",
    "*.spec.[jt]sx",
    "*.spec.[cm][jt]s",
    "*_spec.rb",
    "*_test.rb",
    "*Test.java",
    "*Tests.java",
    "*Test.kt",
    "*Test.php",
    "*.bats",
)
"""Files that hold tests, by their names."""
PATTERNS = (
    # tests, their helpers, and what they compare with
    "tests/",
    "test/",
    "__tests__/",
    "spec/",
    *TEST_FILES,
    "tests.py",
    "test.py",
    "/t/",
    "conftest.py",
    "__snapshots__/",
    "*.snap",
    "*.ambr",
    # what decides how tests are found and run
    "pytest.ini",
    ".pytest.ini",
    "pytest.toml",
    ".pytest.toml",
    "tox.ini",
    "setup.cfg",
    "pyproject.toml",
    "noxfile.py",
    "package.json",
    "jest.config.*",
    "vitest.config.*",
    "vitest.workspace.*",
    "vite.config.*",
    "ava.config.*",
    "karma.conf.*",
    "playwright.config.*",
    "babel.config.*",
    ".babelrc*",
    ".npmrc",
    ".yarnrc*",
    ".pnp.*",
    "bunfig.toml",
    ".mocharc.*",
    ".rspec",
    "Rakefile",
    "phpunit.xml",
    "phpunit.xml.dist",
    "composer.json",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "tox.toml",
    "Makefile",
    "justfile",
    "Taskfile.yml",
    "jest.setup.*",
    "vitest.setup.*",
    "setupTests.*",
    "Cargo.toml",
    ".cargo/",
    "go.mod",
    "go.work",
    "CTestTestfile.cmake",
    "sitecustomize.py",
    "usercustomize.py",
    "*.pth",
    # what a plugin is found by
    "setup.py",
    "entry_points.txt",
    "*.egg-info/",
    "*.dist-info/",
    "makefile",
    "GNUmakefile",
    "mvnw",
    "gradlew",
    ".mvn/",
    "gradle.properties",
    ".config/nextest.toml",
    "*.pyc",
    "*.egg-link",
    "node_modules/",
    "site-packages/",
    # lint and CI
    "ruff.toml",
    ".ruff.toml",
    "mypy.ini",
    ".flake8",
    ".coveragerc",
    ".pre-commit-config.yaml",
    ".github/",
    ".gitlab-ci.yml",
    ".ci/",
    ".r1code/",
    ".r1codeignore",
    # locked dependencies
    "*.lock",
    "package-lock.json",
    "pnpm-lock.yaml",
    "go.sum",
)

_SPEC = GitIgnoreSpec.from_lines(PATTERNS)


def is_protected(path: str) -> bool:
    """Whether a repair must leave `path` (relative, with `/`) as it is."""
    return _SPEC.match_file(path)


_RUNNERS = frozenset(
    {"pytest", "_pytest", "pluggy", "iniconfig", "unittest", "doctest", "coverage", "xdist", "tox", "nox"}
)
_PROGRAMS = (
    ".py",
    ".sh",
    ".bash",
    ".bats",
    ".t",
    ".pl",
    ".rb",
    ".php",
    ".js",
    ".cjs",
    ".mjs",
    ".ts",
    ".tsx",
    ".jsx",
)
_TOPS = ("", "src/", "lib/")
_SCRIPT = re.compile(
    r"""(?:^[\t ]*[@-]*|[;&|({])[ ]*
    (?:(?:bash|dash|sh|zsh|env|exec|time|nice|python[\d.]*|node|deno|bun|ruby|perl|php|prove|bats)
    (?:[ ]+(?:-[\w-]+|\w+=\S*))*[ ]+)*
    (?P<path>[\w.~+-][\w./~+-]*)(?=$|[\s;&|)}])""",
    re.VERBOSE | re.MULTILINE,
)
_MODULE = re.compile(r"\bpython[\d.]*(?:[ ]+-[A-Za-ln-z]\w*)*[ ]+-m[ ]+(?P<name>[A-Za-z_][\w.]*)")
_REQUIRED = re.compile(r"[A-Za-z0-9][\w.-]*")
_PACKAGE = "package.json"
RECIPES = (_PACKAGE, "Makefile", "makefile", "GNUmakefile", "justfile")
"""What a test command may read on, at the top of the tree."""
REQUIREMENTS = "requirements*.txt"


def recipe(name: str, text: str) -> str:
    """The commands of one of RECIPES, one a line; of what cannot be read, none."""
    if name != _PACKAGE:
        return "\n".join(line for line in text.splitlines() if line[:1] in {"\t", " "})
    try:
        found = msgspec.json.decode(text, type=_Package)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ""
    return "\n".join(found.scripts.values())


class _Package(msgspec.Struct, frozen=True):
    scripts: dict[str, str] = {}


def scripts(texts: Iterable[str], paths: Collection[str]) -> frozenset[str]:
    """Of `paths`, those that commands run as programs of their own."""
    found: set[str] = set()
    for text in texts:
        found |= {match["path"].removeprefix("./") for match in _SCRIPT.finditer(text)}
        for match in _MODULE.finditer(text):
            module = match["name"].replace(".", "/")
            found |= {f"{module}.py", f"{module}/__main__.py"}
    return frozenset(path for path in paths if path in found)


def test_files(report: TestReport, paths: Collection[str]) -> frozenset[str]:
    """Of `paths`, the Python files whose tests a report names; not those with doctests, which lie in the code."""
    found: set[str] = set()
    for identity in (*report.passed, *report.failed, *report.skipped):
        head, _, name = identity.partition("::")
        if name and "." not in name.partition("[")[0]:
            found |= {head, f"{head.replace('.', '/')}.py"}
    return frozenset(path for path in paths if path in found and path.endswith(".py"))


def required(text: str) -> frozenset[str]:
    """What a requirements file names, as modules are called most often."""
    lines = (line.strip() for line in text.splitlines())
    found = (match[0] for line in lines if (match := _REQUIRED.match(line)) is not None)
    return frozenset(name.lower().replace("-", "_").replace(".", "_") for name in found)


class Protection:
    """What a repair of one tree must leave as it is."""

    def __init__(
        self,
        paths: Collection[str],
        *,
        commands: Iterable[str] = (),
        before: TestReport | None = None,
        needs: Collection[str] = (),
    ) -> None:
        """Of a tree with these `paths`.

        `commands`: the test command, and what recipes below it say. `before`: the report of the tree as it was.
        `needs`: the modules that the project requires, which may not be there.
        """
        self._paths = paths
        self._needs = needs
        self.own = scripts(commands, paths) | test_files(before or TestReport(), paths)
        """What judges under a name of the project's own."""
        self._modules = {(top, _module(path, top)) for path in paths for top in _TOPS if path.startswith(top)}

    def holds(self, path: str) -> bool:
        return is_protected(path) or path in self.own or (path not in self._paths and self._shadows(path))

    def judges(self, path: str) -> bool:
        """Whether it is a program that judges. No run of tests has a reason to rewrite one, unlike data."""
        return path in self.own or (path.endswith(_PROGRAMS) and is_protected(path))

    def _shadows(self, path: str) -> bool:
        """Whether Python, or a runner, would load a new file in place of what it has, or was to have."""
        if not path.endswith((".py", ".so")):
            return False
        for name in _RUNNERS.intersection(part.partition(".")[0] for part in path.split("/")):
            if not any(name == part.partition(".")[0] for known in self._paths for part in known.split("/")):
                return True
        return any(
            path.startswith(top)
            and (module := _module(path, top)) not in {name for at, name in self._modules if at == top}
            and (module in sys.stdlib_module_names or module in self._needs)
            for top in _TOPS
        )


def _module(path: str, top: str) -> str:
    return path.removeprefix(top).partition("/")[0].partition(".")[0]
