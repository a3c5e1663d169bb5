"""Changes under review, and the forms that they are shown in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import StringIO
from pathlib import Path

from rich.console import Console

from fakes.patches import fresh_store, reviewed
from fakes.trees import Spec
from r1code.repo.compare import compare
from r1code.tree.stat import stat
from r1code.ui.columns import side_by_side
from r1code.ui.piece import Piece
from r1code.ui.render import Painter
from r1code.ui.review import as_json, stat_pieces, unified
from ui.telling import HOSTILE

FOLDER = Path(__file__).parent / "reviews"

CODE = b"""\
def total(prices, discount=0):
\tif not prices:
\t\treturn 0
\treturn sum(prices) + discount


def average(prices):
\treturn total(prices) / len(prices)


def unchanged():
\tpass


def last(prices):
\treturn prices[-1]
"""


def lines(*texts: str) -> bytes:
    return "".join(f"{text}\n" for text in texts).encode("utf-8", "surrogatepass")


def file(data: bytes, mode: int = 0o644) -> tuple[str, int, bytes]:
    return "file", mode, data


def code() -> tuple[Spec, Spec]:
    changed = CODE.replace(b"sum(prices) + discount", b"sum(prices) - discount").replace(
        b"prices[-1]", b"prices[0]"
    )
    changed = changed.replace(
        b"def average(prices):\n", b"def average(prices, default=None):\n\tif not prices:\n\t\treturn default\n"
    )
    poem = lines(
        "The first line.",
        "A line that is so long that no terminal of ordinary width has room for all of it, is it?",
    )
    before = {
        "shop/cart.py": file(CODE),
        "run.sh": file(b"#!/bin/sh\n"),
        "logo.png": file(b"\0png"),
        "old/name.py": file(CODE),
        "gone": file(b"gone"),
        "link": ("link", 0o777, b"run.sh"),
        "poem.txt": file(poem),
    }
    after = {
        "shop/cart.py": file(changed),
        "run.sh": file(b"#!/bin/sh\necho hi", 0o755),
        "logo.png": file(b"\0PNG"),
        "new/name.py": file(CODE.replace(b"unchanged", b"changed")),
        "link": ("link", 0o777, b"poem.txt"),
        "poem.txt": file(poem.replace(b"ordinary", b"extraordinary").replace(b", is it?", b".")),
    }
    return before, after


def chinese() -> tuple[Spec, Spec]:
    before = lines(
        "def 总价(价格):",
        "    # 返回购物车中所有商品的总价格\uff0c不包括折扣。",
        "    return sum(价格)",
        "cafe\u0301 नमस्ते 한국어 x",
    )
    after = lines(
        "def 总价(价格, 折扣):",
        "    # 返回购物车中所有商品的总价格\uff0c包括折扣。",
        "    return sum(价格) - 折扣",
        "cafe\u0301s नमस्ते 한국말 x",
    )
    return {"购物/车.py": file(before)}, {"购物/车.py": file(after)}


def hostile() -> tuple[Spec, Spec]:
    name = "verdict: fixed\n\x1b[2J\u202eevil"
    text = HOSTILE.replace("\ud800", "").replace("\0", "").encode()
    before = b"hunk 9  @@ -1 +1 @@\n-- not removed\nlatin \xe9\n" + text + b"\n\tend"
    after = b"hunk 9  @@ -1 +1 @@\n++ not added\nlatin \xe8\n" + text.replace(b"red", b"blue") + b"\n\tEND"
    return {name: file(before)}, {name: file(after)}


STORIES: dict[str, Callable[[], tuple[Spec, Spec]]] = {"code": code, "chinese": chinese, "hostile": hostile}


def painted(pieces: Iterable[Piece], *, color: bool = False) -> str:
    painter = Painter(Console(file=StringIO(), force_terminal=True, color_system="standard" if color else None))
    return "".join(painter.text(piece) for piece in pieces)


def shown(story: str, form: str) -> str:
    store = fresh_store()
    review = reviewed(*STORIES[story](), store)
    match form.split("."):
        case ["json"]:
            return as_json(review, stat(review, store, compare), hunks=True) + "\n"
        case ["stat", width, *color]:
            return painted(stat_pieces(stat(review, store, compare), int(width)), color=bool(color))
        case ["unified", width, *color]:
            return painted(unified(review, int(width), words=False), color=bool(color))
        case ["words", width, *color]:
            return painted(unified(review, int(width), words=True), color=bool(color))
        case ["pipe"]:
            return painted(unified(review, None, words=True))
        case ["beside", width, *color]:
            return painted(side_by_side(review, int(width)), color=bool(color))
    raise ValueError(form)


FORMS = (
    "json",
    "stat.80.color",
    "stat.40",
    "unified.80.color",
    "unified.40",
    "words.80.color",
    "words.40",
    "pipe",
    "beside.120.color",
    "beside.120",
    "beside.40",
)


def path_of(story: str, form: str) -> Path:
    return FOLDER / f"{story}.{form}.txt"


def write() -> None:
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    for story in STORIES:
        for form in FORMS:
            path_of(story, form).write_text(shown(story, form), encoding="utf-8")
