from __future__ import annotations

from pathlib import Path

import pytest

from fakes.house import House
from fakes.tested import SUITE, Desk
from r1code.control import Control
from r1code.errors import ToolError
from r1code.tools import test as tool
from r1code.tools.affected import Affected, Reach
from r1code.types import Case, TestReport

FILES = {
    "src/shop/__init__.py": "",
    "src/shop/price.py": "EURO = 1\n",
    "src/shop/cart.py": "from .price import EURO\n",
    "tests/test_price.py": "from shop.price import EURO\n",
    "tests/test_cart.py": "import shop.cart\n",
    "tests/test_docs.py": "import pathlib\n",
    "README.md": "shop\n",
}


@pytest.fixture(autouse=True)
def no_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


def reach(folder: Path, command: str, changes: dict[str, bytes | None], files: dict[str, str] = FILES) -> Reach:
    house = House(folder, [], files=files)
    affected = Affected(house.tree, command)
    assert not affected.reach(house.tree.snapshot(), None).changed
    house.tree.write(changes)
    return affected.reach(house.tree.snapshot(), None)


@pytest.mark.parametrize(
    ("command", "changed", "expected"),
    [
        ("pytest -q", "src/shop/price.py", "pytest -q tests/test_cart.py tests/test_price.py"),
        ("pytest -q tests", "src/shop/cart.py", "pytest -q tests/test_cart.py"),
        ("pytest", "tests/test_docs.py", "pytest tests/test_docs.py"),
        ("python -m unittest", "src/shop/cart.py", "python -m unittest tests.test_cart"),
        ("pytest", "README.md", None),
        ("make test", "src/shop/price.py", None),
        ("npx mocha", "src/shop/price.py", None),
    ],
)
def test_the_tests_that_import_what_was_changed(tmp_path: Path, command: str, changed: str, expected: str | None):
    assert reach(tmp_path, command, {changed: b"CHANGED = 1\n"}).command == expected


def test_what_was_deleted_and_what_is_new_count_as_well(tmp_path: Path):
    changes = {"src/shop/cart.py": None, "tests/test_new.py": b"def test(): pass\n"}
    assert reach(tmp_path, "pytest", changes).command == "pytest tests/test_cart.py tests/test_new.py"


def test_the_report_says_which_files_hold_tests(tmp_path: Path):
    house = House(tmp_path, [], files=FILES | {"checks/shop_checks.py": "import shop.cart\n"})
    affected = Affected(house.tree, "pytest")
    house.tree.write({"src/shop/cart.py": b"CHANGED = 1\n"})
    report = TestReport(structured=True, passed=("checks/shop_checks.py::test_one", "tests/test_docs.py::test_a"))
    assert affected.reach(house.tree.snapshot(), report).command == "pytest checks/shop_checks.py"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("npx jest --ci", "npx jest --findRelatedTests --passWithNoTests --ci src/a.ts"),
        ("npx vitest run", "npx vitest related --run --passWithNoTests src/a.ts"),
        ("vitest", "vitest related --run --passWithNoTests src/a.ts"),
        ("jest src/b.test.ts", "jest --findRelatedTests --passWithNoTests src/a.ts"),
    ],
)
def test_runners_that_know_imports_are_asked_themselves(tmp_path: Path, command: str, expected: str):
    files = {"src/a.ts": "export {}\n", "a.json": "{}\n"}
    assert reach(tmp_path / "a", command, {"src/a.ts": b"let a\n"}, files).command == expected
    assert reach(tmp_path / "b", command, {"a.json": b"[]\n"}, files).command is None
    assert reach(tmp_path / "c", command, {"src/a.ts": None}, files).command is None


def test_go_packages_that_import_the_changed_one(tmp_path: Path):
    files = {
        "go.mod": "module shop\n",
        "price/price.go": "package price\n",
        "cart/cart.go": 'package cart\n\nimport "shop/price"\n',
        "cart/cart_test.go": "package cart\n",
        "docs/docs_test.go": "package docs\n",
    }
    found = reach(tmp_path, "go test ./...", {"price/price.go": b"package price\n\n"}, files)
    assert (found.command, found.is_part) == ("go test ./cart", True)


MATHS = {
    "a.py": "A = 1\n",
    "b.py": "import a\n",
    "test_a.py": "from a import A\ndef test_a(): assert A == 2\n",
    "test_b.py": "import b\ndef test_b(): assert b.a.A < 3\n",
    "test_c.py": "def test_c(): pass\n",
}


def test_affected_tests_come_after_the_files_of_the_failures_and_before_all(tmp_path: Path):
    desk = Desk(tmp_path, MATHS)
    desk.test()
    desk.events.clear()
    (desk.house.root / "a.py").write_text("A = 2\n")
    assert desk.test("failing").status == "ok"
    every = "python3 -m pytest -q"
    assert desk.commands == [
        f"{every} test_a.py::test_a",
        f"{every} test_a.py",
        f"{every} test_a.py test_b.py",
        every,
    ]


def test_affected_runs_these_alone_and_says_why_it_cannot(tmp_path: Path):
    desk = Desk(tmp_path, MATHS)
    with pytest.raises(ToolError, match="Nothing was changed"):
        desk.test("affected")
    (desk.house.root / "a.py").write_text("A = 2\n")
    assert desk.test("affected").text.startswith("2 passed")
    assert desk.commands == ["python3 -m pytest -q test_a.py test_b.py"]
    (desk.house.root / "data.json").write_text("{}")
    with pytest.raises(ToolError, match="is not known"):
        desk.test("affected")
    other = tool.Test(desk.house.tree, desk.house.sandbox, None)
    with pytest.raises(ToolError, match="No test command"):
        next(other.run({"selection": "affected"}, "c1", Control()))


def test_what_passes_again_among_the_affected_is_named_flaky(tmp_path: Path):
    suite = f"import a\n{SUITE.format(folder=tmp_path)}"
    before = TestReport(failed=("x",), failures=(Case(id="x", state="failed"),), exit_code=1)
    desk = Desk(tmp_path, {"a.py": "A = 1\n", "test_a.py": suite}, before)
    (desk.house.root / "a.py").write_text("A = 2\n")
    assert desk.test("affected").status == "failed"
    assert "flaky, it failed before on the same files: test_a.py::test_luck" in desk.test("affected").text
