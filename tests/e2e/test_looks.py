"""How the prompt looks and behaves as its person set it, in a pseudo-terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.conftest import FIX, Repo
from fakes.seat import Seat

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ANSWER = f"I look at it.\n\n{FIX}"
HOST = ("--sandbox", "none", "--allow-host-exec", "--test", "off")
COLOR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7])[;m]")


@pytest.fixture
def sat(repo: Repo, tmp_path: Path) -> Iterator[Callable[..., Seat]]:
    """Sits down with `settings` before a model that says `replies`."""
    seats: list[Seat] = []

    def sit_down(settings: str, *replies: str, columns: int = 100, **environ: str) -> Seat:
        folder = tmp_path / "config" / "r1code"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.toml").write_text(settings)
        env = {"R1CODE_STATE_DIR": str(repo.state), "XDG_CONFIG_HOME": str(folder.parent), **environ}
        seat = Seat([str(repo.script), *HOST, *repo.replies(*replies)], repo.root, env, (30, columns))
        seats.append(seat)
        seat.sees(r"^>")
        return seat

    yield sit_down
    for seat in seats:
        seat.close()


def test_a_screen_reader_gets_words_and_nothing_twice(sat: Callable[..., Seat]) -> None:
    seat = sat("screen_reader = true", ANSWER, "<done>The sign was wrong.</done>", columns=40)
    seat.say("fix the discount")
    seat.sees("ok edit  shop/cart.py")
    seat.sees("The sign was wrong")
    seat.sees("changed 1 file")
    seat.say("/quit")
    assert seat.leaves() == 0
    told = seat.raw.decode()
    assert not set("│✓⎇") & set(told)
    # The line at the prompt apart, nothing that was written is written again.
    assert told.count("thinking") == 2
    assert "\x1b]2;r1code · repo · works\x07" in told


def test_vi_keys(sat: Callable[..., Seat]) -> None:
    seat = sat('keys = "vi"\ntheme = "contrast"\nmap_tokens = 1000', "One.", "Two.")
    seat.type("xsay it")
    seat.press("\x1b")
    seat.sees("^n> xsay it")
    seat.type("0x")
    seat.sees("^n> say it")
    seat.press("\r")
    seat.sees(r"^> say it")
    seat.sees("One")
    # The next line begins in insert mode. A symbol that only one file defines can be mentioned.
    seat.type("see @tota")
    seat.sees(r"total +symbol")
    seat.type("l\r")
    seat.sees("told to the model: .*total")
    seat.sees("Two")
    seat.say("/quit")
    assert seat.leaves() == 0
    assert not COLOR.search(seat.raw.decode())


def test_themes_change_at_once_and_no_color_means_none(sat: Callable[..., Seat]) -> None:
    seat = sat('theme = "light"\ntitle = false', ANSWER, "<done>so</done>", TERM="xterm")
    seat.say("fix it")
    seat.sees("changed 1 file")
    seat.say("/theme contrast")
    seat.sees("theme: contrast")
    seat.say("/theme nothing")
    seat.sees("/theme is followed by")
    seat.say("/quit")
    assert seat.leaves() == 0
    told = seat.raw.decode()
    assert COLOR.search(told)
    assert "\x1b]2;" not in told
    bare = sat('theme = "light"', "One.", NO_COLOR="1")
    bare.say("say it")
    bare.sees("One")
    bare.say("/quit")
    assert bare.leaves() == 0
    assert not COLOR.search(bare.raw.decode())


def test_in_chinese_all_but_what_programs_read_is_chinese(sat: Callable[..., Seat], repo: Repo) -> None:
    seat = sat('language = "zh"', ANSWER, "<done>完成。</done>", columns=60)
    seat.say("修复折扣")
    seat.sees("推理历时")
    seat.sees("改动了 1 个文件")
    seat.say("/nope")
    seat.sees("! 没有命令 /nope")
    seat.say("/help")
    seat.sees(r"/undo .* 撤回")
    seat.say("/quit")
    assert seat.leaves() == 0
    log = next(repo.state.glob("sessions/*/log.jsonl")).read_text()
    assert "改动了" not in log
    repo.env["R1CODE_LANGUAGE"] = "zh"
    wrong = repo.run("undo", "-C", "nowhere")
    assert (wrong.code, "不是文件夹" in wrong.err, "下一步" in wrong.err) == (2, True, True)
    assert "让失败的测试通过" in repo.run("--help").out
