"""Go modules. Pure."""

from __future__ import annotations

import re

from r1code.sandbox.environments.environment import HOME, Environment, Folder

MANIFESTS = ("go.mod", "go.work")
_VERSION = re.compile(r"(?m)^go\s+(\d+\.\d+)")
_REQUIRE = re.compile(r"(?m)^require\b")


def detect(folder: Folder) -> Environment | None:
    if folder.names.isdisjoint(MANIFESTS):
        return None
    members = [path for name in ("go.mod", "go.sum") for path in folder.having(name)]
    if "go.work" not in folder.names:
        members = [path for path in members if "/" not in path]
    needs = any(_REQUIRE.search(folder.text(path)) for path in members if path.endswith("go.mod"))
    version = _VERSION.search(folder.text("go.mod")) or _VERSION.search(folder.text("go.work"))
    return Environment(
        folder=folder.path,
        language="go",
        manager="go",
        version=version[1] if version else "",
        # Packages of the standard library are built with cgo where there is a compiler, and need one.
        system=("gcc", "libc6-dev"),
        files=folder.full("go.work", "go.work.sum", *members) if needs else (),
        steps=("go mod download",) if needs else (),
        variables={"GOPATH": f"{HOME}/go", "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false"},
    )
