"""Removing the containers that dead sessions left behind."""

# The stubs of the docker SDK leave open what these calls return.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Container
from functools import partial
from pathlib import Path

from r1code.control import Control
from r1code.sandbox.container import remove, remove_network
from r1code.sandbox.engine import connect, told
from r1code.sandbox.environments.recipe import ENVIRONMENT, REPOSITORY
from r1code.sandbox.images.image import remove_image

_OURS = "r1code"
_OWNER = "r1code.owner"
_STATE = "r1code.state"


def labels(owner: str, folder: Path) -> dict[str, str]:
    """What marks a container of the session `owner`, whose contents lie in `folder`."""
    return {_OURS: "1", _OWNER: owner, _STATE: _state(folder)}


def _state(folder: Path) -> str:
    # Several machines may share an engine, and several state folders a machine.
    place = f"{platform.node()}:{folder.resolve()}"
    return hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def prune_environments(kept: Container[str], oldest: float, control: Control) -> list[str]:
    """Removes images of projects that are neither `kept`, by their key, nor newer than `oldest`: their names.

    Raises SandboxError and Cancelled. An image that a container uses stays.
    """
    client = connect(control)
    try:
        removed: list[str] = []
        with told("old images could not be listed"):
            found = control.call(lambda: client.api.images(filters={"label": [ENVIRONMENT]}))
        for image in found:
            # Without a name: one that another replaced while something still used it.
            for tag in image["RepoTags"] or [str(image["Id"])]:
                name, _, key = _short(str(tag)).partition(":")
                if name == "sha256":
                    control.call(partial(remove_image, client, str(tag)))
                    continue
                if name != REPOSITORY or key in kept or float(image["Created"]) > (oldest or float("inf")):
                    continue
                if control.call(partial(remove_image, client, str(tag))):
                    removed.append(str(tag))
        return removed
    finally:
        client.close()


def _short(tag: str) -> str:
    """Without what Podman puts in front of names of images that it made itself."""
    return tag.removeprefix("docker.io/library/").removeprefix("localhost/")


def prune(
    is_alive: Callable[[str], bool], folder: Path, control: Control, *, everything: bool = False
) -> list[str]:
    """Removes the containers whose owner is not alive, and says which: one line for each.

    Only those whose store lies in `folder` on this machine; with `everything` all that r1code ever made on this
    engine, in use or not. Raises SandboxError and Cancelled.
    """
    client = connect(control)
    try:
        wanted = [f"{_OURS}=1"] + ([] if everything else [f"{_STATE}={_state(folder)}"])
        removed: list[str] = []
        with told("old containers could not be listed"):
            found = control.call(lambda: client.api.containers(all=True, filters={"label": wanted}))
        for container in found:
            container_id, owner = str(container["Id"]), str(container["Labels"].get(_OWNER, "?"))
            if everything or not is_alive(owner):
                control.call(partial(remove, client.api, container_id))
                removed.append(f"{container_id[:12]} of session {owner}")
        with told("old networks could not be listed"):
            networks = control.call(lambda: client.api.networks(filters={"label": wanted}))
        for network in networks:
            if everything or not is_alive(str(network["Labels"].get(_OWNER, "?"))):
                control.call(partial(remove_network, client.api, str(network["Id"])))
        return removed
    finally:
        client.close()
