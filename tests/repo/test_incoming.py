from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.patches import applied, fresh_folder, fresh_store, patch_of
from fakes.repository import Repository
from fakes.trees import Spec, on_disk, specs, write_out
from r1code.errors import UsageError
from r1code.repo.incoming import incoming
from r1code.repo.unified import unified
from r1code.tree.patch import Patch
from r1code.tree.store import Store

TEXT = b"".join(b"line %d\n" % number for number in range(1, 31))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    write_out({"a.txt": ("file", 0o644, TEXT), "sub/b.txt": ("file", 0o600, b"b\n")}, folder)
    return folder


def read(text: bytes | str, root: Path) -> tuple[Patch, Store]:
    store = fresh_store()
    return incoming(text if isinstance(text, bytes) else text.encode(), root, store), store


def result(text: bytes | str, root: Path) -> Spec:
    """What the tree would be."""
    patch, store = read(text, root)
    return applied(on_disk(root), patch, store)


def change(path: str, old: str, new: str, *, prefix: tuple[str, str] = ("a/", "b/")) -> str:
    return f"--- {prefix[0]}{path}\n+++ {prefix[1]}{path}\n@@ -3,3 +3,3 @@\n line 3\n-{old}\n+{new}\n line 5\n"


@settings(max_examples=40, deadline=None)
@given(specs, specs)
def test_a_patch_of_ours_comes_back_as_it_was(before: Spec, after: Spec):
    def plain(spec: Spec) -> Spec:
        # Of a mode git keeps whether the owner may execute.
        return {
            path: (kind, 0o755 if mode & 0o100 else 0o644, data)
            for path, (kind, mode, data) in spec.items()
            if kind == "file"
        }

    before, after = plain(before), plain(after)
    both = {**before, **after}
    if any(path.startswith(f"{other}/") for path in both for other in both):
        return
    store = fresh_store()
    folder = fresh_folder()
    write_out(before, folder)
    patch = patch_of(before, after, store)
    text = unified(patch, store)
    if text:
        assert incoming(text.encode("utf-8", "surrogateescape"), folder, store) == patch


def test_nothing_is_touched_and_permissions_that_git_does_not_know_stay(root: Path):
    before = on_disk(root)
    text = (
        "diff --git a/sub/b.txt b/sub/b.txt\nold mode 100644\nnew mode 100755\n"
        "--- a/sub/b.txt\n+++ b/sub/b.txt\n@@ -1 +1 @@\n-b\n+c\n"
    )
    assert result(text, root)["sub/b.txt"] == ("file", 0o700, b"c\n")
    assert on_disk(root) == before


def test_renames_and_copies_are_understood_also_with_odd_names(root: Path):
    (root / 'odd "näme"\t.txt').write_bytes(b"odd\n")
    text = (
        "diff --git a/a.txt b/c.txt\nsimilarity index 100%\nrename from a.txt\nrename to c.txt\n"
        'diff --git "a/odd \\"n\\303\\244me\\"\\t.txt" b/copy.txt\nsimilarity index 100%\n'
        'copy from "odd \\"n\\303\\244me\\"\\t.txt"\ncopy to copy.txt\n'
    )
    found = result(text, root)
    assert found["c.txt"] == ("file", 0o644, TEXT)
    assert found["copy.txt"][2] == b"odd\n"
    assert "a.txt" not in found


@pytest.mark.parametrize(
    "prefix", [("a/", "b/"), ("", ""), ("old/", "new/"), ("i/", "w/")], ids=["git", "none", "folders", "mnemonic"]
)
def test_the_names_may_have_a_part_in_front_or_not(root: Path, prefix: tuple[str, str]):
    write_out({"sub/c.txt": ("file", 0o644, TEXT)}, root)
    for path in ("a.txt", "sub/c.txt"):
        text = change(path, "line 4", "LINE 4", prefix=prefix)
        assert result(text, root)[path][2] == TEXT.replace(b"line 4\n", b"LINE 4\n")


def test_a_mail_and_a_patch_without_git_are_understood(root: Path):
    head = "From: A <a@example.org>\nSubject: [PATCH] x\n\nrename from here\n---\n a.txt | 2 +-\n\n"
    mail = f"{head}{change('a.txt', 'line 4', 'x')}--\n2.39\n"
    assert b"x\n" in result(mail, root)["a.txt"][2]
    dated = change("a.txt", "line 4", "x").replace("a/a.txt\n", "a/a.txt\t2026-01-01 00:00:00 +0000\n")
    assert b"x\n" in result(dated, root)["a.txt"][2]


def test_lines_that_moved_are_found(root: Path):
    (root / "a.txt").write_bytes(b"new\n" * 7 + TEXT)
    assert result(change("a.txt", "line 4", "x"), root)["a.txt"][2] == b"new\n" * 7 + TEXT.replace(
        b"line 4\n", b"x\n"
    )


def test_bytes_are_kept_as_they_are(root: Path):
    (root / "a.txt").write_bytes(b"\xef\xbb\xbfone\r\n\xff\x0c\xc2\x85two\r\nend")
    text = (
        b"--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n \xef\xbb\xbfone\r\n"
        b"-\xff\x0c\xc2\x85two\r\n+\xfe\x0c\xc2\x85two\r\n end\n\\ No newline at end of file\n"
    )
    assert result(text, root)["a.txt"][2] == b"\xef\xbb\xbfone\r\n\xfe\x0c\xc2\x85two\r\nend"


def test_attributes_and_settings_do_not_change_it(root: Path):
    write_out({".gitattributes": ("file", 0o644, b"* text eol=crlf filter=x\n")}, root)
    (Path.home() / ".gitconfig").write_text("[apply]\n whitespace = error-all\n[core]\n autocrlf = true\n")
    text = change("a.txt", "line 4", "trailing  ") + change(".gitattributes", "", "").replace(
        "@@ -3,3 +3,3 @@\n line 3\n-\n+\n line 5\n", "@@ -1 +1 @@\n-* text eol=crlf filter=x\n+*\n"
    )
    assert b"trailing  \n" in result(text, root)["a.txt"][2]


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=3), st.integers(0, 200), st.integers(0, 4))
def test_whatever_the_text_is_it_is_a_patch_or_refused(noise: bytes, place: int, gone: int):
    folder = fresh_folder() / "tree"
    write_out({"a.txt": ("file", 0o644, TEXT)}, folder)
    before = on_disk(folder)
    text = (
        "diff --git a/a.txt b/b.txt\nrename from a.txt\nrename to b.txt\n" + change("a.txt", "line 4", "x")
    ).encode()
    text = text[:place] + noise + text[place + gone :]
    try:
        patch, _ = read(text, folder)
    except UsageError:
        patch = Patch(())
    assert all("/" not in path for path in patch.paths)
    assert on_disk(folder) == before
    assert [place.name for place in folder.parent.iterdir()] == ["tree"]


NEW = "--- /dev/null\n+++ {}\n@@ -0,0 +1 @@\n+x\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (NEW.format("b/../out"), "'../out'"),
        (NEW.format("b/sub/../../out"), "out of the tree"),
        (NEW.format("/etc/x"), "'/etc/x'.*absolute"),
        (change("/a.txt", "line 4", "x", prefix=("", "")), "absolute"),
        (NEW.format("b/.git/hooks/pre-commit"), "git's own files"),
        (NEW.format("b/sub/.GIT/config"), "git's own files"),
        (NEW.format("b/.env"), "may hold secrets"),
        (NEW.format("b/link/x"), "link above it"),
        (NEW.format("b/a.txt/x"), "a.txt above it"),
        (change("to.txt", "line 4", "x"), "it is a link"),
        (NEW.format("b/sub"), "no file"),
        (
            "diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc\n",
            "become a link",
        ),
        (
            "diff --git a/m b/m\nnew file mode 160000\n--- /dev/null\n+++ b/m\n@@ -0,0 +1 @@\n+Subproject commit "
            + "1" * 40
            + "\n",
            "become a link",
        ),
        ("diff --git a/../q b/w\nsimilarity index 100%\nrename from ../q\nrename to w\n", "out of the tree"),
    ],
)
def test_what_is_not_to_be_changed_is_refused(root: Path, text: str, said: str):
    (root / "link").symlink_to("/tmp")
    (root / "to.txt").symlink_to("a.txt")
    before = on_disk(root)
    for whole in (text, change("a.txt", "line 4", "x") + text):
        with pytest.raises(UsageError, match=f"(?s){said}") as caught:
            read(whole, root)
        assert caught.value.what.startswith("the patch is refused")
    assert on_disk(root) == before


@pytest.mark.parametrize("text", ["", "hello\n", "--- a/a.txt\n+++ b/a.txt\n@@ -1,9 +1 @@\n-cut", "\0\xff"])
def test_what_is_no_patch_says_so(root: Path, text: str):
    with pytest.raises(UsageError, match="no patch that could be applied"):
        read(text, root)


def why(text: str, root: Path) -> str:
    before = on_disk(root)
    with pytest.raises(UsageError, match="does not fit the files, and nothing was changed") as caught:
        read(text, root)
    assert on_disk(root) == before
    return caught.value.why


def test_a_hunk_that_does_not_fit_is_named_with_the_nearest_place(root: Path):
    write_out({"c.txt": ("file", 0o644, b"other\n" * 4 + b"line 3\nchanged\nline 5\n")}, root)
    good = "--- a/c.txt\n+++ b/c.txt\n@@ -1,2 +1,2 @@\n-other\n+x\n other\n"
    bad = change("c.txt", "line 4", "x").split("\n", 2)[2]
    assert why(good + bad, root) == (
        "hunk 2 of 'c.txt', for line 3, is not in the file; the nearest place is line 5, with 2 of its 3 lines"
    )
    assert why(change("a.txt", "line 4", "x") + good + bad, root).startswith("hunk 2 of 'c.txt'")


def test_a_hunk_of_which_nothing_is_there_says_so(root: Path):
    text = "--- a/a.txt\n+++ b/a.txt\n@@ -3 +3 @@\n-nowhere\n+x\n"
    assert why(text, root) == "hunk 1 of 'a.txt', for line 3, is not in the file, nor is any of its lines"


def test_a_hunk_for_the_start_of_a_file_is_only_for_its_start(root: Path):
    (root / "a.txt").write_bytes(b"new\n" + TEXT)
    text = "--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n-line 1\n+x\n line 2\n"
    assert "its lines are at line 2" in why(text, root)


def test_a_change_that_was_made_already_says_so(root: Path):
    assert "changed already" in why(change("a.txt", "old", "line 4"), root)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (change("none.txt", "line 4", "x"), "none.txt: does not exist"),
        (NEW.format("b/a.txt"), "a.txt: already exists"),
    ],
)
def test_a_file_that_is_there_or_not_says_so(root: Path, text: str, said: str):
    assert said in why(text, root)
    assert "index" not in why(text, root)


def test_a_binary_change_needs_the_file_that_it_was_made_for(root: Path):
    repository = Repository(root.parent / "other")
    repository.write("bin").write_bytes(b"\0one")
    repository.commit()
    (repository.root / "bin").write_bytes(b"\0two")
    text = repository.git("diff", "--binary")
    (root / "bin").write_bytes(b"\0one")
    assert result(text, root)["bin"][2] == b"\0two"
    (root / "bin").write_bytes(b"\0other")
    assert "bin" in why(text, root)
