"""`r1code serve up | down | status | logs`, with a program in vLLM's place."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from fakes.ports import free_port
from fakes.spawned import until
from fakes.vllm import program
from r1code.app.folders import state_folder, user_profiles
from r1code.app.keys import Keys, key_file
from r1code.cli.main import main
from r1code.errors import UsageError
from r1code.profiles import find_profile
from r1code.serving.plan.nvml import Nvml, are_here
from r1code.serving.run.failures import FAILURES, failure_in
from r1code.serving.run.lines import seen_in
from r1code.serving.run.process import Tail, start
from r1code.serving.run.state import Kept, Server, born, servers_in

HERE = Path(__file__).parent
Run = Callable[..., tuple[int, str, str]]
MODEL = ("distill-qwen-7b", "--gpus", "24GiB@8.9", "--name", "mine", "--hub-cache")


def kept() -> Kept:
    return Kept(state_folder() / "servers/mine")


@pytest.fixture
def serve(capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    def run(*words: str) -> tuple[int, str, str]:
        try:
            code = int(main(["serve", *words]))
        except SystemExit as stopped:
            code = int(str(stopped.code))
        return code, *capsys.readouterr()

    yield run
    for one in servers_in(state_folder() / "servers"):
        main(["serve", "down", one.name, "--now"])


@pytest.fixture
def port() -> str:
    return str(free_port())


def up(serve: Run, port: str, fake: Path, *words: str) -> tuple[int, str, str]:
    return serve("up", *MODEL, "--port", port, "--vllm", str(fake), *words)


def starts(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "starts").read_text().splitlines()]


def test_it_starts_answers_is_shown_and_ends(serve: Run, port: str, tmp_path: Path):
    code, shown, said = up(serve, port, program(tmp_path), "--vllm-arg=--enforce-eager")
    assert code == 0, said
    assert shown == "r1code --profile mine\n"
    steps = [
        "weights: 2 of 2 files",
        "loaded in 12 s",
        "compiled in 31 s",
        "61,952 tokens",
        "captured in 4 s",
        "answers",
    ]
    assert [one for one in steps if one not in said] == []
    # vLLM had less room than was planned for, which says something of GPUs that are here.
    assert ("! the plan said" in said) == are_here(Nvml)
    # The key is new, kept, in the environment of vLLM, and nowhere else.
    key = Keys(key_file()).get("VLLM_API_KEY")
    assert key
    (start,) = starts(tmp_path)
    assert start["key"] == key
    assert start["argv"][:2] == ["serve", "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"]
    assert start["argv"][-1] == "--enforce-eager"
    texts = [one.read_text() for one in kept().folder.iterdir()] + [shown, said]
    assert [one for one in texts if key in one] == []
    profile = find_profile("mine", user_profiles())
    assert (profile.base_url, profile.key_env) == (f"http://localhost:{port}/v1", "VLLM_API_KEY")
    assert str(profile.context_window) in start["argv"]
    listed = json.loads(serve("status", "--json")[1])
    assert [(one["name"], one["state"], one["restarts"]) for one in listed] == [("mine", "ready", 0)]
    assert "Graph capturing finished" in serve("logs", "mine", "-n", "1")[1]
    pid = kept().now()
    assert pid is not None
    assert pid.pid is not None
    assert serve("down")[0] == 0
    assert (tmp_path / "asked").exists()
    assert born(pid.pid) == ""
    assert [one["state"] for one in json.loads(serve("status", "--json")[1])] == ["stopped"]
    again = serve("down", "mine")
    assert again[0] == 2
    assert "does not run" in again[2]


def test_less_room_than_was_planned_for_is_said_of_gpus(serve: Run, port: str, tmp_path: Path):
    log = ["INFO GPU KV cache size: 61,952 tokens"]
    # Whether NVIDIA's are here does not matter to these.
    code, _, said = up(serve, port, program(tmp_path, log=log), "--gpus", "MI300X")
    assert code == 0, said
    assert "tokens of KV cache, and vLLM has room for 61,952" in said


def test_a_start_that_fails_says_what_is_wrong_and_is_not_tried_again(serve: Run, port: str, tmp_path: Path):
    line = "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`"
    fake = program(tmp_path, log=["INFO starting", line], exit=1)
    code, _, said = up(serve, port, fake)
    assert code == 6
    assert "no memory is left for the KV cache" in said
    assert len(starts(tmp_path)) == 1
    assert not user_profiles().exists()
    shown = serve("status")[1]
    assert "failed" in shown
    assert "no memory is left for the KV cache" in shown


def test_a_crash_after_it_was_ready_starts_it_again(serve: Run, port: str, tmp_path: Path):
    fake = program(tmp_path, crashes=1, lives=0.3)
    assert up(serve, port, fake)[0] == 0
    until(lambda: len(starts(tmp_path)) == 2)

    def is_ready_again() -> bool:
        now = kept().now()
        return now is not None and now.phase == "ready" and now.restarts == 1

    until(is_ready_again)
    assert {one["key"] for one in starts(tmp_path)} == {Keys(key_file()).get("VLLM_API_KEY")}


def test_down_now_ends_what_ignores_to_be_asked(serve: Run, port: str, tmp_path: Path):
    assert up(serve, port, program(tmp_path, stubborn=True))[0] == 0
    now = kept().now()
    assert now is not None
    assert now.pid is not None
    assert serve("down", "mine", "--now")[0] == 0
    assert (tmp_path / "asked").exists()
    assert born(now.pid) == ""


@pytest.mark.full
def test_a_vllm_whose_supervisor_was_killed_is_seen_and_can_be_ended(serve: Run, port: str, tmp_path: Path):
    assert up(serve, port, program(tmp_path))[0] == 0
    now = kept().now()
    assert now is not None
    assert now.pid is not None
    os.kill(now.supervisor, signal.SIGKILL)
    until(lambda: not kept().is_supervised())
    assert [one["state"] for one in json.loads(serve("status", "--json")[1])] == ["unwatched"]
    assert serve("down")[0] == 0
    until(lambda: born(now.pid or 0) == "")
    assert [one["state"] for one in json.loads(serve("status", "--json")[1])] == ["gone"]


def test_a_name_is_served_once_and_a_profile_of_another_server_stays(serve: Run, port: str, tmp_path: Path):
    assert up(serve, port, program(tmp_path))[0] == 0
    other = str(free_port())
    code, _, said = up(serve, other, program(tmp_path / "b"))
    assert code == 2
    assert "there is a profile 'mine' already" in said
    code, _, said = up(serve, other, program(tmp_path / "b"), "--force")
    assert code == 2
    assert "runs already" in said
    assert not (tmp_path / "b/starts").exists()


def test_of_two_starts_at_once_under_one_name_one_is_refused(serve: Run, port: str, tmp_path: Path):
    fake = program(tmp_path)
    made = Server(
        name="mine",
        argv=(str(fake), "serve", "x", "--port", port),
        environment={},
        host="127.0.0.1",
        port=int(port),
        base_url=f"http://localhost:{port}/v1",
        served="x",
        profile="mine",
        window=1,
        tokens=1,
        drain_seconds=1.0,
        started=0.0,
    )

    def begin(_: int) -> str:
        try:
            start(kept(), made, os.environ)
        except UsageError as error:
            return error.what
        return "started"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(begin, range(2))) == ["started", "the server mine runs already"]
    until((tmp_path / "starts").exists)
    assert len(starts(tmp_path)) == 1


def test_a_port_that_is_taken_is_known_before_anything_starts(serve: Run, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        code, _, said = up(serve, str(listener.getsockname()[1]), program(tmp_path))
    assert code == 2
    assert "nothing can listen" in said
    assert not (tmp_path / "starts").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("up", *MODEL, "--vllm", "/nowhere/vllm"), "vLLM is not here"),
        (("up", "distill-qwen-7b", "--gpus", "2x8xH100", "--vllm", "/bin/sh"), "several machines"),
        (("up", *MODEL[:3], "--name", "../x", "--vllm", "/bin/sh"), "no name for a server"),
        (("down",), "no server is named"),
        (("logs", "gone"), "there is no server"),
    ],
)
def test_what_cannot_be_done_says_why(serve: Run, words: tuple[str, ...], says: str):
    code, _, said = serve(*words)
    assert code == 2
    assert says in said


LINES = (HERE / "failures.txt").read_text().splitlines()


def test_each_failure_is_told_from_its_line():
    known = dict(line.split(" | ", maxsplit=1) for line in LINES)
    assert {one.what for one in FAILURES} == set(known)
    for what, line in known.items():
        assert failure_in(["INFO x", line, "RuntimeError: Engine core initialization failed."], 1).what == what
    assert failure_in(["INFO x"], -9).what == "vLLM was killed"
    assert failure_in([], 1).what == "vLLM ended"


def test_lines_that_nobody_waits_for_show_nothing():
    assert seen_in("INFO 11-30 [api_server.py] Started server process [1]") is None


def test_a_log_is_read_in_whole_lines_whatever_pieces_it_comes_in(tmp_path: Path):
    file = tmp_path / "log"
    tail = Tail(file)
    assert list(tail.lines()) == []
    with file.open("ab") as log:
        log.write(b"one\ntw")
        log.flush()
        assert list(tail.lines()) == ["one"]
        log.write(b"o\r\xff bar\nthree\n")
        log.flush()
        assert list(tail.lines()) == ["two", "\N{REPLACEMENT CHARACTER} bar", "three"]
