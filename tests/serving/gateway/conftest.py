from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from fakes.gateway import HELLO, Gateway, running

_SETTINGS = """
[limits]
requests_per_minute = 100000
concurrent = 1000
[bounds]
body_bytes = 2000000
body_seconds = 2
header_seconds = 1
connections_per_address = 150
drain_seconds = 2
"""


@pytest.fixture(scope="session")
def gateway_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("gw"), _SETTINGS) as gateway:
        yield gateway


@pytest.fixture
def gateway(gateway_of_all: Gateway) -> Gateway:
    """One that runs for all tests of this process; its servers answer with a greeting, and have seen nothing."""
    for one in gateway_of_all.replicas:
        one.answers[:] = [HELLO]
        one.seen.clear()
        one.rejected.clear()
    return gateway_of_all


@pytest.fixture
def key(gateway: Gateway, request: pytest.FixtureRequest) -> str:
    number = len(gateway.store.holders())
    return gateway.key(f"somebody-{number}")


@pytest.fixture
def stands(gateway: Gateway) -> Iterator[None]:
    """After whatever was tried, it answers, and nothing in it has failed."""
    yield
    with gateway.client() as client:
        assert client.get("/health").status_code == 200
    bad = [line for line in gateway.output.splitlines() if re.search(r"Traceback|\[(alert|crit|emerg)\]", line)]
    assert bad == []
