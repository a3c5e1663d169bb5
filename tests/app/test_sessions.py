from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from r1code.app.checkpoints import Checkpoints
from r1code.app.sessions.change import delete, expire, fork, older_than, rename
from r1code.app.sessions.info import info_of
from r1code.app.sessions.listing import find, of_project, sessions_in
from r1code.app.sessions.search import search
from r1code.app.sessions.view import view_of
from r1code.app.stopped import last_session
from r1code.control import Control
from r1code.errors import StateError, UsageError
from r1code.ledger import charges_of, spent
from r1code.log import (
    AnyItem,
    Asked,
    Called,
    Continued,
    Ended,
    Judged,
    Observed,
    Opened,
    Replied,
    Resumed,
    Said,
    Used,
)
from r1code.log_file import LOG
from r1code.profiles import Price
from r1code.repo.git import Git
from r1code.secrets.vault import Vault
from r1code.session import PATCH, Session
from r1code.tree.entry import Entry
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store
from r1code.types import Observation, ToolCall, Usage, Verdict
from r1code.ui.safe import HIDDEN
from r1code.ui.sessions_table import age, size, told_found, told_sessions, told_view
from ui.telling import HOSTILE

PRICE = Price(currency="USD", date="2026-01-01", source="x", hit=0.1, miss=1.0, output=4.0)
USED = Usage(prompt=1000, cached=896, completion=200, reasoning=150)
DONE = Ended(reason="done", text="Subtracted.", usage=USED, steps=2, seconds=1.0)
DAY = 86_400


def step(number: int, path: str, text: str = "I edit it.", tool: str = "edit") -> list[AnyItem]:
    """What one step logs; the first is entry 3."""
    at = 3 + 5 * (number - 1)
    call = ToolCall(id=f"c{number}", name=tool, arguments={"path": path, "to": "moved.py"})
    return [
        Asked(profile="p", step=number, price=PRICE),
        Used(asked=at, usage=USED),
        Replied(text=text, reasoning="Secretly I think of zebras.", finish="stop", usage=USED),
        Called(call=call),
        Observed(observation=Observation(call_id=f"c{number}", status="ok", text="ok")),
    ]


TASK = "Subtract the discount\nas it says in the docs"
TURN: list[AnyItem] = [
    Said(text="Files: unrelated.py\n\nTask: Subtract", origin="task"),
    *step(1, "shop/cart.py"),
    *step(2, "docs/naïve.md", 'Now the "docs" follow.', "move"),
    DONE,
]


def made(sessions: Path, *items: AnyItem, hide: Callable[[str], str] = str, **opened: str) -> Path:
    more: dict[str, str] = {"root": "/r", "profile": "p", "base": "", "task": TASK, "branch": "main", **opened}
    with_turn = items or TURN
    session = Session.create(sessions, Opened(**more), hide=hide)
    for item in with_turn:
        session.append(item)
    session.close()
    return session.folder


def test_a_line_of_the_list_is_what_the_log_says(tmp_path: Path) -> None:
    folder = made(tmp_path)
    info = info_of(folder)
    assert (info.id, info.title, info.root, info.branch) == (folder.name, "Subtract the discount", "/r", "main")
    assert (info.command, info.profile, info.turns, info.ended) == ("prompt", "p", 1, "done")
    assert (info.spent.requests, info.spent.bills[0].total) == (2, Decimal("0.0019872"))
    assert info.bytes >= (folder / LOG).stat().st_size
    assert (info.in_use, info.damaged, info.verdict) == (False, "", None)
    assert info.started <= info.used


def test_how_it_ended_is_how_the_last_turn_did(tmp_path: Path) -> None:
    verdict = Judged(verdict=Verdict(outcome="fixed", why="", sandbox="s"))
    stopped = Ended(reason="budget", text="", usage=USED, steps=1, seconds=1.0)
    other = Continued(task="More.", profile="p", base="")
    for items, told in (
        ((*TURN, verdict), (1, "done", "fixed")),
        ((*TURN, verdict, other), (1, None, None)),
        ((*TURN, verdict, other, Said(text="More.", origin="task"), stopped), (2, "budget", None)),
        ((*TURN[:-1], stopped, Resumed(), DONE), (1, "done", None)),
        ((*TURN[:-1],), (0, None, None)),
    ):
        info = info_of(made(tmp_path, *items))
        assert (info.turns, info.ended, info.verdict) == told


def test_the_list_has_all_newest_first_and_damaged_ones_say_so(tmp_path: Path) -> None:
    sessions = tmp_path / "sessions"
    good, cut, broken, foreign, empty = [made(sessions) for _ in range(4)] + [sessions / "empty"]
    empty.mkdir()
    (sessions / "a file").write_text("not a session")
    whole = (cut / LOG).read_bytes()
    (cut / LOG).write_bytes(whole + whole.splitlines()[-1][:30])
    lines = whole.splitlines(keepends=True)
    (broken / LOG).write_bytes(b"".join([*lines[:2], b'{"id":3,"parent":2,"item":{"kind":"Asked"\n', *lines[3:]]))
    (foreign / LOG).write_bytes(b"\x00\xff not JSON\n" * 3)
    before = {path: path.read_bytes() for path in sessions.glob(f"*/{LOG}")}
    found = {one.id: one for one in sessions_in(sessions)}
    assert found.keys() == {one.name for one in (good, cut, broken, foreign, empty)}
    assert (found[good.name].damaged, found[cut.name].damaged) == ("", "")
    assert found[broken.name].damaged == f"line 3 of {LOG} cannot be read"
    assert found[broken.name].turns == 1
    assert found[foreign.name].damaged == f"{LOG} does not open a session"
    assert found["empty"].damaged == f"it has no {LOG}"
    assert {path: path.read_bytes() for path in before} == before
    used = [one.used for one in sessions_in(sessions)]
    assert used == sorted(used, reverse=True)


def test_one_that_is_in_use_is_listed_and_not_disturbed(tmp_path: Path) -> None:
    sessions = tmp_path / "sessions"
    running = Session.create(sessions, Opened(root="/r", profile="p", base="", task="Run."))
    for _ in range(2):
        (info,) = sessions_in(sessions)
        assert (info.in_use, info.ended, info.turns) == (True, None, 0)
    running.append(DONE)
    assert sessions_in(sessions)[0].turns == 1
    running.close()
    (info,) = sessions_in(sessions)
    assert (info.in_use, info.ended) == (False, "done")


def test_what_is_kept_of_the_list_is_never_older_than_the_logs(tmp_path: Path) -> None:
    sessions = tmp_path / "sessions"
    folder, gone = made(sessions), made(sessions)
    first = sessions_in(sessions)
    assert sessions_in(sessions) == first
    rename(folder, "Another name", hide=str)
    delete([gone])
    assert [one.title for one in sessions_in(sessions)] == ["Another name"]
    (tmp_path / "sessions.cache").write_bytes(b"garbage")
    assert [one.title for one in sessions_in(sessions)] == ["Another name"]
    session = Session.load(folder)
    session.append(Continued(task="More.", profile="p", base=""))
    session.append(DONE)
    session.close()
    assert sessions_in(sessions)[0].turns == 2
    assert sessions_in(tmp_path / "none") == []


def test_a_session_is_found_by_a_part_of_its_id(tmp_path: Path) -> None:
    folders = [made(tmp_path) for _ in range(3)]
    for folder in folders:
        assert find(tmp_path, folder.name) == find(tmp_path, folder.name[-4:]) == folder
    for wrong in ("", "nothing", "../", folders[0].name[:4]):
        with pytest.raises(UsageError):
            find(tmp_path, wrong)
    assert [one.id for one in of_project(sessions_in(tmp_path), Path("/other"))] == []


@pytest.mark.parametrize(
    ("words", "by", "line"),
    [
        ("SUBTRACT docs", "person", "Subtract the discount"),
        ("discount", "person", "Subtract the discount"),
        ('"docs" follow', "model", 'Now the "docs" follow.'),
        ("shop/cart.py", "file", "shop/cart.py"),
        ("NAÏVE", "file", "docs/naïve.md"),
        ("moved.py", "file", "moved.py"),
        ("by-command.txt", "file", "by-command.txt"),
        ("gone.txt", "file", "gone.txt"),
        ("zebras", "", ""),
        ("discount zebras", "", ""),
        ("unrelated.py", "", ""),
        ("discount elephant", "", ""),
        ("  ", "", ""),
    ],
)
def test_search_finds_what_was_said_and_changed(tmp_path: Path, words: str, by: str, line: str) -> None:
    folder = made(tmp_path)
    (folder / PATCH).write_text(
        "diff --git a/by-command.txt b/by-command.txt\n--- /dev/null\n+++ b/by-command.txt\n@@ -0,0 +1 @@\n+x\n"
        "diff --git a/gone.txt b/gone.txt\n--- a/gone.txt\n+++ /dev/null\n"
    )
    other = made(tmp_path, DONE, task="Something else")
    found = search(tmp_path, [info_of(folder), info_of(other)], words)
    assert [(one.session.id, one.by, one.line) for one in found] == ([(folder.name, by, line)] if by else [])


def test_the_line_with_most_of_the_words_is_shown(tmp_path: Path) -> None:
    folder = made(tmp_path, *TURN, Said(text="The docs are\nold, the edit and docs follow", origin="steer"))
    (one,) = search(tmp_path, [info_of(folder)], "docs edit follow")
    assert (one.by, one.line) == ("person", "old, the edit and docs follow")


def test_turns_and_steps_are_shown_with_the_numbers_that_a_fork_names(tmp_path: Path) -> None:
    more = (Continued(task="And the rest", profile="p", base=""), Said(text="Task: And the rest", origin="task"))
    view = view_of(made(tmp_path, *TURN, *more, Replied(text="", reasoning="", finish="stop", usage=USED)))
    assert [turn.task for turn in view.turns] == [TASK, "And the rest"]
    assert [[step.number for step in turn.steps] for turn in view.turns] == [[1, 2], [3]]
    first = view.turns[0]
    assert [(did.what, did.status) for step in first.steps for did in step.did] == [
        ("edit shop/cart.py", "ok"),
        ("move docs/naïve.md", "ok"),
    ]
    assert (first.ended, first.text, view.turns[1].ended) == ("done", "Subtracted.", None)


def test_nothing_that_is_printed_obeys_foreign_text(tmp_path: Path) -> None:
    text = HOSTILE.replace("\ud800", "")
    call = ToolCall(id="c1", name="edit", arguments={"path": text})
    items: list[AnyItem] = [
        Said(text=text, origin="steer"),
        Replied(text=text, reasoning="", finish="stop", usage=USED),
        Called(call=call),
        Ended(reason="done", text=text, usage=USED, steps=1, seconds=1.0),
    ]
    folder = made(tmp_path, *items, task=f"{text} needle {text}", branch=text, root=text, profile=text)
    info = info_of(folder)
    word = max(text.split(), key=len)
    shown = [
        told_sessions([info], now=info.used + 5, roots=True),
        told_view(view_of(folder)),
        told_found(search(tmp_path, [info], "needle"), "needle", now=info.used),
        told_found(search(tmp_path, [info], word), word, now=info.used),
    ]
    for one in shown:
        assert HIDDEN.findall(one.replace("\n", "")) == []
    assert len(shown[0].splitlines()) == 2


def test_a_name_travels_with_the_log_and_is_no_use_of_the_session(tmp_path: Path) -> None:
    folder, later = made(tmp_path), made(tmp_path)
    os.utime(folder / LOG, (1000, 1000))
    before = Session.load(folder)
    history, head = before.history(), before.head
    before.close()
    used = info_of(folder).used
    rename(folder, "  A name\nin two lines ", hide=str)
    info = info_of(folder)
    assert (info.title, info.used) == ("A name in two lines", used)
    assert last_session(tmp_path, Path("/r")) == later
    after = Session.load(folder)
    assert (after.history(), after.head) == (history, head)
    after.close()
    for wrong in ("", " \n", "x" * 201):
        with pytest.raises(UsageError):
            rename(folder, wrong, hide=str)


def test_a_secret_in_a_name_is_not_kept(tmp_path: Path) -> None:
    folder, vault = made(tmp_path), Vault(bytes(32))
    secret = "ghp_" + "a1B2" * 9
    rename(folder, f"with {secret}", hide=vault.hide)
    assert secret not in (folder / LOG).read_text()
    assert info_of(folder).title.startswith("with hidden_")


@pytest.mark.parametrize(("at", "last"), [(1, 7), (2, 12), (None, 13)])
def test_a_fork_is_the_same_history_up_to_a_step(tmp_path: Path, at: int | None, last: int) -> None:
    folder = made(tmp_path)
    (folder / "map.txt").write_text("the map")
    (folder / "outputs").mkdir()
    for name in ("c1", "c2"):
        (folder / "outputs" / name).write_text(name)
    source = Session.load(folder)
    source.close()
    before = (folder / LOG).read_bytes()
    new = fork(folder, at)
    assert (folder / LOG).read_bytes() == before
    session = Session.load(new)
    assert session.entries[1:] == source.entries[1:last]
    assert session.history() == source.history()[: len(session.history())]
    assert (session.opened.forked, session.opened.copied, session.opened.session) == (folder.name, last, new.name)
    assert [path.name for path in sorted((new / "outputs").iterdir())] == (["c1"] if at == 1 else ["c1", "c2"])
    assert (new / "map.txt").read_text() == "the map"
    # What it goes on with is its own; what was used before is counted once.
    assert charges_of(session.entries) == []
    session.append(Asked(profile="p", step=1, price=PRICE))
    asked = session.entries[-1].id
    session.append(Used(asked=asked, usage=USED))
    assert spent(charges_of(session.entries)).requests == 1
    session.close()
    assert info_of(new).spent.requests == 1
    assert last_session(tmp_path, Path("/r")) == new
    # It stands alone.
    delete([folder])
    again = fork(new, None)
    assert info_of(again).forked == new.name


def test_a_step_that_there_is_not_is_refused(tmp_path: Path) -> None:
    folder = made(tmp_path)
    for at in (0, 3, -1):
        with pytest.raises(UsageError, match=f"no step {at}"):
            fork(folder, at)
    assert [one.name for one in tmp_path.iterdir()] == [folder.name]


def test_deleting_takes_all_or_none_and_refuses_what_is_in_use(tmp_path: Path) -> None:
    sessions = tmp_path / "sessions"
    folders = [made(sessions) for _ in range(3)]
    running = Session.load(folders[1])
    with pytest.raises(StateError, match="in use"):
        delete(folders[:2])
    assert all(folder.is_dir() for folder in folders)
    running.close()
    delete(folders[:2])
    assert [one.id for one in sessions_in(sessions)] == [folders[2].name]
    assert sorted(path.name for path in tmp_path.rglob("*") if path.name == LOG) == [LOG]


def test_the_contents_of_a_deleted_session_go_with_the_next_pruning(tmp_path: Path) -> None:
    root, state = tmp_path / "repo", tmp_path / "state"
    root.mkdir()
    store = Store(state / "objects")
    bases = [store.put(Snapshot({}).pack() + bytes(number)) for number in range(1)]
    bases += [store.put(Snapshot(dict.fromkeys([name], _entry(store, name))).pack()) for name in ("a", "b", "c")]
    sessions = state / "sessions"
    gone = made(sessions, base=bases[1])
    made(sessions, *TURN, Continued(task="More.", profile="p", base=bases[2]), base=bases[3])
    for path in (state / "objects").rglob("*"):
        os.utime(path, (1000, 1000))
    checkpoints = Checkpoints(Git.find(root, state), state, print)
    checkpoints.prune(30, Control())
    assert set(bases[1:]) <= store.names()
    delete([gone])
    checkpoints.prune(30, Control())
    # Its tree and the one file of that; what the other one began with, and went on with, stays.
    assert store.names() >= {bases[2], bases[3]}
    assert bases[1] not in store.names()


def _entry(store: Store, text: str) -> Entry:
    return Entry(kind="file", mode=0o644, digest=store.put(text.encode()))


def test_old_sessions_go_by_themselves_but_none_that_is_in_use(tmp_path: Path) -> None:
    sessions = tmp_path / "sessions"
    old, running, young = [made(sessions) for _ in range(3)]
    now = (young / LOG).stat().st_mtime + 1
    for folder in (old, running):
        os.utime(folder / LOG, (now - 31 * DAY, now - 31 * DAY))
    foreign = sessions / "notes"
    foreign.mkdir()
    os.utime(foreign, (0, 0))
    left = tmp_path / "gone" / "left by a kill"
    left.mkdir(parents=True)
    session = Session.load(running)
    assert older_than(sessions, 30, lambda: now) == sorted([old, running])
    assert expire(sessions, 30, lambda: now) == 1
    session.close()
    assert {path.name for path in sessions.iterdir()} == {running.name, young.name, "notes"}
    assert not left.exists()
    assert expire(sessions, 40, lambda: now) == 0


def test_ages_and_sizes_are_told_in_their_largest_unit() -> None:
    assert [age(seconds) for seconds in (0, 59, 60, 3_599, 3_600, 90_000, -5)] == [
        "now",
        "now",
        "1 min",
        "59 min",
        "1 h",
        "1 d",
        "now",
    ]
    assert [size(count) for count in (0, 999, 1_000, 1_500_000, 5 * 10**12)] == [
        "0 B",
        "999 B",
        "1 kB",
        "2 MB",
        "5000 GB",
    ]


def test_json_has_all_of_it(tmp_path: Path) -> None:
    info = info_of(made(tmp_path))
    plain = msgspec.to_builtins(info)
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(info)), type=type(info), strict=False) == info
    assert plain["spent"]["requests"] == 2
