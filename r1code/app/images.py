"""The project's image made ready: there already, or built with a person's consent."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import docker
from msgspec import Struct
from pathspec import GitIgnoreSpec

from r1code.app.backend import key_names
from r1code.app.environments import (
    Image,
    Project,
    decline,
    forget_decline,
    last_used,
    leased_name,
    look_at,
    note_use,
    was_declined,
)
from r1code.app.keys import environment
from r1code.app.vault import open_vault
from r1code.config import Config
from r1code.control import Control
from r1code.repo.git import Git
from r1code.sandbox.engine import connect
from r1code.sandbox.environments.recipe import Recipe, preparation, recipe
from r1code.sandbox.images.build import Builder, Building
from r1code.sandbox.images.choice import choose
from r1code.sandbox.images.image import default_recipe, ensure_image, has_image
from r1code.sandbox.images.mirrors import find_mirrors, urls_in
from r1code.sandbox.images.named import Named, build_named
from r1code.sandbox.network import for_building, parse_network
from r1code.sandbox.prune import labels, prune_environments

Say = Callable[[str], None]
Agrees = Callable[[str], bool | None]
"""Asks a person. None: they did not say, or nobody is there."""
DAYS = 30
"""How long an image is kept that nothing used."""
_DAY_SECONDS = 86_400


class Making(Struct, frozen=True, kw_only=True):
    """What all that may build has in common."""

    state: Path
    say: Say
    control: Control


def image_for(git: Git, config: Config, agrees: Agrees, making: Making) -> Image:
    """The project's own image: there, or built now if somebody agrees; else the base image, which is said.

    Raises SandboxError, UsageError and Cancelled.
    """
    if config.image is not None:
        return Image(name=config.image)
    project = look_at(git, config, default_recipe().tag)
    if project.needs_nothing:
        return Image()
    client = connect(making.control)
    try:
        is_there = has_image(client, project.tag, making.control)
        if not is_there and project.is_plain:
            return Image()
        if not is_there and not config.yes and not agreed(project, agrees, making):
            return Image()
        if not is_there:
            _build(client, project, _veiled(git, config, project, making), making)
    finally:
        client.close()
    note_use(making.state, project.key)
    return Image(name=project.tag, preparation=preparation(project.detected))


def agreed(project: Project, agrees: Agrees, making: Making) -> bool:
    """Whether somebody agrees to build; a no is remembered for the same lock files, and what follows is said."""
    before = was_declined(making.state, project)
    answer = False if before else agrees(consent(project))
    if answer:
        return True
    if answer is False and not before:
        decline(making.state, project)
    making.say(
        "the tests run in r1code's base image, which may lack packages that they need"
        f"{', as you wanted before' if before else ''}: `r1code sandbox build` installs them"
    )
    return False


def consent(project: Project) -> str:
    """What a person is asked to agree to."""
    lines = [f"  {line.folder or '.'}: {line.language}, {line.manager}" for line in project.detected.environments]
    if project.packages:
        lines.append(f"  Debian packages: {', '.join(project.packages)}")
    if project.dockerfile is not None:
        lines.append("  your own Dockerfile")
    return (
        "The project's dependencies are installed into a Docker image, once for each state of its lock files:\n"
        + "\n".join(lines)
        + "\nThis runs code of those packages in a container without your files and your keys, "
        f"{_reach(project)}. `r1code sandbox init` shows every step."
    )


def _reach(project: Project) -> str:
    """What a build may reach, in words. Raises UsageError."""
    network = parse_network(project.network, "build_network")
    if network.kind == "full" or project.dockerfile is not None:
        return "but with an open network"
    return "and without a network" if network.kind == "none" else f"with a network to {network.text} alone"


def build(git: Git, config: Config, making: Making, *, no_cache: bool) -> str | None:
    """Builds the project's image and returns its name; None: it needs none, which is said.

    Raises SandboxError, UsageError and Cancelled.
    """
    project = look_at(git, config, default_recipe().tag)
    if project.needs_nothing:
        making.say(
            "nothing is built: no project that r1code knows was found, so commands run in its base image as it is"
        )
        return None
    client = connect(making.control)
    try:
        _build(client, project, _veiled(git, config, project, making), making, no_cache=no_cache)
    finally:
        client.close()
    forget_decline(making.state, project)
    note_use(making.state, project.key)
    return project.tag


def plan(git: Git, config: Config, making: Making) -> tuple[Project, Recipe]:
    """What would be built. Raises SandboxError, UsageError and Cancelled."""
    project = look_at(git, config, default_recipe().tag)
    client = connect(making.control)
    try:
        with leased_name(making.state) as owner:
            return project, _recipe(client, project, labels(owner, making.state / "objects"), making)
    finally:
        client.close()


def _recipe(client: docker.DockerClient, project: Project, marks: dict[str, str], making: Making) -> Recipe:
    own = ensure_image(client, None, making.say, making.control)
    base = choose(client, project.detected, own, labels=marks, say=making.say, control=making.control)
    return recipe(project.detected, base, project.packages, project.key)


def _veiled(git: Git, config: Config, project: Project, making: Making) -> dict[str, bytes]:
    """The manifests as they enter a build: an image is kept, and shared more easily than a folder."""
    exempt = GitIgnoreSpec.from_lines(config.not_secret).match_file
    vault = open_vault(git, making.state, environment(), key_names(), exempt=exempt)
    hidden = {path: data if exempt(path) else vault.hide_data(data) for path, data in project.files.items()}
    changed = [path for path, data in hidden.items() if data != project.files[path]]
    if changed:
        making.say(f"secrets do not enter the image; placeholders stand for them in {', '.join(changed)}")
    return hidden


def _build(
    client: docker.DockerClient,
    project: Project,
    files: dict[str, bytes],
    making: Making,
    *,
    no_cache: bool = False,
) -> None:
    """`files`: what of the project enters the build."""
    if project.dockerfile is not None:
        making.say("building your Dockerfile; it has an open network while it is built")
        named = Named(tag=project.tag, dockerfile=project.dockerfile, files=files, no_cache=no_cache)
        build_named(client, named, making.say, making.control)
        return
    mirrors = find_mirrors(os.environ, Path.home())
    with leased_name(making.state) as owner:
        marks = labels(owner, making.state / "objects")
        made = _recipe(client, project, marks, making)
        making.say(f"building the project's environment from {made.base.name}: {made.base.why}")
        making.say(f"it is built {_reach(project)}")
        for note in (*made.notes, *mirrors.notes):
            making.say(f"note: {note}")
        network = for_building(project.network, urls_in(mirrors), os.environ)
        if network.remark:
            making.say(f"note: {network.remark}")
        building = Building(mirrors=mirrors, labels=marks, no_cache=no_cache, network=network)
        Builder(client, building, making.say, making.control).build(made, files)


def prune_images(state: Path, control: Control, *, everything: bool = False) -> list[str]:
    """Removes environment images that nothing used for a while; one line for each.

    Raises SandboxError and Cancelled.
    """
    used = last_used(state)
    oldest = time.time() - DAYS * _DAY_SECONDS
    kept: set[str] = set() if everything else {key for key, when in used.items() if when > oldest}
    gone = prune_environments(kept, 0.0 if everything else oldest, control)
    for key in used.keys() - kept:
        (state / "environments" / key).unlink(missing_ok=True)
    return gone
