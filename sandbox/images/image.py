"""Which image a sandbox runs, and how it comes to the engine."""

# The stubs of the docker SDK leave open what these calls return.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import hashlib
import io
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from importlib import resources
from typing import Any

import docker
import msgspec
from docker.errors import DockerException, ImageNotFound
from docker.utils import parse_repository_tag
from msgspec import Struct

from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox.base import Say
from r1code.sandbox.engine import ENGINE_ERRORS, sandbox_error, told
from r1code.sandbox.images.bootstrap import Offline, bootstrap

REPOSITORY = "r1code-base"
_Event = dict[str, Any]


class Online(Struct, frozen=True, kw_only=True, rename={"base": "from"}):
    base: str
    dockerfile: str


class Recipe(Struct, frozen=True, kw_only=True):
    """How the default image is made: on top of a pulled one, or without any registry."""

    online: Online
    offline: Offline

    @property
    def tag(self) -> str:
        return f"{REPOSITORY}:{hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:12]}"


def default_recipe() -> Recipe:
    data = resources.files("r1code.sandbox.images").joinpath("base.toml").read_bytes()
    return msgspec.toml.decode(data, type=Recipe)


def ensure_image(
    client: docker.DockerClient, name: str | None, say: Say, control: Control, *, recipe: Recipe | None = None
) -> str:
    """The name of an image that the engine has: `name`, pulled if need be, or the default, made if need be.

    Raises SandboxError and Cancelled.
    """
    if name is not None:
        if not has_image(client, name, control):
            pull(client, name, say, control)
        return name
    recipe = recipe or default_recipe()
    if has_image(client, recipe.tag, control):
        return recipe.tag
    say("preparing the sandbox's base image: this happens once")
    try:
        if not has_image(client, recipe.online.base, control):
            pull(client, recipe.online.base, say, control)
        _build(client, recipe, say, control)
    except SandboxError as error:
        say(f"{error.what} ({error.why}); making one from this machine's package sources instead")
        bootstrap(client, recipe.tag, recipe.offline, say=say, control=control)
    return recipe.tag


def has_image(client: docker.DockerClient, name: str, control: Control) -> bool:
    with told(f"the image {name} could not be looked up"):
        try:
            control.call(lambda: client.images.get(name))
        except ImageNotFound:
            return False
    return True


def remove_image(client: docker.DockerClient, tag: str) -> bool:
    """Whether it is gone; what a container or another image needs stays."""
    try:
        client.api.remove_image(tag)
    except ENGINE_ERRORS:
        return False
    return True


def pull(client: docker.DockerClient, name: str, say: Say, control: Control) -> None:
    say(f"pulling the image {name}")
    repository, tag = parse_repository_tag(name)
    layers = 0
    try:
        for event in events(
            lambda: client.api.pull(repository, tag or "latest", stream=True, decode=True), control
        ):
            if event.get("status") in {"Pull complete", "Already exists"}:
                layers += 1
                say(f"pulling the image {name}: {layers} layers are here")
    except ENGINE_ERRORS as error:
        told_by = sandbox_error(f"the image {name} is not here and could not be pulled", error)
        raise SandboxError(
            told_by.what,
            why=told_by.why,
            hint=f"check the name and the network, or bring it: `docker load -i FILE` with {name} in it",
        ) from error


def _build(client: docker.DockerClient, recipe: Recipe, say: Say, control: Control) -> None:
    dockerfile = io.BytesIO(recipe.online.dockerfile.encode())
    with told("the base image could not be built"):
        for event in events(
            lambda: client.api.build(
                fileobj=dockerfile, tag=recipe.tag, rm=True, forcerm=True, decode=True, use_config_proxy=True
            ),
            control,
        ):
            line = str(event.get("stream", "")).strip()
            if line.startswith("Step "):
                say(f"building the base image: {line}")


def events(start: Callable[[], Generator[_Event, None, None]], control: Control) -> Iterator[_Event]:
    """What the engine tells while it works. Raises what its client raises, and Cancelled.

    The engine stops when its client hangs up, which happens at its next word after a cancel.
    """
    items: queue.Queue[_Event | BaseException | None] = queue.Queue()
    hung_up = threading.Event()

    def work() -> None:
        try:
            source = start()
            try:
                for event in source:
                    if hung_up.is_set():
                        return
                    items.put(event)
            finally:
                source.close()
            items.put(None)
        except ENGINE_ERRORS as error:
            items.put(error)

    threading.Thread(target=work, name="r1code-image", daemon=True).start()
    try:
        while (item := control.get(items)) is not None:
            if isinstance(item, BaseException):
                raise item
            if "error" in item:
                raise DockerException(str(item["error"]))
            yield item
    finally:
        hung_up.set()
