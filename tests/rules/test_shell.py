from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1code.rules.shell import Redirect, Simple, read

TELLS = "#!/bin/sh\nprintf '%s\\0' \"$@\" end-of-words >> {}\n"


def test_a_line_is_its_simple_commands_in_order() -> None:
    line = read('ls -l \'a b\' | grep "x\\.y" && git status; echo "" >out 2>/dev/null\ntrue < in')
    assert line.unreadable is None
    assert line.commands == (
        Simple(("ls", "-l", "a b")),
        Simple(("grep", "x\\.y")),
        Simple(("git", "status")),
        Simple(("echo", ""), (Redirect("write", "out"),)),
        Simple(("true",), (Redirect("read", "in"),)),
    )


@pytest.mark.parametrize(
    "text", ["ls $x", "ls `x`", "ls > a b", "(ls)", "a=1 ls", "ls 'a", "ls *", "ls & ls", "ls # x"]
)
def test_what_cannot_be_read_for_certain_says_why(text: str) -> None:
    line = read(text)
    assert line.commands == ()
    assert line.unreadable


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A program that notes its arguments, and its notes."""
    folder = tmp_path_factory.mktemp("shim")
    program, notes = folder / "t", folder / "notes"
    program.write_text(TELLS.format(notes))
    program.chmod(0o755)
    return program, notes


WORDS = st.lists(st.text(alphabet="ab'\"\\ $*-=~{}#;|&\n", min_size=1, max_size=8), min_size=1, max_size=3)


@settings(max_examples=150, deadline=None)
@given(words=WORDS)
def test_bash_gives_a_program_the_words_that_were_read(shim: tuple[Path, Path], words: list[str]) -> None:
    program, notes = shim
    for text in (" ".join(words), " ".join(map(shlex.quote, words))):
        line = read(f"t {text}")
        if line.unreadable is not None or any(one.words[0] != "t" or one.redirects for one in line.commands):
            continue
        notes.write_text("")
        subprocess.run(
            ["bash", "-c", f"t {text}"],
            env={"PATH": f"{program.parent}:/usr/local/bin:/usr/bin:/bin"},
            cwd=program.parent,
            check=False,
        )
        ran = notes.read_text().split("end-of-words\0")[:-1]
        # `&&` and the like may leave some of them out.
        assert ran
        assert set(ran) <= {"".join(f"{word}\0" for word in command.words[1:]) for command in line.commands}
