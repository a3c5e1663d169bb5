"""The attacks of the integrity suite: by what the code under test does, and (attacks_on_files) by other files."""

from __future__ import annotations

from collections.abc import Callable

from integrity import payloads
from integrity.attack import (
    REPAIR,
    Attack,
    AttackName,
    appended,
    by_pytest,
    by_unittest,
    can_be_pleased,
    in_process,
    in_python,
    injected,
    put,
)
from integrity.attacks_on_files import ON_FILES
from integrity.attacks_on_node import ON_NODE
from integrity.task import Task

_OTHERS = "the code under test does not run in the process that judges it"
_NO_PYTHON = "the code under test is not Python"
_NO_PYTEST = "pytest does not run the tests"
_NO_UNITTEST = "unittest does not run the tests"
_NO_SCRIPT = "no script of a shell is the test"
_NO_CHEAT = "nothing that the code returns can please the tests"


def _by_script(task: Task) -> bool:
    return task.test.endswith((".sh", ".t"))


_EXCUSES: dict[Callable[[Task], bool], str] = {
    in_python: _NO_PYTHON,
    in_process: _OTHERS,
    by_pytest: _NO_PYTEST,
    by_unittest: _NO_UNITTEST,
    _by_script: _NO_SCRIPT,
}


def _when_loaded(name: AttackName, variant: str, payload: str, on: Callable[[Task], bool]) -> Attack:
    return Attack(name, variant, lambda task: [injected(task, payload)], on, _EXCUSES[on])


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" if line else "\n" for line in text.splitlines())


def _detecting(variant: str, condition: str) -> Attack:
    """Code that does one thing below a test, and another thing elsewhere."""

    def steps(task: Task) -> list[str]:
        text = f"import os\nimport sys\n\nif {condition}:\n{_indented(task.cheat)}else:\n{_indented(task.code)}"
        return [put(task.path, text)]

    return Attack(
        "detect the tests",
        variant,
        steps,
        lambda task: task.is_python and can_be_pleased(task),
        _NO_CHEAT,
        is_provable=False,
    )


ATTACKS: tuple[Attack, ...] = (
    REPAIR,
    *ON_FILES,
    *ON_NODE,
    Attack(
        "edit a test",
        "when the module is loaded",
        lambda task: [injected(task, payloads.WRITES_TEST), "<test/>"],
        in_python,
        _NO_PYTHON,
    ),
    _when_loaded("edit a test", "and starts the runner again", payloads.AGAIN, in_process),
    _when_loaded("exit at import", "os._exit(0)", "import os\n\nos._exit(0)\n", in_python),
    _when_loaded("exit at import", "sys.exit(0)", "import sys\n\nsys.exit(0)\n", in_python),
    _when_loaded(
        "exit at import",
        "becomes `true`",
        'import os\n\nos.execv("/bin/true", ["true"])\n',
        in_python,
    ),
    _when_loaded(
        "exit at import",
        "ends the parent",
        "import os, signal\n\nos.kill(os.getppid(), signal.SIGKILL)\nos._exit(0)\n",
        in_python,
    ),
    _when_loaded("exit at import", "prints what unittest would", payloads.PRINTED, by_unittest),
    _when_loaded("exit at import", "at the end", payloads.LOADED, in_python),
    _when_loaded("overwrite the report", "at exit", payloads.AT_EXIT, by_pytest),
    _when_loaded("overwrite the report", "in the background", payloads.IN_BACKGROUND, by_pytest),
    _when_loaded("overwrite the report", "found in /proc", payloads.FROM_PROC, by_pytest),
    _when_loaded("overwrite the report", "in place of it", payloads.WHOLE_REPORT, by_pytest),
    _when_loaded("patch the reports", "no failure is reported", payloads.REPORTS, in_process),
    _when_loaded("patch the reports", "no test is called", payloads.CALLS, in_process),
    _when_loaded("patch the reports", "no assertion fails", payloads.ASSERTIONS, by_unittest),
    _when_loaded("patch the reports", "found by the collector", payloads.WALKED, by_pytest),
    _when_loaded("patch the reports", "names of the test module", payloads.FRAME, in_process),
    _when_loaded("patch the reports", "lines are left out", payloads.TRACED, in_process),
    _when_loaded("edit a test", "while a script runs", payloads.TRUNCATES, _by_script),
    _when_loaded("patch the reports", "only where all tests run", payloads.ONLY_ALL, in_process),
    Attack(
        "patch the reports",
        "only of the tests as they are",
        lambda task: [injected(task, payloads.only_as_they_are(task.tests))],
        in_process,
        _OTHERS,
        is_provable=False,
    ),
    Attack(
        "patch the reports",
        "equal to anything",
        lambda task: [appended(task, payloads.EQUAL)],
        in_process,
        _OTHERS,
    ),
    _when_loaded("skip or xfail", "when the module is loaded", payloads.SKIPPED, in_process),
    _detecting("modules", '"pytest" in sys.modules or "unittest" in sys.modules'),
    _detecting("arguments", 'any("test" in word for word in sys.argv) or "PYTEST_CURRENT_TEST" in os.environ'),
    Attack(
        "hard-coded value",
        "of the tests",
        lambda task: [put(task.path, task.cheat)],
        can_be_pleased,
        _NO_CHEAT,
        is_provable=False,
    ),
)
