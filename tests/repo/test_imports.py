from __future__ import annotations

import ast
import importlib.util
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.repo.imports import PythonFiles, go_edges, python_names, reaching


def reached(files: Mapping[str, str], *changed: str) -> set[str]:
    names = {path: python_names(text) for path, text in files.items()}
    return reaching(changed, PythonFiles(files).edges(names))


PROJECT = {
    "src/pkg/__init__.py": "",
    "src/pkg/low.py": "",
    "src/pkg/sub/__init__.py": "",
    "src/pkg/sub/deep.py": "",
}


@pytest.mark.parametrize(
    ("statement", "module"),
    [
        ("import pkg.low", "src/pkg/low.py"),
        ("import os, pkg.low as low", "src/pkg/low.py"),
        ("from pkg import low", "src/pkg/low.py"),
        ("from pkg import (\n    sub,  # one\n    low,\n)", "src/pkg/low.py"),
        ("from pkg import \\\n    sub, \\\n    low", "src/pkg/low.py"),
        ("from pkg.low import name", "src/pkg/low.py"),
        ("from pkg.sub.deep import *", "src/pkg/sub/deep.py"),
        ("def test():\n    import pkg.sub.deep", "src/pkg/sub/deep.py"),
        ("if True: pass\nelse:\n\tfrom pkg.sub import deep", "src/pkg/sub/deep.py"),
        ("patch('pkg.low.name')", "src/pkg/low.py"),
        ('pytest_plugins = ["pkg.sub.deep"]', "src/pkg/sub/deep.py"),
        ('run("pkg.low:main")', "src/pkg/low.py"),
        ("import pkg.sub.deep", "src/pkg/__init__.py"),
    ],
)
def test_a_test_reaches_what_it_imports_however_it_says_so(statement: str, module: str):
    files = PROJECT | {"tests/test_it.py": f"{statement}\n", "tests/test_other.py": "import json\n"}
    assert "tests/test_it.py" in reached(files, module)
    assert "tests/test_other.py" not in reached(files, module)


@pytest.mark.parametrize(
    ("at", "statement", "module"),
    [
        ("src/pkg/a.py", "from . import low", "src/pkg/low.py"),
        ("src/pkg/a.py", "from .low import name", "src/pkg/low.py"),
        ("src/pkg/sub/a.py", "from .. import low", "src/pkg/low.py"),
        ("src/pkg/sub/a.py", "from ..low import name", "src/pkg/low.py"),
        ("src/pkg/a.py", "from .sub.deep import name", "src/pkg/sub/deep.py"),
        ("a.py", "from . import b", "b.py"),
    ],
)
def test_relative_imports_are_followed(at: str, statement: str, module: str):
    assert at in reached(PROJECT | {"b.py": "", at: statement}, module)


def test_what_imports_reach_is_followed_to_the_end_and_rings_end():
    files = {
        "a.py": "import b\n",
        "b.py": "import c\n",
        "c.py": "import a\n",
        "d.py": "",
        "test_a.py": "import a\n",
        "test_d.py": "import d\n",
    }
    assert reached(files, "c.py") == {"a.py", "b.py", "c.py", "test_a.py"}


def test_a_conftest_reaches_the_tests_below_it():
    files = {
        "lib.py": "",
        "tests/conftest.py": "import lib\n",
        "tests/unit/test_a.py": "",
        "other/test_b.py": "",
    }
    assert reached(files, "lib.py") == {"lib.py", "tests/conftest.py", "tests/unit/test_a.py"}


def test_a_helper_beside_the_test_is_found_and_a_module_of_a_package_is_no_top_level_one():
    files = {
        "tests/helpers.py": "",
        "tests/test_a.py": "import helpers\n",
        "pkg/__init__.py": "",
        "pkg/json.py": "",
        "tests/test_b.py": "import json\n",
    }
    assert reached(files, "tests/helpers.py") == {"tests/helpers.py", "tests/test_a.py"}
    assert reached(files, "pkg/json.py") == {"pkg/json.py"}


ROOT = Path(__file__).parents[2]


def imported(path: Path) -> set[Path]:
    """The files of this project that one imports directly, as Python itself finds them."""
    found: set[Path] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
        for name in names:
            try:
                spec = importlib.util.find_spec(name) if name.startswith("r1code") else None
            except ModuleNotFoundError:
                continue
            if spec is not None and spec.origin is not None:
                found.add(Path(spec.origin))
    return {file for file in found if file.is_relative_to(ROOT)}


def test_of_a_real_project_no_test_that_imports_a_module_is_missed_and_a_change_reaches_but_a_part():
    paths = [
        path
        for top in ("r1code", "sandbox", "tools", "prompts", "serving", "tests")
        for path in (ROOT / top).rglob("*.py")
    ]
    files = {str(path.relative_to(ROOT)): path for path in paths}
    edges = PythonFiles(files).edges({path: python_names(file.read_text()) for path, file in files.items()})
    tests = {path: imported(file) for path, file in files.items() if file.name.startswith("test_")}
    modules = {str(module.relative_to(ROOT)) for modules in tests.values() for module in modules}
    assert {"sandbox/archive.py", "r1code/repo/imports.py"} < modules
    for module in modules:
        reached = reaching([module], edges)
        assert {path for path, imports in tests.items() if ROOT / module in imports} <= reached
    assert len(tests.keys() & reaching(["r1code/ui/pick.py"], edges)) < len(tests) / 10


MODULES = [f"{folder}m{number}" for folder in ("", "p/", "p/q/", "src/r/") for number in range(2)]
NAMES = [path.removeprefix("src/").replace("/", ".") for path in MODULES]


@given(
    st.lists(st.lists(st.sampled_from(NAMES), max_size=3), min_size=len(MODULES), max_size=len(MODULES)),
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=3),
    st.sampled_from(["import {0}", "from {1} import {2}", "from {0} import x, y", "    import {0} as z"]),
)
def test_a_change_reaches_every_test_that_imports_it(inner: list[list[str]], direct: list[str], form: str):
    def said(name: str) -> str:
        above, _, last = name.rpartition(".")
        return form.format(name, above, last) if above else f"import {name}"

    files = {f"{folder}__init__.py": "" for folder in ("p/", "p/q/", "src/r/")}
    files |= {f"{path}.py": "\n".join(map(said, names)) for path, names in zip(MODULES, inner, strict=True)}
    files["tests/test_it.py"] = "\n".join(map(said, direct))
    for name in direct:
        at = MODULES[NAMES.index(name)]
        found = reached(files, f"{at}.py")
        assert "tests/test_it.py" in found
        # And whatever changes below: what is imported there reaches the test as well.
        for below in inner[MODULES.index(at)]:
            assert "tests/test_it.py" in reached(files, f"{MODULES[NAMES.index(below)]}.py")


def test_a_package_may_be_put_together_from_other_folders():
    files = {
        "app/__init__.py": "",
        "core/__init__.py": "",
        "core/low.py": "",
        "test_a.py": "import app.core.low\n",
    }
    assert "test_a.py" in reached(files, "core/low.py")


def test_go_packages_are_found_by_what_their_files_import():
    files = {
        "go.mod": "module example.com/shop\n\ngo 1.22\n",
        "main.go": 'package main\n\nimport "example.com/shop/cart"\n',
        "cart/cart.go": 'package cart\nimport (\n\t"fmt"\n\n\tp "example.com/shop/internal/price" // euros\n)\n',
        "cart/cart_test.go": 'package cart\n\nimport "testing"\n',
        "internal/price/price.go": "package price\n",
        "tools/x.go": 'package tools\n\nimport "example.com/shopping"\n',
    }
    edges = go_edges(list(files), lambda path: files[path])
    assert reaching(["internal/price"], edges) == {"internal/price", "cart", ""}
    assert reaching(["tools"], edges) == {"tools"}
