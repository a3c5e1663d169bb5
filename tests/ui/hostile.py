"""An event of each kind whose foreign fields hold one given text."""

from __future__ import annotations

from r1code.events import (
    BaselineReached,
    CandidateEvent,
    ChecklistChanged,
    CommandOutput,
    Event,
    Finished,
    Notice,
    PatchReady,
    PlanReady,
    ReasoningDelta,
    ReplyReceived,
    ReplyRejected,
    RoleStarted,
    StepStarted,
    TestsRan,
    TextDelta,
    TextWasReasoning,
    TurnEnded,
    TurnStarted,
    VerdictReached,
)
from r1code.types import (
    Case,
    ExitCode,
    Plan,
    Point,
    TestReport,
    Verdict,
)
from ui.telling import HOSTILE, USAGE, call, seen

TOOLS = ("read", "list", "search", "edit", "write", "run", "test")


def hostile(text: str = HOSTILE) -> list[Event]:
    """Every event, with `text` in each of its foreign fields."""
    case = Case(id=text, state="failed", text=text, file=text, line=1, seconds=1.0)
    report = TestReport(passed=(text,), failed=(text,), uncollected=(text,), structured=True, digest=text)
    told = TestReport(failed=(text,), structured=True, failures=(case,), flaky=(text,), runner=text, digest=text)
    verdict = Verdict(
        outcome="not_fixed",
        why=text,
        sandbox=text,
        fixed=(text,),
        still_failing=(text,),
        broken=(text,),
        flaky=(text,),
        tampered=(text,),
    )
    turn: list[Event] = [
        TurnStarted(session=text, text=text),
        StepStarted(step=1),
        ReasoningDelta(text=text),
        TextDelta(text=text),
        TextWasReasoning(),
        ReplyReceived(step=1, usage=USAGE, seconds=1.0),
        ReplyRejected(text=text),
        *(call(1, name, path=text, command=text, pattern=text, selection=text, lines=text) for name in TOOLS),
        call(1, text, anything=text),
        CommandOutput(call_id="c1", text=text),
        CommandOutput(call_id=text, text=text),
        TestsRan(call_id=text, command=text, report=told),
        seen(1, text, text),
        seen(2, text, text, display=text, status="failed"),
        Notice(text=text),
        Notice(text=text, level="warning"),
        RoleStarted(role="planner", profile=text),
        PlanReady(plan=Plan(goal=text, steps=(text,), files=(text,), tests=(text,)), file=text),
        TurnEnded(reason="done", text=text, usage=USAGE, steps=1, seconds=1.0),
    ]
    rest: list[Event] = [
        ChecklistChanged(points=(Point(text=text, done=True),), ticked=(1,)),
        BaselineReached(command=text, report=report),
        PatchReady(diff=text, files=1),
        PatchReady(diff=f"@@ -1 +1,9 @@\n{text}", files=1),
        VerdictReached(verdict=verdict),
        Finished(
            outcome="not_fixed",
            reason="done",
            exit_code=ExitCode.NOT_FIXED,
            applied=False,
            patch_file=text.replace("\x00", ""),
            session=text,
            usage=USAGE,
            seconds=1.0,
        ),
    ]
    return [*turn, *(CandidateEvent(candidate=1, inner=event) for event in turn), *rest]
