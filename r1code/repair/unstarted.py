"""pytest that ended before it ran any test: for its settings, or for code that a repair may change. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from r1code.repair.protected import is_protected
from r1code.sandbox.runners import runner_of
from r1code.symptoms.places import Files, spots_in
from r1code.tools.truncation import clean
from r1code.types import TestReport

_INTERNAL = "pytest::internal"
"""What its report names the case that stands for itself."""
_CODES = frozenset({3, 4})
_BEGINS = re.compile(
    r"^(?:ImportError while loading conftest '|INTERNALERROR> |ERROR: usage: .*pytest"
    r"|(?:ERROR|ImportError): Error importing plugin |\S*python[\d.]*: No module named pytest$)",
    re.MULTILINE,
)
_FRAMING = re.compile(r"(?:INTERNALERROR> ?|E +)")
_SAID = re.compile(
    r"(?:INTERNALERROR> (?=\S)|E {3}(?=\S)|ERROR: |ImportError: (?=Error )|(?:\S+ -m )?\S+: error: )(?P<what>.+)"
)
_MODULE = re.compile(
    r"(?:No module named '(?P<name>\w+)\.[\w.]+'|cannot import name '\w+' from '(?P<of>\w+)[\w.]*')"
)
_TOPS = ("", "src/", "lib/")
_MOST = 300


def unstarted(report: TestReport, paths: Collection[str]) -> str | None:
    """Why pytest ran no test, in its words, where no repair can remove the reason; None: it is not so.

    A repair may remove it where what it said names a file of `paths` that is not protected, or a module of them
    that lacks something: `conftest.py` imports the code under test, say.
    """
    text = report.digest if not report.structured else "\n".join(one.text for one in report.failures)
    lines = text.splitlines()
    if not _is_unstarted(report, text) or _names_code(lines, paths):
        return None
    found = [match["what"] for line in lines if (match := _SAID.match(line)) is not None]
    rest = [line for line in lines if line.strip()]
    why = clean((found or rest or [""])[-1].strip())[:_MOST]
    return f"pytest ran no test (exit code {report.exit_code}): {why}"


def _is_unstarted(report: TestReport, text: str) -> bool:
    if report.timed_out or report.exit_code == 0 or report.passed or report.skipped or report.uncollected:
        return False
    if report.structured:
        return report.exit_code in _CODES and set(report.failed) == {_INTERNAL}
    by_name = report.exit_code in _CODES and any(runner_of(one) == "pytest" for one in report.failed)
    return by_name or _BEGINS.search(text) is not None


def _names_code(lines: Sequence[str], paths: Collection[str]) -> bool:
    bare = [_FRAMING.sub("", line, count=1) for line in lines]
    spots = Files(paths).resolved(list(spots_in(bare)))
    return any(not is_protected(spot.path) for spot in spots) or _lacks(bare, paths)


def _lacks(lines: Iterable[str], paths: Collection[str]) -> bool:
    """Whether a module of the tree has not what was imported from it."""
    names = {match["name"] or match["of"] for line in lines if (match := _MODULE.search(line)) is not None}
    inside = {f"{top}{name}" for top in _TOPS for name in names}
    return any(
        path.removesuffix(".py") in inside or path.startswith(f"{one}/") for path in paths for one in inside
    )
