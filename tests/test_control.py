from __future__ import annotations

import queue
import sys
import threading
import time
from types import FrameType
from typing import Any

import pytest

from fakes.pace import Pace
from r1code.control import Control
from r1code.errors import Cancelled


def cancel_soon(control: Control) -> None:
    threading.Timer(0.1, control.cancel).start()


def test_whatever_blocks_returns_soon_after_a_cancel() -> None:
    blocking = [
        lambda control: control.sleep(30),
        lambda control: control.get(queue.Queue()),
        lambda control: control.call(lambda: threading.Event().wait(1.5)),
    ]
    for block in blocking:
        control = Control()
        with Pace() as pace:
            cancel_soon(control)
            with pytest.raises(Cancelled):
                block(control)
            assert pace.seconds < 0.1 + 0.4


def test_call_returns_the_value_and_raises_the_error() -> None:
    assert Control().call(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        Control().call(lambda: 1 / 0)


def test_a_value_that_comes_just_after_a_look_is_returned() -> None:
    looked = threading.Event()

    def make() -> str:
        looked.wait(0.3)
        return "value"

    def trace(_: FrameType, event: str, arg: Any) -> Any:
        # Where a look raises that nothing is there yet, it comes before anybody can see that.
        if event == "exception" and arg[0] is TimeoutError:
            looked.set()
            time.sleep(0.1)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        assert Control().call(make) == "value"
    finally:
        sys.settrace(before)


def test_what_is_made_after_a_cancel_is_handed_over_to_be_released() -> None:
    control = Control()
    released: queue.Queue[str] = queue.Queue()
    cancel_soon(control)

    def make() -> str:
        time.sleep(0.5)
        return "container"

    with pytest.raises(Cancelled):
        control.call(make, abandoned=released.put)
    assert released.get(timeout=40) == "container"


def test_get_times_out() -> None:
    with pytest.raises(TimeoutError):
        Control().get(queue.Queue(), seconds=0.1)


def test_steering_is_read_once_and_in_order() -> None:
    control = Control()
    control.steer("a")
    control.steer("b")
    assert control.steered() == ["a", "b"]
    assert control.steered() == []


def test_callbacks_run_at_the_cancel_and_at_once_when_that_was_before() -> None:
    control = Control()
    calls: list[str] = []
    with control.on_cancel(lambda: calls.append("during")):
        control.cancel()
    with control.on_cancel(lambda: calls.append("late")):
        assert calls == ["during", "late"]
    control.cancel()
    assert calls == ["during", "late"]


def test_a_limited_control_ends_alone_and_with_the_other() -> None:
    control = Control()
    with control.limited(0.05) as inner:
        began = time.monotonic()
        with pytest.raises(Cancelled):
            inner.sleep(10)
        assert time.monotonic() - began < 5
    assert inner.cancelled
    assert not control.cancelled
    with control.limited(60) as inner:
        control.steer("There.")
        assert list(inner.steered()) == ["There."]
        assert not inner.cancelled
        control.cancel()
        assert inner.cancelled
    with Control().limited(None) as same:
        assert not same.cancelled
