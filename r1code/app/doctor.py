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
from typing import Any

import docker

from r1code.app.checkup.finding import Finding, State, warning, wrong
from r1code.app.environments import leased_name
from r1code.app.sandboxes import instead
from r1code.config import Config
from r1code.control import Control
from r1code.errors import SandboxError, UsageError
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

_ENOUGH_GB = 5
_NPM_SECONDS = 20
_PROBE_SECONDS = 90.0


def examine(state: Path, config: Config, control: Control) -> Iterator[Finding]:
    """One finding after the other, as they are done. Raises Cancelled."""
    other, what = instead(control)
    yield _engineless(other, what)
    try:
        client = connect(control)
    except SandboxError as error:
        how: State = "wrong" if other is None else "warning"
        used = "" if other is None else f"; {other} is used instead"
        yield Finding(name="engine", state=how, seen=error.why + used, advice=error.hint)
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
        yield Finding(name="engine", state="wrong", seen=f"{error.what}: {error.why}", advice=error.hint)
    finally:
        client.close()


def _engineless(name: str | None, what: str) -> Finding:
    if name is not None:
        return Finding(name="without engine", state="ok", seen=f"works: {what}")
    hint = f"only for use without an engine: {INSTALL}"
    return Finding(name="without engine", state="warning", seen=what, advice=hint)


def _who(info: dict[str, Any], kind: str) -> Finding:
    where = os.environ.get("DOCKER_HOST") or "the default socket"
    near = "local" if is_local() else "remote, as far as its address shows"
    what = f"{kind} {info.get('ServerVersion', '?')} at {where} ({near})"
    if kind == "docker":
        return Finding(name="engine", state="ok", seen=what)
    return Finding(
        name="engine",
        state="warning",
        seen=f"{what}: the number of files in a sandbox is not limited",
        advice="their size is; Docker's engine limits both",
    )


def _engine(info: dict[str, Any], kind: str) -> Iterator[Finding]:
    options = " ".join(info.get("SecurityOptions") or [])
    if "rootless" in options:
        yield Finding(name="user", state="ok", seen="the engine runs without root")
    elif "userns" in options:
        yield Finding(name="user", state="ok", seen="containers have a user namespace of their own")
    else:
        yield Finding(
            name="user",
            state="warning",
            seen="the engine runs as root, without user namespaces; commands run as an unprivileged user in it",
            advice='a rootless engine, or "userns-remap": "default" in the engine\'s daemon.json, is a wall more',
        )
    if "seccomp" not in options:
        hint = "use an engine and a kernel with seccomp"
        yield Finding(name="seccomp", state="warning", seen="system calls are not filtered", advice=hint)
    lacking = [name for name, key in (("memory", "MemoryLimit"), ("processes", "PidsLimit")) if not info.get(key)]
    if lacking:
        yield Finding(
            name="limits",
            state="warning",
            seen=f"the engine cannot limit: {', '.join(lacking)}",
            advice="turn these cgroup controllers on; a rootless engine needs their delegation",
        )
    else:
        yield Finding(name="limits", state="ok", seen="memory and processes are limited")
    if kind == "docker" and "runsc" in (info.get("Runtimes") or {}):
        yield Finding(name="gVisor", state="ok", seen="the runtime runsc is there")
    else:
        yield Finding(
            name="gVisor",
            state="warning",
            seen="not installed: containers share the kernel of the engine's machine",
            advice="optional: install runsc and name it in the engine's daemon.json",
        )


def _disk(info: dict[str, Any]) -> Finding:
    driver, root = info.get("Driver", "?"), Path(str(info.get("DockerRootDir", "/")))
    slow = driver == "vfs"
    hint = "vfs copies every layer whole: use overlay2 or fuse-overlayfs" if slow else ""
    try:
        free = shutil.disk_usage(root).free / 1e9
    except OSError:
        state: State = "warning" if slow else "ok"
        return Finding(name="storage", state=state, seen=f"{driver}; free space is not known here", advice=hint)
    what = f"{driver}, {free:.0f} GB free"
    if free < _ENOUGH_GB:
        hint = "`r1code sandbox prune` and `docker system prune` free some"
        return Finding(name="storage", state="wrong", seen=what, advice=hint)
    return Finding(name="storage", state="warning" if slow else "ok", seen=what, advice=hint)


def _images(client: docker.DockerClient, control: Control) -> Iterator[Finding]:
    recipe = default_recipe()
    if has_image(client, recipe.tag, control):
        yield Finding(name="base image", state="ok", seen=recipe.tag)
    else:
        yield Finding(
            name="base image",
            state="warning",
            seen="not made yet",
            advice="`r1code sandbox image` makes it; so does the first use",
        )
    if registry_has(client, recipe.online.base, control):
        yield Finding(name="image registry", state="ok", seen="answers")
    else:
        yield Finding(
            name="image registry",
            state="warning",
            seen="does not answer: images are made from Debian packages instead",
            advice="for versions that Debian lacks, bring an image: `docker load -i FILE`, then --image",
        )


def _network(client: docker.DockerClient, state: Path, control: Control) -> Finding:
    """Which kinds of network a sandbox can have: asked by making the one that takes most."""
    if not has_image(client, default_recipe().tag, control):
        return Finding(name="network", state="ok", seen="none, full; allow-list with the base image")
    try:
        with leased_name(state) as owner:
            marks = labels(owner, state / "objects")
            wanted = parse_network(INDEXES)
            open_egress(client, wanted, marks, say=lambda _: None, control=control).close()
    except SandboxError as error:
        return Finding(
            name="network",
            state="warning",
            seen=f"none, full; no allow-list: {error.why}",
            advice='builds need build_network = "full" in your own configuration',
        )
    return Finding(name="network", state="ok", seen="none, allow-list, full")


def _indexes(client: docker.DockerClient, state: Path, config: Config, control: Control) -> Iterator[Finding]:
    """Whether package indexes answer, from where builds happen."""
    tag = default_recipe().tag
    if not has_image(client, tag, control):
        return
    mirrors = find_mirrors(os.environ, Path.home())
    try:
        network = for_building(config.build_network, urls_in(mirrors), os.environ)
    except UsageError as error:
        yield wrong("package indexes", f"{error.what}: {error.why}", error.hint)
        return
    if network.remark:
        yield warning("proxy", network.remark, "name an http:// proxy in HTTPS_PROXY, if there is one")
    with leased_name(state) as owner:
        limits = BuildLimits(seconds=_PROBE_SECONDS)
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


def _index(name: str, answer: str) -> Finding:
    if not answer:
        return Finding(name=name, state="ok", seen="the index answers")
    return Finding(
        name=name,
        state="warning",
        seen=answer,
        advice="set up the mirror that you have for its own client; projects that need none work as they are",
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
