"""An image from a Dockerfile that the user named: built by the engine, among manifests and nothing else."""

# The stubs of the docker SDK leave open what these calls return.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import io
from collections.abc import Mapping

import docker
from docker.errors import DockerException
from msgspec import Struct

from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox.archive import Archive
from r1code.sandbox.base import Say
from r1code.sandbox.engine import ENGINE_ERRORS, sandbox_error
from r1code.sandbox.environments.recipe import ENVIRONMENT
from r1code.sandbox.images.build import BuildLimits, without_secrets
from r1code.sandbox.images.image import events

DOCKERFILE = "Dockerfile.r1code"
_TAIL = 20
_WHAT = "the image of your Dockerfile could not be built"


class Named(Struct, frozen=True, kw_only=True):
    tag: str
    """What the image is called."""
    dockerfile: bytes
    files: Mapping[str, bytes]
    """What its `COPY` finds."""
    no_cache: bool = False


def build_named(client: docker.DockerClient, named: Named, say: Say, control: Control) -> None:
    """Builds it. Raises SandboxError and Cancelled."""
    archive = Archive()
    for path, data in {**named.files, DOCKERFILE: named.dockerfile}.items():
        archive.add(path, "file", 0o644, without_secrets(data))
    context = io.BytesIO(b"".join(archive))
    limits = BuildLimits()
    memory = limits.memory_mb * 1_000_000
    tail: list[str] = []
    try:
        with context:
            for event in events(
                lambda: client.api.build(
                    fileobj=context,
                    custom_context=True,
                    dockerfile=DOCKERFILE,
                    tag=named.tag,
                    nocache=named.no_cache,
                    rm=True,
                    forcerm=True,
                    decode=True,
                    labels={ENVIRONMENT: named.tag.partition(":")[2]},
                    container_limits={"memory": memory, "memswap": memory},
                    use_config_proxy=False,
                ),
                control,
            ):
                for line in str(event.get("stream", "")).splitlines():
                    if line.strip():
                        tail = [*tail, line.rstrip()][-_TAIL:]
                        say(line.rstrip())
    except DockerException as error:
        output = "".join(f"\n    {line}" for line in tail)
        raise SandboxError(
            _WHAT,
            why=f"{error}; the end of its output:{output or ' nothing'}",
            hint="correct the Dockerfile; only manifests and lock files can be copied in it",
        ) from error
    except ENGINE_ERRORS as error:
        raise sandbox_error(_WHAT, error) from error
