"""A card's patch as a mail that `git am` takes: the files, and a message for the commit. Pure."""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from email.header import Header
from email.utils import formatdate

from r1code.app.commits import R1CODE, TRAILER
from r1code.errors import UsageError
from r1code.reports.card import Card
from r1code.reports.escape import inert
from r1code.reports.words import came

_MOST = 20
"""Names in a list."""
_LONGEST = 200
_SUBJECT = 100


def diff(card: Card) -> str:
    """The patch alone. Raises UsageError where secrets are in it."""
    _refuse_secrets(card)
    return card.patch.diff


def mbox(card: Card, *, trailer: bool = True) -> str:
    """Nothing where nothing was changed. Raises UsageError as `diff`.

    A file with lines that end as on Windows goes through mail only encoded: git would take the ends away.
    """
    _refuse_secrets(card)
    if not card.patch.diff:
        return ""
    body = f"{_message(card, trailer=trailer)}---\n\n{card.patch.diff}"
    encoding = "8bit"
    if "\r" in body:
        encoding = "quoted-printable"
        body = "\n".join(map(_encoded, body.split("\n")))
    mark = "0" * 40
    heads = [
        f"From {mark} Mon Sep 17 00:00:00 2001",
        f"From: {R1CODE.name} <{R1CODE.mail}>",
        f"Date: {formatdate(card.began + card.seconds)}",
        f"Subject: [PATCH] {Header(subject(card), maxlinelen=10_000).encode()}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=UTF-8",
        f"Content-Transfer-Encoding: {encoding}",
    ]
    return "\n".join([*heads, "", body])


def _encoded(line: str) -> str:
    return binascii.b2a_qp(line.encode("utf-8", "surrogateescape"), istext=False).decode("ascii")


def subject(card: Card) -> str:
    """The first line of the commit: it says so where the patch is not proven."""
    name = inert(card.task) or "Change by r1code"
    name = name if len(name) <= _SUBJECT else f"{name[:_SUBJECT]}…"
    return name if card.is_good else f"{name} (not proven: {came(card)})"


def _message(card: Card, *, trailer: bool) -> str:
    parts = ["\n".join(part) for part in _paragraphs(card)]
    if trailer:
        parts.append(TRAILER)
    return "".join(f"{part}\n\n" for part in parts).removesuffix("\n")


def _paragraphs(card: Card) -> Iterator[list[str]]:
    verdict = card.verdict
    if verdict is None:
        yield ["No tests were run on it."]
        return
    where = f" ({inert(verdict.sandbox)})" if verdict.sandbox else ""
    yield [f"Verdict of a clean re-run of the tests{where}: {came(card)}."]
    for title, names in (
        ("Fixed", verdict.fixed),
        ("Still failing", verdict.still_failing),
        ("Broken", verdict.broken),
        ("Protected files changed", verdict.tampered),
    ):
        if names:
            # Further in than any header, separator or start of a patch would be read.
            rows = [f"  {inert(name)[:_LONGEST]}" for name in names[:_MOST]]
            more = [f"  and {len(names) - _MOST:,} more"] if len(names) > _MOST else []
            yield [f"{title} ({len(names):,}):", *rows, *more]


def _refuse_secrets(card: Card) -> None:
    if card.patch.has_secrets:
        raise UsageError(
            "the patch cannot be a report",
            why="it has a secret in it, and with a placeholder for that it would be another patch",
            hint=f"r1code apply {card.session} takes it as it is",
        )
