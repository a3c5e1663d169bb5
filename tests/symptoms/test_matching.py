from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.symptoms.matching import matched
from r1code.symptoms.symptom import NamedTest

ID = st.text("abAB/.:[] _-", max_size=20)


def named(identity: str, file: str = "") -> NamedTest:
    return NamedTest(id=identity, name=identity.partition("::")[2], file=file)


def test_a_whole_file_stands_for_all_its_tests() -> None:
    ids = ["tests/test_a.py::x", "tests/test_a.py::y", "tests/test_b.py::x"]
    assert matched([named("tests/test_a.py")], ids).ids == ("tests/test_a.py::x", "tests/test_a.py::y")


def test_of_several_the_failing_one_is_meant_and_else_none() -> None:
    ids = ["a/test_a.py::x", "b/test_a.py::x"]
    assert matched([named("test_a.py::x")], ids, ["b/test_a.py::x"]).ids == ("b/test_a.py::x",)
    assert matched([named("test_a.py::x")], ids).ids == ()
    assert matched([named("test_a.py::x")], ids, ids).missing == (named("test_a.py::x"),)


@pytest.mark.parametrize("prefix", ["packages/shop/", "/home/runner/work/x/x/"])
def test_a_run_in_another_folder_names_the_same_test(prefix: str) -> None:
    found = matched([named(f"{prefix}tests/test_a.py::x")], ["tests/test_a.py::x", "tests/test_a.py::y"])
    assert found.ids == ("tests/test_a.py::x",)
    found = matched([named("tests/test_a.py::x")], [f"{prefix}tests/test_a.py::x", "tests/test_b.py::x"])
    assert found.ids == (f"{prefix}tests/test_a.py::x",)


@given(st.lists(ID), st.lists(ID))
def test_each_name_is_either_found_or_missing_and_every_id_is_of_the_run(
    names: list[str], ids: list[str]
) -> None:
    given_ones = [named(one) for one in names]
    found = matched(given_ones, ids)
    assert len(found.found) + len(found.missing) == len(given_ones)
    assert set(found.ids) <= set(ids)


@given(st.lists(ID.filter(bool), min_size=1, unique=True), st.data())
def test_an_id_of_the_run_means_itself(ids: list[str], data: st.DataObject) -> None:
    one = data.draw(st.sampled_from(ids))
    assert matched([named(one)], ids).ids == (one,)
