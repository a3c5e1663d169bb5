"""What is right and wrong with the model's server, and with the sandbox."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from r1code.app.checkup.checkup import with_key
from r1code.app.checkup.diagnose import diagnose
from r1code.app.checkup.embedded import check_embedded
from r1code.app.checkup.evidence import Target
from r1code.app.checkup.finding import Finding
from r1code.app.checkup.probe import Probe
from r1code.app.desk import Desk
from r1code.app.doctor import examine
from r1code.app.folders import user_profiles
from r1code.control import Control
from r1code.errors import UsageError
from r1code.events import Event
from r1code.profiles import load_profiles, named
from r1code.ui.finding import told
from r1code.ui.flow import Flow
from r1code.ui.lines import MARGIN
from r1code.ui.piece import Piece, Style
from r1code.ui.repl.commands.words import Does, said

_STYLES: dict[str, Style] = {"ok": "plain", "warning": "warn", "wrong": "bad"}


def _doctor(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    if text == "sandbox":
        yield from _shown(examine(desk.around.state, desk.config, control))
        return
    if text:
        raise UsageError(f"/doctor {text} means nothing", why="it looks at the model", hint="/doctor sandbox")
    name, profile = desk.model[0], desk.workshop.profile
    if profile.provider == "local":
        yield from _shown(check_embedded(profile, control))
    elif profile.provider == "chat":
        below = named(name, load_profiles(user_profiles())).profile
        target, key = with_key(Target(name=name, profile=profile, below=below))
        yield from said("the server is asked a few questions, which are in no session's costs")
        probe = Probe(target, key, control, say=desk.around.say)
        probe.run()
        yield from _shown(diagnose(probe.seen, probe.target))
    else:
        yield from said(f"{name} plays back a file: there is no server to look at; /doctor sandbox looks there")


def _shown(findings: Iterable[Finding]) -> Iterator[Piece]:
    for finding in findings:
        shown = Flow(MARGIN, None)
        yield Piece(shown.feed(told(finding)) + shown.end(), _STYLES[finding.state])


DOES: dict[str, Does] = {"doctor": _doctor}
