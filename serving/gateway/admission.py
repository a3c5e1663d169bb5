"""Whether a request may be sent: counted and noted in one transaction, across all proxies."""

from __future__ import annotations

from msgspec import Struct

from r1code.serving.gateway.limits import Limits
from r1code.serving.gateway.refusals import Refusal, no_key
from r1code.serving.gateway.store import Outcome, Store, Used

_MINUTE = 60.0
_DAY = 86_400.0
_SOON = 5.0


class Claim(Struct, frozen=True, kw_only=True):
    """A request that wants to be sent, with what it may use."""

    holder: str
    key: str
    slot: int
    input: int
    output: int


def admit(store: Store, claim: Claim, limits: Limits, now: float) -> int:
    """The number of its row. Raises Refusal, and StateError."""
    with store.alone():
        key = store.rows.execute(
            "SELECT 1 FROM key WHERE id = ? AND revoked IS NULL AND coalesce(expires > ?, true)", (claim.key, now)
        ).fetchone()
        if key is None:
            raise no_key()
        _check_concurrency(store, claim.holder, limits)
        _check_rate(store, claim.holder, limits, now)
        _check_tokens(store, claim, limits, now)
        row = store.rows.execute(
            "INSERT INTO request (holder, key, slot, started, input, output, estimated)"
            " VALUES (?, ?, ?, ?, ?, ?, 1) RETURNING id",
            (claim.holder, claim.key, claim.slot, now, claim.input, claim.output),
        ).fetchone()
        return int(row[0])


class Ended(Struct, frozen=True, kw_only=True):
    """What came of the request of a row."""

    row: int
    used: Used
    outcome: Outcome
    at: float


def settle(store: Store, ended: Ended) -> None:
    """Raises StateError."""
    used = ended.used
    with store.alone():
        store.rows.execute(
            "UPDATE request SET ended = ?, input = ?, output = ?, estimated = ?, outcome = ? WHERE id = ?",
            (ended.at, used.input, used.output, used.estimated, ended.outcome, ended.row),
        )


def recover(store: Store, slot: int, now: float) -> None:
    """Ends what an earlier proxy of this slot left open; what those used nobody knows. Raises StateError."""
    with store.alone():
        store.rows.execute(
            "UPDATE request SET ended = ?, outcome = 'lost' WHERE slot = ? AND ended IS NULL", (now, slot)
        )


def _check_concurrency(store: Store, holder: str, limits: Limits) -> None:
    if limits.concurrent is None:
        return
    # An index over what is open alone: there are never many.
    (running,) = store.rows.execute(
        "SELECT count(*) FROM request INDEXED BY request_open WHERE ended IS NULL AND holder = ?", (holder,)
    ).fetchone()
    if running >= limits.concurrent:
        raise Refusal(
            429,
            f"{running} requests of yours are running, and the limit is {limits.concurrent}",
            reason="concurrency",
            code="rate_limit_exceeded",
            wait_seconds=2,
        )


def _check_rate(store: Store, holder: str, limits: Limits, now: float) -> None:
    most = limits.requests_per_minute
    if most is None:
        return
    row = store.rows.execute(
        "SELECT started FROM request WHERE holder = ? AND started > ? ORDER BY started DESC LIMIT 1 OFFSET ?",
        (holder, now - _MINUTE, most - 1),
    ).fetchone()
    if row is not None:
        raise Refusal(
            429,
            f"the limit is {most} requests a minute",
            reason="rate",
            code="rate_limit_exceeded",
            wait_seconds=row[0] + _MINUTE - now,
        )


def _check_tokens(store: Store, claim: Claim, limits: Limits, now: float) -> None:
    """What runs and what is asked for count with what they may use: nothing is let in that may pass the limit."""
    most = limits.tokens_per_day
    if most is None:
        return
    today = now - now % _DAY
    used, held = store.rows.execute(
        "SELECT coalesce(sum(iif(ended IS NULL, 0, input + output)), 0),"
        " coalesce(sum(iif(ended IS NULL, input + output, 0)), 0)"
        " FROM request WHERE holder = ? AND started >= ?",
        (claim.holder, today),
    ).fetchone()
    asked = claim.input + claim.output
    if used + asked > most:
        left = max(0, most - used)
        reached = f"the limit of {most} tokens a day is reached"
        short = (
            f"of {most} tokens a day {left} are left, and this request may use {asked}: ask with fewer max_tokens"
        )
        # The code that OpenAI has for what does not pass by waiting a little: clients do not try again.
        raise Refusal(
            429,
            f"{short if left else reached}; it begins anew at midnight (UTC)",
            reason="tokens",
            code="insufficient_quota",
            wait_seconds=today + _DAY - now,
        )
    if used + held + asked > most:
        raise Refusal(
            429,
            f"what runs may use {held} of your {most - used} tokens of today, and this request {asked}: try again"
            " when an answer has ended",
            reason="tokens",
            code="rate_limit_exceeded",
            wait_seconds=_SOON,
        )
