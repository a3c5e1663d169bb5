"""The status line: what is going on, in one line that is cut from its end. Pure."""

from __future__ import annotations

from msgspec import Struct

from r1code.types import AgentMode, Point, Spent
from r1code.ui.flow import cells
from r1code.ui.messages import localized
from r1code.ui.safe import safe_line
from r1code.ui.spending import told_money

_KILO = 1_000
_SHORT = 10_000


class Facts(Struct, kw_only=True):
    project: str = ""
    """The name of its folder."""
    profile: str = ""
    model: str = ""
    """What the server calls it."""
    mode: AgentMode = "act"
    sandbox: str = ""
    branch: str = ""
    window: int | None = None
    """Tokens that the model's context has room for."""
    context: int | None = None
    """Tokens of the last prompt."""
    session: Spent = Spent()
    points: tuple[Point, ...] = ()
    """What is to be done in the turn under way, and what is done of it."""
    think: str = ""
    """The budget of reasoning, as it was said."""


def status(facts: Facts, width: int) -> str:
    """At most `width` columns; what matters least goes first."""
    model = facts.model if facts.model and facts.model not in facts.profile else ""
    named = f"{facts.profile} ({model})" if model else facts.profile
    parts = [
        facts.mode if facts.mode == "plan" else "",
        safe_line(named),
        _context(facts),
        *list(told_money(facts.session))[:1],
        _hits(facts.session),
        f"⎇ {safe_line(facts.branch)}" if facts.branch else "",
        safe_line(facts.sandbox),
        f"{_count(facts.session.completion.known)} out" if facts.session.completion.known else "",
        f"think {facts.think}" if facts.think else "",
    ]
    shown = [localized(part) for part in parts if part]
    while len(shown) > 1 and cells(" · ".join(shown)) > width:
        shown.pop()
    return " · ".join(shown)


def _context(facts: Facts) -> str:
    if facts.context is None:
        return ""
    if facts.window is None:
        return f"{_count(facts.context)} tokens"
    return f"{_count(facts.context)} of {_count(facts.window)} ({facts.context / facts.window:.0%})"


def _hits(spent: Spent) -> str:
    if spent.hit.unknown or spent.prompt.unknown or not spent.prompt.known:
        return ""
    return f"{spent.hit.known / spent.prompt.known:.0%} cached"


def _count(tokens: int) -> str:
    if tokens < _SHORT:
        return f"{tokens:,}"
    return f"{tokens / _KILO:.0f}k"
