"""The bytes of a manifest's files: some at a time, from where they were cut off, each compared with its checksum.

huggingface-hub's own download throws away the part of a file that it has when it is stopped, which of weights is
gigabytes, and of what comes by HTTP it compares no checksum (docs/decisions/0050).
"""

from __future__ import annotations

import http
import queue
import shutil
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx2
from filelock import FileLock, Timeout
from msgspec import Struct
from msgspec.structs import replace

from r1code.control import POLL_SECONDS, Control
from r1code.errors import Cancelled, ProviderError, R1CodeError, StateError
from r1code.serving.weights.hub import Hub
from r1code.serving.weights.manifest import File, Manifest, digest_of, inside, keep, manifest_in

_PART = ".part"
_LOCK = ".r1code-weights.lock"
_STREAMS = 4
_SILENCE_SECONDS = 30.0
_TRIES = 5
"""Without a byte in between."""
_MARGIN = 1 << 30
"""Of the disk stays free: whoever fills it stops other programs."""


class Standing(Struct, frozen=True, kw_only=True):
    """How far a download is, in bytes. `seconds` since it began."""

    here: int
    total: int
    came: int
    checked: int
    seconds: float


class _Job:
    def __init__(self, hub: Hub, folder: Path) -> None:
        self.hub = hub
        self.folder = folder
        self.left: queue.SimpleQueue[File] = queue.SimpleQueue()
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.here = self.came = self.read = 0
        self.done: set[str] = set()
        self.failed: list[R1CodeError] = []

    def add(self, *, here: int = 0, came: int = 0, read: int = 0) -> None:
        """Raises Cancelled where the job was stopped: between two pieces."""
        with self.lock:
            self.here += here
            self.came += came
            self.read += read
        if self.stop.is_set():
            raise Cancelled


def missing(manifest: Manifest, folder: Path) -> int:
    """Bytes that have to come."""
    left = 0
    for one in manifest.files:
        file = inside(folder, one.path)
        there = [each.stat().st_size for each in (file, _part(file)) if each.is_file()]
        left += one.size - min(one.size, max(there, default=0))
    return left


def demand_room(needed: int, free: int, folder: Path) -> None:
    """Raises StateError."""
    if needed and free < needed + _MARGIN:
        raise StateError(
            f"there is no room for the weights in {folder}",
            why=f"{needed / 1e9:.1f} GB have to come, one more stays free, and {free / 1e9:.1f} GB are free",
            hint="make room there, or name another folder with --to",
        )


def free_at(folder: Path) -> int:
    """Bytes, also where the folder is not there yet."""
    there = next(one for one in (folder, *folder.parents) if one.exists())
    return shutil.disk_usage(there).free


def fetch(hub: Hub, folder: Path, *, tell: Callable[[Standing], None], control: Control) -> Manifest:
    """The manifest, every file of which is there and checked. What came before an end of any kind is used.

    Raises ProviderError (it cannot be had, or is not what was published), StateError (the folder), Cancelled.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            return _fetched(hub, folder, tell, control)
    except OSError as error:
        raise StateError(
            f"the weights cannot be stored in {folder}",
            why=str(error),
            hint="make room there, or name another folder with --to; what came so far is kept",
        ) from error


def _fetched(hub: Hub, folder: Path, tell: Callable[[Standing], None], control: Control) -> Manifest:
    known, manifest = manifest_in(folder), hub.manifest
    # A file of another commit may be the same one: its checksum says that.
    same: set[str] = set() if known is None or known.revision != manifest.revision else set(known.checked)
    job = _Job(hub, folder)
    for one in manifest.files:
        file = inside(folder, one.path)
        if one.path in same and file.is_file() and file.stat().st_size == one.size:
            job.done.add(one.path)
            job.here += one.size
        else:
            job.left.put(one)
    keep(replace(manifest, checked=tuple(sorted(job.done))), folder)
    began, kept = time.monotonic(), set(job.done)
    threads = [threading.Thread(target=_work, args=(job,), daemon=True) for _ in range(_STREAMS)]
    try:
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            control.sleep(POLL_SECONDS)
            tell(_standing(job, manifest, began))
            if job.failed:
                break
            if job.done != kept:
                kept = set(job.done)
                keep(replace(manifest, checked=tuple(sorted(kept))), folder)
    finally:
        job.stop.set()
    if job.failed:
        raise job.failed[0]
    tell(_standing(job, manifest, began))
    whole = replace(manifest, checked=tuple(sorted(job.done)))
    keep(whole, folder)
    return whole


def _standing(job: _Job, manifest: Manifest, began: float) -> Standing:
    return Standing(
        here=job.here, total=manifest.bytes, came=job.came, checked=job.read, seconds=time.monotonic() - began
    )


@contextmanager
def _alone(folder: Path) -> Generator[None, None, None]:
    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StateError(
            f"somebody downloads to {folder} already",
            why="another r1code holds its lock",
            hint="wait for that one, or stop it: what it got is kept",
        ) from None
    try:
        yield
    finally:
        lock.release()


def _work(job: _Job) -> None:
    timeout = httpx2.Timeout(_SILENCE_SECONDS)
    with httpx2.Client(follow_redirects=True, timeout=timeout) as client:
        while not job.stop.is_set():
            try:
                one = job.left.get_nowait()
            except queue.Empty:
                return
            try:
                _have(job, client, one)
            except Cancelled:
                return
            except R1CodeError as error:
                job.failed.append(error)
                return
            except OSError as error:
                job.failed.append(_unstored(one, error))
                return
            job.done.add(one.path)


def _unstored(one: File, error: OSError) -> StateError:
    return StateError(
        f"{one.path} cannot be stored",
        why=str(error),
        hint="make room there, or name another folder with --to; what came so far is kept",
    )


def _have(job: _Job, client: httpx2.Client, one: File) -> None:
    """The file, checked. Raises ProviderError, OSError, Cancelled."""
    file = inside(job.folder, one.path)
    look_up = partial(_read, job)
    if file.is_file():
        if file.stat().st_size == one.size and digest_of(file, one, look_up) == one.digest:
            job.add(here=one.size)
            return
        file.unlink()
    part = _part(file)
    part.parent.mkdir(parents=True, exist_ok=True)
    # A part of before may be another commit's, or damaged: that is no reason to give up.
    for _ in range(2 if part.is_file() else 1):
        _download(job, client, one, part)
        if digest_of(part, one, look_up) == one.digest:
            part.replace(file)
            return
        part.unlink()
        job.add(here=-one.size)
    raise ProviderError(
        f"{one.path} is not what the hub says it is",
        why="its checksum differs; it was removed",
        hint="try again; if it stays so, something between here and the hub changes it",
    )


def _read(job: _Job, count: int) -> None:
    job.add(read=count)


def _part(file: Path) -> Path:
    return file.with_name(file.name + _PART)


def _download(job: _Job, client: httpx2.Client, one: File, part: Path) -> None:
    """Until the part is as long as the file. Raises ProviderError, Cancelled."""
    tries = 0
    if part.is_file() and part.stat().st_size > one.size:
        part.unlink()
    job.add(here=part.stat().st_size if part.is_file() else 0)
    while True:
        before = part.stat().st_size if part.is_file() else 0
        if before == one.size:
            part.touch()
            return
        why = _stream(job, client, one, part)
        after = part.stat().st_size if part.is_file() else 0
        tries = tries + 1 if after <= before else 0
        if after < one.size:
            if tries >= _TRIES:
                raise ProviderError(
                    f"{one.path} does not come",
                    why=why,
                    hint="look at the network, and try again: what came so far is kept",
                )
            _rest(job, min(2.0 ** (tries - 1), 30.0) if tries else 0.0)


def _rest(job: _Job, seconds: float) -> None:
    if job.stop.wait(seconds):
        raise Cancelled


def _stream(job: _Job, client: httpx2.Client, one: File, part: Path) -> str:
    """What follows the part, as far as it comes, and why it ended. Raises ProviderError, Cancelled."""
    at = part.stat().st_size if part.is_file() else 0
    headers = {**job.hub.headers, "accept-encoding": "identity"}
    if at:
        headers["range"] = f"bytes={at}-"
    try:
        with client.stream("GET", job.hub.url(one.path), headers=headers) as answer:
            if answer.status_code in _PASSING:
                return f"the hub answers {answer.status_code}"
            if not answer.is_success:
                raise ProviderError(
                    f"the hub does not give out {one.path}",
                    why=f"it answers {answer.status_code}",
                    hint="HF_TOKEN says who asks; some models want that you agree on their page",
                )
            begins = f"bytes {at}-"
            resumed = answer.status_code == http.HTTPStatus.PARTIAL_CONTENT
            if resumed and not answer.headers.get("content-range", "").startswith(begins):
                part.unlink()
                job.add(here=-at)
                return "the hub sent another piece than it was asked for"
            if at and not resumed:
                job.add(here=-at)
                at = 0
            _write(job, answer, part, (at, one.size))
    except httpx2.TransportError as error:
        return str(error) or type(error).__name__
    return "the connection ended before the file did"


_PASSING = frozenset({408, 429, 500, 502, 503, 504})


def _write(job: _Job, answer: httpx2.Response, part: Path, span: tuple[int, int]) -> None:
    """What came is there, however this process ends."""
    at, size = span
    with part.open("ab" if at else "wb") as file:
        for piece in answer.iter_raw():
            taken = piece[: size - at]
            file.write(taken)
            file.flush()
            at += len(taken)
            job.add(here=len(taken), came=len(taken))
            if at >= size:
                return
