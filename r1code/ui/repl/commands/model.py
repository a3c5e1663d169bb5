"""Who answers, how long it thinks, and what it may do unasked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from r1code.app.checkup.models import models_of
from r1code.app.desk import Desk
from r1code.control import Control
from r1code.errors import UsageError
from r1code.events import Event
from r1code.types import ApprovalMode
from r1code.ui.lines import MARGIN, line
from r1code.ui.piece import Piece
from r1code.ui.repl.commands.words import Does, said
from r1code.ui.safe import safe_line

_MODES: dict[ApprovalMode, str] = {
    "ask": "each edit and each command is asked about, unless a rule allows it",
    "auto-edit": "edits are made unasked; each command is asked about, unless a rule allows it",
    "auto": "edits are made and commands are run unasked, unless a rule says otherwise",
}
_MOST = 60
"""Models that are listed: some hosts have hundreds."""


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


def _model(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    if text:
        desk.rename_model(text)
    name, model, _ = desk.model
    yield from said(f"{name} · {model}")
    if not text:
        models = models_of(name, desk.workshop.profile, control)
        for one in models[:_MOST]:
            yield Piece(f"{MARGIN}{safe_line(one)}\n", "dim")
        if len(models) > _MOST:
            yield line(f"{MARGIN}… {len(models) - _MOST} more", "dim")
        yield line(f"{MARGIN}/model NAME goes on with another of this server; /profile changes the server", "dim")


def _approve(desk: Desk, text: str, _: Control) -> Iterator[Event | Piece]:
    modes = get_args(ApprovalMode)
    for mode in modes:
        if text == mode:
            desk.approve(mode)
    if text and text not in modes:
        raise UsageError(
            f"/approve {text} cannot be used",
            why=f"it may be {', '.join(get_args(ApprovalMode))}",
            hint="/approve ask",
        )
    mode = desk.config.approve or ("auto" if desk.unasked else "ask")
    yield from said(_MODES[mode])


DOES: dict[str, Does] = {
    "think": _think,
    "profile": _profile,
    "model": _model,
    "approve": _approve,
}
