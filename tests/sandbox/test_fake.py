from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from fakes.bench import Bench
from fakes.sandbox import FakeSandbox, Files
from r1code.errors import Cancelled
from r1code.sandbox.base import Sandbox
from r1code.sandbox.bubblewrap import BubblewrapSandbox
from r1code.sandbox.docker import DockerSandbox
from r1code.sandbox.host import HostSandbox
from r1code.sandbox.seatbelt import SeatbeltSandbox
from r1code.sandbox.veil import VeiledSandbox
from r1code.tree.store import Store


@pytest.mark.parametrize(
    "kind", [FakeSandbox, DockerSandbox, BubblewrapSandbox, SeatbeltSandbox, HostSandbox, VeiledSandbox]
)
def test_every_sandbox_has_the_methods_of_the_contract(kind: type):
    # Docker's is known once it was started.
    assert isinstance(kind.kind, str | property)
    for name, wanted in inspect.getmembers(Sandbox, inspect.isfunction):
        if not name.startswith("_"):
            assert inspect.signature(getattr(kind, name)) == inspect.signature(wanted), name


def test_the_fake_answers_from_its_table_and_reports_what_an_answer_changed(tmp_path: Path):
    def edit(files: Files) -> tuple[int, str]:
        files["a"] = b"2"
        files["new"] = b"3"
        del files["b"]
        return 1, "edited\n"

    store = Store(tmp_path)
    fake = FakeSandbox({"edit": edit, "ok": (0, "one\ntwo\n")}, store=store, outside={"/tmp/report": b"x"})
    bench = Bench(fake, store, [])
    bench.sync({"a": "1", "b": "1"})
    assert bench.out("ok") == bench.live == "one\ntwo\n"
    assert bench.run("edit").exit_code == 1
    assert bench.run("unknown").exit_code == 127
    assert bench.changes() == {"a": (0o644, b"2"), "b": None, "new": (0o644, b"3")}
    assert fake.read("/tmp/report", bench.control) == b"x"
    assert fake.read("/tmp/other", bench.control) is None
    assert fake.commands == ["ok", "edit", "unknown"]
    assert bench.changes() == {}
    bench.sync({"a": "1"})
    assert bench.changes() == {}
    assert fake.files == {"a": b"1"}


def test_the_fake_honours_a_cancel():
    bench = Bench(FakeSandbox({"x": (0, "1\n2\n")}), Store(Path("unused")), [])
    running = bench.sandbox.run("x", bench.control)
    assert next(running) == "1\n"
    bench.control.cancel()
    with pytest.raises(Cancelled):
        next(running)
