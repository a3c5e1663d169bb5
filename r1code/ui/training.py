"""What a person is told of training data that was made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from r1code.app.training.dataset import Dataset, Why
from r1code.app.training.trajectory import Reason
from r1code.ui.messages import localized
from r1code.ui.safe import safe_line

WORDS: dict[Reason, str] = {
    "damaged": "its files are damaged",
    "copy": "a replay or a fork of another one",
    "unjudged": "there is no verdict",
    "unfixed": "the last verdict is not that all is fixed",
    "doubtful": "the verdict leaves a doubt",
    "undone": "a person took something of it back",
    "unspoken": "it was made before r1code kept how a model is spoken to",
    "silent": "no reply of a model in a chat led to the result",
    "same": "it says what another one says",
    "near": "task and patch are nearly those of another one",
    "empty": "none of its lines could be used",
    "license": "the licence of the model (--allow-license)",
    "long": "more tokens than --max-tokens",
    "secret": "a secret was still found in it",
    "formless": "ShareGPT has no place for text beside calls of functions",
}


def told(dataset: Dataset) -> Iterator[str]:
    """Line by line: what is in it, and why the rest is not."""
    lines = len(dataset.train) + len(dataset.eval)
    yield localized(f"{lines} lines of {dataset.sessions} sessions, {dataset.tokens} tokens")
    for origin, count in dataset.models.items():
        yield localized(f"  {count} lines by {safe_line(origin)}")
    if dataset.eval:
        train, evaluation = dataset.repositories
        yield localized(
            f"  for evaluation: {len(dataset.eval)} lines; repositories: {evaluation} of {train + evaluation}"
        )
    for why, count in dataset.unfit:
        yield localized(f"not in it: {count} sessions: {_worded(why)}")
    for why, count in dataset.dropped:
        yield localized(f"not in it: {count} lines: {_worded(why)}")


def _worded(why: Why) -> str:
    reason, about = why
    return f"{WORDS[reason]}: {safe_line(about)}" if about else WORDS[reason]


def evaluation_file(file: Path) -> Path:
    """Beside it: `train.eval.jsonl` for `train.jsonl`."""
    return file.with_name(f"{file.stem}.eval{file.suffix or '.jsonl'}")
