"""What a file is for whoever reads the code: written by people, or made, copied and locked by programs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Literal

from pathspec import GitIgnoreSpec

from r1code.repo.files import is_binary, says_generated
from r1code.repo.git import Git
from r1code.repo.plumbing import checked

Kind = Literal["written", "binary", "large", "lock", "minified", "generated", "vendored"]
"""All but `written` come last in a map: they are there, and can be read, but tell little."""

HEAD_BYTES = 8_192
"""As much of a file as `kind_of` looks at."""
MOST_BYTES = 1_000_000
"""A larger file is read by nobody."""

_LOCKS = GitIgnoreSpec.from_lines(
    [
        "*.lock",
        "*.lockb",
        "package-lock.json",
        "npm-shrinkwrap.json",
        "pnpm-lock.yaml",
        "packages.lock.json",
        "go.sum",
        "gradle.lockfile",
        "Package.resolved",
        ".terraform.lock.hcl",
    ]
)
_VENDORED = GitIgnoreSpec.from_lines(
    [
        "vendor/",
        "vendored/",
        "_vendor/",
        "third_party/",
        "third-party/",
        "thirdparty/",
        "node_modules/",
        "bower_components/",
        "Godeps/",
        "Pods/",
        "Carthage/",
        "site-packages/",
        ".yarn/releases/",
        "jquery*.js",
        "bootstrap*.css",
    ]
)
_GENERATED = GitIgnoreSpec.from_lines(
    [
        "*_pb2.py",
        "*_pb2.pyi",
        "*_pb2_grpc.py",
        "*.pb.go",
        "*.pb.cc",
        "*.pb.h",
        "*_pb.js",
        "*.g.dart",
        "*.freezed.dart",
        "*.g.cs",
        "*.designer.cs",
        "*.generated.*",
        "*_generated.*",
        "*.map",
        "*.snap",
        "generated/",
        "__generated__/",
    ]
)
_MINIFIED = re.compile(r"[.-]min\.(js|css|mjs|cjs|html)$")
_LONG_LINE = 1_000
"""Characters of an average line that no person writes."""
_PROSE = (".md", ".rst", ".txt", ".adoc", ".csv", ".tsv", ".ipynb")


def kind_of(path: str, head: bytes, size: int = 0) -> Kind:
    """By the path, and by the first HEAD_BYTES of the content. Pure; what .gitattributes says is not in it."""
    # Half a character at the end is cut off: in UTF-16 it would be no text.
    if is_binary(head[: HEAD_BYTES // 2 * 2] if len(head) > 1 else head):
        return "binary"
    if _LOCKS.match_file(path):
        return "lock"
    if _VENDORED.match_file(path):
        return "vendored"
    if _MINIFIED.search(path) or _is_minified(path, head):
        return "minified"
    if _GENERATED.match_file(path) or _is_generated(path, head):
        return "generated"
    return "large" if size > MOST_BYTES else "written"


def _is_minified(path: str, head: bytes) -> bool:
    if path.endswith(_PROSE):
        return False
    return len(head) > 2 * _LONG_LINE and len(head) > _LONG_LINE * (head.count(b"\n") + 1)


def _is_generated(path: str, head: bytes) -> bool:
    """Whether the first lines say so. In prose they may be about other files."""
    return not path.endswith(_PROSE) and says_generated(head)


def marked(git: Git, paths: Iterable[str]) -> dict[str, Kind]:
    """Those of `paths` that .gitattributes says to be generated or vendored, or not to be: `written`.

    It wins over `kind_of`. One question to git for all of them; none where no file says so. Raises StateError.
    """
    asked = list(paths)
    if not any(path.rpartition("/")[2] == ".gitattributes" for path in asked):
        return {}
    ran = git.run(
        ["check-attr", "-z", "--stdin", "linguist-generated", "linguist-vendored"],
        stdin=b"".join(b"%s\0" % os.fsencode(path) for path in asked),
    )
    # A value may be empty.
    names = iter(map(os.fsdecode, checked(ran, "read its attributes").output.split(b"\0")[:-1]))
    found: dict[str, Kind] = {}
    for path, attribute, value in zip(names, names, names, strict=True):
        kind: Kind = "generated" if attribute == "linguist-generated" else "vendored"
        if value in {"set", "true"}:
            found[path] = kind
        elif value in {"unset", "false"}:
            found.setdefault(path, "written")
    return found
