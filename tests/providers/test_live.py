"""The embedded model itself. The first run downloads it (1.1 GB) to the user's cache."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.live import weights
from fakes.pace import Pace
from r1code.control import Control
from r1code.dialects.base import ChatMessage, Request
from r1code.errors import Cancelled
from r1code.providers.base import Delta, Done
from r1code.providers.child import Child
from r1code.providers.local import LocalProvider

__all__ = ["weights"]

TASK = "Write a Python function `reverse_words(sentence)` that reverses the order of the words. Only code."

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def provider(weights: Path) -> Iterator[LocalProvider]:
    made = LocalProvider(lambda: Child(weights, 2048), say=lambda _: None)
    yield made
    made.close()


def ask(provider: LocalProvider, control: Control | None = None, *, tokens: int = 24) -> Iterator[Delta | Done]:
    request = Request(
        messages=(ChatMessage(role="user", content=TASK),), max_tokens=tokens, temperature=0.6, seed=11
    )
    return provider.stream(request, control or Control())


def seconds_used(provider: LocalProvider) -> float:
    """Processor time of the child."""
    assert provider._child is not None
    fields = Path(f"/proc/{provider._child._process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_an_answer_streams_is_counted_and_comes_again_with_its_seed(provider: LocalProvider) -> None:
    cold = list(ask(provider))
    text = "".join(item.text for item in cold if isinstance(item, Delta))
    done = cold[-1]
    assert isinstance(done, Done)
    assert len(cold) > 10
    assert "def reverse_words" in text
    assert (done.finish, done.usage.completion, done.usage.cached) == ("length", 24, 0)
    warm = list(ask(provider))
    assert isinstance(warm[-1], Done)
    assert done.usage.prompt is not None
    assert warm[-1].usage.cached == done.usage.prompt - 1
    assert list(ask(provider)) == warm
    provider.close()
    assert list(ask(provider)) == cold


def test_a_cancel_is_quick_and_the_model_stops_computing(provider: LocalProvider) -> None:
    control = Control()
    stream = ask(provider, control, tokens=1500)
    assert isinstance(next(stream), Delta)
    with Pace() as pace:
        control.cancel()
        with pytest.raises(Cancelled):
            list(stream)
        assert pace.seconds < 0.5
    for _ in range(40):
        before = seconds_used(provider)
        time.sleep(0.5)
        if seconds_used(provider) - before < 0.1:
            return
    pytest.fail("the model still computes what nobody reads")
