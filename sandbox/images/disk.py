"""How much a building container may write: looked at while it writes, for few engines limit it themselves."""

# The stubs of the docker SDK leave open what these calls return.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import time

from docker import APIClient

from r1code.control import Control
from r1code.errors import SandboxError
from r1code.sandbox.engine import told

LOOK_SECONDS = 2.0
_SHARE = 10
"""Looking takes at most the tenth part of the time: the engine adds up files."""
_WHAT = "the project's environment could not be built"


class Disk:
    """What one container has written to its root. Files in memory are not part of it."""

    def __init__(self, api: APIClient, container_id: str, most_mb: int) -> None:
        self._api = api
        self._id = container_id
        self._most = most_mb
        self._next = 0.0

    def check(self, control: Control, *, now: bool = False) -> None:
        """Raises SandboxError if it is too much, and Cancelled. Does nothing if it was asked a moment ago."""
        started = time.monotonic()
        if started < self._next and not now:
            return
        with told("how much a build has written could not be asked"):
            found = control.call(lambda: self._api.containers(all=True, size=True, filters={"id": self._id}))
        self._next = time.monotonic() + max(LOOK_SECONDS, _SHARE * (time.monotonic() - started))
        written = sum(int(one.get("SizeRw") or 0) for one in found)
        if written > self._most * 1_000_000:
            raise SandboxError(
                _WHAT,
                why=f"it wrote {written // 1_000_000} MB, and one layer may have {self._most} MB",
                hint="install less, or bring an image with --image",
            )
