"""Who answers, and how long it thinks."""

from __future__ import annotations

from collections.abc import Iterator

from r1code.app.checkup.models import models_of
from r1code.app.desk import Desk
from r1code.control import Control
from r1code.events import Event
from r1code.ui.lines import MARGIN, line
from r1code.ui.piece import Piece
from r1code.ui.repl.commands.words import Does, said
from r1code.ui.safe import safe_line

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


DOES: dict[str, Does] = {
    "think": _think,
    "profile": _profile,
    "model": _model,
}
