"""A base image where no registry answers: a file system from the machine's own package sources."""

# The stubs of the docker SDK leave open what these calls return.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import os
import platform
import queue
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import docker
from docker.errors import DockerException
from msgspec import Struct

from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox.base import Say
from r1code.sandbox.engine import ENGINE_ERRORS, sandbox_error
from r1code.sandbox.environment import BASIC, PROXY, allowed

_PROGRAM = "mmdebstrap"
_CHUNK = 1 << 20
_CLEANUP_SECONDS = 30
_TAIL = 5
_WHAT = "no image for the sandbox could be made"
_BRING = "or bring an image: `docker load -i FILE`, then name it with --image"


class Offline(Struct, frozen=True, kw_only=True):
    packages: tuple[str, ...]
    options: tuple[str, ...]
    sources: tuple[str, ...]
    """The first of these files that exists says where packages come from."""
    changes: tuple[str, ...]


def bootstrap(client: docker.DockerClient, name: str, recipe: Offline, *, say: Say, control: Control) -> None:
    """Makes the image. Raises SandboxError and Cancelled; then no image and no process is left."""
    process = _start(recipe)
    notes: queue.Queue[str | BaseException | None] = queue.Queue()
    errors: list[str] = []
    listener = threading.Thread(target=_listen, args=(process, notes), name="r1code-notes")
    listener.start()
    repository, _, tag = name.partition(":")

    def load() -> None:
        try:
            answer = client.api.import_image_from_stream(
                _whole(process), repository=repository, tag=tag, changes=list(recipe.changes)
            )
            notes.put(DockerException(str(answer)) if '"error"' in str(answer) else None)
        except ENGINE_ERRORS as error:
            listener.join()  # Its last words come before the failure that they explain.
            notes.put(error)

    loader = threading.Thread(target=load, name="r1code-load")
    loader.start()
    try:
        while (note := control.get(notes)) is not None:
            if isinstance(note, BaseException):
                raise _failed(process, errors, note)
            errors = [*errors[1 - _TAIL :], note]
            if note.startswith("I: "):
                say(f"making the base image: {note.removeprefix('I: ')}")
    finally:
        if process.poll() is None:
            # The group: the parts of it that hear this unmount and remove what they made.
            os.killpg(process.pid, signal.SIGTERM)
        # Not a daemon: the interpreter waits until the half-made file system is removed.
        threading.Thread(target=_reap, args=(process, listener, loader), name="r1code-reap").start()


def _start(recipe: Offline) -> subprocess.Popen[bytes]:
    program = shutil.which(_PROGRAM, path=_path())
    if program is None:
        raise SandboxError(
            _WHAT,
            why=f"no registry answers, and {_PROGRAM}, which makes one without, is not installed",
            hint=f"`sudo apt-get install {_PROGRAM}` (on Debian or Ubuntu), {_BRING}",
        )
    try:
        suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "stable")
        sources = [source for source in recipe.sources if Path(source).exists()][:1]
        argv = [program, *recipe.options, f"--include={','.join(recipe.packages)}", suite, "-", *sources]
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=allowed(BASIC + PROXY) | {"PATH": _path()},
            start_new_session=True,
        )
    except OSError as error:
        raise SandboxError(_WHAT, why=f"{_PROGRAM} does not start: {error}", hint=_BRING) from error


def _path() -> str:
    # What it calls lies where only root's PATH looks.
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def _whole(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """The file system as a stream that ends only if it is whole: a broken one must not become an image."""
    stream = _pipe(process.stdout)
    while data := stream.read(_CHUNK):
        yield data
    if process.wait() != 0:
        raise OSError(f"{_PROGRAM} ended with {process.returncode}")


def _listen(process: subprocess.Popen[bytes], notes: queue.Queue[str | BaseException | None]) -> None:
    for line in _pipe(process.stderr):
        notes.put(line.decode(errors="replace").strip())


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise AssertionError("the process was started with pipes")
    return stream


def _failed(process: subprocess.Popen[bytes], notes: list[str], error: BaseException) -> SandboxError:
    if process.poll() in {None, 0}:
        return sandbox_error(_WHAT, error)
    root = "" if os.geteuid() == 0 else "run it as root, or allow unprivileged user namespaces; "
    return SandboxError(
        _WHAT,
        why=f"{_PROGRAM} ended with {process.returncode}: {' / '.join(notes)}",
        hint=f"{root}check the machine's package sources, {_BRING}",
    )


def _reap(process: subprocess.Popen[bytes], *threads: threading.Thread) -> None:
    try:
        process.wait(_CLEANUP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for thread in threads:
        thread.join()
    for stream in (process.stdout, process.stderr):
        _pipe(stream).close()
