"""Runs that came to each of their ends, as the folders of sessions that a process leaves: none is of now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from r1code.log import AnyItem, Asked, Ended, Entry, Exited, Judged, Opened, Replied, Said, Tested, Used
from r1code.log_file import LOG
from r1code.repair.verdict import judge
from r1code.session import PATCH
from r1code.types import Case, Counts, EndReason, ExitCode, Limit, Outcome, Problem, TestReport, Usage, Verdict

NAME = "20260102-030405-0a1b2"
BEGAN = 1_767_323_045.0
DIFF = """\
diff --git a/shop/cart.py b/shop/cart.py
index 5a55530..6c5d21e 100644
--- a/shop/cart.py
+++ b/shop/cart.py
@@ -1,2 +1,2 @@
 def total(prices, discount=0):
-    return sum(prices) + discount
+    return sum(prices) - discount
"""
SUM, DISCOUNT = "tests/test_cart.py::test_sum", "tests/test_cart.py::test_discount"
HOSTILE = (
    "]]></failure><x>&amp;\x00\x1b[31m\u202e\ud800 </details><img src=x> ![i](https://e.org/i.png) "
    "[l](https://e.org) "
    "@team closes #1 [skip ci] ***NO_CI*** `` ``` {0} %0A::error::x ##[error]y section_start:1:z"
)
"""On one line, as a name of a test may be."""
HOSTILE_TEXT = (
    f"{HOSTILE}\n::stop-commands::x\n```\n~~~\n</details>\n<script>alert(1)</script>\n# Head\n"
    "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\nFrom: A <a@e.org>\n"
    "Subject: other\n---\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+x\nfixes GH-7\n"
)


def failure(test: str, text: str, line: int | None = 9, file: str = "tests/test_cart.py") -> Case:
    return Case(id=test, state="failed", text=text, file=file, line=line, seconds=0.25)


def report(*, passed: tuple[str, ...] = (), failed: tuple[Case, ...] = (), **more: object) -> TestReport:
    counts = Counts(passed=len(passed), failed=len(failed))
    return TestReport(
        passed=passed,
        failed=tuple(case.id for case in failed),
        failures=failed,
        structured=True,
        exit_code=int(bool(failed)),
        seconds=1.5,
        runner="pytest",
        counts=counts,
        **more,
    )


BEFORE = report(
    passed=(SUM,), failed=(failure(DISCOUNT, ">   assert total([10], discount=3) == 7\nE   assert 13 == 7"),)
)
AFTER = report(passed=(SUM, DISCOUNT))


def exited(outcome: Outcome | None, code: ExitCode, **more: object) -> Exited:
    return Exited(
        outcome=outcome, exit_code=code, seconds=12.5, commit="c0ffee" * 6 + "c0ff", version="1.0.0", **more
    )


def worked(
    reason: EndReason = "done", said: str = "The discount is subtracted.", limit: Limit | None = None
) -> list[AnyItem]:
    usage = Usage(prompt=1200, cached=1000, completion=80, reasoning=50)
    return [
        Said(text="Make the tests pass.", origin="task"),
        Asked(profile="scripted", step=1),
        Replied(text="<done>...</done>", reasoning="The sign is wrong.", finish="stop", usage=usage),
        Used(asked=4, usage=usage),
        Ended(reason=reason, text=said, usage=usage, steps=1, seconds=3.0, limit=limit),
    ]


def made(folder: Path, items: list[AnyItem], patch: str = "") -> Path:
    """The folder of a session with these entries after the first one."""
    place = folder / NAME
    place.mkdir(parents=True)
    opened = Opened(
        schema=1, session=NAME, root=str(folder), profile="scripted", base="ba5e", command="fix", branch="main"
    )
    entries = [
        Entry(id=at, parent=at - 1 or None, time=BEGAN + at, item=item)
        for at, item in enumerate([opened, *items], 1)
    ]
    (place / LOG).write_bytes(b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries))
    if patch:
        (place / PATCH).write_text(patch, errors="surrogateescape")
    return place


def verdict(before: TestReport, after: TestReport, *tampered: str) -> Verdict:
    return judge(before, after, sandbox="a docker container", tampered=tampered)


def judged(before: TestReport, after: TestReport, *tampered: str) -> list[AnyItem]:
    return [
        Tested(command="pytest -q", report=before),
        *worked(),
        Judged(verdict=verdict(before, after, *tampered), report=after),
    ]


def fixed(folder: Path) -> Path:
    return made(folder, [*judged(BEFORE, AFTER), exited("fixed", ExitCode.OK, reason="done", applied=True)], DIFF)


def not_fixed(folder: Path) -> Path:
    """It repairs one test and breaks another."""
    after = report(passed=(DISCOUNT,), failed=(failure(SUM, "E   assert 7 == 3", line=5),))
    patch = DIFF.replace("sum(prices) - discount", "7")
    return made(folder, [*judged(BEFORE, after), exited("not_fixed", ExitCode.NOT_FIXED, reason="done")], patch)


def tampered(folder: Path) -> Path:
    patch = f"{DIFF}diff --git a/tests/test_cart.py b/tests/test_cart.py\ndeleted file mode 100644\nindex 1..0\n"
    items = [*judged(BEFORE, AFTER, "tests/test_cart.py"), exited("tampered", ExitCode.TAMPERED, reason="done")]
    return made(folder, items, patch)


def flaky(folder: Path) -> Path:
    """What passed fails now and then."""
    after = report(passed=(DISCOUNT,), failed=(failure(SUM, "E   TimeoutError", line=5),), flaky=(SUM,))
    return made(folder, [*judged(BEFORE, after), exited("not_fixed", ExitCode.NOT_FIXED, reason="done")], DIFF)


def nothing_to_fix(folder: Path) -> Path:
    return made(
        folder, [Tested(command="pytest -q", report=AFTER), exited("nothing_to_fix", ExitCode.NOTHING_TO_FIX)]
    )


def budget(folder: Path) -> Path:
    items = [
        Tested(command="pytest -q", report=BEFORE),
        *worked("budget", "the budget of 1 steps is used up", "steps"),
        Judged(
            verdict=Verdict(outcome="not_fixed", why="nothing was changed", sandbox="", still_failing=(DISCOUNT,))
        ),
        exited("not_fixed", ExitCode.BUDGET, reason="budget", limit="steps"),
    ]
    return made(folder, items)


def error(folder: Path) -> Path:
    problem = Problem(what="the server does not answer", why="connection refused", next="start it")
    return made(
        folder,
        [Tested(command="pytest -q", report=BEFORE), exited(None, ExitCode.BACKEND, error=problem)],
    )


def cannot_reproduce(folder: Path) -> Path:
    before = TestReport(failed=("nosuch",), exit_code=127, digest="sh: 1: nosuch: not found")
    return made(
        folder,
        [Tested(command="nosuch", report=before), exited("cannot_reproduce", ExitCode.CANNOT_REPRODUCE)],
    )


def unfinished(folder: Path) -> Path:
    """Its process was killed."""
    return made(folder, [Tested(command="pytest -q", report=BEFORE)], DIFF)


def hostile(folder: Path) -> Path:
    """Whatever a repository, a test or a model can say is an attack."""
    gone, bad = f"tests/{HOSTILE}.py::{HOSTILE}", f"t.py::{HOSTILE}"
    before = report(
        passed=(bad,),
        failed=(failure(gone, HOSTILE_TEXT, file=f"../{HOSTILE}"), failure("x::y", "", file="/etc/p")),
    )
    after = report(
        passed=("x::y",), failed=(failure(bad, HOSTILE_TEXT, file=f"a b/%{HOSTILE}"[:200].replace("\x00", "")),)
    )
    items: list[AnyItem] = [
        Tested(command=HOSTILE, report=before),
        *worked("done", HOSTILE_TEXT),
        Judged(verdict=verdict(before, after, f"conftest{HOSTILE}.py"), report=after),
        exited("tampered", ExitCode.TAMPERED, reason="done"),
    ]
    lines = "".join(f"+{line}\n" for line in HOSTILE_TEXT.split("\n"))
    patch = (
        f"{DIFF}diff --git a/new b/new\nnew file mode 100644\n--- /dev/null\n+++ b/new\n@@ -0,0 +1,17 @@\n{lines}"
    )
    return made(folder, _encodable(items), patch.replace("\x00", "").replace("\ud800", ""))


def _encodable(items: list[AnyItem]) -> list[AnyItem]:
    """A log is UTF-8: it holds no lone surrogate."""

    def walked(value: object) -> object:
        if isinstance(value, str):
            return value.replace("\ud800", "")
        if isinstance(value, dict):
            return {key: walked(inner) for key, inner in value.items()}
        return [walked(inner) for inner in value] if isinstance(value, list | tuple) else value

    return [msgspec.convert(walked(msgspec.to_builtins(item)), type=type(item)) for item in items]


RUNS: Mapping[str, Callable[[Path], Path]] = {
    "fixed": fixed,
    "not_fixed": not_fixed,
    "tampered": tampered,
    "flaky": flaky,
    "nothing_to_fix": nothing_to_fix,
    "budget": budget,
    "error": error,
    "cannot_reproduce": cannot_reproduce,
    "hostile": hostile,
}
