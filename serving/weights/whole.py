"""Whether a folder holds a whole checkpoint, told from its own files before vLLM reads them for minutes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from r1code.errors import ProviderError, UsageError
from r1code.serving.weights.manifest import Manifest, digest_of, inside, manifest_in

_INDEX = "model.safetensors.index.json"
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "vocab.json", "tekken.json")
_LENGTH = 8
_LONGEST_HEADER = 100_000_000
"""As the format's own reader allows."""
_METADATA = "__metadata__"
_SHOWN = 5


class Fault(Struct, frozen=True, kw_only=True):
    file: str
    what: str


class _Index(Struct, kw_only=True):
    weight_map: dict[str, str] = field(default_factory=dict[str, str])


class _Tensor(Struct, kw_only=True):
    data_offsets: tuple[int, int]


def faults_in(folder: Path) -> list[Fault]:
    """Nothing is read but headers and lists. Raises StateError where its manifest cannot be read."""
    return list(_faults(folder, manifest_in(folder)))


def demand_whole(folder: Path) -> None:
    """Raises UsageError, which names what is wrong."""
    faults = faults_in(folder)
    if not faults:
        return
    named = [one.what for one in faults[:_SHOWN]]
    more = len(faults) - len(named)
    raise UsageError(
        f"the weights in {folder} are not complete",
        why="; ".join(named) + (f"; and {more} more" if more else ""),
        hint="download them again: r1code serve weights MODEL --to that folder gets what is missing",
    )


def differing(folder: Path, manifest: Manifest, look_up: Callable[[int], None]) -> Iterator[Fault]:
    """Reads every file in full."""
    for one in manifest.files:
        file = inside(folder, one.path)
        if file.is_file() and file.stat().st_size == one.size and digest_of(file, one, look_up) != one.digest:
            name = _NAMES[one.kind]
            yield Fault(file=one.path, what=f"{one.path} is not what the hub published: its {name} differs")


_NAMES = {"sha256": "SHA-256", "git": "checksum"}


def _faults(folder: Path, manifest: Manifest | None) -> Iterator[Fault]:
    seen: set[str] = set()
    for one in () if manifest is None else manifest.files:
        if (fault := _size_fault(folder, one.path, one.size)) is not None:
            seen.add(one.path)
            yield fault
    if "config.json" not in seen and not (folder / "config.json").is_file():
        yield _missing("config.json")
    if not any((folder / name).is_file() for name in _TOKENIZERS):
        yield Fault(file="tokenizer.json", what="there is no tokenizer")
    shards, fault = _shards(folder)
    if fault is not None and fault.file not in seen:
        yield fault
    for name, tensors in sorted(shards.items()):
        if name not in seen and (fault := _shard_fault(folder, name, tensors)) is not None:
            yield fault


def _size_fault(folder: Path, path: str, size: int) -> Fault | None:
    file = inside(folder, path)
    if not file.is_file():
        return _missing(path)
    return _compared(path, file.stat().st_size, size)


def _compared(path: str, there: int, size: int) -> Fault | None:
    if there == size:
        return None
    if there < size:
        return Fault(file=path, what=f"{path} is cut off: {there:,} bytes of {size:,}")
    return Fault(file=path, what=f"{path} is too long: {there:,} bytes instead of {size:,}")


def _missing(path: str) -> Fault:
    return Fault(file=path, what=f"{path} is missing")


def _shards(folder: Path) -> tuple[dict[str, set[str]], Fault | None]:
    """The files of weights, with the tensors that the index says are in each."""
    index = folder / _INDEX
    if not index.is_file():
        found: dict[str, set[str]] = {one.name: set() for one in folder.glob("*.safetensors")}
        if not found:
            return {}, Fault(file="*.safetensors", what="there are no weights as safetensors")
        # Numbered parts without the list that says how many there are.
        if len(found) > 1 and any("-of-" in name for name in found):
            return found, _missing(_INDEX)
        return found, None
    try:
        table = msgspec.json.decode(index.read_bytes(), type=_Index)
    except (OSError, msgspec.MsgspecError) as error:
        return {}, Fault(file=_INDEX, what=f"{_INDEX} cannot be read: {error}")
    if not table.weight_map:
        return {}, Fault(file=_INDEX, what=f"{_INDEX} names no weights")
    shards: dict[str, set[str]] = {}
    for tensor, name in table.weight_map.items():
        shards.setdefault(name, set()).add(tensor)
    return shards, None


def _shard_fault(folder: Path, name: str, tensors: set[str]) -> Fault | None:
    try:
        file = inside(folder, name)
    except ProviderError:
        return Fault(file=name, what=f"the index names {name!r}, which is outside the folder")
    if not file.is_file():
        return _missing(name)
    size = file.stat().st_size
    try:
        length, header = _header(file)
    except (OSError, ValueError) as error:
        return Fault(file=name, what=f"{name} has no header that can be read: {error}")
    end = max((one.data_offsets[1] for one in header.values()), default=0)
    if (fault := _compared(name, size, _LENGTH + length + end)) is not None:
        return fault
    missing = sorted(tensors - header.keys())
    if missing:
        return Fault(file=name, what=f"{name} lacks {missing[0]}, and {len(missing) - 1} more")
    return None


def _header(file: Path) -> tuple[int, dict[str, _Tensor]]:
    """Of a safetensors file: its length, and its tensors. Raises ValueError."""
    with file.open("rb") as read:
        length = int.from_bytes(read.read(_LENGTH), "little")
        if length > _LONGEST_HEADER:
            raise ValueError(f"it would be {length:,} bytes long")
        written = read.read(length)
    if len(written) < length:
        raise ValueError("the file ends before it does")
    # msgspec's errors are ValueErrors.
    table = msgspec.json.decode(written, type=dict[str, Any])
    table.pop(_METADATA, None)
    return length, msgspec.convert(table, dict[str, _Tensor])
