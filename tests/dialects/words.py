"""What the model is told of a reply that cannot be used. Run this file to write the golden words anew."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from dialects.corpora import BY_HAND
from dialects.requests import SPECS
from dialects.test_native import BROKEN, REFUSED
from r1code.dialects.base import Dialect
from r1code.dialects.native import NativeDialect
from r1code.dialects.text import TextDialect
from r1code.errors import FormatError
from r1code.types import Reply

GOLDEN = Path(__file__).parents[1] / "golden/format_errors.txt"


def told(dialect: Dialect, reply: Reply) -> str:
    try:
        dialect.parse(reply, first_call=1)
    except FormatError as error:
        return str(error)
    return "(nothing)"


def words() -> str:
    """Each refused reply of the corpus, and the words for it."""
    text, native = TextDialect(), NativeDialect(SPECS)
    found = ["=== text"]
    for case in BY_HAND:
        if case.error:
            reply = Reply(text=case.answer, reasoning=case.reasoning, finish=case.finish)
            found.append(f"{case.name}:\n    {told(text, reply)}")
    called = Reply(text="", raw_calls=(BROKEN["cut arguments"][0],))
    found.append(f"a function:\n    {told(text, called)}")
    found.append("=== native")
    for name, (call, _) in BROKEN.items():
        found.append(f"{name}:\n    {told(native, Reply(text='', raw_calls=(call,)))}")
    found += [f"{reply.text!r}, {reply.finish}:\n    {told(native, reply)}" for reply, _ in REFUSED]
    return "\n".join(found) + "\n"


if __name__ == "__main__":
    GOLDEN.write_text(words(), encoding="utf-8")
