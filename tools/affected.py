"""The tests that what was changed can reach, as a command; the imports of files say which these are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase

from msgspec import Struct

from r1code.errors import ToolError
from r1code.repo.files import decode, is_binary
from r1code.repo.imports import PythonFiles, go_edges, python_names, reaching
from r1code.sandbox.runners import related, runner_of, subset
from r1code.tree.caches import in_cache
from r1code.tree.entry import Entry, is_folder
from r1code.tree.snapshot import Snapshot
from r1code.tree.worktree import WorkTree
from r1code.types import Case, TestReport

_MOST_FILES = 300
"""More are no selection any longer, and may be more than a command line holds."""
_MOST_PARSED = 20_000
_CONVENTIONS = {"pytest": ("test_*.py", "*_test.py"), "unittest": ("test*.py",)}
_GO = ".go"
_SCRIPTS = (".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte")


class Reach(Struct, frozen=True, kw_only=True):
    """What the changes since the base can reach."""

    changed: bool
    """Whether there are any."""
    command: str | None = None
    """Runs the tests that they reach; None: that is not known, or these cannot be chosen."""
    is_part: bool = False
    """Whether that leaves out any tests."""


class Affected:
    """Of a work tree, since this was made. What a file imports is kept by its content."""

    def __init__(self, tree: WorkTree, command: str) -> None:
        self._tree = tree
        self._command = command
        self._runner = runner_of(command)
        self._base = tree.snapshot()
        self._names: dict[str, frozenset[str]] = {}

    def reach(self, now: Snapshot, report: TestReport | None) -> Reach:
        """`report` knows which files hold tests, where there is one."""
        patch = self._base.diff(now)
        both = self._base.entries | now.entries
        # Tests leave caches and empty folders behind.
        changed = [path for path in patch.paths if not (is_folder(both[path]) or in_cache(path))]
        if not changed:
            return Reach(changed=False)
        entries = {path: entry for path, entry in both.items() if entry.kind == "file"}
        if any(path not in entries for path in changed):
            return Reach(changed=True)
        if self._runner in _CONVENTIONS:
            return self._python(changed, entries, now, _files(report))
        if self._runner == "go":
            return self._go(changed, entries, now)
        if any(path not in now.entries or not path.endswith(_SCRIPTS) for path in changed):
            return Reach(changed=True)
        # Whether that is a part, only the runner knows.
        return Reach(changed=True, command=related(self._command, changed), is_part=True)

    def _python(
        self, changed: Collection[str], entries: Mapping[str, Entry], now: Snapshot, known: Collection[str]
    ) -> Reach:
        sources = [path for path in entries if path.endswith(".py")]
        # A test may read any other file.
        if len(sources) > _MOST_PARSED or any(not path.endswith(".py") for path in changed):
            return Reach(changed=True)
        edges = PythonFiles(sources).edges({path: self._imported(path, entries[path]) for path in sources})
        reached = reaching(changed, edges)
        names = {path: self._identity(path) for path in sources if path in now.entries}
        tests = [
            path
            for path, name in names.items()
            if name in known or ((not known or path in changed) and self._is_test(path))
        ]
        chosen = [names[path] for path in tests if path in reached]
        return self._chosen(chosen, len(tests))

    def _go(self, changed: Collection[str], entries: Mapping[str, Entry], now: Snapshot) -> Reach:
        if any(not path.endswith(_GO) for path in changed):
            return Reach(changed=True)
        reached = reaching(
            {path.rpartition("/")[0] for path in changed},
            go_edges([path for path in entries if path.endswith((_GO, "go.mod"))], self._text),
        )
        tests = {path.rpartition("/")[0] for path in now.entries if path.endswith("_test.go")}
        return self._chosen([f"./{folder}" for folder in sorted(tests & reached)], len(tests))

    def _chosen(self, chosen: list[str], count: int) -> Reach:
        cases = [Case(id=identity, state="uncollected") for identity in chosen]
        command = subset(self._command, cases) if 0 < len(cases) <= _MOST_FILES else None
        return Reach(changed=True, command=command, is_part=len(chosen) < count)

    def _is_test(self, path: str) -> bool:
        name = path.rpartition("/")[2]
        return any(fnmatchcase(name, pattern) for pattern in _CONVENTIONS[self._runner])

    def _identity(self, path: str) -> str:
        """What stands before the names of tests in the ids of those in this file."""
        return path if self._runner == "pytest" else path.removesuffix(".py").replace("/", ".")

    def _imported(self, path: str, entry: Entry) -> frozenset[str]:
        if entry.digest not in self._names:
            self._names[entry.digest] = python_names(self._text(path))
        return self._names[entry.digest]

    def _text(self, path: str) -> str:
        try:
            data = self._tree.read(path)
        except ToolError:
            # It was deleted, or may not be read: then it is known to import nothing.
            return ""
        return "" if is_binary(data) else decode(data).text


def _files(report: TestReport | None) -> frozenset[str]:
    """What stands before the names of tests in their ids: a file, or a module."""
    if report is None or not report.structured:
        return frozenset()
    ids = (*report.passed, *report.failed, *report.skipped, *report.uncollected)
    return frozenset(one.partition("::")[0] for one in ids)
