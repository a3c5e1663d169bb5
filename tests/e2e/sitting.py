"""Sitting down at the prompt, more than once in a test."""

from __future__ import annotations

from collections.abc import Callable

from e2e.conftest import Repo
from fakes.seat import Seat

Sit = Callable[..., Seat]
"""Before a model that says the replies; see `sitting`."""


def sitting(repo: Repo, seats: list[Seat]) -> Sit:
    """Commands run on this machine: no engine is needed."""

    def sit_down(*replies: str, flags: tuple[str, ...] = ("--test", "off"), sees: str = r"^>") -> Seat:
        host = ("--sandbox", "none", "--allow-host-exec")
        command = [str(repo.script), *host, *flags, *repo.replies(*replies)]
        seat = Seat(command, repo.root, {"R1CODE_STATE_DIR": str(repo.state), **repo.env})
        seats.append(seat)
        seat.sees(sees)
        return seat

    return sit_down


UNTIL_GO = "until [ -e ../go ]; do sleep 0.05; done"
"""A command that runs until `go`."""


def go(repo: Repo) -> None:
    (repo.root.parent / "go").touch()


def typed(repo: Repo) -> str:
    """What was typed and not sent, as far as it was read."""
    return "".join(file.read_text() for file in repo.state.glob("drafts/*.json"))


def logged(repo: Repo) -> str:
    """The log of the last session."""
    return max(repo.state.glob("sessions/*/log.jsonl")).read_text()
