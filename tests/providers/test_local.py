from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakes.pace import Pace
from r1code.control import Control
from r1code.dialects.base import ChatMessage, Request
from r1code.errors import Cancelled, ProviderError
from r1code.providers.base import Delta, Done
from r1code.providers.child import Child
from r1code.providers.local import LocalProvider
from r1code.types import Usage

FAKE = Path(__file__).parents[1] / "fakes/llama"


class Bench:
    """A provider whose child runs the fake llama.cpp."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.started = 0
        self.model = "good"
        self.provider = LocalProvider(self._child, say=self.said.append)

    def _child(self) -> Child:
        self.started += 1
        return Child(self.folder / f"{self.model}.gguf", 4096)

    def ask(self, task: str, control: Control | None = None, **more: object) -> list[Delta | Done]:
        request = Request(messages=(ChatMessage(role="user", content=task),), **more)  # type: ignore[arg-type]
        return list(self.provider.stream(request, control or Control()))

    @property
    def pid(self) -> int:
        return int((self.folder / f"{self.model}.pid").read_text())


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("PYTHONPATH", str(FAKE))
    made = Bench(tmp_path)
    yield made
    made.provider.close()


def until(condition: Callable[[], bool], seconds: float = 40.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_running(pid: int) -> bool:
    """A zombie does not run."""
    state = Path(f"/proc/{pid}/stat")
    try:
        return state.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def cancelled(bench: Bench, task: str, when: Callable[[], bool]) -> float:
    """Asks, cancels as soon as `when`, and returns how long that took."""
    control = Control()
    moments: list[float] = []

    def cancel() -> None:
        assert until(when)
        moments.append(pace.seconds)
        control.cancel()

    thread = threading.Thread(target=cancel)
    with Pace() as pace:
        thread.start()
        with pytest.raises(Cancelled):
            bench.ask(task, control)
        seconds = pace.seconds
    thread.join()
    return seconds - moments[0]


def test_an_answer_streams_with_its_reasoning_its_finish_and_its_usage(bench: Bench) -> None:
    assert bench.ask("hello") == [
        Delta(field="reasoning", text="Hm. "),
        Delta(field="content", text="Hel"),
        Delta(field="content", text="lo"),
        Done(finish="stop", usage=Usage(prompt=9, cached=4, completion=2)),
    ]
    assert bench.ask("hello", max_tokens=2)[-1] == Done(
        finish="length", usage=Usage(prompt=9, cached=4, completion=2)
    )
    assert bench.started == 1
    assert [text.partition(" (")[0] for text in bench.said] == [
        "loading the model good.gguf",
        "the model is loaded",
    ]


def test_what_the_request_says_is_sent_and_what_it_leaves_open_is_not(bench: Bench) -> None:
    bench.ask("hello", seed=7, temperature=0.6, top_p=0.9, max_tokens=5)
    bench.ask("hello")
    full, bare = map(json.loads, (bench.folder / "requests").read_text().splitlines())
    assert full == {
        "messages": [{"role": "user", "content": "hello"}],
        "seed": 7,
        "temperature": 0.6,
        "top_p": 0.9,
        "max_tokens": 5,
        "stream": True,
        "stream_options": {"include_usage": True},
        "cache_prompt": True,
    }
    assert set(full) - set(bare) == {"seed", "temperature", "top_p", "max_tokens"}


def test_the_key_is_neither_in_the_arguments_nor_in_the_environment_and_is_needed(bench: Bench) -> None:
    bench.ask("hello")
    child = bench.provider._child
    assert child is not None
    key = child.key.encode()
    proc = Path(f"/proc/{bench.pid}")
    assert key not in proc.joinpath("cmdline").read_bytes() + proc.joinpath("environ").read_bytes()
    child.key = "another"
    with pytest.raises(ProviderError):
        bench.ask("hello")


@pytest.mark.parametrize("task", ["write for ever", "read for ever"])
def test_a_cancel_returns_at_once_and_the_server_sees_the_connection_go(bench: Bench, task: str) -> None:
    asked = bench.folder / "requests"
    assert cancelled(bench, task, asked.exists) < 0.5
    assert until((bench.folder / "gone").exists)
    assert bench.ask("hello")[-1] == Done(finish="stop", usage=Usage(prompt=9, cached=4, completion=2))
    assert bench.started == 1


def test_leaving_a_stream_closes_it(bench: Bench) -> None:
    request = Request(messages=(ChatMessage(role="user", content="write for ever"),))
    stream = bench.provider.stream(request, Control())
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert until((bench.folder / "gone").exists)


def test_a_cancel_while_loading_ends_the_child_at_once(bench: Bench) -> None:
    bench.model = "slow"
    assert cancelled(bench, "hello", (bench.folder / "slow.pid").exists) < 0.5
    assert not is_running(bench.pid)


@pytest.mark.parametrize(
    ("model", "why"),
    [("broken", "cannot read"), ("large", "not enough memory"), ("killed", "memory runs out")],
)
def test_a_model_that_does_not_load_says_why_and_leaves_nothing(bench: Bench, model: str, why: str) -> None:
    bench.model = model
    with pytest.raises(ProviderError) as raised:
        bench.ask("hello")
    assert raised.value.what == "the embedded model could not be loaded"
    assert why in raised.value.why
    assert not is_running(bench.pid)


def test_a_missing_package_ends_the_start_with_its_name(tmp_path: Path) -> None:
    command = (sys.executable, "-P", "-c", "raise ModuleNotFoundError('no llama here')")
    provider = LocalProvider(lambda: Child(tmp_path / "good.gguf", 4096, command), say=lambda _: None)
    with pytest.raises(ProviderError, match="no llama here"):
        list(provider.stream(Request(messages=()), Control()))


def test_a_child_that_dies_in_an_answer_is_an_error_and_the_next_request_starts_another(bench: Bench) -> None:
    with pytest.raises(ProviderError) as raised:
        bench.ask("die")
    assert raised.value.what == "the embedded model broke off in the middle of an answer"
    assert raised.value.retryable
    assert isinstance(bench.ask("hello")[-1], Done)
    assert bench.started == 2


def test_an_answer_without_an_end_is_no_answer(bench: Bench) -> None:
    with pytest.raises(ProviderError, match="broke off"):
        bench.ask("break off")


def test_a_conversation_that_is_too_long_is_said_in_words_and_not_retried(bench: Bench) -> None:
    with pytest.raises(ProviderError, match="too long for the model") as raised:
        bench.ask("too long")
    assert not raised.value.retryable


def test_closing_ends_the_child_and_may_be_repeated(bench: Bench) -> None:
    bench.ask("hello")
    bench.provider.close()
    assert not is_running(bench.pid)
    bench.provider.close()


@pytest.mark.parametrize("model", ["good", "slow"])
def test_the_child_ends_when_its_parent_is_killed_even_while_it_loads(bench: Bench, model: str) -> None:
    code = (
        "import sys, time; from pathlib import Path; from r1code.control import Control\n"
        "from r1code.providers.child import Child\n"
        "Child(Path(sys.argv[1]), 4096).wait(lambda _: None, Control())\n"
        "print('ready', flush=True); time.sleep(60)"
    )
    path = bench.folder / f"{model}.gguf"
    parent = subprocess.Popen([sys.executable, "-P", "-c", code, str(path)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    bench.model = model
    try:
        if model == "good":
            assert parent.stdout.readline() == b"ready\n"
        assert until(path.with_suffix(".pid").exists)
        assert until(lambda: bool(path.with_suffix(".pid").read_text()))
        assert is_running(bench.pid)
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        parent.stdout.close()
    assert until(lambda: not is_running(bench.pid))
