"""Whether what somebody left of a bug is a repair, found out from outside: nobody who repaired it is asked.

Its sources as they are now, and everything else as it was, are tested in a container without a network.
"""

from __future__ import annotations

import functools
import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from bugs.bug import Bug
from bugs.setting import Language
from r1code.sandbox.environments.detect import Detected, detect, is_manifest
from r1code.sandbox.environments.recipe import preparation

SCRIPT = Path(sys.executable).with_name("r1code")
LIMIT = 120
"""Seconds for the tests of one bug."""
SETTINGS_FILE = ".r1code/config.toml"
_BUILDING = 1200


class Judged(NamedTuple):
    solved: bool
    touched: list[str]
    """What no repair has to touch, and is not as it was."""
    said: str
    """The end of what the tests printed."""


def judge(bug: Bug, root: Path) -> Judged:
    kept = {path: text.encode() for path, text in bug.protected().items()}
    touched = sorted(path for path, data in kept.items() if _read(root, path) != data)
    sources = {path: data for path in bug.sources() if (data := _read(root, path)) is not None}
    code, said = tested(bug, {**kept, **sources})
    return Judged(code == 0, touched, said[-400:])


def _read(root: Path, path: str) -> bytes | None:
    """A link leads out of what is judged: it counts as nothing."""
    file = root / path
    return file.read_bytes() if file.is_file() and file.resolve() == root.resolve() / path else None


def tested(bug: Bug, files: Mapping[str, bytes]) -> tuple[int, str]:
    """How the tests end on these files, in a container."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, data in files.items():
            info = tarfile.TarInfo(path)
            info.size, info.mode = len(data), 0o755
            archive.addfile(info, io.BytesIO(data))
    prepared = [f"( {step.command} )" for step in preparation(_detected(bug)).steps]
    script = "; ".join(["mkdir /tmp/judged && cd /tmp/judged && tar -xf -", *prepared])
    # fmt: off
    words = [
        "docker", "run", "--rm", "-i", "--network", "none", "--cap-drop", "ALL", "--pids-limit", "512",
        "--memory", "2g", "-e", "HOME=/tmp", image(bug.language), "sh", "-c", f'{script}; exec "$@"', "sh",
        "timeout", str(LIMIT), "sh", "-c", bug.setting.command,
    ]
    # fmt: on
    done = subprocess.run(
        words,
        input=stream.getvalue(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=2 * LIMIT,
        check=False,
    )
    return done.returncode, done.stdout.decode(errors="replace")


def _detected(bug: Bug) -> Detected:
    paths = [*bug.protected(), *bug.sources()]
    files = {path: text.encode() for path, text in bug.protected().items() if is_manifest(path)}
    return detect(files, paths)


@functools.cache
def image(language: Language) -> str:
    """That of projects in the language; where r1code has none yet it is built, in a minute or two."""
    # It depends on the manifests alone; a source says to whom they belong.
    bug = Bug("empty", language, "wrong value", {f"src/empty.{'c' if language == 'c' else 'txt'}": ""}, {})
    is_plain = _detected(bug).is_plain and SETTINGS_FILE not in bug.setting.manifests
    with tempfile.TemporaryDirectory() as name:
        bug.commit(Path(name))
        words = [str(SCRIPT), "sandbox", "image" if is_plain else "build"]
        done = subprocess.run(words, cwd=name, capture_output=True, text=True, timeout=_BUILDING, check=False)
    if done.returncode != 0:
        raise LookupError(f"no image for {language}: {done.stdout[-600:]}{done.stderr[-600:]}")
    return done.stdout.split()[-1]
