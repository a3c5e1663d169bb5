"""Which contents cannot be parsed, asked of a process of its own: a source may be made to crash or to hang it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from r1code.control import Control
from r1code.repo.index.languages import language_of, version_of
from r1code.repo.index.outline import Outline
from r1code.repo.index.pool import Pool
from r1code.repo.index.worker import Job
from r1code.repo.symbols import can_outline
from r1code.tree.store import Store

SECONDS = 5.0
"""For one content; what takes longer is not known to be wrong."""

Changed = Mapping[str, tuple[bytes | None, bytes]]
"""Path -> its content before, and now. None: there was no such file."""


class Syntax:
    """For one thread at a time. `close` it: it keeps a process.

    Python is left out: an edit that breaks it is refused before it lands.
    """

    def __init__(self, contents: Store, *, pool: Pool | None = None) -> None:
        self._contents = contents
        self._pool = pool or Pool(contents.folder, most=1, seconds=SECONDS)

    def broken(self, changed: Changed, control: Control) -> dict[str, int]:
        """The first line that cannot be parsed, of each file that could be before, or is new.

        Raises Cancelled, and StateError when no process can be started.
        """
        asked = {path: self._jobs(path, *contents) for path, contents in changed.items()}
        jobs = {path: pair for path, pair in asked.items() if pair is not None}
        errors = self._errors({job for pair in jobs.values() for job in pair if job is not None}, control)
        found: dict[str, int] = {}
        for path, (before, after) in jobs.items():
            line = errors.get(after)
            if line is not None and (before is None or (before in errors and errors[before] is None)):
                found[path] = line
        return found

    def _jobs(self, path: str, before: bytes | None, after: bytes) -> tuple[Job | None, Job] | None:
        language = language_of(path)
        if language is None or can_outline(path) or not version_of(language):
            return None
        was, now = (None if data is None else self._job(data, language.name) for data in (before, after))
        return None if now is None or was == now else (was, now)

    def _job(self, data: bytes, language: str) -> Job:
        return Job(digest=self._contents.put(data, durable=False), language=language)

    def _errors(self, jobs: Iterable[Job], control: Control) -> dict[Job, int | None]:
        """Of those that were parsed."""
        wanted = sorted(jobs, key=lambda job: job.digest)
        outlines = {job: Outline.unpack(packed) for job, packed in self._pool.run(wanted, control)}
        return {job: one.error for job, one in outlines.items() if one.note in {"", "generated"}}

    def close(self) -> None:
        self._pool.close()
