from __future__ import annotations

from pathlib import Path

import pytest

from fakes.house import House
from fakes.sandbox import FakeSandbox, FakeSpawned, Files
from r1code.control import Control
from r1code.errors import SandboxError
from r1code.events import CallFinished, CommandOutput, Event, Notice
from r1code.sandbox.base import Only, anything
from r1code.tools import background
from r1code.tools.background import MOST, Background, Wanted
from r1code.tools.base import Result
from r1code.tree.patch import Patch
from r1code.tree.store import Store

SERVE = '<run background="web" ready="up">serve</run>'
DONE = "<done>ok</done>"


class Scene:
    """A turn with these replies; `serve` is a command that goes on."""

    def __init__(
        self, folder: Path, *replies: str, spawned: FakeSpawned | None = None, in_place: bool = False
    ) -> None:
        self.spawned = spawned or FakeSpawned(["up\n"])
        self.sandbox = FakeSandbox(
            {"ls": (0, "a.txt\n"), "write": self.write, "pytest -q": (0, "1 passed\n")},
            store=Store(folder / "objects"),
            spawned={"serve": self.spawned, **{f"serve {n}": FakeSpawned(["up\n"]) for n in range(MOST)}},
        )
        self.sandbox.in_place = in_place
        self.house = House(
            folder,
            [*replies, DONE],
            files={"a.txt": "a\n", "b.txt": "b\n", "safe.txt": "s\n"},
            sandbox=self.sandbox,
            protected=lambda path: path == "safe.txt",
        )

    def write(self, files: Files) -> tuple[int, str]:
        """Stands for what a background command does in the meantime."""
        files.update({"a.txt": b"from the server\n", "new.txt": b"n\n", "safe.txt": b"unsafe\n"})
        return 0, ""

    def turn(self) -> list[Event]:
        self.events = self.house.turn()
        return self.events

    def seen(self) -> list[tuple[str, str]]:
        """Status and text of each observation."""
        found = [event.observation for event in self.turn() if isinstance(event, CallFinished)]
        return [(one.status, one.text) for one in found]


def start(tool: Background, ready: str, control: Control) -> Result:
    running = tool.start(Wanted(name="web", command="serve", ready=ready), "c1", control)
    while True:
        try:
            next(running)
        except StopIteration as stop:
            result: Result = stop.value
            return result


def test_a_start_waits_until_it_is_ready_and_the_output_is_shown_as_it_comes(tmp_path: Path) -> None:
    scene = Scene(tmp_path, SERVE, spawned=FakeSpawned(["starting\n", "", "up at 8000\n"]))
    ((status, text),) = scene.seen()
    assert (status, text) == ("ok", "starting\nup at 8000\n[background web: running for 0 s]")
    output = "".join(event.text for event in scene.events if isinstance(event, CommandOutput))
    assert output == "starting\nup at 8000\n"


def test_a_start_that_fails_at_once_says_so(tmp_path: Path) -> None:
    scene = Scene(tmp_path, SERVE, spawned=FakeSpawned(["no module serve\n"], ends="exit code 1"))
    assert scene.seen() == [("failed", "no module serve\n[background web: ended, exit code 1]")]


def test_a_port_that_opens_is_what_a_start_waits_for(tmp_path: Path) -> None:
    scene = Scene(tmp_path, '<run background="web" ready="8000">serve</run>')
    asked: list[str] = []

    class Listening(dict[str, object]):
        def get(self, command: str, default: object = None) -> object:
            if "1F40 0A" not in command:
                return super().get(command, default)
            asked.append(command)
            return (0 if len(asked) > 2 else 1, "")

    scene.sandbox.answers = Listening(scene.sandbox.answers)
    assert scene.seen() == [("ok", "up\n[background web: running for 0 s]")]
    assert len(asked) == 3


def test_what_the_network_refuses_it_is_told_at_its_start_and_with_its_logs(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    tool = Background(scene.house.tree, scene.sandbox, lambda _: False)
    asked: list[str] = []

    def listens(_: Files) -> tuple[int, str]:
        asked.append("port")
        scene.sandbox.refusals = [f"[refused: evil{len(asked)}]"]
        return (0 if len(asked) > 2 else 1, "")

    scene.sandbox.answers[background._LISTENS % 8000] = listens
    started = start(tool, "8000", scene.house.control)
    assert started.text == "up\n[background web: running for 0 s]\n[refused: evil3]"
    scene.sandbox.refusals = ["[refused: later]"]
    logs = tool.logs("web", scene.house.control)
    assert logs.text == "(nothing new)\n[background web: running for 0 s]\n[refused: later]"


def test_a_port_that_is_in_use_is_refused(tmp_path: Path) -> None:
    scene = Scene(tmp_path, '<run background="web" ready="8000">serve</run>')
    scene.sandbox.answers[background._LISTENS % 8000] = (0, "")
    ((status, text),) = scene.seen()
    assert status == "failed"
    assert text == "Port 8000 is in use already. Take another one, or stop what uses it."
    assert ("spawn", "serve") not in scene.sandbox.calls


def test_a_start_that_is_never_ready_goes_on_and_is_told(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    tool = Background(scene.house.tree, scene.sandbox, lambda _: False, patience=0.1)
    result = start(tool, "never", scene.house.control)
    assert result.status == "failed"
    assert result.text.endswith("[not ready after 0.1 s: 'never' did not come]")
    assert tool.running == ["web"]


def test_logs_show_what_is_new_and_stop_ends_it(tmp_path: Path) -> None:
    scene = Scene(tmp_path, SERVE, '<logs name="web"/>', '<logs name="web"/>', '<stop name="web"/>')
    scene.spawned.prints += ["GET /\n"]
    texts = [text for _, text in scene.seen()]
    assert texts[1:] == [
        "GET /\n[background web: running for 0 s]",
        "(nothing new)\n[background web: running for 0 s]",
        "(nothing new)\n[background web: ended, stopped]",
    ]
    assert scene.spawned.stopped


def test_logs_are_cut_in_the_middle(tmp_path: Path) -> None:
    scene = Scene(tmp_path, SERVE, '<logs name="web"/>')
    scene.spawned.prints += [f"first\n{'x' * 100_000}\nlast\n"]
    text = scene.seen()[1][1]
    assert len(text) < 9_000
    assert text.startswith("first\n")
    assert "last\n[background web" in text


def test_the_next_call_says_that_it_ended_once(tmp_path: Path) -> None:
    scene = Scene(tmp_path, SERVE, "<run>ls</run>", '<read path="b.txt"/>')

    def crash(_: Files) -> tuple[int, str]:
        scene.spawned.ends = "exit code 3"
        return 0, "a.txt\n"

    scene.sandbox.answers["ls"] = crash
    assert scene.seen()[0][0] == "ok"
    told = [message.content for message in scene.house.provider.requests[-1].messages]
    assert sum("[background web: ended, exit code 3]" in one for one in told) == 1
    assert "a.txt\n[exit code 0, 0.0 s]\n[background web: ended, exit code 3]" in "\n".join(told)


@pytest.mark.parametrize(
    ("action", "wrong"),
    [
        ('<logs name="db"/>', "No background command is called db: web."),
        ('<stop name="db"/>', "No background command is called db: web."),
        (SERVE, "web runs already."),
        ('<run background="a b">serve</run>', "'a b' is no name"),
        ('<run ready="8000">ls</run>', "only for a command with background"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path: Path, action: str, wrong: str) -> None:
    status, text = Scene(tmp_path, SERVE, action).seen()[1]
    assert status == "failed"
    assert wrong in text


def test_there_is_a_limit_and_what_ended_does_not_count(tmp_path: Path) -> None:
    several = [f'<run background="n{n}" ready="up">serve {n}</run>' for n in range(MOST)]
    scene = Scene(tmp_path, *several, SERVE, '<stop name="n0"/>', SERVE)
    statuses = [status for status, _ in scene.seen()]
    assert statuses == ["ok"] * MOST + ["failed", "ok", "ok"]


def test_what_it_wrote_is_a_change_at_the_next_look(tmp_path: Path) -> None:
    scene = Scene(tmp_path, SERVE, "<test/>", '<read path="a.txt"/>')
    scene.sandbox.answers["pytest -q"] = scene.write
    text = scene.seen()[2][1]
    assert "from the server" in text
    assert text.endswith("[changed in the background: a.txt, new.txt]")
    assert scene.house.file("new.txt") == "n\n"
    assert scene.house.file("safe.txt") == "s\n"


def test_an_edit_wins_over_what_it_wrote_and_reaches_it_at_once(tmp_path: Path) -> None:
    scene = Scene(tmp_path, SERVE)
    tool = Background(scene.house.tree, scene.sandbox, lambda _: False)
    scene.sandbox.sync(scene.house.tree.snapshot(), scene.house.control)
    start(tool, "up", scene.house.control)
    scene.write(scene.sandbox.files)
    (scene.house.root / "a.txt").write_text("mine\n")
    assert tool.take_back(scene.house.control) == ["[changed in the background: new.txt, safe.txt]"]
    assert scene.house.file("a.txt") == "mine\n"
    tool.follow(scene.house.control)
    assert scene.sandbox.files["a.txt"] == b"mine\n"
    scene.spawned.stop()
    assert tool.take_back(scene.house.control) == []


def test_what_it_goes_on_writing_comes_back_each_time_also_without_a_sync(tmp_path: Path) -> None:
    scene = Scene(tmp_path, SERVE)
    tool = Background(scene.house.tree, scene.sandbox, lambda _: False)
    scene.sandbox.sync(scene.house.tree.snapshot(), scene.house.control)
    start(tool, "up", scene.house.control)
    for written in ("1\n", "1\n2\n", "1\n2\n3\n", "a\n"):
        scene.sandbox.files["a.txt"] = written.encode()
        assert tool.take_back(scene.house.control) == ["[changed in the background: a.txt]"]
        assert scene.house.file("a.txt") == written


def test_a_look_that_fails_is_told_and_the_next_one_has_it(tmp_path: Path) -> None:
    scene = Scene(tmp_path, SERVE)
    lost = SandboxError("it could not be looked at", why="its container was paused", hint="try again")

    class Failing(FakeSandbox):
        def changes(self, control: Control, only: Only = anything) -> Patch:
            if fails:
                raise fails.pop()
            return super().changes(control, only)

    fails = [lost]
    sandbox = Failing(store=Store(tmp_path / "objects"), spawned={"serve": scene.spawned})
    tool = Background(scene.house.tree, sandbox, lambda _: False)
    sandbox.sync(scene.house.tree.snapshot(), scene.house.control)
    start(tool, "up", scene.house.control)
    sandbox.files["a.txt"] = b"2\n"
    scene.spawned.stop()
    told = [tool.take_back(scene.house.control) for _ in range(3)]
    why = "[what changed in the background could not be seen: its container was paused]"
    assert told == [[why], ["[changed in the background: a.txt]"], []]


def test_an_edit_is_in_the_sandbox_before_the_next_command(tmp_path: Path) -> None:
    scene = Scene(tmp_path, SERVE, '<read path="a.txt"/>', '<write path="a.txt">\nnew\n</write>')
    scene.turn()
    assert scene.sandbox.files["a.txt"] == b"new\n"


def test_without_one_that_runs_nothing_is_looked_at(tmp_path: Path) -> None:
    scene = Scene(tmp_path, '<read path="a.txt"/>', '<write path="a.txt">\nnew\n</write>')
    scene.turn()
    assert scene.sandbox.calls == []


def test_in_the_tree_itself_there_is_nothing_to_bring(tmp_path: Path) -> None:
    scene = Scene(tmp_path, SERVE, '<read path="a.txt"/>', '<write path="a.txt">\nnew\n</write>', in_place=True)
    scene.turn()
    assert [call[0] for call in scene.sandbox.calls] == ["start", "sync", "spawn"]


def test_a_person_is_told_at_the_end_of_the_turn_what_still_runs(tmp_path: Path) -> None:
    notices = [event.text for event in Scene(tmp_path, SERVE).turn() if isinstance(event, Notice)]
    assert notices == ["still running in the background: web; what runs there is stopped with the session"]
    stopped = Scene(tmp_path / "stopped", SERVE, '<stop name="web"/>').turn()
    assert [event for event in stopped if isinstance(event, Notice)] == []
