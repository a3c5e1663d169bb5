"""The profile and the command line, word by word; and the copy, with a program that confines nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.bench import Bench
from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox.base import Limits
from r1code.sandbox.copied import Copying
from r1code.sandbox.seatbelt import Places, SeatbeltSandbox, around
from r1code.tree.entry import Entry
from r1code.tree.store import Store

GOLDEN = Path(__file__).parents[1] / "golden/seatbelt.sb"
LIMITS = Limits(seconds=20.0, output_bytes=2_000, flood_bytes=1_000_000)


def test_the_profile_is_as_it_was_reviewed():
    program, *words = around(Places(copy=Path("/private/x/copy"), own=Path("/private/x/own")))
    assert program == "/usr/bin/sandbox-exec"
    assert words[:-1] == ["-D", "COPY=/private/x/copy", "-D", "OWN=/private/x/own", "-p"]
    assert words[-1] == GOLDEN.read_text()


def test_no_path_becomes_a_part_of_the_profile():
    hostile = Path('/x/") (allow default) ("')
    words = around(Places(copy=hostile, own=hostile))
    assert words[-1] == GOLDEN.read_text()
    assert "allow default" not in words[-1]


@pytest.fixture
def bench(tmp_path: Path, store: Store) -> Iterator[Bench]:
    program = tmp_path / "sandbox-exec"
    program.write_text('#!/bin/sh\n[ "$1 $3 $5" = "-D -D -p" ] || exit 99\nshift 6\nexec "$@"\n')
    program.chmod(0o755)
    said: list[str] = []
    copying = Copying(store=store, limits=LIMITS, say=said.append, ignored={"i"}.intersection)
    sandbox = SeatbeltSandbox(copying, str(program))
    yield Bench(sandbox, store, said)
    sandbox.close()


def test_a_copy_goes_in_and_what_changed_comes_back(bench: Bench):
    bench.sync({"a": "1", "d/b": bench.file("2", 0o755), "l": bench.link("a")})
    assert bench.changes() == {}
    bench.out("echo new >a; rm d/b; mkdir -p n; echo x >n/f; touch i; mkdir __pycache__; touch __pycache__/x")
    assert bench.changes() == {"a": (0o644, b"new\n"), "d/b": None, "n/f": (0o644, b"x\n"), **EMPTY}
    bench.sync({"a": "3"})
    assert bench.out("cat a; ls") == "3__pycache__\na\ni\n"


EMPTY: dict[str, tuple[int, bytes]] = {"d": (0o755, b"")}
"""A folder that is empty now belongs to the tree."""


def test_links_that_lead_out_stay_and_are_named(bench: Bench, tmp_path: Path):
    (tmp_path / "secret").write_text("canary")
    bench.sync({"a": "1"})
    bench.out(f"ln -s {tmp_path}/secret out; ln -s ../x up; ln -s a fine; rm a; ln -s /etc/passwd a")
    assert bench.changes() == {"fine": (0o777, b"a")}
    assert any("a, out, up" in said for said in bench.said)
    place = bench.out("pwd").strip()
    assert bench.sandbox.read(f"{place}/out", bench.control) is None
    bench.sync({"a": "2"})
    assert bench.out("cat a") == "2"
    assert (tmp_path / "secret").read_text() == "canary"


def test_reports_are_read_and_what_they_link_to_is_not(bench: Bench, tmp_path: Path):
    (tmp_path / "secret").write_text("canary")
    folder = Path("/tmp/r1code-0123456789abcdef")
    try:
        bench.out(f"mkdir {folder}; echo yes >{folder}/report.xml; ln -s {tmp_path}/secret {folder}/link")
        assert bench.sandbox.read(f"{folder}/report.xml", bench.control) == b"yes\n"
        assert bench.sandbox.read(f"{folder}/link", bench.control) is None
        assert bench.sandbox.read("/etc/passwd", bench.control) is None
    finally:
        shutil.rmtree(folder)


def test_home_is_its_own_and_closing_leaves_nothing(bench: Bench):
    home = Path(bench.out("echo $HOME; echo x >$HOME/y").strip())
    assert home.is_dir()
    bench.sandbox.close()
    assert not home.parent.exists()
    assert "untested" in bench.sandbox.kind


def test_elsewhere_than_on_macos_it_is_refused_in_words(store: Store):
    sandbox = SeatbeltSandbox(Copying(store=store, limits=LIMITS, say=print), "/nonexistent/sandbox-exec")
    with pytest.raises(SandboxError, match="Seatbelt cannot be used") as raised:
        sandbox.start(Control())
    assert "bubblewrap" in raised.value.hint


def test_a_content_that_is_missing_is_a_sandbox_error(bench: Bench):
    with pytest.raises(SandboxError, match="could not be copied in"):
        bench.sync({"a": Entry(kind="file", mode=0o644, digest="0" * 64)})
