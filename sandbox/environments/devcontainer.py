"""devcontainer.json: what it may say, and what it may not. Pure.

It is written by whoever wrote the repository, and most of its keys reach out of a container. So the keys that
count are listed here; every other key is named and not used.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Struct

from r1code.sandbox.environments.environment import Language

PLACES = (".devcontainer/devcontainer.json", ".devcontainer.json")
_FEATURES: dict[str, Language] = {
    "python": "python",
    "node": "node",
    "go": "go",
    "rust": "rust",
    "java": "java",
    "ruby": "ruby",
    "php": "php",
    "dotnet": "dotnet",
}
_FEATURE = re.compile(r"ghcr\.io/devcontainers/features/([a-z-]+)(?::[\w.-]+)?")
_IMAGE = re.compile(
    r"[a-z0-9][a-z0-9._/-]*(?::\d+)?[a-z0-9._/-]*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_VERSION = re.compile(r"\d+(?:\.\d+){0,2}")
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH|PRIVATE")
_OWN = re.compile(r"(LD_|PIP_|NPM_|GIT_|R1CODE_).*|PATH|HOME|USER|SHELL|.*_PROXY|.*CERT.*|BASH_ENV|ENV")
_SILENT = frozenset({"name", "image", "features", "containerEnv", "customizations", "$schema"})
_STRINGS_AND_COMMENTS = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])')


class Devcontainer(Struct, frozen=True, kw_only=True):
    image: str = ""
    versions: dict[Language, str] = {}
    """What it has installed beside the image; an empty version is any."""
    variables: dict[str, str] = {}
    notes: tuple[str, ...] = ()


class _File(Struct, rename="camel"):
    image: str = ""
    features: dict[str, dict[str, Any] | str] = {}
    container_env: dict[str, str] = {}


def read(data: bytes) -> Devcontainer:
    """What counts of the file. Never raises: what is not understood is noted and not used."""
    text = _TRAILING.sub(r"\1", _STRINGS_AND_COMMENTS.sub(r"\1", data.decode(errors="replace")))
    try:
        keys = msgspec.json.decode(text, type=dict[str, Any])
        file = msgspec.convert({key: value for key, value in keys.items() if key in _SILENT}, type=_File)
    except msgspec.MsgspecError as error:
        return Devcontainer(notes=(f"devcontainer.json is not understood ({error}), and not used",))
    notes: list[str] = []
    if unused := sorted(keys.keys() - _SILENT):
        notes.append(f"devcontainer.json: not used, for it reaches out of the container: {', '.join(unused)}")
    image = file.image if _IMAGE.fullmatch(file.image) else ""
    if file.image and not image:
        notes.append("devcontainer.json: `image` is not the name of an image, and not used")
    versions: dict[Language, str] = {}
    for name, options in file.features.items():
        match = _FEATURE.fullmatch(name)
        language = _FEATURES.get(match[1]) if match else None
        if language is None:
            notes.append(f"devcontainer.json: the feature {name} is not known, and not used")
            continue
        version = options if isinstance(options, str) else str(options.get("version", ""))
        versions[language] = version if _VERSION.fullmatch(version) else ""
    variables = {name: value for name, value in file.container_env.items() if _is_harmless(name, value)}
    if dropped := sorted(file.container_env.keys() - variables.keys()):
        notes.append(f"devcontainer.json: these variables are not taken over: {', '.join(dropped)}")
    return Devcontainer(image=image, versions=versions, variables=variables, notes=tuple(notes))


def _is_harmless(name: str, value: str) -> bool:
    """Neither a secret, nor something of this machine, nor what r1code sets itself."""
    if not _NAME.fullmatch(name) or _SECRET.search(name) or _OWN.fullmatch(name):
        return False
    return "${" not in value and "\n" not in value and "://" not in value
