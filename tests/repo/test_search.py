from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from fakes.pace import Pace
from r1code.control import Control
from r1code.errors import Cancelled, ToolError
from r1code.repo.search import Match, search


def found(root: Path, pattern: str, paths: list[str], **options: int) -> list[tuple[str, int, str]]:
    matches = search(root, pattern, paths, Control(), **options).matches
    return [(match.path, match.line, match.text) for match in matches]


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        (root / name).write_text(text)


def test_matches_come_in_the_order_of_paths_and_lines(tmp_path: Path):
    write(tmp_path, b="two\none\n", a="one\ntwo\none two\n", c="none here\n")
    expected = [("a", 1, "one"), ("a", 3, "one two"), ("b", 2, "one")]
    for _ in range(5):
        assert found(tmp_path, r"^one\b", ["c", "b", "a"]) == expected


def test_only_the_named_files_are_searched(tmp_path: Path):
    write(tmp_path, a="x\n", b="x\n")
    assert found(tmp_path, "x", ["a"]) == [("a", 1, "x")]
    assert found(tmp_path, "x", []) == []


def test_ignored_and_dotted_files_are_searched_when_named(tmp_path: Path):
    (tmp_path / ".git").mkdir()
    write(tmp_path, **{".gitignore": "*\n", ".ignore": "*\n", ".rgignore": "*\n", ".x": "one\n"})
    assert found(tmp_path, "one", [".x"]) == [(".x", 1, "one")]


def test_odd_names_are_found_and_kept(tmp_path: Path):
    names = ["-", "-e", "--pre=false", "sp ace", "new\nline", "ünï", "\udcff", "a:b"]
    for name in names:
        (tmp_path / name).write_text("one\n")
    assert [match[0] for match in found(tmp_path, "one", names)] == sorted(names)


def test_links_pipes_folders_and_missing_files_are_passed_over(tmp_path: Path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    write(outside, file="one\n")
    write(root, real="one\n")
    (root / "link").symlink_to(outside / "file")
    (root / "folder").symlink_to(outside)
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "pipe")
    assert found(root, "one", ["link", "folder/file", "folder", "loop", "pipe", "missing", "real"]) == [
        ("real", 1, "one")
    ]


def test_a_pattern_that_begins_with_a_dash_is_a_pattern(tmp_path: Path):
    write(tmp_path, a="--files\n")
    assert found(tmp_path, "--files", ["a"]) == [("a", 1, "--files")]


@pytest.mark.parametrize("pattern", ["f(", "[", "(?=look)", "*"])
def test_a_bad_pattern_is_answered_with_the_reason_and_the_way_out(pattern: str, tmp_path: Path):
    with pytest.raises(ToolError, match="not a regular expression") as raised:
        search(tmp_path, pattern, [], Control())
    assert "error: " in str(raised.value)
    assert "escape it: " in str(raised.value)


def test_a_pattern_of_several_lines_is_refused(tmp_path: Path):
    with pytest.raises(ToolError, match="line break"):
        search(tmp_path, "a\nb", [], Control())


def test_binary_files_do_not_match_and_other_encodings_do(tmp_path: Path):
    (tmp_path / "binary").write_bytes(b"one\n\0one\n")
    (tmp_path / "latin").write_bytes(b"one caf\xe9\n")
    (tmp_path / "wide").write_bytes("one é\r\n".encode("utf-16"))
    (tmp_path / "windows").write_bytes(b"one\r\n")
    assert found(tmp_path, "one", ["binary", "latin", "wide", "windows"]) == [
        ("latin", 1, "one caf\ufffd"),
        ("wide", 1, "one é"),
        ("windows", 1, "one"),
    ]


def test_context_stands_around_each_match(tmp_path: Path):
    write(tmp_path, a="1\n2\nx\n4\nx\n6\n")
    assert search(tmp_path, "x", ["a"], Control(), context=2).matches == (
        Match(path="a", line=3, text="x", before=("1", "2"), after=("4", "x")),
        Match(path="a", line=5, text="x", before=("x", "4"), after=("6",)),
    )


def test_what_is_beyond_the_limit_is_counted(tmp_path: Path):
    paths = [f"f{number:04}-{'x' * 60}" for number in range(3_000)]
    for path in paths:
        (tmp_path / path).write_text("one\none\n")
    result = search(tmp_path, "one", reversed(paths), Control(), limit=5)
    assert [(match.path, match.line) for match in result.matches] == [
        (paths[0], 1),
        (paths[0], 2),
        (paths[1], 1),
        (paths[1], 2),
        (paths[2], 1),
    ]
    assert (result.total, result.truncated) == (6_000, True)


def test_the_limit_holds_within_one_file(tmp_path: Path):
    write(tmp_path, a="one\n" * 1_000)
    result = search(tmp_path, "one", ["a"], Control(), limit=3)
    assert [match.line for match in result.matches] == [1, 2, 3]
    assert (result.total, result.truncated) == (1_000, True)


def test_exactly_the_limit_is_not_truncated(tmp_path: Path):
    write(tmp_path, a="one\n" * 3)
    assert not search(tmp_path, "one", ["a"], Control(), limit=3).truncated


def test_a_very_long_line_is_cut(tmp_path: Path):
    write(tmp_path, a="x" * 100_000 + "\n")
    [(_, _, text)] = found(tmp_path, "x", ["a"])
    assert len(text) < 600
    assert text.endswith(" [cut]")


def test_the_persons_own_configuration_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write(tmp_path, a="ONE\n", config="--ignore-case\n")
    monkeypatch.setenv("RIPGREP_CONFIG_PATH", str(tmp_path / "config"))
    assert found(tmp_path, "one", ["a"]) == []


def test_a_cancel_ends_a_long_search_at_once(tmp_path: Path):
    (tmp_path / "big").write_bytes(b"abcdefghij" * 20 * 500_000)
    control = Control()
    cancelled_at: list[float] = []

    def cancel() -> None:
        cancelled_at.append(pace.seconds)
        control.cancel()

    timer = threading.Timer(0.15, cancel)
    with Pace() as pace:
        timer.start()
        # No line end anywhere: ripgrep reads all of it before it can say anything.
        with pytest.raises(Cancelled):
            search(tmp_path, "(a.*b){40}x", ["big"], control)
        assert pace.seconds - cancelled_at[0] < 0.2
    timer.join()


def test_a_search_that_was_cancelled_before_does_not_start(tmp_path: Path):
    write(tmp_path, a="one\n")
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        search(tmp_path, "one", ["a"], control)
