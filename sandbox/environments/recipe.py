"""From what a project needs to how its image is made: what it is FROM, and what comes on top. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec
from msgspec import Struct
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from r1code.sandbox.environments.detect import Detected
from r1code.sandbox.environments.environment import (
    HOME,
    SOURCE,
    Environment,
    Language,
    Preparation,
    Step,
    source_of,
)

VERSION = 1
"""Of the way recipes are made: another one makes other images."""
REPOSITORY = "r1code-env"
ENVIRONMENT = "r1code.environment"
"""The label of a project's image: its key."""
PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]{1,80}")
"""The name of a Debian package."""
_DEBIAN: dict[Language, tuple[str, ...]] = {
    "python": ("python3", "python3-pip", "python3-venv"),
    "node": ("nodejs", "npm"),
    "go": ("golang-go",),
    "rust": ("cargo", "rustc"),
    "java": ("default-jdk-headless",),
    "ruby": ("ruby",),
    "php": ("php-cli",),
    "native": (),
}
"""What Debian calls a language. .NET it does not have."""
_BASIC = ("ca-certificates", "git", "make", "procps")
"""What a sandbox needs and a small image may lack."""
_PYTHONS = ("3.13", "3.12", "3.11", "3.14", "3.10", "3.9", "3.8")
_NODES = (22, 24, 20, 18)
_JAVAS = (8, 11, 17, 21, 25)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_OF_DEBIAN_PYTHON = frozenset({"python3", "python3-dev", "python3-pip", "python3-venv"})
_USER = (
    "getent passwd 1000 >/dev/null || echo 'r1code:x:1000:1000::/home/r1code:/bin/sh' >>/etc/passwd"
    f" ; mkdir -p {SOURCE} /home/r1code && chown -R 1000:1000 {HOME} /home/r1code"
)
_APT = "apt-get update && apt-get install -y --no-install-recommends {} && rm -rf /var/lib/apt/lists/*"
_JAVA = re.compile(r"(?:.*-)?j(?:dk|re)(?:-.*)?|maven|gradle")
_MANUALS = "mkdir -p /usr/share/man/man1 && "
"""Small images leave out manual pages and their folder, and without that Java's packages do not install."""


class Base(Struct, frozen=True, kw_only=True):
    """What an image is made FROM."""

    name: str
    languages: dict[Language, str] = {}
    """What it has, and in which version: empty where that does not matter."""
    is_own: bool = False
    """r1code's own base image."""
    why: str = ""
    """Said to a person: why it is this one."""


class Layer(Struct, frozen=True, kw_only=True):
    title: str
    user: Literal["root", "r1code"]
    files: tuple[str, ...] = ()
    """Copied below SOURCE before the steps."""
    steps: tuple[Step, ...] = ()
    variables: dict[str, str] = {}


class Recipe(Struct, frozen=True, kw_only=True):
    key: str
    base: Base
    layers: tuple[Layer, ...]
    about: tuple[str, ...]
    """One line for each environment."""
    notes: tuple[str, ...] = ()

    @property
    def tag(self) -> str:
        return f"{REPOSITORY}:{self.key}"


def request_key(detected: Detected, files: Mapping[str, bytes], packages: Iterable[str], own_base: str) -> str:
    """Equal for equal needs: other files than those that installing needs do not count."""
    counted = {path: files[path] for one in detected.environments for path in one.files}
    digest = hashlib.sha256(msgspec.json.encode([VERSION, own_base, detected, sorted(packages)]))
    for path, data in sorted(counted.items()):
        digest.update(f"{path}\0{len(data)}\0".encode("utf-8", "surrogateescape") + data)
    return digest.hexdigest()[:16]


def preparation(detected: Detected) -> Preparation:
    """What is done in each new sandbox, once the work tree is in it."""
    environments = detected.environments
    return Preparation(
        steps=tuple(Step(command=line, folder=one.folder) for one in environments for line in one.prepare),
        sources=tuple(dict.fromkeys(name for one in environments for name in one.sources)),
    )


def satisfies(python: str, asked: str) -> bool:
    """Whether a Python version is one that the project asks for. What cannot be read asks for nothing."""
    try:
        return SpecifierSet(asked).contains(Version(python), prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return True


def official(detected: Detected) -> Base | None:
    """The official image of the first language that has one, in the version asked for."""
    for one in detected.environments:
        version = version_of(one)
        names: dict[Language, str] = {
            "python": f"python:{version}-slim-bookworm",
            "node": f"node:{version}-bookworm-slim",
            "go": f"golang:{version}-bookworm",
            "rust": f"rust:{version}-slim-bookworm",
            "java": f"eclipse-temurin:{version}-jdk",
            "ruby": f"ruby:{version}-slim-bookworm",
            "dotnet": f"mcr.microsoft.com/dotnet/sdk:{version}-bookworm-slim",
        }
        if name := names.get(one.language):
            return Base(name=name, languages={one.language: version}, why=f"{one.language} {version}")
    return None


def version_of(one: Environment) -> str:
    """A version that exists and that the project asks for, as tags of images spell it."""
    numbers = [match[0] for match in _NUMBER.finditer(one.version)]
    if one.language == "python":
        return next((known for known in _PYTHONS if satisfies(known, one.version)), _PYTHONS[0])
    if one.language == "node":
        majors = [int(number.partition(".")[0]) for number in numbers]
        if ">" in one.version or not majors:
            return str(max(_NODES[0], *majors, 0))
        return str(max(majors))
    if one.language == "go":
        # What go.mod asks for is a least version.
        return "1"
    if one.language == "java":
        least = int(numbers[0].partition(".")[0]) if numbers else _JAVAS[-2]
        return str(next((known for known in _JAVAS if known >= least), _JAVAS[-1]))
    return numbers[0] if numbers else {"dotnet": "8.0", "ruby": "3.3"}.get(one.language, "1")


def recipe(detected: Detected, base: Base, packages: Iterable[str], key: str) -> Recipe:
    """`packages`: Debian packages that the configuration adds."""
    environments = detected.environments
    languages: dict[Language, None] = dict.fromkeys(one.language for one in environments)
    languages |= dict.fromkeys(detected.devcontainer.versions)
    needed: list[str] = [] if base.is_own else [*_BASIC]
    notes = list(detected.notes)
    for language in languages:
        if language not in base.languages:
            needed += _DEBIAN.get(language, ())
            notes += _from_debian(language, environments, detected.devcontainer.versions.get(language, ""))
    needed += [name for one in environments for name in one.system]
    if "python" in base.languages and not base.is_own:
        # It has a Python of its own, which Debian's would hide.
        needed = [name for name in needed if name not in _OF_DEBIAN_PYTHON]
    python = base.languages.get("python", "")
    notes += [
        f"{one.folder or 'the project'} asks for Python {one.version}, and there is {python}"
        for one in environments
        if one.language == "python" and python and not satisfies(python, one.version)
    ]
    apt = sorted({name for name in (*needed, *packages) if PACKAGE.fullmatch(name)})
    install = f"{_MANUALS if any(map(_JAVA.fullmatch, apt)) else ''}{_APT.format(' '.join(apt))}"
    system = [*([Step(command=install)] if apt else []), Step(command=_USER)]
    layers = [Layer(title="system packages", user="root", steps=tuple(system))]
    variables = _variables(environments) | detected.devcontainer.variables
    steps = [Step(command=line, folder=one.folder) for one in environments for line in one.steps]
    files = tuple(sorted({path for one in environments for path in one.files}))
    if steps or variables:
        layers.append(
            Layer(title="dependencies", user="r1code", files=files, steps=tuple(steps), variables=variables)
        )
    about = tuple(_line(one) for one in environments)
    return Recipe(key=key, base=base, layers=tuple(layers), about=about, notes=tuple(dict.fromkeys(notes)))


def lacking(detected: Detected, base: Base) -> tuple[Language, ...]:
    """Languages that neither the base nor Debian has."""
    return tuple(
        dict.fromkeys(
            one.language
            for one in detected.environments
            if one.language not in base.languages and one.language not in _DEBIAN
        )
    )


def _from_debian(language: Language, environments: Iterable[Environment], feature: str) -> list[str]:
    asked = [one.version for one in environments if one.language == language and one.version]
    asked += [feature] if feature else []
    return [f"{language} comes from Debian's packages, in their version; asked for: {asked[0]}"] if asked else []


def _variables(environments: Iterable[Environment]) -> dict[str, str]:
    """All together; what several put in front of PATH is all in front of it."""
    merged: dict[str, str] = {}
    for one in environments:
        for name, value in one.variables.items():
            before = merged.get(name)
            if name == "PATH" and before is not None and before != value:
                merged[name] = before.replace("$PATH", value)
            else:
                merged[name] = value
    return merged


def _line(one: Environment) -> str:
    where = one.folder or "."
    version = f" {one.version}" if one.version else ""
    return f"{where}: {one.language}{version}, {one.manager}"


def dockerfile(made: Recipe) -> str:
    """The recipe as a file that people read, and that `docker build` takes."""
    lines = ["# What r1code makes for this project, and why. Edit .r1code/config.toml to add packages."]
    lines += [f"#   {line}" for line in made.about]
    lines += [f"#   note: {note}" for note in made.notes]
    lines.append(f"FROM {made.base.name}")
    for layer in made.layers:
        lines += ["", f"# {layer.title}", f"USER {'root' if layer.user == 'root' else '1000:1000'}"]
        if layer.user != "root":
            lines.append("ENV HOME=/home/r1code")
        lines += [f'ENV {name}="{value}"' for name, value in layer.variables.items()]
        for path in layer.files:
            lines.append(f"COPY --chown=1000:1000 {_json([path, f'{SOURCE}/{path}'])}")
        folder = None
        for step in layer.steps:
            if layer.user != "root" and step.folder != folder:
                folder = step.folder
                lines.append(f"WORKDIR {source_of(folder)}")
            lines.append(f"RUN {step.command}")
    lines += ["", "USER 1000:1000", "WORKDIR /workspace", 'CMD ["bash"]']
    return "\n".join(" ".join(line.splitlines()) for line in lines) + "\n"


def _json(words: list[str]) -> str:
    return msgspec.json.encode(words).decode()
