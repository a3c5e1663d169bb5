"""The map of a work tree: kept where nothing changed, honest about what is not indexed, without secrets."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fakes.repository import Repository
from r1code.app.maps import Drawn, Maps
from r1code.app.tree import open_tree
from r1code.cli.main import main
from r1code.control import Control
from r1code.errors import Cancelled
from r1code.profiles.tokenizers import tokenizer_named
from r1code.repo.git import Git
from r1code.repo.index.index import FILE, Index
from r1code.repo.past import Past, past_of
from r1code.tree.store import Store
from repo.test_rank import FILES

COUNT = tokenizer_named("deepseek-r1").count


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    found = Repository(tmp_path / "repository")
    for path, text in FILES.items():
        found.write(path, text)
    found.write(".env", "TOKEN=1\n")
    found.git("add", "-A")
    found.git("commit", "-qm", "first of all")
    return found


@contextmanager
def maps_of(repository: Repository, state: Path) -> Iterator[Maps]:
    git = Git(repository.root)
    tree = open_tree(git, state)
    index = Index(state / FILE, Store(state / "objects"))
    maps = Maps(tree, tree.snapshot(), index, git)
    try:
        yield maps
    finally:
        maps.close()
        index.close()


def drawn(maps: Maps, room: int = 1_000, task: str = "the invoice mail") -> Drawn:
    return maps.draw(task, room, COUNT, str)


def test_a_map_is_the_same_when_its_graph_was_kept_and_says_what_is_not_indexed(
    repository: Repository, tmp_path: Path
) -> None:
    with maps_of(repository, tmp_path / "state") as maps:
        early = drawn(maps)
        assert early.missing == len(FILES)
        assert f"[{len(FILES)} files are not indexed yet" in early.text
        assert "shop/mailer.py" in early.text
        assert maps.wait(Control(), 60)
        first = drawn(maps)
        assert first.missing == 0
        assert "not indexed" not in first.text
        assert "class Mailer" in first.text
        assert ".env" not in first.text
    with maps_of(repository, tmp_path / "state") as maps:
        assert maps.wait(Control(), 60)
        assert drawn(maps) == first
    for kept in ("graph", "past"):
        (file,) = (tmp_path / "state").glob(f"*/{kept}")
        file.write_bytes(b"damaged")
    with maps_of(repository, tmp_path / "state") as maps:
        assert drawn(maps) == first
    # What changed is in the next one.
    repository.write("shop/mailer.py", "class Postman:\n    def send_invoice(self, to): pass\n")
    with maps_of(repository, tmp_path / "state") as maps:
        assert maps.wait(Control(), 60)
        assert "class Postman" in drawn(maps).text


def test_what_gitattributes_says_changes_a_map(repository: Repository, tmp_path: Path) -> None:
    with maps_of(repository, tmp_path / "state") as maps:
        assert maps.wait(Control(), 60)
        assert drawn(maps).ranking.files[0].path == "shop/mailer.py"
    repository.write(".gitattributes", "shop/mailer.py linguist-generated\n")
    with maps_of(repository, tmp_path / "state") as maps:
        assert drawn(maps).ranking.files[0].path != "shop/mailer.py"


def test_a_map_has_no_secrets_and_fits_after_they_are_hidden(repository: Repository, tmp_path: Path) -> None:
    repository.write(
        "shop/mailer.py", "class Mailer:\n    KEY = abcdefgh\n    def mail(self, key=abcdefgh): pass\n"
    )

    def hide(text: str) -> str:
        return text.replace("abcdefgh", "hidden_" + "0123456789abcdef" * 4)

    with maps_of(repository, tmp_path / "state") as maps:
        assert maps.wait(Control(), 60)
        for room in (0, 80, 120, 160, 300, 1_000):
            found = maps.draw("mail", room, COUNT, hide)
            assert COUNT(found.text) <= room
            assert "abcdefgh" not in found.text
    assert "hidden_" in found.text


def test_a_kept_graph_does_without_the_index_until_a_file_changes(repository: Repository, tmp_path: Path) -> None:
    with maps_of(repository, tmp_path / "state") as maps:
        assert maps.wait(Control(), 60)
        drawn(maps)
    (tmp_path / "state" / FILE).unlink()
    with maps_of(repository, tmp_path / "state") as maps:
        assert list(maps.graph.defining("checkout"))
        assert drawn(maps).missing == 0
    repository.write("shop/web.py", "def pay(): pass\n")
    with maps_of(repository, tmp_path / "state") as maps:
        # What is in the file now is not read yet, and such a graph is not kept.
        assert not list(maps.graph.defining("checkout"))
        assert list(maps.graph.defining("send_invoice"))
        assert drawn(maps).missing == len(FILES)
        assert maps.wait(Control(), 60)
        assert list(maps.graph.defining("pay"))


def test_a_hostile_tree_has_a_map_of_what_can_be_read_and_of_nothing_outside(
    repository: Repository, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text("def outside_invoice_mail(): pass\n")
    root = repository.root
    contents = {
        "one_line.js": b"invoiceMail();" * (50_000_000 // 14),
        "nested.py": b"(" * 10_000 + b")" * 10_000,
        "open.js": b"[" * 10_000 + b"function invoiceMailOpen() {}",
        "bytes.py": b"def invoice_mail_caf\xe9(): pass\ndef invoice_mail_ascii(): pass\n",
        "utf16.py": b"\xff\xfe" + "def invoice_mail_wide(): pass\n".encode("utf-16-le"),
        "crlf.py": b"def invoice_mail_windows(\r\n    a,\r\n    b,\r\n):\r\n    pass\r\n",
        "gone.py": b"def invoice_mail_gone(): pass\n",
        "package.json": b'{"name": "gone"}',
        "line\nbreak.py": b"def invoice_mail_break(): pass\n",
        os.fsdecode(b"\xff.py"): b"def invoice_mail_name(): pass\n",
    }
    for path, data in contents.items():
        (root / path).write_bytes(data)
    os.mkfifo(root / "pipe.py")
    (root / "loop.py").symlink_to("loop.py")
    (root / "circle").symlink_to(".")
    (root / "out.py").symlink_to(outside)
    (root / "out").symlink_to(tmp_path)
    with maps_of(repository, tmp_path / "state") as maps:
        (root / "gone.py").unlink()
        (root / "package.json").unlink()
        assert maps.wait(Control(), 60)
        found = drawn(maps, room=4_000)
    for word in ("ascii", "wide", "windows(a, b)", "gone"):
        assert f"invoice_mail_{word}" in found.text
    assert "one_line.js" in found.text
    assert "outside" not in found.text
    paths = {one.path for one in found.ranking.files}
    assert paths.isdisjoint({"pipe.py", "loop.py", "out.py", "out/outside.py", "line\nbreak.py"})
    assert not any(path.startswith("circle") or "\udcff" in path for path in paths)
    with maps_of(repository, tmp_path / "state") as maps:
        assert maps.wait(Control(), 60)
        assert "invoice_mail_gone" not in drawn(maps, room=4_000).text


def test_waiting_ends_with_a_cancel(repository: Repository, tmp_path: Path) -> None:
    control = Control()
    control.cancel()
    with maps_of(repository, tmp_path / "state") as maps, pytest.raises(Cancelled):
        maps.wait(control)


def test_the_past_is_what_commits_changed_and_nothing_where_git_cannot_say(
    repository: Repository, tmp_path: Path
) -> None:
    repository.write("shop/caf\u00e9.py", "x = 1\n")
    repository.write("shop/cart.py", "x = 1\n")
    repository.git("add", "-A")
    repository.git("commit", "-qm", "A caf\u00e9")
    for at in range(30):
        repository.write(f"many/{at}.py")
    repository.git("add", "-A")
    repository.git("commit", "-qm", "too many to say anything")
    git = Git(repository.root)
    past = past_of(git, Past())
    assert (past.commits[0].subject, past.commits[0].paths) == (
        "A caf\u00e9",
        ("shop/caf\u00e9.py", "shop/cart.py"),
    )
    assert len(past.commits) == 2
    assert past_of(git, past) is past
    assert past_of(git, Past(), "no-such-thing") == Past()
    assert past_of(Git(tmp_path, tmp_path / "lone"), Past()) == Past()
    assert past_of(Git(Repository(tmp_path / "empty").root), Past()) == Past()


def test_the_command_shows_a_map_and_why(
    repository: Repository, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository.root / "shop")
    assert main(["map", "the", "invoice", "mail", "--map-tokens", "300"]) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines()[1] == "shop/mailer.py:"
    assert "\x1b" not in shown.out
    assert "of 300 tokens" in shown.err
    assert main(["map", "the invoice mail", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["files"][0]["path"] == "shop/mailer.py"
    assert found["tokens"] == COUNT(found["text"]) <= 1_000
    assert main(["map", "the invoice mail", "--why", "web.py"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("shop/web.py: place 2 of 8")
    assert "shop/mailer.py" in told
    assert main(["map", "x", "--why", "gone.py"]) == 2
    assert "shop/gone.py is not in the map" in capsys.readouterr().err
    os.chdir("/")
