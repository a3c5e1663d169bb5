"""go test: a JSON line per event where it is called itself, its verbose text where it is below something else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from r1code.sandbox.runners.base import Cases, Left, Runner, case, decoded, merged, number
from r1code.sandbox.runners.command import quoted, words
from r1code.sandbox.runners.frames import first_place
from r1code.types import Case, CaseState

_STATES: dict[str, CaseState] = {"pass": "passed", "fail": "failed", "skip": "skipped"}
_ENDED = re.compile(r"--- (?P<state>PASS|FAIL|SKIP): (?P<name>\S+) \((?P<seconds>[\d.]+)s\)$")
_BEGUN = re.compile(r"=== (?:RUN|CONT|NAME|PAUSE)\s+(?P<name>\S+)$")
_PACKAGE = re.compile(r"(?P<state>ok|FAIL|\?)\s*\t(?P<name>\S+)\s+(?:\((?:cached)\)|[\d.]+s|(?P<why>\[[^\]]*\]))")
_BUILD = re.compile(r"# (?P<name>\S+)(?: \[(?P<of>\S+)\])?$")
_FRAMING = ("=== ", "--- PASS", "--- FAIL", "--- SKIP")
_SUMS = frozenset({"PASS", "FAIL"})
_ALONE = frozenset({"-v", "-race", "-short"})
_MARK = "\x16"


class _Json(Struct, rename="pascal"):
    action: str
    package: str = ""
    import_path: str = ""
    test: str = ""
    elapsed: float | None = None
    output: str = ""


def readable(output: str) -> str:
    """Whole lines of the output as a person reads them: of events, the texts that they carry."""
    return "".join(map(_shown, output.splitlines()))


def _shown(line: str) -> str:
    event = decoded(line, _Json) if line.startswith('{"') else None
    return f"{line}\n" if event is None else event.output


def read(left: Left) -> Cases:
    lines = left.output.splitlines()
    events = [event for line in lines if line.startswith('{"') and (event := decoded(line, _Json)) is not None]
    if any(event.package for event in events):
        rest = [line for line in lines if not line.startswith('{"')]
        return merged([*_of_events(events), *_unbuilt(rest)])
    return _of_text(left.lines)


def _of_events(events: Sequence[_Json]) -> Iterator[Case]:
    said: dict[tuple[str, str], list[str]] = {}
    failed: set[str] = set()
    running: dict[tuple[str, str], None] = {}
    for event in events:
        key = event.package or event.import_path.partition(" ")[0], event.test
        if event.action in {"output", "build-output"}:
            said.setdefault(key, []).append(event.output)
        elif event.action == "run":
            running[key] = None
        elif event.test and event.action in _STATES:
            running.pop(key, None)
            failed |= {event.package} if event.action == "fail" else set()
            text = "".join(said.get(key, ())) if event.action == "fail" else ""
            yield _case(f"{event.package}::{event.test}", _STATES[event.action], text, event.elapsed)
        elif event.action == "fail" and event.package and event.package not in failed:
            # It failed without a test that did: it could not be built, or ended before its tests did.
            yield _whole(event.package, "".join(said.get(key, ())))
    for package, test in running:
        # Its end stands behind something that it printed without a newline; or it has none.
        text = "".join(said.get((package, test), ()))
        ended = _ENDED.search(text.rstrip())
        state = _STATES[ended["state"].lower()] if ended is not None else "failed"
        yield _case(f"{package}::{test}", state, text, number(ended["seconds"]) if ended is not None else None)


def _of_text(lines: Sequence[str]) -> Cases:
    """What `go test -v` printed: a package is named after its tests."""
    cases: list[Case] = []
    waiting: list[tuple[str, CaseState, float | None]] = []
    said: dict[str, list[str]] = {}
    current, is_go = "", False
    for line in (line.removeprefix(_MARK) for line in lines):
        package = _PACKAGE.match(line)
        if (begun := _BEGUN.match(line)) is not None:
            current = begun["name"]
        elif (ended := _ENDED.search(line)) is not None:
            waiting.append((ended["name"], _STATES[ended["state"].lower()], number(ended["seconds"])))
            current = ended["name"]
        elif package is not None:
            is_go = True
            name = package["name"]
            cases += [
                _case(f"{name}::{test}", state, "\n".join(said.get(test, ())), took)
                for test, state, took in waiting
            ]
            if package["state"] == "FAIL" and not any(state == "failed" for _, state, _ in waiting):
                cases.append(_whole(name, "\n".join(said.get("", ()))))
            waiting, said, current = [], {}, ""
        else:
            said.setdefault(current, []).append(line)
    return merged([*cases, *_unbuilt(lines)]) if is_go and not waiting else None


def _unbuilt(lines: Sequence[str]) -> Iterator[Case]:
    """The packages that the compiler refused, with what it said."""
    said: dict[str, list[str]] = {}
    current = ""
    for line in lines:
        if (build := _BUILD.match(line)) is not None:
            current = (build["of"] or build["name"]).removesuffix(".test").removesuffix("_test")
        elif (package := _PACKAGE.match(line)) is not None:
            current = ""
            if package["state"] == "FAIL" and package["why"] is not None:
                yield _whole(package["name"], "\n".join(said.get(package["name"], ())))
        elif current:
            said.setdefault(current, []).append(line)


def _case(identity: str, state: CaseState, text: str, seconds: float | None) -> Case:
    text = text if state == "failed" else ""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith(_FRAMING) and line not in _SUMS)
    text = "\n".join(lines)
    file, line = first_place(text)
    return case(identity, state, text=text, file=file, line=line, seconds=seconds)


def _whole(package: str, text: str) -> Case:
    file, line = first_place(text)
    return case(package, "uncollected", text=text, file=file, line=line)


def _only(command: str, cases: Sequence[Case]) -> str | None:
    """The top tests of the cases, in their packages: `-run` takes one pattern for all of them."""
    given = words(command)
    if given is None or given[:2] != ["go", "test"]:
        return None
    packages = list(dict.fromkeys(one.id.partition("::")[0] for one in cases))
    if any(one.state == "uncollected" for one in cases):
        pattern = []
    else:
        tests = dict.fromkeys(re.escape(one.id.partition("::")[2].partition("/")[0]) for one in cases)
        pattern = ["-run", f"^({'|'.join(tests)})$"]
    kept = [word for word in given[2:] if (word.startswith("-") and "=" in word) or word in _ALONE]
    return quoted(["go", "test", *kept, *pattern, *packages])


RUNNER = Runner(
    name="go",
    program=r"go\s+test",
    read=read,
    flags=lambda _: "-json",
    env=lambda _: {"GOFLAGS": "-v"},
    only=_only,
    groups=True,
)
