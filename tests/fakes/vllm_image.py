"""An image with the tests' own `vllm` in it, on the one that sandboxes have; and weights for it."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker

from fakes.hub import checkpoint
from fakes.vllm import LOG
from r1code.sandbox.images.image import default_recipe


@contextmanager
def vllm_image(engine: docker.DockerClient, name: str, **plan: Any) -> Iterator[str]:
    """`plan`: as fakes.vllm has it."""
    recipe = f"FROM {default_recipe().tag}\nUSER root\nCOPY fake /fake\nCOPY vllm /usr/local/bin/vllm\n"
    files = {
        "Dockerfile": recipe.encode(),
        "fake/vllm.py": (Path(__file__).parent / "vllm.py").read_bytes(),
        "fake/plan.json": json.dumps({"log": LOG, **plan}).encode(),
        "vllm": b'#!/bin/sh\nexec python3 /fake/vllm.py /fake "$@"\n',
    }
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        for path, data in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), 0o755
            tar.addfile(entry, io.BytesIO(data))
    context.seek(0)
    tag = f"r1code-test-vllm:{name}"
    engine.images.build(fileobj=context, custom_context=True, tag=tag, rm=True)
    try:
        yield tag
    finally:
        engine.images.remove(tag, force=True)


def weights(folder: Path) -> Path:
    """In a folder there, with a name that not everybody takes."""
    made = folder / "weights, with a comma: $HOME"
    made.mkdir()
    for name, data in checkpoint().items():
        (made / name).write_bytes(data)
    return made
