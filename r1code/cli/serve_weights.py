"""`r1code serve weights`, and what `serve up` has of it: weights downloaded with consent, and checked."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from r1code.control import Control
    from r1code.serving.weights.fetch import Standing
    from r1code.serving.weights.whole import Fault

_TERMINAL_SECONDS, _PIPE_SECONDS = 0.5, 5.0


def weights(options: argparse.Namespace) -> int:
    from r1code.app.signals import cancel_on_signals
    from r1code.control import Control
    from r1code.errors import UsageError
    from r1code.serving.weights.whole import demand_whole

    if (options.model is None) == (options.check is None):
        raise UsageError(
            "nothing is said of which weights",
            why="it is either a model to download, or a folder to check",
            hint="r1code serve weights MODEL --to FOLDER, or r1code serve weights --check FOLDER",
        )
    control = Control()
    with cancel_on_signals(control):
        if options.check is not None:
            return _check(Path(options.check).resolve(), control)
        to = None if options.to is None else Path(options.to).resolve()
        folder = fetched(_repository(options.model, options.quantization), to, options, control)
        demand_whole(folder)
    print(folder)
    return 0


def _repository(word: str, quantization: str | None) -> str:
    """Raises UsageError."""
    from r1code.errors import UsageError
    from r1code.serving.plan.known import model_named, unknown_model

    named = model_named(word)
    if named is None:
        if word.count("/") == 1:
            return word
        raise unknown_model(word)
    model, precision = named
    wanted = quantization or precision or model.checkpoints[0].precision
    found = next((one for one in model.checkpoints if one.precision == wanted and not one.online), None)
    if found is None:
        raise UsageError(
            f"r1code knows no weights of {model.label} in {wanted}",
            why=f"there are: {', '.join(one.precision for one in model.checkpoints if not one.online)}",
            hint="vLLM itself can round some to fp8 while it loads them: r1code serve plan",
        )
    return found.id


def fetched(repository: str, to: Path | None, options: argparse.Namespace, control: Control) -> Path:
    """The folder of a repository's weights, whole and checked; `to`: where it has to be.

    Raises UsageError (also where nobody agrees to the download), ProviderError, StateError, Cancelled.
    """
    from r1code.cli.work import agrees
    from r1code.errors import StateError, UsageError
    from r1code.providers.weights import cache_folder
    from r1code.serving.weights.fetch import demand_room, fetch, free_at, missing
    from r1code.serving.weights.hub import asked
    from r1code.serving.weights.manifest import manifest_in
    from r1code.serving.weights.whole import faults_in
    from r1code.ui.messages import localized
    from r1code.ui.safe import safe

    folder = to or cache_folder() / "weights" / repository.replace("/", "--")
    known = manifest_in(folder)
    if known is not None and known.repository != repository:
        raise StateError(
            f"{folder} holds other weights",
            why=f"they are {known.repository}",
            hint="name another folder with --to",
        )
    # A commit never changes: who asks for no other one goes on with it, and needs no hub where all is here.
    revision = options.revision or (None if known is None else known.revision)
    if known is not None and revision == known.revision and known.is_checked and not faults_in(folder):
        return folder
    hub = control.call(lambda: asked(repository, revision, os.environ))
    needed, free = missing(hub.manifest, folder), free_at(folder)
    demand_room(needed, free, folder)
    size = f"{needed / 1e9:.1f} GB"
    if needed:
        agreed = options.yes or bool(os.environ.get("R1CODE_YES"))
        what = localized(
            f"{repository}, {size} in {len(hub.manifest.files)} files, commit {hub.manifest.revision[:12]}, "
            f"from {hub.endpoint} to {folder}, where {free / 1e9:.1f} GB are free"
        )
        if not agreed and not agrees(safe(what), control):
            raise UsageError(
                f"the weights of {repository} are not here",
                why=f"nobody agreed to download them ({size})",
                hint="--yes agrees (or R1CODE_YES=1); or name a folder that holds them with --weights",
            )
        _say(f"downloading {repository}, commit {hub.manifest.revision}: {size}; an interrupt loses nothing")
    teller = _Teller()
    manifest = fetch(hub, folder, tell=teller.tell, control=control)
    teller.end()
    _say(f"the weights are here, {manifest.bytes / 1e9:.1f} GB, each file as the hub says")
    return folder


def _check(folder: Path, control: Control) -> int:
    """Raises StateError, Cancelled."""
    from r1code.serving.weights.manifest import doubt, manifest_in
    from r1code.serving.weights.whole import differing, faults_in
    from r1code.types import ExitCode

    def look_up(_count: int) -> None:
        control.check()

    faults, manifest = faults_in(folder), manifest_in(folder)
    if manifest is None:
        _say("r1code did not download them: what the hub published is not known, only whether they are whole")
    else:
        _say(f"{manifest.repository}, commit {manifest.revision}: reading {manifest.bytes / 1e9:.1f} GB")
        faults += differing(folder, manifest, look_up)
    if faults:
        _list(faults)
        if manifest is not None:
            doubt(manifest, folder, {one.file for one in faults})
        return ExitCode.USAGE
    _say("whole" if manifest is None else "whole, and each file as the hub published it")
    return ExitCode.OK


def _list(faults: list[Fault]) -> None:
    from r1code.ui.messages import localized
    from r1code.ui.safe import safe_line

    for one in faults:
        print(safe_line(localized(one.what)))


class _Teller:
    """On a terminal one line that changes; elsewhere a line now and then."""

    def __init__(self) -> None:
        self._on_terminal = sys.stderr.isatty()
        self._told = 0.0

    def tell(self, now: Standing) -> None:
        from r1code.ui.messages import localized

        pause = _TERMINAL_SECONDS if self._on_terminal else _PIPE_SECONDS
        if now.seconds - self._told < pause:
            return
        self._told = now.seconds
        speed = now.came / 1e6 / max(now.seconds, 1e-3)
        here, total = f"{now.here / 1e9:.2f}", f"{now.total / 1e9:.2f}"
        if not self._on_terminal:
            _say(f"{here} of {total} GB, {speed:.1f} MB/s, {now.checked / 1e9:.2f} GB checked")
            return
        text = localized(f"{here} of {total} GB, {speed:.1f} MB/s, {now.checked / 1e9:.2f} GB checked")
        print(f"\r{text}\x1b[K", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._on_terminal and self._told:
            print(file=sys.stderr)


def _say(text: str) -> None:
    from r1code.ui.messages import localized
    from r1code.ui.safe import safe_line

    print(safe_line(localized(text)), file=sys.stderr, flush=True)
