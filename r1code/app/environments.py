"""The image of a project: looked up by what its manifests ask for, and built with a person's consent."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from msgspec import Struct

from r1code.config import Config
from r1code.control import Control
from r1code.errors import UsageError
from r1code.repo.files import is_secret
from r1code.repo.git import Git
from r1code.sandbox.environments.environment import Preparation
from r1code.sandbox.environments.detect import MAX_MANIFEST_BYTES, Detected, detect, is_manifest
from r1code.sandbox.environments.recipe import PACKAGE, REPOSITORY, Recipe, preparation, recipe, request_key
from r1code.tree.entry import look

if TYPE_CHECKING:
    import docker

Say = Callable[[str], None]
Agrees = Callable[[str], bool]
DAYS = 30
"""How long an image is kept that nothing used."""
_DAY_SECONDS = 86_400
_BUILDER = "build-"


class Project(Struct, frozen=True, kw_only=True):
    """What a work tree asks for."""

    detected: Detected
    files: dict[str, bytes]
    """Its manifests."""
    packages: tuple[str, ...] = ()
    dockerfile: bytes | None = None
    """The user's own, which then says all."""
    own_base: str
    """r1code's base image."""

    @property
    def is_plain(self) -> bool:
        """The base image is enough, as far as can be said without asking it."""
        return self.detected.is_plain and not self.packages and self.dockerfile is None

    @property
    def key(self) -> str:
        key = request_key(self.detected, self.files, self.packages, self.own_base)
        if self.dockerfile is None:
            return key
        return hashlib.sha256(key.encode() + self.dockerfile).hexdigest()[:16]

    @property
    def tag(self) -> str:
        return f"{REPOSITORY}:{self.key}"


class Image(Struct, frozen=True, kw_only=True):
    """What a sandbox starts from."""

    name: str | None = None
    """None: the base image."""
    preparation: Preparation = Preparation()


def look_at(git: Git, config: Config) -> Project:
    """What the files of the work tree ask for. Raises UsageError."""
    from r1code.sandbox.images.image import default_recipe

    paths = [path for path in git.files() if not is_secret(path)]
    files = {path: data for path in paths if is_manifest(path) and (data := _read(git.root, path)) is not None}
    for name in config.packages:
        if not PACKAGE.fullmatch(name):
            raise UsageError(
                f"{name!r} in the setting packages is not the name of a Debian package",
                why="such names are small letters, digits, `+`, `-` and `.`",
                hint="`apt-cache search WORD` finds the right one",
            )
    return Project(
        detected=detect(files, paths),
        files=files,
        packages=tuple(config.packages),
        dockerfile=_dockerfile(config),
        own_base=default_recipe().tag,
    )


def _read(root: Path, path: str) -> bytes | None:
    try:
        found = look(root, path)
    except OSError:
        return None
    if found is None or found[0].kind != "file" or len(found[1]) > MAX_MANIFEST_BYTES:
        return None
    return found[1]


def _dockerfile(config: Config) -> bytes | None:
    if config.dockerfile is None:
        return None
    try:
        return Path(config.dockerfile).expanduser().read_bytes()
    except OSError as error:
        raise UsageError(
            f"the Dockerfile {config.dockerfile} cannot be read",
            why=str(error),
            hint="correct the setting dockerfile in your own configuration",
        ) from error


def image_for(git: Git, config: Config, *, agrees: Agrees, say: Say, control: Control, state: Path) -> Image:
    """The project's own image: there, or built now if somebody agrees; else the base image, which is said.

    Raises SandboxError, UsageError and Cancelled.
    """
    if config.image is not None:
        return Image(name=config.image)
    project = look_at(git, config)
    if not project.detected.environments and project.is_plain:
        return Image()
    from r1code.sandbox.engine import connect
    from r1code.sandbox.images.image import has_image

    client = connect(control)
    try:
        is_there = has_image(client, project.tag, control)
        if not is_there and project.is_plain:
            return Image()
        if not is_there and not agrees(consent(project)):
            say(
                "the tests run in r1code's base image, which may lack packages that they need: "
                "`r1code sandbox build` installs them"
            )
            return Image()
        if not is_there:
            _build(client, project, say=say, control=control, state=state)
    finally:
        client.close()
    note_use(state, project.key)
    return Image(name=project.tag, preparation=preparation(project.detected))


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
        "but with an open network. `r1code sandbox init` shows every step."
    )


def build(git: Git, config: Config, *, no_cache: bool, say: Say, control: Control, state: Path) -> str:
    """Builds the project's image and returns its name. Raises SandboxError, UsageError and Cancelled."""
    from r1code.sandbox.engine import connect

    project = look_at(git, config)
    client = connect(control)
    try:
        _build(client, project, say=say, control=control, state=state, no_cache=no_cache)
    finally:
        client.close()
    note_use(state, project.key)
    return project.tag


def plan(git: Git, config: Config, *, say: Say, control: Control, state: Path) -> tuple[Project, Recipe]:
    """What would be built. Raises SandboxError, UsageError and Cancelled."""
    from r1code.sandbox.engine import connect

    project = look_at(git, config)
    client = connect(control)
    try:
        with leased(state) as labels:
            return project, _recipe(client, project, labels, say, control)
    finally:
        client.close()


def _recipe(
    client: docker.DockerClient, project: Project, labels: dict[str, str], say: Say, control: Control
) -> Recipe:
    from r1code.sandbox.images.choice import choose
    from r1code.sandbox.images.image import ensure_image

    own = ensure_image(client, None, say, control)
    base = choose(client, project.detected, own, labels, say, control)
    return recipe(project.detected, base, project.packages, project.key)


def _build(
    client: docker.DockerClient,
    project: Project,
    *,
    say: Say,
    control: Control,
    state: Path,
    no_cache: bool = False,
) -> None:
    if project.dockerfile is not None:
        from r1code.sandbox.images.named import build_named

        say("building your Dockerfile; it has an open network while it is built")
        build_named(
            client, project.tag, project.dockerfile, project.files, no_cache=no_cache, say=say, control=control
        )
        return
    from r1code.sandbox.images.build import Builder, Building
    from r1code.sandbox.images.mirrors import find_mirrors

    mirrors = find_mirrors(os.environ, Path.home())
    with leased(state) as labels:
        made = _recipe(client, project, labels, say, control)
        say(f"building the project's environment from {made.base.name}: {made.base.why}")
        say("the network is open while it is built, and closed when commands run in it")
        for note in (*made.notes, *mirrors.notes):
            say(f"note: {note}")
        building = Building(mirrors=mirrors, labels=labels, no_cache=no_cache)
        Builder(client, building, say, control).build(made, project.files)


@contextmanager
def leased(state: Path) -> Generator[dict[str, str], None, None]:
    """Labels for containers of a build; while the block runs, `prune` knows that their owner is alive."""
    from r1code.sandbox.prune import labels

    with leased_name(state) as name:
        yield labels(name, state / "objects")


@contextmanager
def leased_name(state: Path) -> Generator[str, None, None]:
    """The owner of containers that belong to no session."""
    name = f"{_BUILDER}{secrets.token_hex(4)}"
    folder = state / "builds"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(folder / name)
    with lock:
        yield name
    (folder / name).unlink(missing_ok=True)


def is_building(state: Path, name: str) -> bool:
    """Whether the owner of that name is a build that goes on."""
    file = state / "builds" / name
    if not name.startswith(_BUILDER) or not file.exists():
        return False
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    file.unlink(missing_ok=True)
    return False


def note_use(state: Path, key: str) -> None:
    """An image that was used is kept for a while."""
    folder = state / "environments"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / key).touch()


def last_used(state: Path) -> Mapping[str, float]:
    """Key -> when an image was last used by this state folder."""
    return {file.name: file.stat().st_mtime for file in (state / "environments").glob("*")}


def prune_images(state: Path, control: Control, *, everything: bool = False) -> list[str]:
    """Removes environment images that nothing used for a while; one line for each. Raises SandboxError, Cancelled."""
    from r1code.sandbox.prune import prune_environments

    used = last_used(state)
    oldest = time.time() - DAYS * _DAY_SECONDS
    kept = {key for key, when in used.items() if when > oldest}
    gone = prune_environments(frozenset() if everything else kept, 0.0 if everything else oldest, control)
    for key in used.keys() - kept:
        (state / "environments" / key).unlink(missing_ok=True)
    return gone
