"""pytest that runs no test at all: real runs, in folders of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.proving import CART, PYTEST, Prover
from r1code.repair.verdict import problem
from r1code.types import TestReport

pytestmark = pytest.mark.timeout(300)
SETTINGS = {
    "an option that there is not": (
        {"pytest.ini": "[pytest]\naddopts = --nope\n"},
        "unrecognized arguments: --nope",
    ),
    "settings that cannot be read": ({"pytest.ini": "[pytest\n"}, "unexpected value continuation"),
    "a package that is not there": (
        {"tests/conftest.py": "import leftpad3\n"},
        "ModuleNotFoundError: No module named 'leftpad3'",
    ),
    "a hook that fails": (
        {"conftest.py": "def pytest_collection_modifyitems():\n    raise ValueError('hook')\n"},
        "ValueError: hook",
    ),
}
CODE = {
    "it raises": {"shop/__init__.py": "raise OSError('x')\n", "tests/conftest.py": "import shop\n"},
    "it cannot be parsed": {"shop/__init__.py": "def f(:\n", "tests/conftest.py": "import shop\n"},
    "it lacks a name": {"tests/conftest.py": "from shop.cart import grand_total\n"},
    "it lacks a module": {"tests/conftest.py": "import shop.taxes\n"},
    "a hook runs into it": {
        "shop/cart.py": "def total():\n    raise OSError('x')\n",
        "conftest.py": "def pytest_configure():\n    import shop.cart\n\n    shop.cart.total()\n",
    },
}


def trouble(folder: Path, files: dict[str, str], command: str = PYTEST) -> tuple[str, str] | None:
    prover = Prover(folder, {**CART, **files})
    return problem(prover.before(command, steady=False), prover.base.entries)


@pytest.mark.parametrize("name", SETTINGS)
def test_what_no_repair_may_change_is_told_in_the_words_of_pytest(tmp_path: Path, name: str) -> None:
    files, words = SETTINGS[name]
    found = trouble(tmp_path, files)
    assert found is not None
    assert found[0] == "cannot_reproduce"
    assert words in found[1]
    assert found[1].startswith("pytest ran no test (exit code ")


def test_so_it_is_below_something_else_and_with_a_plugin_that_is_missing(tmp_path: Path) -> None:
    found = trouble(tmp_path, {"run.sh": f"{PYTEST} -p no_such_plugin; exit 1\n"}, "sh run.sh")
    assert found is not None
    plugin = "Error importing plugin \"no_such_plugin\": No module named 'no_such_plugin'"
    assert found == ("cannot_reproduce", f"pytest ran no test (exit code 1): {plugin}")
    # As older ones say it.
    traced = (
        f'Traceback (most recent call last):\n  File "/usr/lib/python3/x.py", line 1\nImportError: {plugin}\n'
    )
    older = TestReport(failed=("pytest",), exit_code=1, digest=traced)
    assert problem(older, ()) == found
    missing = TestReport(failed=("pytest",), exit_code=1, digest="/usr/bin/python3: No module named pytest\n")
    assert problem(missing, ()) == (
        "cannot_reproduce",
        "pytest ran no test (exit code 1): /usr/bin/python3: No module named pytest",
    )


@pytest.mark.parametrize("name", CODE)
def test_code_that_keeps_pytest_from_running_is_there_to_be_repaired(tmp_path: Path, name: str) -> None:
    assert trouble(tmp_path, CODE[name]) is None


def test_a_test_module_that_cannot_be_loaded_is_there_to_be_repaired(tmp_path: Path) -> None:
    assert trouble(tmp_path, {"tests/test_cart.py": "import nothing_like_this\n"}) is None
