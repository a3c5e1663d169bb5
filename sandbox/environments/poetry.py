"""Poetry's own way to write requirements down, in everybody's words. Pure."""

from __future__ import annotations

import re

from msgspec import Struct

_CARET = re.compile(r"\^\s*(\d+(?:\.\d+)*)")
_TILDE = re.compile(r"~(?!=)\s*(\d+(?:\.\d+)*)")
_BARE = re.compile(r"\d+(\.(\d+|\*))*")


class Dependency(Struct, frozen=True):
    version: str = ""
    """Empty: it comes from elsewhere than an index."""
    extras: list[str] = []
    markers: str = ""


Wanted = dict[str, str | Dependency | list[Dependency]]


class Group(Struct, frozen=True):
    dependencies: Wanted = {}


class Poetry(Struct, frozen=True, rename="kebab"):
    name: str = ""
    package_mode: bool = True
    dependencies: Wanted = {}
    dev_dependencies: Wanted = {}
    extras: dict[str, list[str]] = {}
    group: dict[str, Group] = {}

    @property
    def python(self) -> str:
        asked = self.dependencies.get("python")
        return specifier(asked) if isinstance(asked, str) else ""

    @property
    def groups(self) -> dict[str, Wanted]:
        return {"dev": self.dev_dependencies, **{name: one.dependencies for name, one in self.group.items()}}


def requirements(wanted: Wanted) -> list[str]:
    """Without those that come from a folder or a repository."""
    found: list[str] = []
    for name, value in wanted.items():
        if name == "python" or isinstance(value, list):
            continue
        if isinstance(value, str):
            found.append(f"{name}{specifier(value)}")
        elif value.version:
            extras = f"[{','.join(value.extras)}]" if value.extras else ""
            marker = f" ; {value.markers}" if value.markers else ""
            found.append(f"{name}{extras}{specifier(value.version)}{marker}")
    return found


def specifier(version: str) -> str:
    """`^1.2` as `>=1.2,<2`, `~1.2` as `>=1.2,<1.3`, `*` as nothing; the rest as it is."""
    if version.strip() == "*":
        return ""
    if _BARE.fullmatch(version.strip()):
        return f"=={version.strip()}"
    wide = _CARET.sub(lambda match: _range(match[1], _first_that_counts(match[1])), version)
    return _TILDE.sub(lambda match: _range(match[1], min(1, match[1].count("."))), wide).replace(" ", "")


def _first_that_counts(version: str) -> int:
    parts = version.split(".")
    return next((at for at, part in enumerate(parts) if int(part)), len(parts) - 1)


def _range(version: str, raised: int) -> str:
    parts = [int(part) for part in version.split(".")]
    above = [*parts[:raised], parts[raised] + 1]
    return f">={version},<{'.'.join(map(str, above))}"
