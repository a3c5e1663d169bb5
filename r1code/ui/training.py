"""What a person is told of training data that was made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from r1code.app.training.dataset import Dataset
from r1code.ui.messages import localized
from r1code.ui.safe import safe_line


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
    for reason, count in dataset.unfit.items():
        yield localized(f"not in it: {count} sessions: {safe_line(reason)}")
    for reason, count in dataset.dropped.items():
        yield localized(f"not in it: {count} lines: {safe_line(reason)}")


def evaluation_file(file: Path) -> Path:
    """Beside it: `train.eval.jsonl` for `train.jsonl`."""
    return file.with_name(f"{file.stem}.eval{file.suffix or '.jsonl'}")
