"""What the model is told by instructions: how much, in which words, and that it stays."""

from __future__ import annotations

from pathlib import Path

from fakes.house import House, says
from fakes.leaks import SECRETS, text_of
from r1code.app.told import own_instructions, tell
from r1code.briefing import brief
from r1code.log import Opened, Said
from r1code.profiles.room import Room
from r1code.repo.instructions import Instructions, Source
from r1code.secrets.vault import Vault
from r1code.session import Session

PLAIN = Vault(bytes(32)).hide


def source(path: str, text: str) -> Source:
    return Source(path=path, data=text.encode())


def test_the_users_own_come_first_then_the_projects_and_what_they_name(tmp_path: Path) -> None:
    (tmp_path / "AGENTS.md").write_text("Speak plainly.\n")
    project = {"": (source("AGENTS.md", "Use tabs.\n"), source("docs/style.md", "No globals.\n"))}
    own = own_instructions(tmp_path / "AGENTS.md")
    told = tell(own, project, most=1000, measure=len, hide=PLAIN)
    assert told.first == (
        "What the user wants in every project:\nSpeak plainly.\n\n"
        "Instructions of this project, from AGENTS.md:\nUse tabs.\n\n"
        "docs/style.md, which they name:\nNo globals.\n"
    )
    assert told.notice.endswith("AGENTS.md (1 line), AGENTS.md (1 line), docs/style.md (1 line)")
    assert tell(None, {}, most=1000, measure=len, hide=PLAIN).first == ""
    assert own_instructions(tmp_path / "none") is None


def test_what_is_too_long_is_cut_and_says_how_to_see_the_rest() -> None:
    long = "".join(f"rule {number}\n" for number in range(1000))
    project: Instructions = {
        "": (source("AGENTS.md", long), source("more.md", "more\n" * 9)),
        "web": (source("web/AGENTS.md", long),),
    }
    told = tell(None, project, most=2000, measure=len, hide=PLAIN)
    assert len(told.first) < 2400
    shown = told.first.count("\nrule ")
    assert f'<read path="AGENTS.md" lines="{shown + 1}-1000"/> shows them' in told.first
    assert '[... 9 lines, 45 bytes left out; <read path="more.md" lines="1-9"/> shows them ...]' in told.first
    assert len(told.folders["web"]) < 800
    assert '<read path="web/AGENTS.md" lines=' in told.folders["web"]
    assert told.notice.endswith("too long to be told whole")


def test_secrets_are_hidden_before_anything_is_cut() -> None:
    text = "x" * 70 + "\n" + text_of("github")
    told = tell(
        None, {"": (source("AGENTS.md", text),), "web": (source("w", text),)}, most=120, measure=len, hide=PLAIN
    )
    assert SECRETS["github"][:12] not in told.first + told.folders["web"]


def test_a_folders_own_are_told_once_when_the_model_works_below(tmp_path: Path) -> None:
    files = {"web/app/a.py": "a = 1\n", "web/b.py": "b = 1\n", "c.py": "c = 1\n"}
    house = House(
        tmp_path,
        [
            '<read path="c.py"/>',
            '<read path="web/app/a.py"/>',
            '<write path="web/app/new.py">\nx = 1\n</write>',
            '<read path="web/b.py"/>',
            "<done>ok</done>",
        ],
        files=files,
        folders={"web": "Instructions for web\nUse tabs.\n", "web/app": "Instructions for app\nNo globals.\n"},
    )
    assert house.end().reason == "done"
    told = [entry.item.text for entry in house.session.path() if isinstance(entry.item, Said)]
    assert told[1:] == ["Instructions for web\nUse tabs.\n", "Instructions for app\nNo globals.\n"]
    counts = [sum("Use tabs." in one.content for one in request.messages) for request in house.provider.requests]
    assert counts == [0, 0, 1, 1, 1]


def test_each_folder_is_told_once(tmp_path: Path) -> None:
    folders = {f"p{number}": f"Instructions for p{number}\nRule {number}.\n" for number in range(6)}
    house = House(tmp_path, [], folders=folders)
    session = house.session
    session.append(Said(text="the task, with the project's instructions", origin="task"))
    for number in range(6):
        assert len(list(brief(session, [f"p{number}/a.py"]))) == 1
    assert list(brief(session, ["p0/a.py", "p5/b.py", "other/c.py"])) == []


def test_instructions_survive_a_compaction(tmp_path: Path) -> None:
    folders = {f"p{number}": f"Instructions for p{number}\nRule {number}.\n" for number in range(6)}
    files = {f"p{number}/a.py": f"x = {number}\n" * 90 for number in range(6)}
    steps = [f'<read path="p{number}/a.py"/>' for number in range(6)]
    house = House(
        tmp_path,
        [*steps, says("I read all of them. " * 60), *['<read path="p0/a.py"/>'] * 2, "<done>ok</done>"],
        files=files,
        folders=folders,
        room=Room(window=None, reserve=500, prompt=1900, map=0, observation=600),
    )
    house.end("Instructions of this project, from AGENTS.md:\nUse tabs.\n\nTask: read")
    assert house.session.compacted is not None
    last = "\n".join(one.content for one in house.provider.requests[-1].messages)
    assert "Use tabs." in last
    assert all(f"Rule {number}." in last for number in (0, 3, 4, 5))


def test_they_are_part_of_the_log(tmp_path: Path) -> None:
    opened = Opened(root="/r", profile="p", base="", instructions="Use tabs.", folders={"web": "More."})
    session = Session.create(tmp_path, opened)
    session.close()
    again = Session.load(session.folder)
    again.close()
    assert (again.opened.instructions, again.opened.folders) == ("Use tabs.", {"web": "More."})
