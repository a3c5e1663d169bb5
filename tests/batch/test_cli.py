from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from batch.conftest import Place
from batch.test_run import alive
from fakes.batch_driver import FAKE

pytestmark = pytest.mark.timeout(300)
MODEL = ["--", "--profile", "scripted", "--replies", os.devnull]


def start(place: Place, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "r1code", "batch", *words],
        cwd=place.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ran(place: Place, *words: str) -> tuple[int, str, str]:
    with start(place, *words) as process:
        out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def test_a_ctrl_c_stops_in_order_and_the_same_command_goes_on(place: Place) -> None:
    place.write([place.task("a"), place.task("b", "fixed 30"), place.task("c", "fixed")])
    run = ["run", "tasks.jsonl", "-o", "out", "--workers", "1", "--command", str(FAKE)]
    with start(place, *run, *MODEL) as process:
        while "b began" not in place.journal.read_text():
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on" in said
    pids = [int(line.split()[2]) for line in place.journal.read_text().splitlines()]
    assert [pid for pid in pids if alive(pid)] == []
    assert [one.id for one in place.bundle.results()] == ["a"]
    code, out, err = ran(place, *run, "--timeout", "1", *MODEL)
    assert code == 0, err
    assert "[2/3] ✗ b took too long" in out
    assert [one.id for one in place.bundle.results()] == ["a", "b", "c"]
    assert place.began() == {"a": 1, "b": 2, "c": 1}
    shown = msgspec.json.decode(ran(place, "show", "out", "--json")[1])
    assert (shown["done"], shown["solved"], shown["manifest"]["profile"]) == (3, 2, "scripted")
    assert ran(place, "show", "out", "--html", "page.html")[0] == 0
    assert (place.folder / "page.html").read_text().startswith("<!doctype html>")
    assert ran(place, "show", "out", "--html", "page.html")[0] == 2


@pytest.mark.parametrize(
    ("more", "flags", "why"),
    [
        ([], ["--profile", "scripted", "--test", "x"], "cannot be given to all tasks"),
        ([], ["--profile", "scripted", "-C", "x"], "cannot be given to all tasks"),
        ([], ["--profile", "scripted", "--commit"], "cannot be given to all tasks"),
        ([], ["--profile", "scripted", "--report", "json:x"], "--report cannot be given"),
        ([], ["--profile", "nobody"], "nobody"),
        ([], ["--profile", "openrouter-r1-0528"], "OPENROUTER_API_KEY"),
        ([], ["--steps", "many"], "many"),
        ([], ["--unheard-of"], "does not take `--unheard-of`"),
        (["--workers", "0"], ["--profile", "scripted"], "from 1 on"),
        (["--tries", "99"], ["--profile", "scripted"], "--tries 99"),
    ],
)
def test_what_no_task_could_begin_with_is_refused_before_anything_starts(
    place: Place, more: list[str], flags: list[str], why: str
) -> None:
    place.write([place.task("a")])
    code, _, err = ran(place, "run", "tasks.jsonl", "-o", "out", "--command", str(FAKE), *more, "--", *flags)
    assert code == 2, err
    assert why in err
    assert not Path(place.folder, "out").exists()
    assert place.began() == {}


def test_a_batch_does_what_is_imported(place: Place) -> None:
    rows = [{"instance_id": "x-1", "repo": "octo/shop", "base_commit": "", "test_patch": "", "FAIL_TO_PASS": []}]
    place.task("shop")
    (place.folder / "rows.json").write_bytes(msgspec.json.encode(rows))
    words = ["import", "swebench", "rows.json", "--repos", "repos", "-o", "tasks.jsonl", "--test", "fixed"]
    assert ran(place, *words)[0] == 0
    assert ran(place, "run", "tasks.jsonl", "-o", "out", "--command", str(FAKE), *MODEL)[0] == 0
    assert [one.solved for one in place.bundle.results()] == [True]
