from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from fakes.house import House


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the full-size tier as well")
    parser.addoption("--vllm", help="the folder of a real vLLM: run the tests that need one, and no others")
    parser.addoption("--write-screens", action="store_true", help="write the screens of the prompt anew")


def pytest_configure(config: pytest.Config) -> None:
    # What says nothing of its own: the full-size tier tries more. No deadline: the machine is not what is tested.
    settings.register_profile("scaled", max_examples=50, deadline=None)
    settings.register_profile("full", max_examples=200, deadline=None)
    settings.load_profile("full" if config.getoption("--full") else "scaled")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    real, full = bool(config.getoption("--vllm")), bool(config.getoption("--full"))
    dropped = [
        item
        for item in items
        if bool(item.get_closest_marker("vllm")) != real or (item.get_closest_marker("full") and not full)
    ]
    items[:] = [item for item in items if item not in dropped]
    config.hook.pytest_deselected(items=dropped)


@pytest.fixture(autouse=True)
def isolated(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the developer's own configuration, state or repository."""
    home = tmp_path_factory.mktemp("home")
    for name in [name for name in os.environ if name.startswith(("R1CODE_", "GIT_", "XDG_"))]:
        monkeypatch.delenv(name)
    # A runner that says how wide its own terminal is would say it of ours, too.
    for name in ("COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    # Nor their keyring.
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("R1CODE_STATE_DIR", str(home / "state"))
    monkeypatch.chdir(Path(home))


@pytest.fixture(autouse=True)
def closed_houses() -> Iterator[None]:
    yield
    while House.opened:
        House.opened.pop().session.close()
