"""The Docker engine and bubblewrap, which tests need. Where CI is set, a missing one is a failure, not a skip."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator

import docker
import pytest

from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox.bubblewrap import probe
from r1code.sandbox.engine import connect
from r1code.sandbox.images.image import ensure_image


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """A client of a running engine that has the base image."""
    try:
        client = connect(Control())
    except SandboxError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI runs the Docker tests, and there is no engine: {error}")
        pytest.skip(f"NO DOCKER ENGINE, so the sandbox is not tested: {error.why}")
    try:
        ensure_image(client, None, print, Control())
        yield client
    finally:
        client.close()


class AllBut(Container[str]):
    """Every name but these, also those that other tests give meanwhile to what is on the same engine."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def __contains__(self, name: object) -> bool:
        return name not in self._names


@pytest.fixture(scope="session")
def bubblewrap() -> None:
    """A machine where bubblewrap works."""
    why = probe(Control())[1]
    if why and os.environ.get("CI") == "true":
        pytest.fail(f"CI runs the bubblewrap tests, and they cannot run: {why}")
    if why:
        pytest.skip(f"THE BUBBLEWRAP SANDBOX IS NOT TESTED: {why}")
