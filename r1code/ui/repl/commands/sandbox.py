"""Where commands run."""

from __future__ import annotations

from collections.abc import Iterator

from r1code.app.desk import Desk
from r1code.app.images import Making, build
from r1code.app.sandboxes import network_of
from r1code.control import Control
from r1code.errors import UsageError
from r1code.events import Event
from r1code.ui.lines import MARGIN, line
from r1code.ui.piece import Piece
from r1code.ui.repl.commands.words import Does, said
from r1code.ui.safe import safe_line


def _sandbox(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    if text == "rebuild":
        if (name := _rebuilt(desk, control)) is not None:
            yield from said(f"{name} is made; the next start uses it")
        return
    if text:
        raise UsageError(f"/sandbox {text} means nothing", why="it can only be rebuilt", hint="/sandbox rebuild")
    config = desk.config
    rows = [("kind", desk.conversation.sandbox), ("network", network_of(config).text)]
    if config.sandbox == "docker":
        image = desk.workshop.image.name or "r1code's base image"
        rows += [("image", image), ("builds reach", config.build_network)]
    if names := desk.conversation.going_on:
        rows.append(("background", ", ".join(names)))
    width = max(len(name) for name, _ in rows)
    for name, told in rows:
        yield line(f"{MARGIN}{name:{width}}  {safe_line(told)}")


def _rebuilt(desk: Desk, control: Control) -> str | None:
    """None: there is nothing to build, which is said."""
    if desk.config.sandbox != "docker":
        raise UsageError(
            "there is no image to build", why=f"commands run in {desk.config.sandbox}", hint="--sandbox docker"
        )
    making = Making(state=desk.around.state, say=desk.around.say, control=control)
    return build(desk.around.git, desk.config, making, no_cache=True)


DOES: dict[str, Does] = {"sandbox": _sandbox}
