"""Python projects: PEP 621, requirement files, poetry, uv, pdm, pipenv, tox, nox, setup.py. Pure."""

from __future__ import annotations

import re

from msgspec import Struct, field
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from r1code.sandbox.environments import requirements as wanted
from r1code.sandbox.environments.environment import HOME, Environment, Folder, quoted
from r1code.sandbox.environments.poetry import Poetry
from r1code.sandbox.environments.poetry import requirements as of_poetry

VENV = f"{HOME}/venv"
SITE = "/home/r1code/site"
"""Where the project itself is installed in a running sandbox, as links into the work tree."""
MANIFESTS = ("pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "requirements.txt")
_PIP = "pip install --no-cache-dir"
_EDITABLE = f"pip install -q --no-index --no-deps --no-build-isolation --prefix {SITE} -e ."
_UNTAGGED = (
    "[ -e .git ] || export SETUPTOOLS_SCM_PRETEND_VERSION=$(sed -n 's/^Version: //p' PKG-INFO 2>/dev/null"
    " | grep . || echo 0.0.0); "
)
"""Where a version comes from tags, and there is no history, it is the one that a source distribution notes."""
_HOOK = (
    'import site, sys; site.addsitedir(f"'
    + SITE
    + '/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages")'
)
_VENV = (
    f"test -x {VENV}/bin/python || python3 -m venv {VENV}",
    f"for site in {VENV}/lib/python3*/site-packages; do echo '{_HOOK}' >$site/r1code.pth; done",
)
_EXPORTS = {
    "uv": ("uv export -q --frozen --no-emit-project -o /tmp/locked.txt", " --group {}", " --extra {}"),
    "poetry": ("poetry export -o /tmp/locked.txt", " --with {}", " -E {}"),
    "pdm": ("pdm export -o /tmp/locked.txt", " -G {}", " -G {}"),
    "pipenv": ("pipenv requirements --dev >/tmp/locked.txt", "", ""),
}
"""How a package manager writes its lock file for pip, which does the installing: one way to reach an index.
The command, and how it is told a group, and an extra."""
_TOOLS = {"uv": "uv", "poetry": "poetry poetry-plugin-export", "pdm": "pdm", "pipenv": "pipenv"}
_LOCKS = {"uv.lock": "uv", "poetry.lock": "poetry", "pdm.lock": "pdm", "Pipfile.lock": "pipenv"}
_COMPILER = ("build-essential", "python3-dev")
_LIBRARIES = {
    "psycopg2": ("libpq-dev", *_COMPILER),
    "psycopg-c": ("libpq-dev", *_COMPILER),
    "mysqlclient": ("default-libmysqlclient-dev", "pkg-config", *_COMPILER),
    "pygraphviz": ("libgraphviz-dev", *_COMPILER),
    "python-ldap": ("libldap-dev", "libsasl2-dev", *_COMPILER),
    "pycairo": ("libcairo2-dev", "pkg-config", *_COMPILER),
    "pygobject": ("libgirepository1.0-dev", "libcairo2-dev", "pkg-config", *_COMPILER),
    "dbus-python": ("libdbus-1-dev", "pkg-config", *_COMPILER),
    "xmlsec": ("libxmlsec1-dev", "pkg-config", *_COMPILER),
    "pyaudio": ("portaudio19-dev", *_COMPILER),
    "pycurl": ("libcurl4-openssl-dev", "libssl-dev", *_COMPILER),
}
"""What has no wheels, and what Debian calls that which it is built with."""
_BACKENDS = {
    "mesonpy": ("ninja-build", "pkg-config", *_COMPILER),
    "scikit_build_core.build": ("cmake", "ninja-build", *_COMPILER),
    "maturin": ("cargo", *_COMPILER),
    "setuptools_rust": ("cargo", *_COMPILER),
}
_FOR_LINKS = {
    "hatchling.build": ("editables",),
    "pdm.backend": ("editables",),
    "mesonpy": ("meson", "ninja"),
    "scikit_build_core.build": ("ninja",),
}
"""What a build backend asks for, beside what it declares, to install a project as links into its tree."""
_EXTENSION = re.compile(r"\bExtension\(|ext_modules|cythonize\(|cffi_modules")
_COMPILED = (".c", ".cc", ".cpp", ".cxx", ".pyx", ".rs")
_PINNED = re.compile(r"(\d+)\.(\d+)")
_DEFAULT_BUILD = ["setuptools", "wheel"]


class Project(Struct, frozen=True, rename="kebab"):
    name: str = ""
    requires_python: str = ""
    dependencies: list[str] = []
    optional_dependencies: dict[str, list[str]] = {}


class BuildSystem(Struct, frozen=True, rename="kebab"):
    requires: list[str] = field(default_factory=lambda: list(_DEFAULT_BUILD))
    build_backend: str = "setuptools.build_meta"


class Pdm(Struct, frozen=True, rename="kebab"):
    dev_dependencies: dict[str, list[str]] = {}


class Uv(Struct, frozen=True, rename="kebab"):
    dev_dependencies: list[str] = []
    package: bool = True


class ToxRun(Struct, frozen=True):
    deps: list[str] = []
    extras: list[str] = []


class Tox(Struct, frozen=True):
    env_run_base: ToxRun = ToxRun()


class Tool(Struct, frozen=True):
    poetry: Poetry | None = None
    pdm: Pdm = Pdm()
    uv: Uv = Uv()
    tox: Tox = Tox()


class Pyproject(Struct, frozen=True, rename="kebab"):
    project: Project | None = None
    build_system: BuildSystem | None = None
    dependency_groups: dict[str, list[str | dict[str, str]]] = {}
    tool: Tool = Tool()


class Pipfile(Struct, frozen=True, rename="kebab"):
    packages: dict[str, str | dict[str, object]] = {}
    dev_packages: dict[str, str | dict[str, object]] = {}
    requires: dict[str, str] = {}


class Found(Struct, kw_only=True):
    """What the files of a folder ask for, put together."""

    name: str = ""
    python: str = ""
    requirements: list[str] = []
    extras: dict[str, list[str]] = {}
    notes: list[str] = []

    def add(self, python: str, requirements: list[str], extras: dict[str, list[str]]) -> None:
        self.python = self.python or python
        self.requirements += requirements
        for name, group in extras.items():
            self.extras[name] = self.extras.get(name, []) + group
            if wanted.is_test_group(name):
                self.requirements += group

    def ask(self, names: list[str]) -> None:
        """Takes extras of these names in."""
        self.requirements += [line for name in names for line in self.extras.get(name, [])]


def detect(folder: Folder) -> Environment | None:
    files = wanted.files_of(folder)
    if folder.names.isdisjoint(MANIFESTS) and not files:
        return None
    notes: list[str] = []
    pyproject = folder.toml("pyproject.toml", Pyproject, notes)
    pipfile = folder.toml("Pipfile", Pipfile, notes)
    found = _found(folder, pyproject, pipfile)
    lock, manager = _manager(folder)
    listed = list(dict.fromkeys(wanted.without_own(found.requirements, found.name, found.extras)))
    others = [line for line in listed if not wanted.is_pytest(line)]
    package = _is_package(folder, pyproject)
    build = _build_requires(pyproject) if package else []
    system = _system(folder, pyproject, others)
    included = tuple(other for path in files for other in wanted.includes(folder, path))
    has_more = wanted.names_anything(folder, (*files, *included))
    needs = bool(others or manager != "pip" or system or has_more)
    return Environment(
        folder=folder.path,
        language="python",
        manager=manager,
        version=_version(folder, found.python),
        system=system,
        files=folder.full(*_of_lock(lock, manager), *dict.fromkeys((*files, *included))),
        steps=(*_start(build), *_steps(folder, _export(pyproject, manager), files, listed)),
        prepare=_prepare(build) if package else (),
        sources=("pyproject.toml", "setup.py", "setup.cfg", *(_COMPILED if system else ())) if package else (),
        variables={"VIRTUAL_ENV": VENV, "PATH": f"{SITE}/bin:{VENV}/bin:$PATH"},
        notes=tuple(notes + found.notes),
        is_plain=not (needs or (package and "src" in {path.partition("/")[0] for path in folder.paths})),
    )


def _found(folder: Folder, pyproject: Pyproject, pipfile: Pipfile) -> Found:
    project = pyproject.project or Project()
    poetry = pyproject.tool.poetry
    found = Found(name=project.name or (poetry.name if poetry else ""), requirements=[], extras={}, notes=[])
    found.add(project.requires_python, project.dependencies, project.optional_dependencies)
    found.add(*wanted.of_setup_cfg(folder))
    found.add(*wanted.of_setup_py(folder))
    for name in pyproject.dependency_groups:
        if wanted.is_test_group(name):
            found.requirements += _group(pyproject.dependency_groups, name, set())
    found.requirements += pyproject.tool.uv.dev_dependencies
    for name, group in pyproject.tool.pdm.dev_dependencies.items():
        if wanted.is_test_group(name):
            found.requirements += group
    lines, extras = wanted.of_tox(folder)
    run = pyproject.tool.tox.env_run_base
    found.requirements += [*lines, *run.deps, *wanted.of_nox(folder)]
    found.ask([*extras, *run.extras])
    if poetry is not None and "poetry.lock" not in folder.names:
        found.requirements += of_poetry(poetry.dependencies)
        for name, listed in poetry.groups.items():
            found.requirements += of_poetry(listed) if wanted.is_test_group(name) else []
    if "Pipfile.lock" not in folder.names:
        packages = pipfile.packages | pipfile.dev_packages
        found.requirements += [f"{name}{_of_pipfile(value)}" for name, value in packages.items()]
    pinned = pipfile.requires.get("python_version", "")
    found.python = found.python or (f"=={pinned}.*" if pinned else "") or (poetry.python if poetry else "")
    return found


def _group(groups: dict[str, list[str | dict[str, str]]], name: str, seen: set[str]) -> list[str]:
    """A dependency group with those that it includes."""
    normal = {canonicalize_name(one): one for one in groups}
    key = normal.get(canonicalize_name(name))
    if key is None or key in seen:
        return []
    seen.add(key)
    lines: list[str] = []
    for line in groups[key]:
        if isinstance(line, str):
            lines.append(line)
        elif include := line.get("include-group"):
            lines += _group(groups, include, seen)
    return lines


def _of_pipfile(value: str | dict[str, object]) -> str:
    version = value if isinstance(value, str) else str(value.get("version", "*"))
    return "" if version == "*" else version


def _manager(folder: Folder) -> tuple[str, str]:
    """The lock file, where there is one, and who installs."""
    for lock, manager in _LOCKS.items():
        if lock in folder.names:
            return lock, manager
    return "", "pip"


def _of_lock(lock: str, manager: str) -> tuple[str, ...]:
    if manager == "pip":
        return ()
    manifest = "Pipfile" if manager == "pipenv" else "pyproject.toml"
    return (manifest, lock) if lock else (manifest,)


def _is_package(folder: Folder, pyproject: Pyproject) -> bool:
    """Whether the project can be installed itself."""
    poetry = pyproject.tool.poetry
    if poetry is not None and not poetry.package_mode:
        return False
    if not pyproject.tool.uv.package:
        return False
    return (
        pyproject.build_system is not None
        or "setup.py" in folder.names
        or "[metadata]" in folder.text("setup.cfg")
    )


def _build_requires(pyproject: Pyproject) -> list[str]:
    system = pyproject.build_system or BuildSystem()
    more = _FOR_LINKS.get(system.build_backend, ())
    return [text for text in map(wanted.valid, (*system.requires, *more)) if text]


def _system(folder: Folder, pyproject: Pyproject, listed: list[str]) -> tuple[str, ...]:
    packages: dict[str, None] = {}
    backend = pyproject.build_system.build_backend if pyproject.build_system else ""
    packages |= dict.fromkeys(_BACKENDS.get(backend, ()))
    has_sources = any(path.endswith(_COMPILED) for path in folder.paths)
    if has_sources and _EXTENSION.search(folder.text("setup.py") + folder.text("pyproject.toml")):
        packages |= dict.fromkeys(_COMPILER)
    for line in listed:
        packages |= dict.fromkeys(_LIBRARIES.get(canonicalize_name(Requirement(line).name), ()))
    return tuple(packages)


def _prepare(build: list[str]) -> tuple[str, ...]:
    is_tagged = any(re.search(r"scm|vcs|versioning", line) for line in build)
    return (f"{_UNTAGGED if is_tagged else ''}{_EDITABLE}",)


def _version(folder: Folder, asked: str) -> str:
    pinned = _PINNED.search(folder.word(".python-version", "runtime.txt"))
    return f"=={pinned[1]}.{pinned[2]}.*" if pinned else asked


def _export(pyproject: Pyproject, manager: str) -> str:
    """The command that writes what tests need of a lock file to /tmp/locked.txt; empty where pip needs none."""
    if manager == "pip":
        return ""
    command, group, extra = _EXPORTS[manager]
    poetry = pyproject.tool.poetry or Poetry()
    groups = [*pyproject.dependency_groups, *poetry.group, *pyproject.tool.pdm.dev_dependencies]
    extras = [*(pyproject.project or Project()).optional_dependencies, *poetry.extras]
    flags = [(group, name) for name in groups] + [(extra, name) for name in extras]
    return command + "".join(flag.format(quoted(name)) for flag, name in flags if wanted.is_test_group(name))


def _start(build: list[str]) -> tuple[str, ...]:
    """A virtual environment with what builds the project, as new as an isolated build would have it."""
    return (*_VENV, f"{_PIP} -U {' '.join(map(quoted, build))}") if build else _VENV


def _steps(folder: Folder, export: str, files: tuple[str, ...], listed: list[str]) -> tuple[str, ...]:
    steps: list[str] = []
    everything = [*files, *(other for path in files for other in wanted.includes(folder, path))]
    if wanted.names_itself(folder, everything):
        names = " ".join(map(quoted, dict.fromkeys(everything)))
        steps.append(f"sed -i -E '/^[[:space:]]*(-e|--editable|\\.|file:)/d' {names}")
    if export:
        tool = export.partition(" ")[0]
        steps += [
            f"python3 -m venv /tmp/{tool} && /tmp/{tool}/bin/{_PIP} -q {_TOOLS[tool]}",
            f"PATH=/tmp/{tool}/bin:$PATH && {export}",
            f"{_PIP} -r /tmp/locked.txt",
        ]
    if not any(wanted.is_pytest(line) for line in listed):
        listed = [*listed, "pytest"]
    words = [word for path in files for word in ("-r", quoted(path))] + [quoted(line) for line in listed]
    return (*steps, f"{_PIP} {' '.join(words)}")
