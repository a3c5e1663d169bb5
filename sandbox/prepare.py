"""Connecting a work tree with what its image has installed for it, in each new container."""

from __future__ import annotations

from collections.abc import Iterable

from r1code.control import Control
from r1code.sandbox.base import Limits, Say
from r1code.sandbox.environments.environment import Step
from r1code.sandbox.inside import STDOUT, WORK, Ended, Inside
from r1code.sandbox.manifest import FIND, LETTERS, parse
from r1code.tree.entry import is_folder
from r1code.tree.snapshot import Snapshot

_RUN = 'cd "$1" || exit; exec /bin/sh -c "$2" </dev/null 2>&1'
_WHAT = "the project could not be connected with its environment"
_LINES = 8
_BYTES = 20_000


def prepare(
    container: Inside, snapshot: Snapshot, steps: Iterable[Step], *, limits: Limits, say: Say, control: Control
) -> None:
    """Runs the steps in the tree. What they write there is theirs: it never comes back as a change.

    A step that fails is told and does not end anything: the tests will say what is missing. Raises SandboxError
    where the container fails, and Cancelled.
    """
    for step in steps:
        place = f"{WORK}/{step.folder}".rstrip("/")
        running = container.execute(_RUN, place, step.command)
        output = bytearray()
        try:
            while not isinstance(item := container.next_item(running, control, limits.seconds, _WHAT), Ended):
                number, data = item
                if number == STDOUT:
                    output = (output + data)[-_BYTES:]
        finally:
            running.close()
        if item.code != 0:
            last = output.decode(errors="replace").strip().splitlines()[-_LINES:]
            lines = "".join(f"\n    {line}" for line in last)
            say(f"{_WHAT}: `{step.command}` ended with {item.code}{lines}")
    container.seen = parse(container.ask(_WHAT, control, FIND))
    container.made |= container.seen.keys() - snapshot.entries.keys()
    for path, entry in snapshot.entries.items():
        there = container.seen.get(path)
        if there is not None and there.kind == LETTERS[entry.kind] and not is_folder(entry):
            container.known[path] = (there, entry)
