"""What the commands of the REPL do with the open session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from r1code.app.checkpoints import as_table
from r1code.app.desk import Desk
from r1code.control import Control
from r1code.errors import UsageError
from r1code.events import Event
from r1code.tree.patch import Patch
from r1code.ui.cost_table import told_session
from r1code.ui.diff import diff_lines, laid_out, marked
from r1code.ui.export import format_of, rendered, write
from r1code.ui.flow import Flow
from r1code.ui.lines import MARGIN, line
from r1code.ui.piece import Piece
from r1code.ui.safe import safe, safe_line
from r1code.ui.tests_table import told_tests
from r1code.ui.why import told as told_why

Does = Callable[[Desk, str, Control], Iterator[Event | Piece]]
_MOST_NAMED = 12
_MOST_LINES = 400


def said(text: str) -> Iterator[Piece]:
    flow = Flow(MARGIN, None)
    yield Piece(flow.feed(text) + flow.end())


def _plan(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    desk.conversation.enter("plan")
    if text:
        yield from desk.conversation.turn(text, control)
    else:
        yield from said("plan mode: nothing is changed until /act, or Shift-Tab")


def _act(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    if not text and desk.conversation.plan_file is None:
        desk.conversation.enter("act")
        yield from said("act mode: what you ask for is done")
        return
    yield from desk.conversation.carry_out(desk.plan(text or None), control)


def _undo(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    words = text.split()
    _only(words, {"step", "turn", "--force"})
    patch = desk.undo(control, by="step" if "step" in words else "turn", force="--force" in words)
    yield from _went(patch, "/redo brings it back")


def _redo(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    words = text.split()
    _only(words, {"--force"})
    yield from _went(desk.redo(control, force=bool(words)), "/undo takes it back")


def _rewind(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    words = text.split()
    force = "--force" in words
    numbers = [word for word in words if word != "--force"]
    if len(numbers) != 1 or not numbers[0].isdecimal():
        raise UsageError("/rewind needs a number", why="it goes to a checkpoint", hint="/checkpoints lists them")
    yield from _went(desk.rewind(int(numbers[0]), control, force=force), "/redo goes back")


def _went(patch: Patch, hint: str) -> Iterator[Piece]:
    for path in patch.paths[:_MOST_NAMED]:
        yield Piece(f"{MARGIN}{safe_line(path)}\n", "dim")
    more = len(patch.paths) - _MOST_NAMED
    if more > 0:
        yield Piece(f"{MARGIN}… {more} more\n", "dim")
    files = "1 file" if len(patch.paths) == 1 else f"{len(patch.paths)} files"
    yield line(f"{files} put back · {hint}", "good")


def _only(words: list[str], known: set[str]) -> None:
    for word in words:
        if word not in known:
            raise UsageError(
                f"{word} means nothing here", why=f"it may be {', '.join(sorted(known))}", hint="/help"
            )


def _checkpoints(desk: Desk, _: str, __: Control) -> Iterator[Event | Piece]:
    yield from said(as_table(desk.checkpoints()))


def _diff(desk: Desk, text: str, _: Control) -> Iterator[Event | Piece]:
    lines = list(diff_lines(desk.difference(text or None)))
    if not any(each.text for each in lines):
        yield from said("nothing is different")
        return
    for each in marked(lines[:_MOST_LINES]):
        yield from laid_out(each, MARGIN, None)
    if len(lines) > _MOST_LINES:
        yield line(
            f"{MARGIN}… {len(lines) - _MOST_LINES:,} more lines; `r1code diff` in a shell shows them", "dim"
        )


def _test(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    terms = desk.conversation.terms
    if text == "off":
        terms.command = None
        yield from said("no tests judge what is changed; /test COMMAND names some")
        return
    if text:
        terms.command, terms.found = text, False
    report = yield from desk.conversation.test(control)
    if report is None:
        raise UsageError(
            "no test command is known", why="nothing in the project shows one", hint="/test 'pytest -q'"
        )
    yield from told_tests("tests", terms.command or "", report, None)


def _verify(desk: Desk, _: str, control: Control) -> Iterator[Event | Piece]:
    yield from desk.conversation.verify(control)


def _autotest(desk: Desk, text: str, _: Control) -> Iterator[Event | Piece]:
    terms = desk.conversation.terms
    amounts = {"on": 2, "off": 0}
    if text:
        if text not in amounts and not (text.isdecimal() and len(text) == 1):
            raise UsageError(
                f"/autotest {text} cannot be used", why="it is on, off, or 0 to 9", hint="/autotest on"
            )
        terms.autotest = amounts[text] if text in amounts else int(text)
    times = terms.autotest
    yield from said(
        f"what the changes of a turn break is told to the model, at most {times} times a turn"
        if times
        else "what the changes of a turn break is shown, and not told to the model"
    )


def _run(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    if not text:
        raise UsageError("there is no command", why="/run is followed by one", hint="/run ls, or !ls")
    shown = Flow(f"{MARGIN}│ ", None)
    result = yield from desk.conversation.run(text, control)
    yield Piece(shown.feed(result.output) + shown.end(), "dim")
    word = "ok" if result.succeeded else f"exit code {result.exit_code}"
    yield line(f"{MARGIN}{word} · in the sandbox · {result.seconds:.1f} s", "good" if result.succeeded else "bad")


def _cost(desk: Desk, _: str, __: Control) -> Iterator[Event | Piece]:
    yield Piece("".join(f"{MARGIN}{row}\n" for row in safe(told_session(desk.cost())).split("\n")))


def _compact(desk: Desk, _: str, control: Control) -> Iterator[Event | Piece]:
    yield from desk.conversation.compact(control)


def _clear(desk: Desk, _: str, __: Control) -> Iterator[Event | Piece]:
    desk.clear()
    yield from said("the model begins anew; files stay as they are, and the log keeps what was said")


def _map(desk: Desk, _: str, __: Control) -> Iterator[Event | Piece]:
    yield from said(desk.map() or "there is no map yet: it is made for the first task")


def _why(desk: Desk, text: str, _: Control) -> Iterator[Event | Piece]:
    if not text:
        raise UsageError("/why needs a place", why="it is about one line", hint="/why src/app.py:12")
    yield from told_why(desk.why(text), _WIDTH)


def _export(desk: Desk, text: str, _: Control) -> Iterator[Event | Piece]:
    words = text.split()
    names = [word for word in words if word != "--force"]
    if len(names) != 1:
        raise UsageError("/export needs a file", why="it writes one", hint="/export session.html")
    document = desk.export()
    write(rendered(document, format_of(names[0])), Path(names[0]), force="--force" in words)
    for lost in document.lost:
        yield from said(f"not in it: {lost}")
    yield from said(f"{names[0]} is written; {document.secrets} secrets are hidden in it")


def _rename(desk: Desk, text: str, _: Control) -> Iterator[Event | Piece]:
    desk.rename(text)
    yield from said(f"this session is called {text}")


_BAR = 40
_WIDTH = 100


def _context(desk: Desk, _: str, __: Control) -> Iterator[Event | Piece]:
    parts, window = desk.context(), desk.model[2]
    whole = sum(tokens for _, tokens in parts)
    room = window or max(whole, 1)
    width = max(len(name) for name, _ in parts)
    for name, tokens in parts:
        bar = "█" * round(_BAR * tokens / room)
        yield line(f"{MARGIN}{name:{width}}  {tokens:>8,}  {bar}")
    if window is None:
        yield line(f"{MARGIN}{'all':{width}}  {whole:>8,}  of a window that nobody stated", "dim")
    else:
        yield line(f"{MARGIN}{'all':{width}}  {whole:>8,}  of {window:,} ({whole / window:.0%})", "dim")


def _think(desk: Desk, text: str, _: Control) -> Iterator[Event | Piece]:
    if text:
        desk.think(text)
    yield from said(f"reasoning in each step: {desk.config.think or 'as the profile says'}")


def _profile(desk: Desk, text: str, _: Control) -> Iterator[Event | Piece]:
    if text:
        desk.switch(text)
    name, model, window = desk.model
    facts = [name, model, "" if window is None else f"{window:,} tokens"]
    yield from said(" · ".join(filter(None, facts)))
    if not text:
        yield line(f"{MARGIN}/profile NAME goes on with another; `r1code profiles` lists them", "dim")


DOES: dict[str, Does] = {
    "plan": _plan,
    "act": _act,
    "diff": _diff,
    "undo": _undo,
    "redo": _redo,
    "rewind": _rewind,
    "checkpoints": _checkpoints,
    "test": _test,
    "verify": _verify,
    "autotest": _autotest,
    "run": _run,
    "map": _map,
    "why": _why,
    "export": _export,
    "rename": _rename,
    "context": _context,
    "think": _think,
    "profile": _profile,
    "cost": _cost,
    "compact": _compact,
    "clear": _clear,
}
"""By the names of COMMANDS."""
