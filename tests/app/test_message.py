from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.app.message import Style, detect, message, tidy, with_trailer

TRAILER = "Co-authored-by: r1code <r1code@localhost>"
WORDS = ("add", "parser", "tabs", "make", "quiet", "option", "of", "the", "importer", "faster", "reads")
PATHS = ["shop/cart.py"]

styles = st.builds(
    Style,
    conventional=st.booleans(),
    emoji=st.sampled_from(["", "code", "character"]),
    ticket=st.sampled_from(["", "{}: ", "[{}] ", "{} "]),
    capital=st.booleans(),
    period=st.booleans(),
    longest=st.integers(50, 100),
)
tasks = st.lists(st.sampled_from(WORDS), min_size=2, max_size=6).map(" ".join)
anything = st.text(max_size=300)
some_paths = st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=4)


@given(st.lists(anything, max_size=60), anything, some_paths, anything)
def test_whatever_the_history_and_the_task_are_a_message_is_one_that_git_takes(
    history: list[str], task: str, paths: list[str], branch: str
) -> None:
    style = detect(history)
    whole = message(style, task, paths, branch=branch)
    subject, _, body = whole.partition("\n")
    assert subject.strip()
    assert subject == subject.strip()
    assert not body or body.startswith("\n")
    assert all(char.isprintable() or char == "\n" for char in whole)
    whole.encode()


@given(styles, st.lists(tasks, min_size=10, max_size=20), tasks)
def test_a_style_is_recognised_in_what_was_written_in_it(style: Style, history: list[str], task: str) -> None:
    written = [message(style, one, PATHS, branch="ABC-12-x").partition("\n")[0] for one in history]
    found = detect(written)
    features = ("conventional", "emoji", "ticket", "capital", "period")
    assert [getattr(found, name) for name in features] == [getattr(style, name) for name in features]
    assert len(message(found, task * 9, PATHS, branch="ABC-12-x").partition("\n")[0]) <= max(
        50, *map(len, written)
    )


@given(styles, st.text(st.characters(codec="utf-8"), min_size=1, max_size=400), some_paths)
def test_a_subject_is_never_longer_than_the_projects(style: Style, task: str, paths: list[str]) -> None:
    subject = message(style, task, paths).partition("\n")[0]
    assert len(subject) <= style.longest


HISTORIES = {
    "plain": ("Add a parser|Fix the reader|Make it faster|Read tabs|Drop it", "Add a flag"),
    "lower case": ("add a parser|fix the reader|make it faster|read tabs|drop it", "add a flag"),
    "period": ("Add a parser.|Fix it.|Make it faster.|Read tabs.|Drop it.", "Add a flag."),
    "conventional": ("feat: a|fix: b|docs: c|chore(x): d|Merge branch 'x'|fix: e", "feat: add a flag"),
    "scope": ("feat(shop): a|fix(shop): b|fix(api)!: c|feat(api): d|fix(shop): e", "feat(shop): add a flag"),
    "gitmoji": ("✨ Add a|🐛 Fix b|♻️ Move c|📝 Say d|⚡️ Speed e", "✨ Add a flag"),
    "gitmoji codes": (":bug: fix a|:sparkles: add b|:memo: c|:art: d|:fire: e", ":sparkles: add a flag"),
    "tickets": ("AB-1: Add a|AB-2: Fix|AB-3: Move|AB-9: Go|AB-77: Do", "AB-4: Add a flag"),
    "tickets in brackets": ("[AB-1] Add a|[AB-2] Fix|[AB-3] Move|[AB-9] Go|[AB-9] Do", "[AB-4] Add a flag"),
    "mixed": ("feat: a|Fix b|Do c|Make d|docs: e", "Add a flag"),
    "too few to tell": ("feat: a|fix: b", "Add a flag"),
    "none": ("", "Add a flag"),
    "what git wrote does not count": ("Merge branch 'a'|" * 9 + "fix: b|" * 5, "feat: add a flag"),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_the_style_of_the_project_is_taken_over(name: str) -> None:
    history, expected = HISTORIES[name]
    assert message(detect(history.split("|")), "Add a flag", PATHS, branch="feature/AB-4-flag") == expected


@pytest.mark.parametrize(
    ("task", "paths", "expected"),
    [
        ("Please add a flag.", PATHS, "feat: add a flag"),
        ("Can you fix the crash?\nIt happens often.", PATHS, "fix: fix the crash?"),
        ("# Make it faster", PATHS, "perf: make it faster"),
        ("- rename x to y", PATHS, "refactor: rename x to y"),
        ("Cover the edge cases", ["tests/test_cart.py", "shop/cart_test.go"], "test: cover the edge cases"),
        ("Explain it", ["README.md", "docs/a.rst"], "docs: explain it"),
        ("Say a - b, please, not a * b", PATHS, "feat: say a - b, please, not a * b"),
        ("API keys are read once", PATHS, "feat: API keys are read once"),
        ("Cart.total rounds", PATHS, "feat: Cart.total rounds"),
        ("", PATHS, "feat: change shop/cart.py"),
        ("\n \n", ["a/b/c", "a/b/d", "a/x"], "feat: change 3 files in a"),
        ("", ["a", "b"], "feat: change 2 files"),
        ("\x1b[31mRed\u202e\n", PATHS, "feat: [31mRed"),
        ("", ["na\nme\udcff"], "feat: change na me"),
        # A file's name is the repository's; what a person asks for may refer to an issue.
        ("", ["a [skip ci] closes #1 @team"], "feat: change a [ skip ci] closes # 1 @ team"),
        ("", ["#1 [ci skip]/a", "#1 [ci skip]/b"], "feat: change 2 files in # 1 [ ci skip]"),
        (
            "Closes #1, as @ann says [skip ci] ***NO_CI***",
            PATHS,
            "feat: closes #1, as @ann says [ skip ci] * * *NO_CI***",
        ),
    ],
)
def test_the_subject_says_what_was_asked_for(task: str, paths: list[str], expected: str) -> None:
    assert message(Style(conventional=True, capital=False), task, paths) == expected


def test_a_scope_is_used_only_where_all_the_paths_have_it() -> None:
    style = Style(conventional=True, capital=False, scopes=("api", "shop"))
    assert message(style, "Add it", ["shop/a.py", "x/shop.py"]) == "feat(shop): add it"
    assert message(style, "Add it", ["shop/a.py", "api/b.py"]) == "feat: add it"


def test_without_a_ticket_in_the_branch_none_is_made_up() -> None:
    assert message(Style(ticket="{}: "), "Add it", PATHS, branch="main") == "Add it"


def test_what_has_no_room_becomes_the_body() -> None:
    task = (
        "Make the importer accept tabs, spaces and all the other things that people put between columns of text"
    )
    whole = message(Style(longest=50), task, PATHS)
    subject, _, body = whole.partition("\n\n")
    assert subject == "Make the importer accept tabs, spaces and all the…"
    assert " ".join(body.split()) == task
    assert max(map(len, body.splitlines())) <= 72


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Do it", f"Do it\n\n{TRAILER}\n"),
        ("Do it\n\nWhy.\n", f"Do it\n\nWhy.\n\n{TRAILER}\n"),
        ("Do it\n\nRefs: #1", f"Do it\n\nRefs: #1\n{TRAILER}\n"),
        ("fix: it", f"fix: it\n\n{TRAILER}\n"),
        (f"Do it\n\n{TRAILER}", f"Do it\n\n{TRAILER}\n"),
    ],
)
def test_a_trailer_is_the_last_paragraph(text: str, expected: str) -> None:
    assert with_trailer(text, TRAILER) == expected


@given(anything)
def test_tidying_twice_is_tidying_once(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)
