"""What a work tree asks its sandbox for, and what r1code remembers of the images made for it."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from msgspec import Struct

from r1code.app.kept import write_private
from r1code.config import Config
from r1code.errors import UsageError
from r1code.repo.files import is_secret
from r1code.repo.git import Git
from r1code.sandbox.environments.detect import MAX_MANIFEST_BYTES, Detected, detect, is_manifest
from r1code.sandbox.environments.environment import Preparation
from r1code.sandbox.environments.recipe import PACKAGE, REPOSITORY, request_key
from r1code.tree.entry import look

_BUILDER = re.compile(r"build-[0-9a-f]{8}")


class Project(Struct, frozen=True, kw_only=True):
    """What a work tree asks for."""

    detected: Detected
    files: dict[str, bytes]
    """Its manifests."""
    packages: tuple[str, ...] = ()
    dockerfile: bytes | None = None
    """The user's own, which then says all."""
    network: str = "indexes"
    """What installing it may reach."""
    own_base: str
    """r1code's base image."""

    @property
    def is_plain(self) -> bool:
        """The base image is enough, as far as can be said without asking it."""
        return self.detected.is_plain and not self.packages and self.dockerfile is None

    @property
    def needs_nothing(self) -> bool:
        """There is nothing that an image of its own would have: none is ever used."""
        return not self.detected.environments and self.is_plain

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


def look_at(git: Git, config: Config, own_base: str) -> Project:
    """What the files of the work tree ask for. `own_base`: r1code's base image. Raises UsageError."""
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
        network=config.build_network,
        own_base=own_base,
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


@contextmanager
def leased_name(state: Path) -> Generator[str, None, None]:
    """The owner of containers that belong to no session."""
    name = f"build-{secrets.token_hex(4)}"
    folder = state / "builds"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(folder / name)
    try:
        with lock:
            yield name
    finally:
        (folder / name).unlink(missing_ok=True)


def is_building(state: Path, name: str) -> bool:
    """Whether the owner of that name is a build that goes on."""
    file = state / "builds" / name
    if not _BUILDER.fullmatch(name) or not file.exists():
        return False
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    file.unlink(missing_ok=True)
    return False


def was_declined(state: Path, project: Project) -> bool:
    """Whether somebody said no to the image of a project as it is now: its manifests, lock files among them."""
    return (state / "declined" / project.key).exists()


def decline(state: Path, project: Project) -> None:
    """Nobody is asked again about this image."""
    write_private(state / "declined" / project.key, b"")


def forget_decline(state: Path, project: Project) -> None:
    (state / "declined" / project.key).unlink(missing_ok=True)


def note_use(state: Path, key: str) -> None:
    """An image that was used is kept for a while."""
    folder = state / "environments"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / key).touch()


def last_used(state: Path) -> Mapping[str, float]:
    """Key -> when an image was last used by this state folder."""
    return {file.name: file.stat().st_mtime for file in (state / "environments").glob("*")}
