"""The text dialect, R1's own: calls are action blocks in the answer, observations are user messages.

R1 was not trained to call functions; it was measured to write search/replace blocks well. The words that
teach it the dialect are in prompts/. `blocks` finds the blocks, `action` reads them, `writing` writes them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from r1code.dialects import stray
from r1code.dialects.action import arguments, body
from r1code.dialects.base import ChatMessage, Function, Parsed
from r1code.dialects.blocks import Scan, scan
from r1code.dialects.form import ENDINGS, FORMS, GRAMMAR, NOTE
from r1code.dialects.function import said
from r1code.dialects.reasoning import TAG
from r1code.dialects.writing import render_observation, write_parsed
from r1code.errors import FormatError
from r1code.types import Ending, Finish, Message, Reply, ToolCall

_NAMES = "|".join(sorted(GRAMMAR.names))
_ACTION = re.compile(rf"""<({_NAMES})\b(?:"[^"\n]*+"|'[^'\n]*+'|[^<>"'\n])*+>""")
_COMPLETE = re.compile(rf"<({_NAMES})\b(?:[^<>\n]*/>|[^<>\n]*>[^<\n]*</\s*\1\s*>)", re.IGNORECASE)
_ESCAPED = re.compile(rf"&lt;({_NAMES})\b|{stray.FULL_WIDTH}\s*({_NAMES})\b")
_TICKED = re.compile(rf"`\s*<?(?:{_NAMES})\b")
_IN_BACKTICKS = re.compile(rf"\s*`++\s*<?({_NAMES})\b[^`=\n]*(?:=[^`\n]*)?>\s*(?:`+\s*)?$")


class TextDialect:
    """`system`: the model takes a system message. Without it the instructions open the first user message."""

    functions: tuple[Function, ...] = ()

    def __init__(self, *, system: bool = False) -> None:
        self._system = system

    def render(self, instructions: str, history: Sequence[Message]) -> tuple[ChatMessage, ...]:
        """Roles alternate: what follows one another from the same side becomes one message."""
        names = {call.id: call for message in history for call in message.calls}
        merged: list[tuple[str, list[str]]] = []
        if not self._system:
            merged.append(("user", [instructions]))
        for message in history:
            text = write_parsed(said(message)) if message.raw_calls else message.text
            if message.role == "assistant" and not text.strip():
                # Nothing followed the reasoning; an empty message is refused by some servers.
                continue
            if message.role == "observation":
                call = names.get(message.call_id or "")
                text = render_observation(call, text)
            role = "assistant" if message.role == "assistant" else "user"
            if merged and merged[-1][0] == role:
                merged[-1][1].append(text)
            else:
                merged.append((role, [text]))
        messages = [
            ChatMessage(role="assistant" if role == "assistant" else "user", content="\n\n".join(texts))
            for role, texts in merged
        ]
        if self._system:
            messages.insert(0, ChatMessage(role="system", content=instructions))
        return tuple(messages)

    def parse(self, reply: Reply, *, first_call: int) -> Parsed:
        refuse_cut(reply.finish, "actions")
        if reply.raw_calls:
            raise FormatError(
                f"You called the function {reply.raw_calls[0].name!r}, and there are no functions here, so "
                "nothing was done. Write actions into your answer, as they were described to you."
            )
        text = stray.without_end(_with_line_feeds(reply.text))
        found = scan(text, GRAMMAR)
        parsed = _read(found, first_call, whole=reply.finish in {"stop", "calls"})
        if parsed.calls or parsed.ending.kind != "none":
            _refuse_suspect(text, found)
        _refuse_stray(text, found)
        if not parsed.calls and parsed.ending.kind == "none":
            _refuse_misplaced(text, reply.reasoning, found)
        return parsed


def read_again(text: str) -> Parsed | None:
    """What an earlier answer in this dialect said; None where it could not be read."""
    try:
        return _read(scan(stray.without_end(_with_line_feeds(text)), GRAMMAR), 1, whole=True)
    except FormatError:
        return None


def refuse_cut(finish: Finish, what: str) -> None:
    """Raises FormatError for an answer that is not all that the model wanted to say."""
    if finish == "length":
        raise FormatError(
            "The reply was cut off because it was too long, so nothing in it counts. Think less and do less in "
            f"one reply: one or two {what}."
        )
    if finish == "filter":
        raise FormatError(
            f"The server's content filter cut the reply off, so nothing in it counts. Send your {what} again, in "
            "other words."
        )
    if finish == "repetition":
        raise FormatError(
            "The reply repeated itself, and the server cut it off, so nothing in it counts. Do not begin the "
            f"same again: send one or two {what}."
        )


def _read(found: Scan, first_call: int, *, whole: bool) -> Parsed:
    calls: list[ToolCall] = []
    endings: list[Ending] = []
    notes: list[str] = []
    for block in found.blocks:
        if block.name in FORMS:
            call_id = f"c{first_call + len(calls)}"
            calls.append(ToolCall(id=call_id, name=block.name, arguments=arguments(block, whole=whole)))
        elif block.name in ENDINGS:
            endings.append(Ending(kind=ENDINGS[block.name], text=body(block).strip()))
        elif block.name == NOTE:
            notes.append(body(block).strip())
    if len(endings) > 1:
        kinds = " and ".join(f"<{ending.kind}>" for ending in endings)
        raise FormatError(f"The reply ends in more than one way: {kinds}. Keep one of them.")
    ending = endings[0] if endings else Ending()
    return Parsed(calls=tuple(calls), ending=ending, prose=found.prose, notes=tuple(notes))


def _with_line_feeds(text: str) -> str:
    """A line end that is CR LF in the whole answer is the server's or the model's, not a file's."""
    # Only the white space around it may be somebody else's.
    crlf = text.strip().count("\r\n")
    return text.replace("\r\n", "\n") if crlf and crlf == text.strip().count("\n") else text


def _refuse_suspect(text: str, found: Scan) -> None:
    """A second reasoning tag means that the first may have been a quotation, and the calls a draft."""
    if TAG.search(text) is None:
        return
    literal = {
        row
        for block in found.blocks
        if block.attributes.get("think") == "literal"
        for row in range(block.first, block.last + 1)
    }
    for row, line in enumerate(text.split("\n"), start=1):
        tag = TAG.search(line)
        if tag and row not in literal:
            raise FormatError(
                f"Line {row} of the reply holds the tag {tag.group()} again, so it is not certain where the "
                "reasoning ended. Send the actions again without that tag. If the text of an <edit> or "
                '<write> must contain it, open that action with think="literal".'
            )


def _refuse_stray(text: str, found: Scan) -> None:
    """What else in the reply was meant as an action, so that none of them is left out in silence."""
    if found.quoted and found.open_fence is not None:
        raise FormatError(
            f"The code fence of line {found.open_fence} is never closed, and <{found.quoted[0][1]}> stands in "
            "it, so nothing was done. Close the fence, and write actions outside of code fences."
        )
    if stray.SUSPECT.search(text):
        for line, said in stray.spoken(found.outside):
            if why := stray.foreign(line.number, said):
                raise FormatError(why)
    for line, said in stray.spoken(line for line in found.outside if line.is_rest):
        if inside := _COMPLETE.search(said):
            raise FormatError(_inside(line.number, inside.group(1)))


def _inside(number: int, name: str) -> str:
    return (
        f"Line {number}: <{name}> does not stand at the start of a line, so it was not done. Begin each action "
        "on a line of its own."
    )


def _refuse_misplaced(text: str, reasoning: str, found: Scan) -> None:
    """No action was found. Says so where the model plainly meant one."""
    if found.quoted:
        raise FormatError(
            f"Line {found.quoted[0][0]}: the <{found.quoted[0][1]}> stands inside a code fence that quotes "
            "code, so it was not done. Write actions outside of code fences."
        )
    drafted = _ACTION.search(reasoning)
    if not text.strip():
        where = f" The <{drafted.group(1)}> in your reasoning was not done." if drafted else ""
        raise FormatError(
            f"The reply was empty after the reasoning.{where} Write your actions, or your answer, after the "
            "reasoning has ended."
        )
    suspect = _ACTION.search(text) or _ESCAPED.search(text)
    for line, spoken in stray.spoken(found.outside) if suspect else ():
        if inside := _ACTION.search(spoken):
            raise FormatError(_inside(line.number, inside.group(1)))
        if escaped := _ESCAPED.search(spoken):
            name = escaped.group(1) or escaped.group(2)
            raise FormatError(
                f"Line {line.number}: {escaped.group()} begins no action, so nothing was done. Write plain "
                f"tags: <{name} and >, with nothing escaped."
            )
    for line in found.outside if _TICKED.search(text) else ():
        if "`" in line.text and (ticked := _IN_BACKTICKS.match(line.text)):
            raise FormatError(
                f"Line {line.number}: the <{ticked.group(1)}> stands between backticks, so it was not done. "
                "Write actions without backticks."
            )
    if called := stray.json_call(text, GRAMMAR.names):
        raise FormatError(
            f"Line {called[0]}: the call of {called[1]!r} is written as JSON, so it was not done. Write it as "
            f"the action <{called[1]}>, as it was described to you."
        )
    last = reasoning.rstrip().rpartition("\n")[2]
    if drafted and last.endswith(">") and _ACTION.search(last):
        raise FormatError(
            f"The <{drafted.group(1)}> is part of your reasoning, so it was not done. Repeat it after the "
            "reasoning has ended."
        )
