"""`r1code serve keys` and `r1code serve usage`: the handlers."""

from __future__ import annotations

import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from r1code.ui.messages import localized

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from r1code.serving.gateway.store import Store, Sum

_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def keys(options: argparse.Namespace) -> int:
    from contextlib import closing

    from r1code.types import ExitCode

    deeds = {"add": _add, "rotate": _rotate, "revoke": _revoke, "limit": _limit, "list": _list}
    with closing(_store(options)) as store:
        deeds[options.deed](store, options)
    return ExitCode.OK


def usage(options: argparse.Namespace) -> int:
    from contextlib import closing

    import msgspec

    from r1code.types import ExitCode

    since = _since(options.since)
    with closing(_store(options)) as store:
        sums = store.usage(since, options.key)
    if options.json:
        found = {"since": datetime.fromtimestamp(since, UTC).isoformat(timespec="seconds"), "keys": sums}
        print(msgspec.json.encode(found).decode())
        return ExitCode.OK
    rows = [
        (one.name, str(one.requests), f"{one.input:,}", f"{one.output:,}", *map(str, _counts(one)))
        for one in sums
    ]
    heads = ("key", "requests", "input", "output", "failed", "estimated", "open")
    for line in _columns([tuple(localized(head) for head in heads), *rows]):
        print(line)
    return ExitCode.OK


def _counts(one: Sum) -> tuple[int, int, int]:
    return one.failed, one.estimated, one.open


def _add(store: Store, options: argparse.Namespace) -> None:
    from r1code.serving.gateway.limits import read_limits
    from r1code.serving.gateway.store import Holder

    holder = Holder(name=options.name, team=options.team, limits=read_limits(options.limit))
    _show(store.add(holder))


def _rotate(store: Store, options: argparse.Namespace) -> None:
    _show(store.rotate(options.name, _seconds(options.overlap, "--overlap")))


def _revoke(store: Store, options: argparse.Namespace) -> None:
    revoked = store.revoke(options.name)
    print(localized(f"revoked: {revoked}"))


def _limit(store: Store, options: argparse.Namespace) -> None:
    from r1code.serving.gateway.limits import read_limits

    store.limit(options.name, read_limits(options.limit))


def _list(store: Store, options: argparse.Namespace) -> None:
    import msgspec

    now = time.time()
    kept = store.issued()
    if options.json:
        found = [
            {
                "name": one.name,
                "team": one.team,
                "limits": one.limits,
                "keys": [
                    {"id": key.id, "valid": key.valid(now), "created": key.created, "expires": key.expires,
                     "revoked": key.revoked}
                    for key in kept
                    if key.holder == one.name
                ],
            }
            for one in store.holders()
        ]  # fmt: skip
        print(msgspec.json.encode(found).decode())
        return
    rows = [
        (
            one.name,
            one.team,
            " ".join(key.id for key in kept if key.holder == one.name and key.valid(now)) or "-",
            str(one.limits) or "-",
        )
        for one in store.holders()
    ]
    for line in _columns([tuple(localized(head) for head in ("key", "team", "ids", "limits")), *rows]):
        print(line)


def _columns(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    from r1code.ui.flow import cells

    widths = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(
            text + " " * (width - cells(text)) for text, width in zip(row, widths, strict=True)
        ).rstrip()


def _show(key: str) -> None:
    """Data to the output, so that it can be piped away unseen; words beside it."""
    print(localized("the key; it is not kept, and shown this once:"), file=sys.stderr, flush=True)
    print(key)


def _store(options: argparse.Namespace) -> Store:
    from r1code.cli.serve_gateway import place_of, state_of
    from r1code.serving.gateway.settings import read_settings
    from r1code.serving.gateway.store import Store

    if options.config is not None:
        return Store(read_settings(Path(options.config)).books, place=place_of(options))
    return Store(state_of(options) / "gateway.sqlite", place=place_of(options))


def _since(text: str) -> float:
    if re.fullmatch(r"\d+[smhd]", text):
        return time.time() - _seconds(text, "--since")
    from r1code.errors import UsageError

    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"--since {text} cannot be read", why=str(error), hint="--since 2026-11-01, or --since 7d"
        ) from error
    return found.replace(tzinfo=found.tzinfo or UTC).timestamp()


def _seconds(text: str, flag: str) -> float:
    if re.fullmatch(r"\d{1,6}[smhd]", text) is None:
        from r1code.errors import UsageError

        raise UsageError(
            f"{flag} {text} cannot be read", why="a time is a number and s, m, h or d", hint=f"{flag} 24h"
        )
    return float(text[:-1]) * _UNITS[text[-1]]
