from __future__ import annotations

import pytest


@pytest.fixture
def scale(request: pytest.FixtureRequest) -> int:
    """1 in every run; more in the full one."""
    return 3 if request.config.getoption("--full") else 1
