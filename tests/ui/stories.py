"""Turns told as events."""

from __future__ import annotations

from itertools import zip_longest

from r1code.events import (
    BaselineReached,
    CandidateChosen,
    CandidateEvent,
    CommandOutput,
    Event,
    Finished,
    HistoryCompacted,
    Notice,
    PatchReady,
    ReplyCut,
    ReplyDiscarded,
    ReplyReceived,
    ReplyRejected,
    Standing,
    StepStarted,
    TestsRan,
    TextWasReasoning,
    TurnEnded,
    TurnStarted,
    VerdictReached,
)
from r1code.types import (
    Case,
    Counts,
    Cut,
    ExitCode,
    TestReport,
    Verdict,
)
from ui.hostile import hostile
from ui.telling import DIFF, PARTLY, SPENT, UNKNOWN, USAGE, answer, call, finished, reasoning, seen


def fixed() -> list[Event]:
    report = TestReport(
        passed=tuple(f"tests/test_cart.py::test_{number}" for number in range(14)),
        failed=("tests/test_cart.py::test_total", "tests/test_tax.py::test_rate"),
        skipped=("tests/test_tax.py::test_slow",),
        structured=True,
        exit_code=1,
        seconds=1.24,
        runner="pytest",
        failures=(
            Case(
                id="tests/test_cart.py::test_total",
                state="failed",
                text="assert 3 == 6",
                file="tests/test_cart.py",
                line=12,
                seconds=0.013,
            ),
            Case(id="tests/test_tax.py::test_rate", state="failed", text="KeyError: 'DE'", seconds=1.1),
        ),
        flaky=("tests/test_tax.py::test_rate",),
        counts=Counts(passed=14, failed=2, skipped=1, flaky=1),
    )
    failing = Verdict(outcome="fixed", why="", sandbox="docker", fixed=report.failed, passing=14, seconds=3.14)
    return [
        TurnStarted(session="2026-11-23-a1", text="Make the failing tests pass.\nThe tests are right."),
        BaselineReached(command="pytest -q", report=report),
        StepStarted(step=1),
        *reasoning(
            "\nThe test says that the total lacks the first line of the cart. So the slice is wrong.\n\n"
            "Let me look at the file before I change it, and run the tests after that.\n\n"
        ),
        *answer('\n\nI will read the cart first.\n\n<read path="shop/cart.py"/>\n<search pattern="prices"/>\n'),
        ReplyReceived(step=1, usage=USAGE, seconds=12.3, spent=SPENT),
        call(1, "read", path="shop/cart.py", lines="1-20"),
        call(2, "search", pattern="prices", path="shop"),
        seen(1, "read", "1 a\n2 b", display="shop/cart.py (20 lines)"),
        seen(2, "search", "2 matching lines\nshop/cart.py:2: a\nshop/cart.py:3: b", display="2 matching lines"),
        Notice(text="the sandbox is ready after 1.2 s"),
        StepStarted(step=2),
        *answer("The slice drops the first price.\n"),
        ReplyReceived(step=2, usage=UNKNOWN, seconds=61.0),
        call(3, "edit", path="shop/cart.py", edits=[{"search": "a", "replace": "b"}]),
        call(4, "write", path="shop/new.py", content="x = 1\ny = 2\n"),
        seen(3, "edit", "shop/cart.py changed (1 block replaced)"),
        seen(4, "write", "refused: shop/new.py is not needed", status="refused"),
        call(5, "test"),
        *[CommandOutput(call_id="c5", text=f"tests/test_{number}.py ....\r\n") for number in range(30)],
        CommandOutput(call_id="c5", text="16 passed in "),
        CommandOutput(call_id="c5", text="0.41s\n"),
        seen(5, "test", "16 passed", display="16 passed"),
        TurnEnded(
            reason="done", text="The total counts every line.", usage=USAGE, steps=2, seconds=75.2, spent=SPENT
        ),
        PatchReady(diff=DIFF, files=1),
        VerdictReached(verdict=failing),
        Finished(
            outcome="fixed",
            reason="done",
            exit_code=ExitCode.OK,
            applied=False,
            patch_file="/tmp/out dir/fix.patch",
            session="2026-11-23-a1",
            usage=USAGE,
            seconds=81.9,
            spent=SPENT,
        ),
    ]


def not_fixed() -> list[Event]:
    many = tuple(f"tests/test_parser.py::test_number_{number}" for number in range(12))
    verdict = Verdict(
        outcome="not_fixed",
        why="12 tests still fail",
        sandbox="docker",
        fixed=("tests/test_a.py::test_a",),
        still_failing=many,
        broken=("tests/test_b.py::test_b",),
        passing=1,
        seconds=3.0,
    )
    return [
        TurnStarted(session="s2", text="Fix it."),
        BaselineReached(command="make test", report=TestReport(exit_code=2, seconds=0.2)),
        StepStarted(step=1),
        *answer("The old reasoning ended here"),
        TextWasReasoning(),
        *answer('<edit path="a.py">'),
        ReplyReceived(step=1, usage=UNKNOWN, seconds=2.0),
        ReplyRejected(text="Line 1: the <edit> is never closed.\nEnd it with </edit>."),
        StepStarted(step=2),
        *answer("Half of an ans"),
        ReplyDiscarded(why="the server broke off its answer: the connection was reset"),
        ReplyCut(cut=Cut(part="reasoning", why="budget", tokens=4103, limit=4096, then="continue")),
        ReplyCut(
            cut=Cut(part="answer", why="repetition", tokens=2100, evidence="x = 1\x1b[31m", copies=70, then="ask")
        ),
        call(1, "run", command="python -c 'print(1)'"),
        CommandOutput(call_id="c1", text="1"),
        seen(1, "run", "1\n[killed by signal 9 after 0.1 s]", status="failed"),
        call(2, "run", command="sleep 100"),
        seen(2, "run", "whether it ran to its end is not known", status="interrupted"),
        call(3, "fly", where="away", height=3),
        seen(3, "fly", "There is no tool fly.", status="failed"),
        call(4, "run", command="flask run", background="server", ready="5000"),
        seen(4, "run", "Running on port 5000\n[background server: running for 1 s]"),
        call(5, "logs", name="server"),
        seen(5, "logs", "(nothing new)\n[background server: running for 9 s]"),
        call(6, "stop", name="server"),
        seen(6, "stop", "(nothing new)\n[background server: ended, stopped]"),
        Notice(text="still running in the background: watcher; what runs there is stopped with the session"),
        Notice(text="the backend answered slowly", level="warning"),
        HistoryCompacted(how="pruned", tokens_before=24_310, tokens_after=11_902),
        HistoryCompacted(how="model", tokens_before=24_002, tokens_after=3_120),
        TurnEnded(
            reason="budget",
            text="the budget of 2 steps is used up",
            usage=UNKNOWN,
            steps=2,
            seconds=9,
            limit="steps",
            spent=PARTLY,
        ),
        PatchReady(diff="+x\n" * 500, files=2),
        VerdictReached(verdict=verdict),
        finished("not_fixed", ExitCode.NOT_FIXED, patch_file="fix.patch"),
    ]


def others() -> list[Event]:
    """What the other two lack: the rest of the verdicts and of the endings."""
    tampered = Verdict(
        outcome="tampered",
        why="the patch changes what it is judged by",
        sandbox="docker",
        fixed=("t::a",),
        passing=3,
        tampered=("tests/test_a.py", "conftest.py"),
        seconds=2.0,
    )
    absent = Verdict(outcome="nothing_to_fix", why="all 16 tests pass", sandbox="docker", seconds=1.0)
    unseen = Verdict(outcome="cannot_reproduce", why="the tests pass in the sandbox", sandbox="docker")
    broken = TestReport(uncollected=("tests/test_a.py",), failed=("t::a",), structured=True, exit_code=2)
    late = TestReport(timed_out=True, seconds=600.0)
    many = tuple(
        Case(id=f"web/cart.test.ts::cart::case {number}", state="failed", file="web/cart.test.ts", line=number)
        for number in range(1, 13)
    )
    ids = tuple(one.id for one in many)
    again = TestReport(failed=ids, structured=True, exit_code=1, failures=many, runner="vitest", seconds=2.0)
    good = TestReport(passed=ids, structured=True, exit_code=0, runner="vitest", seconds=2.0)
    return [
        TestsRan(call_id="c9", command="npx vitest run", report=again),
        TestsRan(call_id="c9", command="npx vitest run", report=good),
        BaselineReached(command="pytest", report=broken),
        BaselineReached(command="pytest", report=late),
        VerdictReached(verdict=tampered),
        VerdictReached(verdict=absent),
        VerdictReached(verdict=unseen),
        VerdictReached(verdict=Verdict(outcome="unbroken", why="", sandbox="docker", passing=16, seconds=1.0)),
        TurnEnded(reason="answered", text="said already", usage=USAGE, steps=1, seconds=1),
        TurnEnded(reason="stuck", text="read a.py three times", usage=USAGE, steps=9, seconds=1),
        finished("done", ExitCode.OK, applied=True, patch_file="fix.patch"),
        finished("ended", ExitCode.INTERRUPTED),
        finished("ended", ExitCode.SANDBOX),
    ]


def chinese() -> list[Event]:
    return [
        TurnStarted(session="s3", text="修复失败的测试,不要修改测试文件。"),
        StepStarted(step=1),
        *reasoning(
            "测试说明总价缺少购物车的第一行,所以切片是错误的。让我先看看 shop/cart.py 这个文件,再运行测试。"
        ),
        *answer("切片丢掉了第一个价格。✅ 现在修复 `prices[1:]`,然后运行全部测试以确认没有破坏其他功能。"),
        call(1, "run", command="echo 你好世界"),
        CommandOutput(
            call_id="c1",
            text="你好世界,这是一行非常长的输出,它会在终端的右边缘被截断,因为它太长了,放不下,真的放不下\n",
        ),
        seen(1, "run", "你好", display="[exit code 0, 0.1 s]"),
    ]


def candidates() -> list[Event]:
    """Two attempts at the same time: their pieces arrive in turns."""
    first = [StepStarted(step=1), *reasoning("The first one thinks about the cart.\n"), *answer("Done.")]
    second = [StepStarted(step=1), *reasoning("The second looks at the tax.\n"), call(1, "read", path="tax.py")]
    mixed = [
        CandidateEvent(candidate=number, inner=inner)
        for pair in zip_longest(first, second)
        for number, inner in enumerate(pair, 1)
        if inner is not None
    ]
    compared = (
        Standing(candidate=2, outcome="fixed", fixed=2, still_failing=0, broken=0, lines=2, strategy="pipeline"),
        Standing(
            candidate=1, outcome="not_fixed", fixed=1, still_failing=1, broken=12, lines=140, temperature=0.6
        ),
        Standing(candidate=10, outcome="tampered", fixed=0, still_failing=2, broken=0, lines=1, seed=1009),
    )
    why = "fixed, and the next one is not fixed"
    return [*mixed, CandidateChosen(candidate=2, why=why, candidates=compared)]


STORIES = {
    "fixed": fixed,
    "not_fixed": not_fixed,
    "others": others,
    "chinese": chinese,
    "candidates": candidates,
    "hostile": hostile,
}
