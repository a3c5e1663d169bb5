"""A card as Markdown: whole, as the summary of a step, and short, as a comment on a pull request. Pure.

What is not ours stands in code, where nothing is a link, a mention, a reference to an issue or a tag.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from r1code.reports.card import Candidate, Card
from r1code.reports.finding import cases
from r1code.reports.words import came, counted, plural, took, why
from r1code.ui.markdown import code, fence
from r1code.ui.spending import number, told_money

MARKER = "<!-- r1code:report -->"
"""The first line of a comment: by it a bot finds its own again. It is no proof of who wrote it."""
MOST_SUMMARY = 900_000
"""Bytes; a step may have 1 MiB of it."""
MOST_COMMENT = 60_000
"""Characters; GitHub takes 65,536."""
_SHORT = 10
"""Names in a list of a comment."""
_LONG = 200
_LONGEST_NAME = 300
_LEAST = 400
"""With less room a part is left out."""
_MARGIN = 2_000
"""For what stands after the parts that are cut to fit."""


def summary(card: Card) -> str:
    """At most MOST_SUMMARY bytes."""
    return _text(card, names=_LONG, most=MOST_SUMMARY)


def comment(card: Card) -> str:
    """At most MOST_COMMENT characters, and as many bytes."""
    return f"{MARKER}\n{_text(card, names=_SHORT, most=MOST_COMMENT - len(MARKER) - 1)}"


def _text(card: Card, *, names: int, most: int) -> str:
    parts = [*_head(card), *_lists(card, names)]
    used = sum(_size(part) for part in parts) + _MARGIN
    for title, text, language in _folded(card):
        if part := _fold(title, text, language, most - used):
            parts.append(part)
            used += _size(part)
    return "\n\n".join([*parts, *_candidates(card.candidates), _foot(card)]) + "\n"


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass")) + 2


def _head(card: Card) -> Iterator[str]:
    mark = "✅" if card.is_good else "❌"
    yield f"### {mark} r1code: {came(card)}"
    facts = [code(_name(card.task))] if card.task else []
    if card.test_command:
        facts.append(f"tests {code(_name(card.test_command))}")
    if card.patch.files:
        facts.append(_changes(card))
    facts.append(took(card.seconds))
    yield " · ".join(facts)
    if told := why(card):
        yield fence(told, wrap=True)
    if card.error is not None:
        yield "What to do:"
        yield fence(card.error.next, wrap=True)
    if card.before is not None:
        yield _table(card)


def _changes(card: Card) -> str:
    where = "in the work tree" if card.applied else "not in the work tree"
    size = f"+{card.patch.added:,} -{card.patch.removed:,}"
    return f"{plural(len(card.patch.files), 'file')} changed ({size}), {where}"


def _table(card: Card) -> str:
    columns = [("before", card.before)]
    if card.after is not None:
        columns.append(("with the patch", card.after))
    counts = [counted(report) for _, report in columns if report is not None]
    rows = [
        f"| tests | {' | '.join(name for name, _ in columns)} |",
        f"|---|{'---:|' * len(columns)}",
        *(
            f"| {name} | {' | '.join(f'{one[at]:,}' for one in counts)} |"
            for at, name in enumerate(("passed", "failed", "skipped"))
        ),
    ]
    return "\n".join(rows)


def _lists(card: Card, most: int) -> Iterator[str]:
    verdict = card.verdict
    if verdict is None:
        if card.before is not None and card.outcome != "cannot_reproduce":
            yield from _list("Failing", (*card.before.uncollected, *card.before.failed), most)
        return
    yield from _list("Protected files that the patch changes", verdict.tampered, most)
    yield from _list("Broken by the patch", verdict.broken, most)
    yield from _list("Still failing", verdict.still_failing, most)
    yield from _list("Flaky", verdict.flaky, most)
    yield from _list("Fixed by the patch", verdict.fixed, most)


def _list(title: str, names: Sequence[str], most: int) -> Iterator[str]:
    if names:
        more = [f"- … and {len(names) - most:,} more"] if len(names) > most else []
        rows = [f"- {code(_name(name))}" for name in names[:most]]
        yield "\n".join([f"{title} ({len(names):,}):", "", *rows, *more])


def _name(text: str) -> str:
    line = text.replace("\n", " ")
    return line if len(line) <= _LONGEST_NAME else f"{line[:_LONGEST_NAME]}…"


def _folded(card: Card) -> Iterator[tuple[str, str, str]]:
    """Title, text and language of what is unfolded only when somebody wants to see it."""
    if card.patch.diff:
        yield f"The patch: {_changes(card)}", card.patch.diff, "diff"
    wanted = cases(card.after) if card.verdict is not None else cases(card.before)
    told = "\n\n".join(f"{case.id}\n{case.text.strip()}" for case in wanted.values() if case.text.strip())
    if told:
        yield "What the tests say that fail", told, "text"
    elif card.outcome == "cannot_reproduce" and card.before is not None and card.before.digest.strip():
        yield "What the test command said", card.before.digest, "text"
    if card.said.strip():
        yield "What the model says, which nobody has checked", card.said, "text"


def _fold(title: str, text: str, language: str, room: int) -> str:
    """In at most `room` bytes; empty where that is too little for anything."""
    around = f"<details><summary>{title}</summary>\n\n\n\n</details>"
    if room - len(around) < _LEAST:
        return ""
    shown = fence(text, language)
    # Making it safe may make it longer, so it is cut until it fits.
    most = room - len(around)
    kept = text
    while _size(shown) > most:
        kept = kept[: int(len(kept) * min(0.9, most / _size(shown)))].rpartition("\n")[0]
        left_out = text.count("\n") - kept.count("\n")
        shown = f"{fence(kept, language)}\n\n… {left_out:,} more lines."
        if not kept:
            return ""
    return f"<details><summary>{title}</summary>\n\n{shown}\n\n</details>"


def _candidates(candidates: Sequence[Candidate]) -> Iterator[str]:
    if candidates:
        rows = [
            f"| {one.number}{' (taken)' if one.is_chosen else ''} "
            f"| {'no verdict' if one.verdict is None else one.verdict.outcome.replace('_', ' ')} "
            f"| {'' if one.verdict is None else len(one.verdict.fixed)} "
            f"| {'' if one.verdict is None else len(one.verdict.broken)} "
            f"| +{one.added:,} -{one.removed:,} |"
            for one in candidates
        ]
        head = "| candidate | verdict | fixed | broken | lines |\n|---|---|---:|---:|---:|"
        yield "\n".join([head, *rows])


def _foot(card: Card) -> str:
    spent = card.spent
    facts = [f"r1code {card.version}"]
    if card.session:
        facts.append(f"session {code(card.session)}")
    if card.commit:
        facts.append(f"on {code(card.commit[:10])}")
    if card.verdict is not None and card.verdict.sandbox:
        facts.append(f"verdict by a clean re-run in {code(_name(card.verdict.sandbox))}")
    if card.profile:
        facts.append(f"model {code(_name(card.profile))}")
    if spent.prompt.known or spent.completion.known:
        facts.append(f"{number(spent.prompt)} + {number(spent.completion)} tokens")
    facts += told_money(spent)
    if card.exit_code is not None:
        facts.append(f"exit code {card.exit_code}")
    return f"<sub>{' · '.join(facts)}</sub>"
