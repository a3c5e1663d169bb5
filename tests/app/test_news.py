"""What is told when files changed between two turns: what they define, in a number of tokens, and no secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.repository import Repository
from r1code.app.news import changed, told
from r1code.app.tree import open_tree
from r1code.control import Control
from r1code.profiles.tokenizers import tokenizer_named
from r1code.repo.git import Git
from r1code.repo.index.index import FILE, Index
from r1code.repo.news import news
from r1code.tree.store import Store
from repo.test_rank import FILES, outlines_of

COUNT = tokenizer_named("deepseek-r1").count
Change = Callable[[dict[str, str | None]], str]


@pytest.fixture
def change(tmp_path: Path) -> Iterator[Change]:
    """What is told of changes; None deletes a file."""
    repository = Repository(tmp_path / "repository")
    for path, text in FILES.items():
        repository.write(path, text)
    tree = open_tree(Git(repository.root), tmp_path / "state")
    with closing(Index(tmp_path / "state" / FILE, Store(tmp_path / "state/objects"))) as index:

        def made(files: dict[str, str | None]) -> str:
            before = tree.snapshot()
            index.build(before, Control())
            for path, text in files.items():
                if text is None:
                    (repository.root / path).unlink()
                else:
                    repository.write(path, text)
            old, now = changed(index, before, tree.snapshot(), Control())
            return told(old, now, room=1_000, count=COUNT, hide=lambda text: text.replace("hunter2", "***"))

        yield made


def test_what_is_new_gone_moved_and_called_otherwise_is_told_by_file(change: Change) -> None:
    found = change(
        {
            "shop/money.py": "def split(cents, people, rest=0): pass\n",
            "shop/rounding.py": "def _round(x): pass\n",
            "shop/mailer.py": None,
            "notes.txt": "new",
        }
    )
    assert found.splitlines()[1:] == [
        "shop/mailer.py: removed",
        "shop/money.py:",
        "  + def split(cents, people, rest=0)",
        "shop/rounding.py: new",
        "  + def _round(x) (from shop/money.py)",
    ]


def test_what_defines_the_same_as_before_is_not_told(change: Change) -> None:
    assert change({}) == ""
    assert change({"shop/money.py": FILES["shop/money.py"] + "\n# more\n", "README.md": "# Other\n"}) == ""


def test_secrets_are_hidden_and_the_room_is_kept(change: Change) -> None:
    assert "***" in change({"shop/money.py": "def split(hunter2): pass\n"})


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 250))
def test_news_never_have_more_tokens_than_there_is_room(room: int) -> None:
    found = news({}, outlines_of(FILES), room=room, count=COUNT)
    assert COUNT(found.text) <= room
    assert found.text.count(": new") + found.more == len(FILES) - 1
    assert COUNT(told({}, outlines_of(FILES), room=room, count=COUNT, hide=str)) <= room
