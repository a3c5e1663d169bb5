"""Commands of a person: in the sandbox, on this machine, and shown to the model."""

from __future__ import annotations

from collections.abc import Iterator

from r1code.app.desk import Desk
from r1code.app.ran import MOST, Ran
from r1code.control import Control
from r1code.errors import UsageError
from r1code.events import Event
from r1code.ui.flow import Flow
from r1code.ui.lines import MARGIN, line
from r1code.ui.piece import Piece
from r1code.ui.repl.commands.words import Does, said


def _run(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    if not text:
        raise UsageError("there is no command", why="/run is followed by one", hint="/run ls, or !ls")
    yield from _shown((yield from desk.runs.inside(text, control)))


def _host(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    if not text:
        raise UsageError("there is no command", why="/host is followed by one", hint="/host ls, or !!ls")
    ran = yield from desk.runs.outside(text, control)
    if ran is None:
        yield from said("it was not run")
    else:
        yield from _shown(ran)


def _shown(ran: Ran) -> Iterator[Piece]:
    flow, result = Flow(f"{MARGIN}│ ", None), ran.result
    yield Piece(flow.feed(result.output) + flow.end(), "dim")
    word = "ok" if result.succeeded else f"exit code {result.exit_code}"
    where = "on this machine" if ran.where == "on this machine" else "in the sandbox"
    told = f"{MARGIN}{word} · {where} · {result.seconds:.1f} s · /tell shows it to R1"
    yield line(told, "good" if result.succeeded else "bad")


def _tell(desk: Desk, text: str, _: Control) -> Iterator[Event | Piece]:
    if text and not (text.isdecimal() and 1 <= int(text) <= MOST):
        raise UsageError(
            f"/tell {text} cannot be used",
            why=f"it is how many commands, 1 to {MOST}",
            hint="!COMMAND, then /tell",
        )
    for ran in desk.runs.tell(int(text or 1), desk.config.working_context):
        yield from said(f"goes with your next message: {ran.command}")


DOES: dict[str, Does] = {
    "run": _run,
    "host": _host,
    "tell": _tell,
}
