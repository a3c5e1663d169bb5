""".NET solutions and projects. Pure."""

from __future__ import annotations

import re

from r1code.sandbox.environments.environment import HOME, Environment, Folder

_ENDS = (".sln", ".slnx", ".csproj", ".fsproj", ".vbproj")
_NAMES = frozenset(
    {
        "global.json",
        "nuget.config",
        "packages.lock.json",
        "directory.build.props",
        "directory.build.targets",
        "directory.packages.props",
    }
)
_TARGET = re.compile(r"<TargetFrameworks?>[^<]*?net(\d+\.\d+)")
_PINNED = re.compile(r'"version"\s*:\s*"(\d+\.\d+)')


def is_manifest(name: str) -> bool:
    return name.endswith(_ENDS) or name.lower() in _NAMES


def detect(folder: Folder) -> Environment | None:
    if not any(name.endswith(_ENDS) for name in folder.names):
        return None
    listed = sorted(path for path in folder.paths if is_manifest(path.rpartition("/")[2]))
    targets = [match[1] for path in listed if (match := _TARGET.search(folder.text(path)))]
    pinned = _PINNED.search(folder.text("global.json"))
    return Environment(
        folder=folder.path,
        language="dotnet",
        manager="nuget",
        version=pinned[1] if pinned else max(targets, default=""),
        files=folder.full(*listed),
        steps=("dotnet restore",),
        variables={
            "NUGET_PACKAGES": f"{HOME}/nuget",
            "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
            "DOTNET_NOLOGO": "1",
        },
    )
