"""R1 works on files with secrets in them, and never sees one."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.house import House
from fakes.leaks import SECRETS, text_of
from r1code.events import CallFinished
from r1code.secrets.vault import Vault

KINDS = [kind for kind in SECRETS if kind != "pem"]


def shown(kind: str) -> str:
    """What the model sees of a secret's text."""
    return Vault(bytes(32)).hide(text_of(kind)).rstrip("\n")


def sent(house: House) -> str:
    """All that the model and the log got."""
    requests = "".join(message.content for one in house.provider.requests for message in one.messages)
    return requests + (house.session.folder / "log.jsonl").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_read_searched_and_edited_around_its_secret(tmp_path: Path, kind: str) -> None:
    line = text_of(kind).rstrip("\n")
    files = {"a.txt": f"first\n{line}\nlast\n"}
    edit = (
        f'<edit path="a.txt">\n<<<<<<< SEARCH\nfirst\n{shown(kind)}\n=======\n{shown(kind)}\nsecond\n'
        ">>>>>>> REPLACE\n</edit>"
    )
    replies = ['<read path="a.txt"/>\n<search pattern="."/>', edit, "<done/>"]
    house = House(tmp_path, replies, files=files)
    house.turn(f"Go on with {text_of(kind)}")
    assert house.file("a.txt") == f"{line}\nsecond\nlast\n"
    assert shown(kind) in house.provider.requests[1].messages[-1].content
    assert SECRETS[kind] not in sent(house)


def test_a_placeholder_is_restored_in_every_way_to_write(tmp_path: Path) -> None:
    line = shown("github")
    diff = f"--- a/c.py\n+++ b/c.py\n@@\n-x = 1\n+{line}\n"
    value = f"V = {line.partition(' = ')[2]}"
    writes = [
        f'<write path="b.py">\n{line}\n</write>',
        f"<patch>\n{diff}</patch>",
        f'<insert path="d.py" after="f">\n{line}\n</insert>',
        f'<replace path="e.py">\n{value}\n</replace>',
    ]
    replies = ['<read path="a.py"/>', "\n".join(writes), "<done/>"]
    files = {"a.py": text_of("github"), "c.py": "x = 1\n", "d.py": "def f():\n    pass\n", "e.py": "V = 1\n"}
    house = House(tmp_path, replies, files=files)
    house.turn()
    assert [path for path in "abcde" if SECRETS["github"] not in house.file(f"{path}.py")] == []
    assert SECRETS["github"] not in sent(house)


def test_a_placeholder_in_a_command_stays_one(tmp_path: Path) -> None:
    command = f"echo {Vault(bytes(32)).hide(SECRETS['npm'])}"
    house = House(
        tmp_path, ['<read path="a.py"/>', f"<run>{command}</run>", "<done/>"], files={"a.py": text_of("npm")}
    )
    house.turn()
    assert house.sandbox.commands == [command]


def test_a_part_of_a_file_does_not_show_a_part_of_a_secret(tmp_path: Path) -> None:
    replies = ['<read path="k.txt" lines="2-3"/>\n<search pattern="[A-Z]{2}"/>', "<done/>"]
    house = House(tmp_path, replies, files={"k.txt": text_of("pem"), "long.txt": "x " * 97 + text_of("npm")})
    house.turn()
    assert SECRETS["pem"] not in sent(house)
    assert SECRETS["npm"][:12] not in sent(house)


def test_what_an_edit_that_fails_shows_is_hidden_too(tmp_path: Path) -> None:
    edit = '<edit path="a.txt">\n<<<<<<< SEARCH\nfirst line\nVALUE = 1\n=======\nx\n>>>>>>> REPLACE\n</edit>'
    house = House(tmp_path, [edit, "<done/>"], files={"a.txt": f"first line\n{text_of('stripe')}last line\n"})
    house.turn()
    assert "first line" in house.told()
    assert SECRETS["stripe"] not in sent(house)


SECRET_FILES = {".env": "KEY=1\n", "deploy.pem": "x\n", "a.txt": "x = 1\n", ".git/config": "[core]\n"}
DIFFS = {
    "to": "--- a/a.txt\n+++ b/{}\n@@\n-x = 1\n+x = 2\n",
    "from": "--- a/{}\n+++ b/b.txt\n",
    "new": "--- /dev/null\n+++ b/{}.local\n@@\n+x\n",
}


@pytest.mark.parametrize("path", [".env", "deploy.pem", ".git/config"])
@pytest.mark.parametrize(
    "action",
    [
        '<read path="{}"/>',
        '<search pattern="." path="{}"/>',
        '<write path="{}">\nx\n</write>',
        '<delete path="{}"/>',
        '<move path="{}" to="b.txt"/>',
        '<move path="a.txt" to="{}"/>',
        '<chmod path="{}" executable="yes"/>',
        *(f"<patch>\n{diff}</patch>" for diff in DIFFS.values()),
    ],
)
def test_a_secret_file_is_no_target_of_anything(tmp_path: Path, path: str, action: str) -> None:
    if path != ".env" and ".local" in action:
        return
    house = House(
        tmp_path, [f'<read path="a.txt"/>\n{action.format(path)}', "<list/>", "<done/>"], files=SECRET_FILES
    )
    events = [event for event in house.turn() if isinstance(event, CallFinished)]
    assert [event.observation.status for event in events] == ["ok", "failed", "ok"]
    assert "not available" in events[1].observation.text or "may hold secrets" in events[1].observation.text
    assert {one: house.file(one) for one in SECRET_FILES} == SECRET_FILES
    assert events[2].observation.text == "1 files\na.txt"
