from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.errors import UsageError
from r1code.rules.rule import exact_path, literal, parse


@pytest.mark.parametrize(
    ("text", "about", "not_about"),
    [
        ("git status", [["git", "status"]], [["git"], ["git", "status", "-s"], ["git", "Status"]]),
        ("pytest *", [["pytest"], ["pytest", "-q", "a b"]], [["pytest2"], ["py"]]),
        ("git * --stat", [["git", "diff", "--stat"]], [["git", "--stat"], ["git", "a", "b", "--stat"]]),
        (
            "pytest tests/*.py",
            [["pytest", "tests/a.py"]],
            [["pytest", "tests/a.js"], ["pytest", "a", "tests/a.py"]],
        ),
        ("echo 'a b' '*'", [["echo", "a b", "*"]], [["echo", "a", "b", "c"], ["echo", "a b", "c"]]),
        ("*", [["ls"]], [["ls", "-l"]]),
    ],
)
def test_a_command_is_matched_word_by_word(text: str, about: list[list[str]], not_about: list[list[str]]) -> None:
    rule = parse(f"run({text})")
    assert [words for words in about if rule.free_in(tuple(words)) is None] == []
    assert [words for words in not_about if rule.free_in(tuple(words)) is not None] == []


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("edit(path=docs/**)", ["docs/a.md", "docs/b/c.md"], ["src/docs/a.md", "doc", "docs"]),
        ("edit(path=*.md)", ["a.md", "docs/a.md"], ["a.mdx"]),
        ("read(path=/a.py)", ["a.py"], ["src/a.py"]),
        ("delete(path=**)", ["a", "b/c"], []),
    ],
)
def test_paths_are_matched_as_in_gitignore(text: str, inside: list[str], outside: list[str]) -> None:
    rule = parse(text)
    assert [path for path in inside if not rule.has_path(path)] == []
    assert [path for path in outside if rule.has_path(path)] == []


def test_names_stand_for_tools_or_for_effects() -> None:
    assert parse("edit").is_about("patch", "write")
    assert parse("write") == parse("edit")
    assert parse("exec").is_about("test", "exec")
    assert parse("delete").is_about("delete", "write")
    assert not parse("delete").is_about("write", "write")
    assert not parse("run").is_about("test", "exec")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "neither a name"),
        ("run(ls", "neither a name"),
        ("Run(ls)", "neither a name"),
        ("fetch", "no tool or effect fetch"),
        ("run()", "no command"),
        ("run(ls; rm x)", "';'"),
        ("run(ls $HOME)", "'$'"),
        ("run(ls > x)", "'>'"),
        ("run(ls 'a)", "not closed"),
        ("edit(docs/**)", "edit(path=src/**)"),
        ("edit(path=)", "edit(path=src/**)"),
        ("edit(path=../x)", "relative to the project"),
        ("edit(path=~/x)", "relative to the project"),
        ("edit(path=!x)", "begins with a path"),
        ("edit(path=/)", "begins with a path"),
    ],
)
def test_a_wrong_rule_says_what_is_wrong(text: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert why in caught.value.why


WORD = st.text(alphabet=st.characters(exclude_categories=["C"]), max_size=8)


@given(
    words=st.lists(WORD, min_size=1, max_size=4).filter(lambda words: words[0]), other=st.lists(WORD, max_size=4)
)
def test_a_literal_rule_reads_back_and_means_exactly_its_command(words: list[str], other: list[str]) -> None:
    rule = literal(tuple(words))
    assert rule is not None
    assert parse(str(rule)) == rule
    assert rule.is_complete
    assert rule.free_in(tuple(words)) == ()
    assert (rule.free_in(tuple(other)) is not None) == (other == words)


PATH = st.lists(st.text(alphabet="ab*?[]!#\\ .é-", min_size=1, max_size=5), min_size=1, max_size=3).map("/".join)


@given(path=PATH, other=PATH)
def test_an_exact_path_reads_back_and_means_only_itself(path: str, other: str) -> None:
    rule = exact_path("edit", path)
    if rule is None or {".", ".."} & {*path.split("/"), *other.split("/")}:
        return  # no normal form
    assert parse(str(rule)) == rule
    assert rule.has_path(path)
    assert rule.has_path(other) == (other == path or other.startswith(f"{path}/"))


TOKEN = st.sampled_from(["git", "-q", "a*", "*", "'a b'", '"*"', "x=1"])


@given(words=st.lists(TOKEN, min_size=1, max_size=4))
def test_a_rule_is_its_own_text(words: list[str]) -> None:
    text = f"run({' '.join(words)})"
    assert str(parse(text)) == text
