"""How a repository's tests are run, as its own files show it. Pure: nothing is run, and nothing is loaded."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from r1code.sandbox.runners import manifests
from r1code.sandbox.runners.ask import asked
from r1code.sandbox.runners.command import is_single

_DEEPEST = 4
_MOST = 20
_FOREIGN = frozenset(
    {
        "node_modules",
        "vendor",
        "third_party",
        "examples",
        "example",
        "fixtures",
        "testdata",
        "tests",
        "test",
        "docs",
    }
)
"""Folders whose projects are not the repository's own."""
_PYTEST = "python3 -m pytest -q"
_TEST_FILE = r"(?:^|/)(?:test_[^/]+|[^/]+_test)\.py$"
_IS_TEST = re.compile(_TEST_FILE)
_FUNCTION = re.compile(r"^(?:async )?def test", re.MULTILINE)
_MOST_TESTS = 20
_WHOLE = frozenset({"maven", "gradle", "cargo", "nextest", "ctest"})
"""Run at the top, these run what lies below as well."""


class Found(Struct, frozen=True, kw_only=True):
    """One way to run tests."""

    command: str
    runner: str
    """Who reports; empty: whatever is below the command."""
    reason: str
    folder: str = ""
    """Where it is run; empty: at the top."""
    weight: int
    """The higher, the likelier; equal ones cannot be told apart."""

    @property
    def line(self) -> str:
        """The command from the top of the repository."""
        return f"cd {manifests.quote(self.folder)} && {self.command}" if self.folder else self.command


class Folder(Struct, frozen=True, kw_only=True):
    """What one folder of the repository shows."""

    files: Mapping[str, str]
    """The texts of its manifests, by name."""
    paths: Collection[str]
    """All paths below it."""
    tests: Collection[str] = ()
    """The texts of some of its Python test files."""

    def text(self, name: str) -> str:
        return self.files.get(name, "")

    def any(self, pattern: str) -> bool:
        """Whether a path below it matches."""
        wanted = re.compile(pattern)
        return any(wanted.search(path) for path in self.paths)


Hint = tuple[str, str, int]
"""Command, reason, weight."""
Look = Callable[[Folder], Iterable[Hint]]


def detect(manifest: Mapping[str, bytes], paths: Collection[str]) -> tuple[Found, ...]:
    """The likely test commands, best first. `manifest`: the contents of the files that `wanted` names.

    Whatever cannot be read as what its name says is taken as absent.
    """
    texts = {path: data.decode("utf-8", errors="replace") for path, data in manifest.items()}
    folders = {path.rpartition("/")[0] for path in texts if manifests.makes_project(path.rpartition("/")[2])}
    found = [one for folder in sorted({"", *folders}) for one in _in_folder(folder, texts, paths)]
    lines = [line for path, text in texts.items() if manifests.is_workflow(path) for line in manifests.runs(text)]
    best: dict[tuple[str, str], Found] = {}
    for one in [*(_raised(one, lines) for one in found if not _is_part(one, found)), *_in_ci(lines)]:
        known = best.get((one.folder, one.command))
        if known is None or one.weight > known.weight:
            best[one.folder, one.command] = one
    ordered = sorted(best.values(), key=lambda one: (-one.weight, one.folder.count("/"), one.folder, one.command))
    return tuple(ordered[:_MOST])


def wanted(paths: Iterable[str]) -> list[str]:
    """The paths of the files that `detect` reads: manifests, and a few tests."""
    known = sorted(paths)
    tests = [path for path in known if _IS_TEST.search(path)][:_MOST_TESTS]
    return [*(path for path in known if _is_manifest(path) or manifests.is_workflow(path)), *tests]


def _is_manifest(path: str) -> bool:
    *folders, name = path.split("/")
    return len(folders) <= _DEEPEST and not _FOREIGN.intersection(folders) and manifests.is_manifest(name)


def _in_folder(folder: str, texts: Mapping[str, str], paths: Collection[str]) -> Iterator[Found]:
    prefix = f"{folder}/" if folder else ""
    files = {
        path[len(prefix) :]: text
        for path, text in texts.items()
        if path.startswith(prefix) and "/" not in path[len(prefix) :]
    }
    below = [path[len(prefix) :] for path in paths if path.startswith(prefix)]
    tests = [text for path, text in texts.items() if path.startswith(prefix) and _IS_TEST.search(path)]
    here = Folder(files=files, paths=below, tests=tests)
    for look in _LOOKS:
        for command, reason, weight in look(here):
            nested = weight - 10 * (folder.count("/") + 1) if folder else weight
            yield Found(command=command, runner=_named(command), reason=reason, folder=folder, weight=nested)


def _named(command: str) -> str:
    return ", ".join(runner.name for runner in asked(command, "").named)


def _is_part(one: Found, found: Sequence[Found]) -> bool:
    """Whether a command above runs it, too."""
    above = (f"{other.folder}/" if other.folder else "" for other in found if other.runner == one.runner != "")
    return one.runner in _WHOLE and any(
        one.folder != prefix[:-1] and one.folder.startswith(prefix) for prefix in above
    )


def _raised(one: Found, lines: Sequence[str]) -> Found:
    """What CI runs as well is likelier."""
    if not any(line.startswith(one.command) or _named(line) == one.runner != "" for line in lines):
        return one
    return replace(one, reason=f"{one.reason}; CI runs it, too", weight=one.weight + 5)


def _in_ci(lines: Sequence[str]) -> Iterator[Found]:
    """Commands of CI that name one runner, for repositories that show nothing else."""
    for line in lines:
        runner = _named(line)
        if runner and "${{" not in line and is_single(line):
            yield Found(command=line, runner=runner, reason="CI runs it", weight=40)


def _pytest(here: Folder) -> Iterator[Hint]:
    tool = manifests.table(manifests.toml(here.text("pyproject.toml")), "tool")
    for name, section, has in (
        ("pyproject.toml", "[tool.pytest.ini_options]", manifests.table(tool, "pytest", "ini_options")),
        ("pytest.ini", "[pytest]", "[pytest]" in here.text("pytest.ini")),
        ("tox.ini", "[pytest]", re.search(r"^\[pytest\]", here.text("tox.ini"), re.MULTILINE)),
        ("setup.cfg", "[tool:pytest]", "[tool:pytest]" in here.text("setup.cfg")),
    ):
        if has:
            yield _PYTEST, f"{name} has {section}", 100
            return
    required = re.search(r"\bpytest\b", "\n".join(here.text(name) for name in manifests.REQUIREMENTS))
    if here.any(r"^(?:tests?/)?conftest\.py$"):
        yield _PYTEST, "there is a conftest.py", 95
    elif required and here.any(_TEST_FILE):
        yield _PYTEST, "pytest is required, and there are test files", 90


def _python(here: Folder) -> Iterator[Hint]:
    found = list(_pytest(here))
    yield from found
    if "django" in here.text("manage.py").lower():
        yield "python3 manage.py test", "manage.py is Django's", 85
    elif not found and here.any(r"^tests?/(?:.*/)?test[^/]*\.py$|^test[^/]*\.py$"):
        if any(map(_FUNCTION.search, here.tests)) and not any("unittest" in text for text in here.tests):
            yield _PYTEST, "the test files are written for pytest", 80
            return
        folder = "tests" if here.any(r"^tests/") else "test"
        is_package = here.any(rf"^{folder}/__init__\.py$") or not here.any(rf"^{folder}/")
        discover = "" if is_package else f" discover -s {folder}"
        yield f"python3 -m unittest{discover}", "there are test files, and nothing names pytest", 70


def _tools_of_python(here: Folder) -> Iterator[Hint]:
    tool = manifests.table(manifests.toml(here.text("pyproject.toml")), "tool")
    for command, *keys in (
        ("hatch test", "hatch", "envs", "hatch-test"),
        ("pdm run test", "pdm", "scripts", "test"),
        ("poe test", "poe", "tasks", "test"),
    ):
        if keys[-1] in manifests.table(tool, *keys[:-1]):
            yield command, f"pyproject.toml has tool.{'.'.join(keys)}", 60
    if "tox.ini" in here.files or "tox.toml" in here.files or "tox" in tool:
        yield "tox", "tox is configured", 50
    if "noxfile.py" in here.files:
        yield "nox", "there is a noxfile.py", 50


def _node(here: Folder) -> Iterator[Hint]:
    package = manifests.json(here.text("package.json"))
    scripts = manifests.table(package, "scripts")
    manager = next((name for file, name in manifests.LOCKS if file in here.paths), "npm")
    script = scripts.get("test")
    if isinstance(script, str) and "no test specified" not in script:
        yield f"{manager} test", f"package.json has a script `test`: {script[:80]}", 100
        return
    wanted_ones = {**manifests.table(package, "devDependencies"), **manifests.table(package, "dependencies")}
    for name, command in (("vitest", "npx vitest run"), ("jest", "npx jest"), ("mocha", "npx mocha")):
        if name in wanted_ones:
            yield command, f"package.json needs {name}", 80
    if package and not wanted_ones.keys() & {"vitest", "jest", "mocha"} and here.any(r"\.test\.[cm]?js$"):
        yield "node --test", "there are *.test.js files, and package.json names no runner", 60


def _compiled(here: Folder) -> Iterator[Hint]:
    if "go.mod" in here.files and here.any(r"_test\.go$"):
        yield "go test ./...", "there are a go.mod and tests", 100
    if "Cargo.toml" in here.files:
        whole = " --workspace" if "[workspace]" in here.text("Cargo.toml") else ""
        if here.any(r"^\.config/nextest\.toml$"):
            yield f"cargo nextest run{whole}", "there is a .config/nextest.toml", 105
        yield f"cargo test{whole}", "there is a Cargo.toml", 100
    if "pom.xml" in here.files:
        yield f"{'./mvnw' if 'mvnw' in here.paths else 'mvn'} -q test", "there is a pom.xml", 100
    if any(name.startswith("build.gradle") for name in here.files):
        yield f"{'./gradlew' if 'gradlew' in here.paths else 'gradle'} test", "there is a build.gradle", 100
    if re.search(r"(?im)^\s*(?:enable_testing|include\s*\(\s*CTest)\b", here.text("CMakeLists.txt")):
        build = "cmake -S . -B build && cmake --build build && ctest --test-dir build"
        yield build, "CMakeLists.txt enables tests", 90


def _dynamic(here: Folder) -> Iterator[Hint]:
    bundle = "bundle exec " if "Gemfile" in here.files else ""
    if ".rspec" in here.files or here.any(r"^spec/.*_spec\.rb$"):
        yield f"{bundle}rspec", "there is a .rspec" if ".rspec" in here.files else "there are specs", 100
    if "bin/rails" in here.paths and here.any(r"^test/.*_test\.rb$"):
        yield "bin/rails test", "it is a Rails application with tests", 95
    elif re.search(r"TestTask|minitest", here.text("Rakefile")):
        yield f"{bundle}rake test", "the Rakefile has a test task", 95
    composer = manifests.json(here.text("composer.json"))
    if any(name in here.files for name in ("phpunit.xml", "phpunit.xml.dist")):
        own = "vendor/bin/" if composer else ""
        yield f"{own}phpunit", "there is a phpunit.xml", 100
    elif "phpunit/phpunit" in {
        **manifests.table(composer, "require-dev"),
        **manifests.table(composer, "require"),
    }:
        yield "vendor/bin/phpunit tests", "composer.json requires phpunit", 90
    elif "test" in manifests.table(composer, "scripts"):
        yield "composer test", "composer.json has a script `test`", 85
    if here.any(r"^t/.*\.t$"):
        yield "prove -lr t", "there are tests in t/", 80


def _make(here: Folder) -> Iterator[Hint]:
    text = here.text("Makefile") or here.text("GNUmakefile")
    targets = set(re.findall(r"^([\w.-]+(?:[ \t]+[\w.-]+)*)[ \t]*::?(?!=)", text, re.MULTILINE))
    names = {name for line in targets for name in line.split()}
    for target, weight in (("test", 65), ("tests", 64), ("check", 55)):
        if target in names:
            yield f"make {target}", f"the Makefile has a target `{target}`", weight
            return


_LOOKS: tuple[Look, ...] = (_python, _tools_of_python, _node, _compiled, _dynamic, _make)
