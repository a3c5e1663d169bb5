"""Node projects: npm, pnpm, yarn. Pure."""

from __future__ import annotations

import posixpath
import re
from fnmatch import fnmatchcase

from msgspec import Struct

from r1code.sandbox.environments.environment import HOME, Environment, Folder, quoted, source_of

TOOLS = f"{HOME}/tools"
MANIFEST = "package.json"
_NPM = "npm --no-audit --no-fund --no-update-notifier --cache /tmp/npm"
_LOCKS = {
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
}
_PINNED = re.compile(r"(npm|pnpm|yarn)@(\d+(?:\.\d+){0,2})")
_INSTALLS = {
    ("npm", True): f"{_NPM} ci --ignore-scripts",
    ("npm", False): f"{_NPM} install --ignore-scripts --no-package-lock",
    (
        "pnpm",
        True,
    ): "pnpm install --frozen-lockfile --ignore-scripts --store-dir /tmp/pnpm --package-import-method copy",
    (
        "pnpm",
        False,
    ): "pnpm install --no-lockfile --ignore-scripts --store-dir /tmp/pnpm --package-import-method copy",
    ("yarn", True): "yarn install --frozen-lockfile --ignore-scripts --cache-folder /tmp/yarn",
    ("yarn", False): "yarn install --no-lockfile --ignore-scripts --cache-folder /tmp/yarn",
    ("berry", True): "YARN_NODE_LINKER=node-modules YARN_ENABLE_SCRIPTS=false yarn install --immutable",
}
_REBUILDS = {"pnpm": "pnpm rebuild -r --store-dir /tmp/pnpm"}
_DEFAULTS = {"pnpm": "9", "yarn": "1"}
_BERRY = "__metadata:"
_LINK = """link() { for one in "$1"/* "$1"/.bin; do [ -e "$one" ] || continue; name=${one##*/}; case $name in \
@*) mkdir -p "$2/$name" && link "$one" "$2/$name";; \
*) case $(readlink -f "$one") in */node_modules/*) ln -sfnT "$one" "$2/$name";; \
*) [ ! -L "$one" ] || cp -dT "$one" "$2/$name";; esac;; esac; done; }; """
"""Links each installed package into a `node_modules` that can be written. Links between the packages of one
repository are copied as they are: so they lead into the work tree."""


class Package(Struct, rename="camel"):
    dependencies: dict[str, str] = {}
    dev_dependencies: dict[str, str] = {}
    optional_dependencies: dict[str, str] = {}
    engines: dict[str, str] = {}
    package_manager: str = ""
    workspaces: list[str] | dict[str, list[str] | bool] = []


def detect(folder: Folder) -> Environment | None:
    if MANIFEST not in folder.names:
        return None
    notes: list[str] = []
    package = folder.json(MANIFEST, Package, notes)
    lock, manager, pinned = _manager(folder, package)
    members = workspace(folder, package)
    extra = (lock, "pnpm-workspace.yaml", ".yarnrc.yml", ".pnpmfile.cjs") if lock else ("pnpm-workspace.yaml",)
    wanted = package.dependencies or package.dev_dependencies or package.optional_dependencies or members
    install = _install(folder, manager, lock, pinned)
    native = "binding.gyp" in folder.names
    return Environment(
        folder=folder.path,
        language="node",
        manager=manager,
        version=folder.word(".nvmrc", ".node-version").lstrip("v") or package.engines.get("node", ""),
        system=("build-essential", "python3") if native else (),
        files=folder.full(MANIFEST, *extra, *(f"{member}/{MANIFEST}" for member in members)),
        steps=install if wanted else (),
        prepare=tuple(_prepare(folder, ["", *members])) if wanted else (),
        variables={"PATH": f"{TOOLS}/node_modules/.bin:$PATH"} if manager != "npm" else {},
        notes=tuple(notes),
    )


def workspace(folder: Folder, package: Package) -> list[str]:
    """The folders of the packages that are installed together with this one."""
    listed = package.workspaces
    patterns = listed if isinstance(listed, list) else listed.get("packages", [])
    patterns = [] if isinstance(patterns, bool) else list(patterns)
    for line in folder.text("pnpm-workspace.yaml").splitlines():
        if match := re.match(r"\s*-\s*[\"']?([^\"'#]+)", line):
            patterns.append(match[1].strip())
    folders = [posixpath.dirname(path) for path in folder.having(MANIFEST)]
    return [one for one in folders if one and any(fnmatchcase(one, _glob(pattern)) for pattern in patterns)]


def _glob(pattern: str) -> str:
    return pattern.removeprefix("./").rstrip("/").replace("**", "*")


def _manager(folder: Folder, package: Package) -> tuple[str, str, str]:
    """The lock file, where there is one, who installs, and which version of it."""
    pinned = _PINNED.match(package.package_manager)
    for lock, manager in _LOCKS.items():
        if lock in folder.names:
            version = pinned[2] if pinned and pinned[1] == manager else _DEFAULTS.get(manager, "")
            return lock, manager, version
    return ("", pinned[1], pinned[2]) if pinned else ("", "npm", "")


def _install(folder: Folder, manager: str, lock: str, pinned: str) -> tuple[str, ...]:
    is_berry = manager == "yarn" and _BERRY in folder.text("yarn.lock")
    steps: list[str] = []
    if manager != "npm":
        name = "@yarnpkg/cli-dist" if is_berry else manager
        version = "4" if is_berry and pinned == "1" else pinned
        steps.append(f"{_NPM} install --prefix {TOOLS} {name}@{version}")
    # Scripts of dependencies run; those of the project itself would miss its sources.
    steps.append(_INSTALLS["berry" if is_berry else manager, is_berry or bool(lock)])
    steps.append(_REBUILDS.get(manager, "npm rebuild --foreground-scripts --cache /tmp/npm"))
    return tuple(steps)


def _prepare(folder: Folder, members: list[str]) -> list[str]:
    source = source_of(folder.path)
    commands: list[str] = []
    for member in members:
        inside = f"{member}/node_modules" if member else "node_modules"
        there = f"{source}/{inside}"
        inside, there = quoted(inside), quoted(there)
        commands.append(f"[ ! -d {there} ] || {{ mkdir -p {inside} && link {there} {inside}; }}")
    return [_LINK + "; ".join(commands)]
