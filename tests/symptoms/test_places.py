from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from r1code.symptoms.places import Files, distinct, hints, spots_in
from r1code.symptoms.symptom import MOST_PLACES, Spot, Symptom

PATHS = ["cart.py", "shop/cart.py", "shop/mail.py", "other/mail.py", "src/lib.rs"]


def test_the_longest_file_that_ends_a_path_is_meant_and_of_equals_none() -> None:
    files = Files(PATHS)
    assert files.meant("/home/runner/work/x/x/shop/cart.py") == "shop/cart.py"
    assert files.meant(r"D:\a\x\x\shop\cart.py") == "shop/cart.py"
    assert files.meant("cart.py") == "cart.py"
    assert files.meant("./src/lib.rs") == "src/lib.rs"
    assert files.meant("lib.rs") == "src/lib.rs"
    assert files.meant("mail.py") is None
    assert files.meant("/usr/lib/nothing.py") is None


def test_libraries_are_no_places() -> None:
    lines = ['  File "/usr/lib/python3.12/json/x.py", line 3, in x', '  File "/w/shop/cart.py", line 2, in y']
    assert [spot.path for spot in spots_in(lines)] == ["/w/shop/cart.py"]


def test_what_is_named_last_is_nearest() -> None:
    one, two = Spot(path="a", line=1), Spot(path="b", line=2)
    assert distinct([one, two, one]) == (two, one)
    assert len(distinct(Spot(path="a", line=line) for line in range(1_000))) == MOST_PLACES


def test_the_pipeline_is_told_places_as_tracebacks_have_them() -> None:
    shown = Symptom(kind="log", origin="x", places=(Spot(path="/w/shop/cart.py", line=2),), errors=("E: no",))
    assert hints([shown], PATHS) == "shop/cart.py:2: \nE: no"
    assert hints([], PATHS) == ""


@given(st.lists(st.text("ab/.", max_size=8)), st.text("ab/.\\", max_size=12))
def test_only_files_of_the_repository_are_meant(paths: list[str], named: str) -> None:
    assert Files(paths).meant(named) in {None, *paths}
