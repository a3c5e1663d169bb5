"""What a project's image is made from: decided by asking what is there and what answers."""

# The stubs of the docker SDK leave open what these calls return.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import re
from functools import partial
from typing import cast

import docker
from docker.errors import APIError

from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox import container as confined
from r1code.sandbox.base import Limits, Say
from r1code.sandbox.container import Container
from r1code.sandbox.engine import told
from r1code.sandbox.environments.detect import Detected
from r1code.sandbox.environments.environment import Language
from r1code.sandbox.environments.recipe import Base, lacking, official, satisfies
from r1code.sandbox.images.image import has_image, pull

_PROBE = """ask() {
  language=$1; shift
  command -v "$1" >/dev/null 2>&1 && echo "$language $("$@" 2>&1 | tr '\\n' ' ')"
}
ask python python3 --version; ask node node --version; ask go go version; ask rust cargo --version
ask java javac -version; ask ruby ruby --version; ask php php --version; ask dotnet dotnet --version
ask native cc --version; exit 0"""
_VERSION = re.compile(r"\d+(?:\.\d+)*")


def choose(
    client: docker.DockerClient,
    detected: Detected,
    own: str,
    *,
    labels: dict[str, str],
    say: Say,
    control: Control,
) -> Base:
    """The image to start from, which the engine then has. `own`: r1code's base image.

    Raises SandboxError and Cancelled.
    """
    look = partial(_look, client, labels=labels, control=control)
    named = detected.devcontainer.image
    if named and _bring(client, named, say, control):
        return Base(name=named, languages=look(named), why="devcontainer.json names it")
    base = Base(name=own, languages=look(own), is_own=True, why="r1code's own base image")
    if _is_enough(detected, base):
        return base
    better = official(detected)
    if better is not None and _bring(client, better.name, say, control):
        return Base(name=better.name, languages=look(better.name), why=f"the official image for {better.why}")
    if languages := lacking(detected, base):
        raise SandboxError(
            "the project's environment could not be built",
            why=f"no registry answers for an official image, and Debian does not have {', '.join(languages)}",
            hint="bring an image that has it: `docker load -i FILE`, then name it with --image",
        )
    why = "r1code's own base image and Debian packages"
    return Base(
        name=own,
        languages=base.languages,
        is_own=True,
        why=why if better is None else f"{why}, for no registry answers for {better.name}",
    )


def _is_enough(detected: Detected, base: Base) -> bool:
    """It has all languages, or those that it lacks are the system's compilers."""
    wanted = [one for one in detected.environments if one.language != "native"]
    python = base.languages.get("python", "")
    return all(
        one.language in base.languages and (one.language != "python" or satisfies(python, one.version))
        for one in wanted
    ) and not (detected.devcontainer.versions.keys() - base.languages.keys())


def _bring(client: docker.DockerClient, name: str, say: Say, control: Control) -> bool:
    """Whether the engine has the image, now at least."""
    if has_image(client, name, control):
        return True
    if not registry_has(client, name, control):
        return False
    pull(client, name, say, control)
    return True


def registry_has(client: docker.DockerClient, name: str, control: Control) -> bool:
    """Whether a registry that the engine reaches has the image. Nothing is downloaded."""

    def ask() -> bool:
        try:
            client.images.get_registry_data(name)
        except APIError:
            return False
        return True

    with told(f"whether there is an image {name} could not be asked"):
        return control.call(ask)


def _look(
    client: docker.DockerClient, name: str, *, labels: dict[str, str], control: Control
) -> dict[Language, str]:
    """Which languages an image has, and in which versions."""
    with told(f"the image {name} could not be looked at"):
        container_id = control.call(
            lambda: confined.create(client, name, Limits(memory_mb=512, disk_mb=64), labels),
            abandoned=lambda made: confined.remove(client.api, made),
        )
    container = Container(client.api, container_id)
    try:
        answer = container.ask(f"the image {name} could not be looked at", control, _PROBE).decode(
            errors="replace"
        )
    finally:
        container.remove_later()
    found: dict[Language, str] = {}
    for line in answer.splitlines():
        language, _, words = line.partition(" ")
        version = _VERSION.search(words)
        found[cast("Language", language)] = version[0] if version else ""
    return found
