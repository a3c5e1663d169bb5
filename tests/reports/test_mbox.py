"""`git am` itself says whether a mail is one that it takes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from fakes.recorded import Recorded
from fakes.repository import Repository
from r1code.errors import UsageError
from r1code.log import Judged
from r1code.reports.card import Card, card_of
from r1code.reports.form import FORMS
from r1code.reports.mbox import diff, mbox, subject
from r1code.reports.sheet import sheet_of
from r1code.secrets.values import unchanged
from r1code.session import PATCH
from r1code.types import Verdict
from reports.runs import HOSTILE, HOSTILE_TEXT, RUNS

FILES = {
    "code.py": "one\ntwo\nthree\n",
    "dos.txt": "one\r\ntwo\r\nthree\r\n",
    "mixed.txt": "one\r\ntwo\nthree\r\n",
    "run.sh": "#!/bin/sh\n",
    "old name.txt": "moved as it is\n" * 5,
    "Ünï.txt": "ä\n",
    "gone.txt": "x\n",
    "no-end.txt": "no end",
}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Recorded]:
    with closing(Recorded(tmp_path, FILES, command="fix")) as found:
        yield found


def changed(desk: Recorded) -> None:
    """Everything that can happen to files, as a patch of the session."""
    root = desk.root
    before = desk.tree.snapshot()
    (root / "code.py").write_text(
        f"one\n2 → ü\n---\nFrom x\n{HOSTILE_TEXT}".replace("\x00", ""), errors="replace"
    )
    (root / "dos.txt").write_bytes(b"one\r\n2 \r\nthree\r\n")
    (root / "mixed.txt").write_bytes(b"one\r\n2\nthree\r\nfour = x\r")
    (root / "run.sh").chmod(0o755)
    (root / "old name.txt").rename(root / "new\tname.txt")
    (root / "Ünï.txt").write_text("ö\n")
    (root / "gone.txt").unlink()
    (root / "no-end.txt").write_text("no end, too")
    (root / "logo.png").write_bytes(bytes(range(256)) * 3)
    (root / "latin.txt").write_bytes(b"caf\xe9\n")
    (root / os.fsdecode(b"caf\xe9.txt")).write_text("x\n")
    (root / "link").symlink_to("code.py")
    patch = before.diff(desk.tree.snapshot())
    (desk.folder / PATCH).write_text(desk.git.unified(patch, desk.store), errors="surrogateescape")
    names = (f"tests/x.py::test[{HOSTILE}]".replace("\ud800", ""), "Subject: other", "---", "diff --git a/x b/x")
    verdict = Verdict(outcome="fixed", why="", sandbox="docker", fixed=names)
    desk.session.append(Judged(verdict=verdict))


def tree(root: Path) -> dict[bytes, tuple[str, bytes]]:
    found = {}
    for path in sorted(root.rglob("*")):
        if ".git" in path.relative_to(root).parts or path.is_dir():
            continue
        name = os.fsencode(path.relative_to(root))
        if path.is_symlink():
            found[name] = ("link", os.fsencode(path.readlink()))
        else:
            found[name] = (oct(path.stat().st_mode & 0o100), path.read_bytes())
    return found


def taken(desk: Recorded, mail: str, folder: Path) -> Repository:
    """A fresh clone of the first commit that took the mail."""
    subprocess.run(["git", "clone", "-q", str(desk.root), str(folder)], check=True)
    clone = Repository(folder)
    clone.git("am", "-q", stdin=mail.encode("utf-8", "surrogateescape"))
    return clone


def good(desk: Recorded) -> Card:
    return replace(card_of(desk.folder, unchanged), exit_code=0)


def test_git_takes_everything_that_can_happen_to_a_file(desk: Recorded, tmp_path: Path) -> None:
    changed(desk)
    card = good(desk)
    clone = taken(desk, mbox(card), tmp_path / "clone")
    assert tree(clone.root) == tree(desk.root)
    assert clone.git("status", "--porcelain") == ""
    assert clone.git(
        "log", "-1", "--format=%an <%ae>|%cn|%s"
    ).strip() == "r1code <r1code@localhost>|A|" + subject(card)
    assert clone.git("log", "-1", "--format=%(trailers)").strip() == "Co-authored-by: r1code <r1code@localhost>"
    assert clone.git("rev-list", "--count", "HEAD").strip() == "2"
    body = clone.git("log", "-1", "--format=%b")
    assert body.startswith("Verdict of a clean re-run of the tests (docker)")
    assert "  Subject: other\n  ---\n  diff --git a/x b/x\n" in body
    for attack in ("closes #1", "@team", "[skip ci]", "https://"):
        assert attack not in body


def test_the_files_of_a_patch_are_named_and_counted(desk: Recorded) -> None:
    changed(desk)
    files = {file.path: file for file in card_of(desk.folder, unchanged).patch.files}
    assert set(files) == {
        *("code.py", "dos.txt", "mixed.txt", "run.sh", "old name.txt", "new\tname.txt", "Ünï.txt", "gone.txt"),
        *("no-end.txt", "logo.png", "latin.txt", "caf\\xe9.txt", "link"),
    }
    assert (files["dos.txt"].added, files["dos.txt"].removed) == (1, 1)
    assert (files["gone.txt"].did, files["logo.png"].did, files["run.sh"].did) == (
        "deleted",
        "created",
        "changed",
    )
    assert (files["logo.png"].is_binary, files["run.sh"].added) == (True, 0)


def test_a_patch_without_a_trailer_and_one_that_is_not_proven_say_so(desk: Recorded, tmp_path: Path) -> None:
    changed(desk)
    clone = taken(desk, mbox(good(desk), trailer=False), tmp_path / "clone")
    assert clone.git("log", "-1", "--format=%(trailers)").strip() == ""
    bad = replace(good(desk), exit_code=1, outcome="not_fixed")
    assert subject(bad).endswith("(not proven: not fixed)")


def test_no_change_is_no_mail(tmp_path: Path) -> None:
    assert mbox(card_of(RUNS["nothing_to_fix"](tmp_path), unchanged)) == ""


@pytest.mark.parametrize("make", [diff, mbox])
def test_a_patch_with_a_secret_is_not_published(tmp_path: Path, make: object) -> None:
    assert callable(make)
    card = card_of(RUNS["fixed"](tmp_path), lambda text: text.replace("discount", "hidden_x"))
    assert card.patch.has_secrets
    with pytest.raises(UsageError, match="cannot be a report"):
        make(card)


def test_the_author_is_named_as_the_session_was_set_up(tmp_path: Path) -> None:
    folder = RUNS["fixed"](tmp_path)
    assert "Co-authored-by" in FORMS["mbox"](sheet_of(folder, tmp_path, unchanged, forms={"jsonl"}))
    log = folder / "log.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"settings":{}', b'"settings":{"attribution":"none"}'))
    assert "Co-authored-by" not in FORMS["mbox"](sheet_of(folder, tmp_path, unchanged, forms={"jsonl"}))
