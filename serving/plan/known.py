"""The models and GPUs that r1code knows, from tables beside this file."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from functools import cache
from pkgutil import get_data

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from r1code.errors import UsageError
from r1code.serving.plan.facts import Checkpoint, Family, Gpu, Model, Precision, Shape


class _Row(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    label: str
    family: Family
    shape: str
    served: str
    checkpoints: tuple[Checkpoint, ...]
    profile: str | None = None
    parser: str | None = None
    size: int = 0


class _Models(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    shapes: dict[str, Shape]
    models: dict[str, _Row]


class _Gpus(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    gpus: tuple[Gpu, ...]


@cache
def known_models() -> dict[str, Model]:
    table = msgspec.toml.decode(_data("models.toml"), type=_Models)
    return {
        name: Model(
            name=name,
            label=row.label,
            family=row.family,
            shape=table.shapes[row.shape],
            checkpoints=row.checkpoints,
            served=row.served,
            profile=row.profile,
            parser=row.parser,
            size=row.size,
        )
        for name, row in table.models.items()
    }


@cache
def known_gpus() -> tuple[Gpu, ...]:
    return msgspec.toml.decode(_data("gpus.toml"), type=_Gpus).gpus


def _data(name: str) -> bytes:
    found = get_data("r1code.serving.plan", name)
    if found is None:
        raise FileNotFoundError(name)
    return found


def model_named(word: str) -> tuple[Model, Precision | None] | None:
    """By its short name, its profile's, or that of one of its checkpoints, which says the precision as well."""
    lower = word.casefold()
    for one in known_models().values():
        names = {one.name, one.served, one.profile or ""}
        if lower in {name.casefold() for name in names}:
            return one, None
        for checkpoint in one.checkpoints:
            if lower == checkpoint.id.casefold():
                return one, checkpoint.precision
    return None


def unknown_model(word: str) -> UsageError:
    names = list(known_models())
    near = difflib.get_close_matches(word.casefold(), names, n=1, cutoff=0.5)
    return UsageError(
        f"there is no model {word!r}",
        why=f"it is no folder with a config.json, and none of {', '.join(names)}",
        hint=f"did you mean {near[0]}?"
        if near
        else "others have to be a folder here: r1code serve weights ORGANIZATION/NAME --to FOLDER",
    )


def gpu_named(word: str) -> Gpu | None:
    """As a person or a driver writes it: h100, `NVIDIA H100 80GB HBM3`."""
    plain = _plain(word)
    for one in known_gpus():
        if plain in {_plain(name) for name in (one.name, *one.aliases)}:
            return one
    return None


def gpu_of_driver(name: str, gib: float, capability: float) -> Gpu:
    """What a driver reports, with what the table says of its kind; memory and capability are the driver's."""
    plain = _plain(name)
    kinds = [one for one in known_gpus() if any(_plain(part) in plain for part in (one.name, *one.aliases))]
    # A100 is in A100-40's name as well; the one with the nearest memory is meant.
    kind = min(kinds, key=lambda one: abs(one.gib - gib), default=None)
    if kind is None:
        return unlisted_gpu(name, gib, capability)
    return replace(kind, gib=gib, capability=capability)


def unlisted_gpu(name: str, gib: float, capability: float) -> Gpu:
    return Gpu(
        name=name,
        gib=gib,
        capability=capability,
        fp8=capability >= _FP8,
        fp4=capability >= _FP4,
    )


_FP8, _FP4 = 8.9, 10.0


def gpu_names() -> Iterator[str]:
    return (one.name for one in known_gpus())


def _plain(word: str) -> str:
    return "".join(filter(str.isalnum, word.casefold())).removeprefix("nvidia").removeprefix("geforce")
