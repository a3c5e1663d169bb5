from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, given, settings

from fakes.repository import Repository
from fakes.trees import Spec, beyond_links, on_disk, snapshot_of, specs, write_out
from r1code.errors import StateError
from r1code.repo.unified import unified
from r1code.tree.store import Store


def as_git_sees(spec: Spec) -> Spec:
    """Of a mode, git keeps whether the owner may execute; of an empty folder nothing."""
    return {
        path: (kind, mode if kind == "link" else 0o755 if mode & 0o100 else 0o644, data)
        for path, (kind, mode, data) in spec.items()
        if kind != "folder"
    }


def applied(before: Spec, after: Spec) -> tuple[str, Spec]:
    with tempfile.TemporaryDirectory() as name:
        store = Store(Path(name) / "store")
        text = unified(snapshot_of(before, store).diff(snapshot_of(after, store)), store)
        repository = Repository(Path(name) / "repository")
        # As in a clone: git has no empty folders, and makes no room where they are.
        write_out({path: what for path, what in before.items() if what[0] != "folder"}, repository.root)
        if text:
            repository.git("apply", "--whitespace=nowarn", "-", stdin=text.encode())
        return text, on_disk(repository.root)


@settings(max_examples=30, deadline=None)
@given(specs, specs)
def test_git_applies_it_exactly(before: Spec, after: Spec):
    assume(not beyond_links(before, after))
    _, found = applied(before, after)
    assert as_git_sees(found) == as_git_sees(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\n", b"a"),
        (b"a", b"a\n"),
        (b"", b"a"),
        (b"a", b""),
        (b"a\r\nb\r\n", b"a\r\nc\r\n"),
        (b"a\rb\n", b"a\rc\n"),
        (b"caf\xe9\n", b"caf\xe8\n"),
        (b"\0\1\2", b"\0\1\3"),
        (b"x" * 9_000 + b"\n\0", b"x" * 9_000 + b"\n\0\n"),
        (b"--- a/f\n+++ b/f\n@@ -1 +1 @@\n", b"-- a/f\ndiff --git a/f b/f\n"),
        (b"def f():\n" + "é".encode() * 60 + b"\n" * 9 + b"old\n", b"def f():\n" + "é".encode() * 61),
        (("é" * 81 + "\n" + " x\n" * 9 + "old\n").encode(), ("é" * 81 + "\n" + " x\n" * 9 + "new\n").encode()),
    ],
)
def test_contents_that_are_easily_got_wrong(before: bytes, after: bytes):
    text, found = applied({"f": ("file", 0o644, before)}, {"f": ("file", 0o644, after)})
    assert found == {"f": ("file", 0o644, after)}
    text.encode()


def test_attributes_in_the_patch_do_not_change_it():
    before: Spec = {".gitattributes": ("file", 0o644, b""), "a.py": ("file", 0o644, b"old\r\n")}
    after: Spec = {
        ".gitattributes": ("file", 0o644, b"* text=auto eol=lf\n*.py -diff\n"),
        "a.py": ("file", 0o644, b"new\r\n"),
    }
    text, _ = applied(before, after)
    assert "-old\r\n+new\r\n" in text


def test_the_persons_configuration_does_not_change_it():
    before, after = ({"a": ("file", 0o644, data)} for data in (b"old\n", b"new\n"))
    plain, _ = applied(before, after)
    (Path.home() / ".gitconfig").write_text(
        "[diff]\n noprefix = true\n mnemonicPrefix = true\n context = 0\n"
        "[color]\n ui = always\n[core]\n quotePath = false\n"
    )
    assert applied(before, after)[0] == plain
    assert plain.startswith("diff --git a/a b/a\n")


def test_a_link_to_a_name_that_is_not_unicode_is_refused(tmp_path: Path):
    with pytest.raises(StateError, match="cannot be shown as text"):
        applied({}, {"a": ("link", 0o777, b"\xfe")})


def test_no_change_is_no_text(tmp_path: Path):
    spec: Spec = {"a": ("file", 0o644, b"a")}
    assert applied(spec, spec)[0] == ""
