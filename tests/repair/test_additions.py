from __future__ import annotations

import pytest

from r1code.repair.additions import additions, guarding

BASE = ("shop/cart.py", "shop/test_helpers/x.py", "tests/test_cart.py", "tests/data/a.json", "web/Cart.test.ts")


@pytest.mark.parametrize(
    ("path", "may"),
    [
        ("tests/test_new.py", True),
        ("shop/new_test.go", True),
        ("web/basket.test.ts", True),
        ("spec/cart_spec.rb", True),
        ("src/test/java/NewTest.java", True),
        # It is there, or something of its name.
        ("tests/test_cart.py", False),
        ("tests/Test_Cart.py", False),
        ("other/test_cart.py", False),
        ("other/test_helpers.py", False),
        # It is no test, but decides about tests.
        ("conftest.py", False),
        ("tests/conftest.py", False),
        ("tests/__init__.py", False),
        ("tests/helper.py", False),
        ("tests/data/test_new.json", False),
        ("pytest.ini", False),
        ("sitecustomize.py", False),
        ("tests/a.pth", False),
        ("x.egg-info/entry_points.txt", False),
        ("tests/test_new.py.snap", False),
        ("shop/new.py", False),
    ],
)
def test_what_may_be_added(path: str, may: bool) -> None:
    assert additions(BASE)(path) is may


@pytest.mark.parametrize(
    ("path", "guarded"),
    [("tests/test_new.py", False), ("tests/test_cart.py", True), ("conftest.py", True), ("shop/cart.py", False)],
)
def test_what_a_repair_leaves_alone(path: str, guarded: bool) -> None:
    assert guarding(BASE)(path) is guarded
