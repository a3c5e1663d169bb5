"""Rust packages and workspaces. Pure."""

from __future__ import annotations

import posixpath
import re

from r1code.sandbox.environments.environment import HOME, Environment, Folder, quoted, source_of

MANIFESTS = ("Cargo.toml",)
_CHANNEL = re.compile(r"""(?m)^\s*channel\s*=\s*["']([\w.-]+)["']""")
_RUST_VERSION = re.compile(r"""(?m)^\s*rust-version\s*=\s*["']([\d.]+)["']""")
_PATHS = re.compile(r"""(?m)^\s*path\s*=\s*["']([\w./-]+\.rs)["']""")
_DEPENDS = re.compile(r"(?m)^\[.*dependencies")


def detect(folder: Folder) -> Environment | None:
    if folder.names.isdisjoint(MANIFESTS):
        return None
    manifests = list(folder.having("Cargo.toml"))
    needs = any(_DEPENDS.search(folder.text(path)) for path in manifests)
    toolchain = folder.text("rust-toolchain.toml") or folder.text("rust-toolchain")
    channel = _CHANNEL.search(toolchain)
    least = _RUST_VERSION.search(folder.text("Cargo.toml"))
    locked = " --locked" if "Cargo.lock" in folder.names else ""
    return Environment(
        folder=folder.path,
        language="rust",
        manager="cargo",
        version=channel[1] if channel else folder.word("rust-toolchain") or (least[1] if least else ""),
        system=("build-essential", "pkg-config"),
        files=folder.full("Cargo.lock", *manifests) if needs else (),
        steps=(_stubs(folder, manifests), f"CARGO_NET_OFFLINE=false cargo fetch{locked}") if needs else (),
        prepare=(f"[ -e Cargo.lock ] || cp {quoted(source_of(folder.path))}/Cargo.lock .",)
        if needs and not locked
        else (),
        variables={"CARGO_HOME": f"{HOME}/cargo", "CARGO_NET_OFFLINE": "true"},
    )


def _stubs(folder: Folder, manifests: list[str]) -> str:
    """Makes empty sources: without any, a manifest is not read."""
    wanted: list[str] = []
    for manifest in manifests:
        parent = posixpath.dirname(manifest)
        named = _PATHS.findall(folder.text(manifest))
        wanted += [posixpath.normpath(posixpath.join(parent, name)) for name in ("src/lib.rs", *named)]
    inside = [name for name in dict.fromkeys(wanted) if not name.startswith("../")]
    folders = " ".join(quoted(name) for name in dict.fromkeys(map(posixpath.dirname, inside)) if name)
    return f"mkdir -p {folders} && touch {' '.join(map(quoted, inside))}"
