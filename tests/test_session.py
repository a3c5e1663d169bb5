from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.limits import files_up_to
from r1code.errors import StateError
from r1code.lock import is_alive
from r1code.log import Called, Observed, Opened, Replied, Said
from r1code.session import Session
from r1code.types import Message, Observation, ToolCall, Usage


def create(folder: Path) -> Session:
    return Session.create(folder, Opened(root="/repo", profile="scripted", base="abc"))


def call(number: int) -> ToolCall:
    return ToolCall(id=f"c{number}", name="read", arguments={"path": f"{number}.py"})


def seen(number: int, text: str = "text") -> Observed:
    return Observed(observation=Observation(call_id=f"c{number}", status="ok", text=text))


def replied(text: str) -> Replied:
    return Replied(text=text, reasoning="hm", finish="stop", usage=Usage())


def test_the_history_is_what_was_said_with_calls_at_their_reply(tmp_path: Path) -> None:
    session = create(tmp_path)
    for item in (
        Said(text="task", origin="task"),
        replied("two reads"),
        Called(call=call(1)),
        seen(1),
        Called(call=call(2)),
        seen(2),
        replied("done"),
    ):
        session.append(item)
    session.close()
    again = Session.load(tmp_path / session.id)
    assert again.history() == (
        Message(role="user", text="task"),
        Message(role="assistant", text="two reads", reasoning="hm", calls=(call(1), call(2))),
        Message(role="observation", text="text", call_id="c1"),
        Message(role="observation", text="text", call_id="c2"),
        Message(role="assistant", text="done", reasoning="hm"),
    )
    assert again.next_call() == 3
    again.close()


def test_a_fork_names_another_parent_and_history_is_the_path_to_the_head(tmp_path: Path) -> None:
    session = create(tmp_path)
    first = session.append(Said(text="one", origin="task"))
    session.append(Said(text="two", origin="task"))
    session.append(Said(text="other", origin="task"), parent=first.id)
    assert [message.text for message in session.history()] == ["one", "other"]
    session.close()


def test_a_torn_last_line_is_dropped_with_a_notice(tmp_path: Path) -> None:
    session = create(tmp_path)
    session.append(Said(text="kept", origin="task"))
    session.close()
    log = tmp_path / session.id / "log.jsonl"
    whole = log.read_bytes()
    log.write_bytes(whole + whole.splitlines()[-1][:20])
    again = Session.load(tmp_path / session.id)
    assert [message.text for message in again.history()] == ["kept"]
    assert "cut off" in again.notices[0]
    again.append(Said(text="more", origin="task"))
    again.close()
    assert [len(line) > 0 for line in log.read_bytes().splitlines()] == [True] * 3


@given(cut=st.integers(1, 2000))
def test_a_log_cut_anywhere_loads_or_says_that_it_holds_no_session(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    session = create(folder)
    for number in range(1, 4):
        session.append(replied(f"step {number}"))
        session.append(Called(call=call(number)))
        session.append(seen(number))
    session.close()
    log = folder / session.id / "log.jsonl"
    data = log.read_bytes()
    log.write_bytes(data[:cut])
    if cut <= len(data.splitlines()[0]):
        with pytest.raises(StateError):
            Session.load(folder / session.id)
        return
    again = Session.load(folder / session.id)
    again.close_dangling(lambda one: f"<{one.name}> was interrupted")
    calls = [entry.item.call.id for entry in again.path() if isinstance(entry.item, Called)]
    observed = [entry.item.observation.call_id for entry in again.path() if isinstance(entry.item, Observed)]
    assert sorted(calls) == sorted(observed)
    again.close()


def test_a_damaged_line_in_the_middle_is_named_and_the_file_is_left_alone(tmp_path: Path) -> None:
    session = create(tmp_path)
    session.append(Said(text="a", origin="task"))
    session.append(Said(text="b", origin="task"))
    session.close()
    log = tmp_path / session.id / "log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    lines[1] = b"{broken}\n"
    log.write_bytes(b"".join(lines))
    with pytest.raises(StateError, match="damaged") as caught:
        Session.load(tmp_path / session.id)
    assert "line 2" in caught.value.why
    assert log.read_bytes() == b"".join(lines)
    assert not is_alive(tmp_path / session.id)


def test_the_newest_session_is_the_last_by_name_also_within_a_second(tmp_path: Path) -> None:
    begun: list[str] = []
    for _ in range(40):
        with closing(create(tmp_path)) as session:
            begun.append(session.id)
    assert begun == sorted(begun)


def test_a_session_has_one_writer(tmp_path: Path) -> None:
    session = create(tmp_path)
    assert is_alive(tmp_path / session.id)
    with pytest.raises(StateError, match="in use"):
        Session.load(tmp_path / session.id)
    session.close()
    assert not is_alive(tmp_path / session.id)


def test_a_killed_process_leaves_a_log_that_loads_and_a_lock_that_is_free(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom r1code.log import Called, Opened\n"
        "from r1code.session import Session\n"
        "from r1code.types import ToolCall\n"
        "s = Session.create(Path(sys.argv[1]), Opened(root='/r', profile='p', base='b'))\n"
        "s.append(Called(call=ToolCall(id='c1', name='run', arguments={'command': 'x'})))\n"
        "print(s.id, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == -9
    folder = tmp_path / done.stdout.strip()
    assert not is_alive(folder)
    session = Session.load(folder)
    assert [one.id for one in session.dangling()] == ["c1"]
    session.close()


def test_a_session_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="there is no session"):
        Session.load(tmp_path / "nothing")


def test_a_log_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    session = create(tmp_path)
    session.close()
    log = tmp_path / session.id / "log.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"schema":1', b'"schema":2'))
    with pytest.raises(StateError, match="too new"):
        Session.load(tmp_path / session.id)


def test_an_entry_that_the_disk_refuses_leaves_the_log_as_it_was(tmp_path: Path) -> None:
    session = create(tmp_path)
    session.append(Said(text="x" * 1000, origin="task"))
    log = session.folder / "log.jsonl"
    before = log.read_bytes()
    with files_up_to(len(before) + 20), pytest.raises(StateError, match="cannot be kept"):
        session.append(replied("lost"))
    assert log.read_bytes() == before
    session.append(replied("kept"))
    session.close()
    again = Session.load(session.folder)
    assert [message.text for message in again.history()] == ["x" * 1000, "kept"]
    again.close()
