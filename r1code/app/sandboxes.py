"""Containers and images, as the commands ask for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from r1code.app.environments import Image, is_building
from r1code.control import Control
from r1code.sandbox.base import Limits, Sandbox, Say
from r1code.sandbox.gitdir import Member
from r1code.session import is_alive
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store


class Outside(Struct, frozen=True, kw_only=True):
    """What a sandbox knows of the session and the repository that it is made for."""

    owner: str
    """The id of the session."""
    say: Say
    ignored: Callable[[list[str]], set[str]]
    """New files of commands that do not come back."""
    git_dir: Path | None
    history: Callable[[Path], list[Member]]
    """What commands may see of `git_dir`."""


def host_sandbox(root: Path, limits: Limits, scan: Callable[[], Snapshot]) -> Sandbox:
    """No sandbox at all: the commands run in `root` itself."""
    from r1code.sandbox.host import HostSandbox

    return HostSandbox(root, limits=limits, scan=scan)


def docker_sandbox(image: Image, store: Store, limits: Limits, outside: Outside) -> Sandbox:
    from r1code.sandbox.docker import DockerSandbox

    return DockerSandbox(
        image=image.name,
        preparation=image.preparation,
        store=store,
        owner=outside.owner,
        limits=limits,
        say=outside.say,
        ignored=outside.ignored,
        git_dir=outside.git_dir,
        history=outside.history,
    )


def prune_containers(state: Path, control: Control, *, everything: bool = False) -> list[str]:
    """Removes the containers of sessions whose process is gone; one line for each."""
    from r1code.sandbox.prune import prune

    folder = state / "sessions"

    def lives(name: str) -> bool:
        return is_alive(folder / name) or is_building(state, name)

    return prune(lives, state / "objects", control, everything=everything)


def make_image(name: str | None, say: Say, control: Control) -> str:
    """Makes the sandbox's image ready before it is needed; returns its name."""
    from r1code.sandbox.engine import connect
    from r1code.sandbox.images.image import ensure_image

    client = connect(control)
    try:
        return ensure_image(client, name, say, control)
    finally:
        client.close()
