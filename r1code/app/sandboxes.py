"""Containers and images, as the commands ask for them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from r1code.app.environments import Image, is_building
from r1code.config import Config, SandboxName
from r1code.control import Control
from r1code.errors import SandboxError, UsageError
from r1code.lock import is_alive
from r1code.repo.git import Git
from r1code.sandbox.base import Limits, Sandbox, Say
from r1code.sandbox.gitdir import Member
from r1code.sandbox.network import Network, parse_network, through
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store


class Outside(Struct, frozen=True, kw_only=True):
    """What a sandbox knows of the session and the repository that it is made for."""

    owner: str
    """The id of the session."""
    say: Say
    ignored: Callable[[list[str]], set[str]]
    """New files of commands that do not come back."""
    git: Git
    network: Network
    git_dir: Path | None
    history: Callable[[Path], list[Member]]
    """What commands may see of `git_dir`."""


def network_of(config: Config) -> Network:
    """What commands may reach. Raises UsageError."""
    network = parse_network(config.network)
    if (
        network.kind != "none"
        and config.sandbox != "docker"
        and (network.kind, config.sandbox) != ("full", "none")
    ):
        raise UsageError(
            f"the network of commands cannot be {network.text} with the sandbox {config.sandbox}",
            why=f"only a container engine does that; {config.origins.get('network', 'the default')} asks for it",
            hint="start the engine, or leave it out: --network none",
        )
    return through(network, os.environ)


def host_sandbox(root: Path, limits: Limits, scan: Callable[[], Snapshot]) -> Sandbox:
    """No sandbox at all: the commands run in `root` itself."""
    from r1code.sandbox.host import HostSandbox

    return HostSandbox(root, limits=limits, scan=scan)


def told_network(config: Config, say: Callable[[str], None]) -> Network:
    """As network_of; what has to be said of it is said."""
    network = network_of(config)
    if network.remark:
        say(f"note: {network.remark}")
    return network


def confined(name: SandboxName, image: Image, store: Store, *, limits: Limits, outside: Outside) -> Sandbox:
    """A new sandbox of that kind, which is not `none`."""
    if name == "docker":
        return docker_sandbox(image, store, limits, outside)
    return engineless_sandbox(name, store, limits, outside)


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
        network=outside.network,
        git_dir=outside.git_dir,
        history=outside.history,
    )


def engineless_sandbox(name: SandboxName, store: Store, limits: Limits, outside: Outside) -> Sandbox:
    """A sandbox that needs no container engine, and has no image."""
    from r1code.app.borrowed import borrowed
    from r1code.sandbox.bubblewrap import BubblewrapSandbox
    from r1code.sandbox.copied import Copying
    from r1code.sandbox.seatbelt import SeatbeltSandbox

    copying = Copying(
        store=store,
        limits=limits,
        say=outside.say,
        ignored=outside.ignored,
        git_dir=outside.git_dir,
        history=outside.history,
    )
    if name == "seatbelt":
        return SeatbeltSandbox(copying)
    return BubblewrapSandbox(copying, borrowed(outside.git, os.environ))


def with_sandbox(config: Config, say: Say, control: Control) -> Config:
    """The configuration with a sandbox that works, where nobody chose one and no engine answers; that is said.

    Never this machine itself: that is only used where somebody says so. Raises SandboxError and Cancelled.
    """
    if config.sandbox != "docker" or "sandbox" in config.origins or config.image is not None:
        return config
    from r1code.sandbox.engine import connect

    try:
        connect(control).close()
    except SandboxError as error:
        other, why = instead(control)
        if other is None:
            raise SandboxError(error.what, why=f"{error.why}; nor does {why}", hint=error.hint) from error
        say(
            f"{error.what} ({error.why}): commands run in {other} instead, with the programs of this machine "
            "and no image (docs/sandbox.md); --sandbox chooses"
        )
        return replace(config, sandbox=other)
    return config


def instead(control: Control) -> tuple[SandboxName | None, str]:
    """What works without an engine, and its kind; or nothing, and why. Raises Cancelled."""
    if sys.platform == "darwin":
        from r1code.sandbox.seatbelt import PROGRAM, SeatbeltSandbox

        there = Path(PROGRAM).exists()
        return ("seatbelt", SeatbeltSandbox.kind) if there else (None, f"Seatbelt: {PROGRAM} is not there")
    from r1code.sandbox.bubblewrap import probe

    kind, why = probe(control)
    return (None, f"bubblewrap: {why}") if why else ("bubblewrap", kind)


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
