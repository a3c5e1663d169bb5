"""What the sandbox finds on this machine, and what to do about what it does not find."""

# The stubs of the docker SDK leave open what these calls return.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

import docker
from msgspec import Struct

from r1code.app.environments import leased_name
from r1code.app.sandboxes import instead
from r1code.config import Config
from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox.bubblewrap import INSTALL
from r1code.sandbox.egress import open_egress
from r1code.sandbox.engine import connect, engine_of, is_local, told
from r1code.sandbox.environment import BASIC, PROXY, allowed
from r1code.sandbox.environments.recipe import Layer
from r1code.sandbox.images.build import Builder, Building, BuildLimits
from r1code.sandbox.images.choice import registry_has
from r1code.sandbox.images.image import default_recipe, has_image
from r1code.sandbox.images.mirrors import find_mirrors, urls_in
from r1code.sandbox.network import INDEXES, for_building, parse_network
from r1code.sandbox.prune import labels

State = Literal["good", "could be better", "missing"]
_ENOUGH_GB = 5
_NPM_SECONDS = 20
_PROBE_SECONDS = 90.0


class Check(Struct, frozen=True, kw_only=True):
    """One line of what was looked at."""

    name: str
    state: State
    what: str
    hint: str = ""
    """What to do, where there is something to do."""


def examine(state: Path, config: Config, control: Control) -> Iterator[Check]:
    """One check after the other, as they are done. Raises Cancelled."""
    other, what = instead(control)
    yield _engineless(other, what)
    try:
        client = connect(control)
    except SandboxError as error:
        how: State = "missing" if other is None else "could be better"
        used = "" if other is None else f"; {other} is used instead"
        yield Check(name="engine", state=how, what=error.why + used, hint=error.hint)
        return
    try:
        with told("the engine does not describe itself"):
            info: dict[str, Any] = control.call(client.info)
            kind = control.call(partial(engine_of, client))
        yield _who(info, kind)
        yield from _engine(info, kind)
        yield _disk(info)
        yield from _images(client, control)
        yield _network(client, state, control)
        yield from _indexes(client, state, config, control)
    except SandboxError as error:
        yield Check(name="engine", state="missing", what=f"{error.what}: {error.why}", hint=error.hint)
    finally:
        client.close()


def _engineless(name: str | None, what: str) -> Check:
    if name is not None:
        return Check(name="without engine", state="good", what=f"works: {what}")
    hint = f"only for use without an engine: {INSTALL}"
    return Check(name="without engine", state="could be better", what=what, hint=hint)


def _who(info: dict[str, Any], kind: str) -> Check:
    where = os.environ.get("DOCKER_HOST") or "the default socket"
    near = "local" if is_local() else "remote, as far as its address shows"
    what = f"{kind} {info.get('ServerVersion', '?')} at {where} ({near})"
    if kind == "docker":
        return Check(name="engine", state="good", what=what)
    return Check(
        name="engine",
        state="could be better",
        what=f"{what}: the number of files in a sandbox is not limited",
        hint="their size is; Docker's engine limits both",
    )


def _engine(info: dict[str, Any], kind: str) -> Iterator[Check]:
    options = " ".join(info.get("SecurityOptions") or [])
    if "rootless" in options:
        yield Check(name="user", state="good", what="the engine runs without root")
    elif "userns" in options:
        yield Check(name="user", state="good", what="containers have a user namespace of their own")
    else:
        yield Check(
            name="user",
            state="could be better",
            what="the engine runs as root, without user namespaces; commands run as an unprivileged user in it",
            hint='a rootless engine, or "userns-remap": "default" in the engine\'s daemon.json, is one wall more',
        )
    if "seccomp" not in options:
        hint = "use an engine and a kernel with seccomp"
        yield Check(name="seccomp", state="could be better", what="system calls are not filtered", hint=hint)
    lacking = [name for name, key in (("memory", "MemoryLimit"), ("processes", "PidsLimit")) if not info.get(key)]
    if lacking:
        yield Check(
            name="limits",
            state="could be better",
            what=f"the engine cannot limit: {', '.join(lacking)}",
            hint="turn these cgroup controllers on; a rootless engine needs their delegation",
        )
    else:
        yield Check(name="limits", state="good", what="memory and processes are limited")
    if kind == "docker" and "runsc" in (info.get("Runtimes") or {}):
        yield Check(name="gVisor", state="good", what="the runtime runsc is there")
    else:
        yield Check(
            name="gVisor",
            state="could be better",
            what="not installed: containers share the kernel of the engine's machine",
            hint="optional: install runsc and name it in the engine's daemon.json",
        )


def _disk(info: dict[str, Any]) -> Check:
    driver, root = info.get("Driver", "?"), Path(str(info.get("DockerRootDir", "/")))
    slow = driver == "vfs"
    hint = "vfs copies every layer whole: use overlay2 or fuse-overlayfs" if slow else ""
    try:
        free = shutil.disk_usage(root).free / 1e9
    except OSError:
        state: State = "could be better" if slow else "good"
        return Check(name="storage", state=state, what=f"{driver}; free space is not known here", hint=hint)
    what = f"{driver}, {free:.0f} GB free"
    if free < _ENOUGH_GB:
        hint = "`r1code sandbox prune` and `docker system prune` free some"
        return Check(name="storage", state="missing", what=what, hint=hint)
    return Check(name="storage", state="could be better" if slow else "good", what=what, hint=hint)


def _images(client: docker.DockerClient, control: Control) -> Iterator[Check]:
    recipe = default_recipe()
    if has_image(client, recipe.tag, control):
        yield Check(name="base image", state="good", what=recipe.tag)
    else:
        yield Check(
            name="base image",
            state="could be better",
            what="not made yet",
            hint="`r1code sandbox image` makes it; so does the first use",
        )
    if registry_has(client, recipe.online.base, control):
        yield Check(name="image registry", state="good", what="answers")
    else:
        yield Check(
            name="image registry",
            state="could be better",
            what="does not answer: images are made from Debian packages instead",
            hint="for versions that Debian lacks, bring an image: `docker load -i FILE`, then --image",
        )


def _network(client: docker.DockerClient, state: Path, control: Control) -> Check:
    """Which kinds of network a sandbox can have: asked by making the one that takes most."""
    if not has_image(client, default_recipe().tag, control):
        return Check(name="network", state="good", what="none, full; allow-list with the base image")
    try:
        with leased_name(state) as owner:
            marks = labels(owner, state / "objects")
            wanted = parse_network(INDEXES)
            open_egress(client, wanted, marks, say=lambda _: None, control=control).close()
    except SandboxError as error:
        return Check(
            name="network",
            state="could be better",
            what=f"none, full; no allow-list: {error.why}",
            hint='builds need build_network = "full" in your own configuration',
        )
    return Check(name="network", state="good", what="none, allow-list, full")


def _indexes(client: docker.DockerClient, state: Path, config: Config, control: Control) -> Iterator[Check]:
    """Whether package indexes answer, from where builds happen."""
    tag = default_recipe().tag
    if not has_image(client, tag, control):
        return
    mirrors = find_mirrors(os.environ, Path.home())
    with leased_name(state) as owner:
        limits = BuildLimits(seconds=_PROBE_SECONDS)
        network = for_building(config.build_network, urls_in(mirrors), os.environ)
        building = Building(
            mirrors=mirrors, labels=labels(owner, state / "objects"), limits=limits, network=network
        )
        builder = Builder(client, building, lambda _: None, control)
        asked = (
            ("Debian packages", "root", "apt-get update -o Acquire::Retries=0 -o Acquire::http::Timeout=15"),
            ("Python packages", "r1code", "pip index versions pip"),
        )
        for name, user, command in asked:
            layer = Layer(title=name, user="root" if user == "root" else "r1code")
            answer = builder.fails(tag, layer, command)
            yield _index(name, answer)
    yield _index("Node packages", control.call(partial(_npm, shutil.which("npm"))))


def _index(name: str, answer: str) -> Check:
    if not answer:
        return Check(name=name, state="good", what="the index answers")
    return Check(
        name=name,
        state="could be better",
        what=answer,
        hint="set up the mirror that you have for its own client; projects that need none work as they are",
    )


def _npm(program: str | None) -> str:
    if program is None:
        return "not asked, for npm is not installed on this machine"
    with tempfile.TemporaryDirectory() as folder:
        try:
            ran = subprocess.run(
                [program, "ping", "--fetch-retries=0"],
                cwd=folder,
                capture_output=True,
                timeout=_NPM_SECONDS,
                check=False,
                env=allowed((*BASIC, *PROXY, "NODE_EXTRA_CA_CERTS", "npm_config_registry")),
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"no answer: {error}"
    return "" if ran.returncode == 0 else "the index does not answer"
