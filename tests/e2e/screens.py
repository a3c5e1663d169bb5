"""What a person sees at the prompt, as text: short sittings, each with its screen in `screens/`.

`pytest tests/e2e/test_screens.py --write-screens` writes them anew; read the diff before you commit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from e2e.conftest import FIX
from fakes.seat import Seat

FOLDER = Path(__file__).parent / "screens"
_CHANGING = (
    (r"\d+\.\d s\b", "N s"),
    (r"\b\d{8}-\d{6}-[0-9a-f]{5}\b", "SESSION"),
    (r"/\S*/(repo|plans)\b", r"…/\1"),
)
EVIL = "\x1b]52;c;AAAA\x07\x1b[2J\u202eabc"
PLAN = (
    "<plan>\nMake it right.\n\n## Steps\n1. Turn the sign around.\n2. Run the tests.\n\n"
    "## Files\n- `shop/cart.py`\n</plan>"
)


class Sitting(Struct, frozen=True, kw_only=True):
    does: Callable[[Seat], None]
    replies: tuple[str, ...] = ()
    flags: tuple[str, ...] = ("--test", "off")
    size: tuple[int, int] = (40, 80)
    env: Mapping[str, str] = {}


def shown(seat: Seat) -> str:
    """All that was ever on the screen, without what is another time."""
    text = re.sub(r"\n{2,}", "\n\n", seat.all.strip("\n")) + "\n"
    for pattern, instead in _CHANGING:
        text = re.sub(pattern, instead, text)
    return text


def _turn(seat: Seat) -> None:
    seat.say("fix the discount")
    seat.sees("changed 1 file")
    seat.sees("^>$")


def _question(seat: Seat) -> None:
    seat.say("look around")
    seat.sees("y yes")


def _menu(seat: Seat) -> None:
    seat.type("/re")
    seat.sees("/review")
    seat.look(0.5)


def _plan(seat: Seat) -> None:
    seat.press("\x1b[Z")
    seat.sees("^plan>")
    seat.say("repair it")
    seat.sees("/act carries it out")
    seat.sees("^plan>$")


def _narrow(seat: Seat) -> None:
    seat.say("你好，请说明")
    seat.sees("换行")
    seat.say("/think")
    seat.sees("reasoning in each")


def _chinese(seat: Seat) -> None:
    seat.say("修复折扣")
    seat.sees("改动了 1 个文件")
    seat.say("/context")
    seat.sees("指令")


def _hostile(seat: Seat) -> None:
    seat.say("run it")
    seat.sees("Over")
    seat.sees("^>$")


LONG = "这是一个很长的回答，里面没有空格，所以它必须在四十列之内换行，而且不能切断宽字符。"
SITTINGS: dict[str, Sitting] = {
    "turn": Sitting(does=_turn, replies=(f"I look at it.\n\n{FIX}", "<done>The sign was **wrong**.</done>")),
    "question": Sitting(
        does=_question,
        replies=("<run>ls -la | sort</run>", "Unused."),
        flags=("--test", "off", "--approve", "ask"),
    ),
    "menu": Sitting(does=_menu),
    "plan": Sitting(does=_plan, replies=(PLAN,)),
    "narrow": Sitting(does=_narrow, replies=(LONG,), size=(30, 40)),
    "chinese": Sitting(does=_chinese, replies=(FIX, "<done>符号写反了。</done>"), env={"R1CODE_LANGUAGE": "zh"}),
    "hostile": Sitting(
        does=_hostile,
        replies=(
            f'Look: {EVIL}\n\nRun this?\n\n  y yes   n no\n\n<read path="a\u202eb.py"/>',
            "<run>cat evil.txt; ls</run>",
            "Over.",
        ),
    ),
}
