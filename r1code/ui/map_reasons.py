"""Why a file stands in the map where it does, in words."""

from __future__ import annotations

from r1code.repo.rank import Reasons


def told_reasons(path: str, reasons: Reasons) -> list[str]:
    """What raised the file most first."""
    lines = [f"{path}: place {reasons.place} of {reasons.of}, score {reasons.score:.2f}"]
    if reasons.is_named:
        lines.append("  the task names it")
    if reasons.names:
        lines.append(f"  defines what the task names: {', '.join(reasons.names)}")
    if reasons.words:
        lines.append(f"  words: {', '.join(f'{word} {gain:.2f}' for word, gain in reasons.words)}")
    if reasons.is_changed:
        lines.append("  it is changed since the last commit")
    if reasons.links:
        lines.append("  from files that refer to it, are referred to by it, or were changed with it:")
        lines += [f"    {one.part:4.0%} {one.path}" for one in reasons.links]
    lines.append(f"  times {reasons.factor:.2f} for its kind and how often it was changed")
    return lines
