"""The native dialect: calls are functions of the server's API, observations are messages of the role `tool`.

For models that were trained to call functions, on servers that read their calls soundly. R1 is not among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from r1code import prompts
from r1code.dialects import stray
from r1code.dialects.base import ChatMessage, Parsed, WireCall, WireFunction
from r1code.dialects.blocks import Line
from r1code.dialects.form import ENDINGS, NOTE
from r1code.dialects.function import SAID, function, is_object, raw_call, raw_text, read_arguments
from r1code.dialects.text import read_again, refuse_cut
from r1code.errors import FormatError
from r1code.types import Ending, Message, RawCall, Reply, ToolCall, ToolSpec

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What servers take as the name of a function, also of one that there is not."""
_NOT_DONE = "This was not done."
_HEARD = "Kept."
_ENDS = "This ends your turn only if all other calls of the reply succeeded."


class NativeDialect:
    """`system`: the model takes a system message. Without it the instructions open the first user message.

    `replay`: the server wants the reasoning back, also the empty one. It says so of replies with calls, and of
    what follows them; with the others it does not matter.
    """

    def __init__(self, specs: Sequence[ToolSpec], *, system: bool = True, replay: bool = False) -> None:
        self._specs = {spec.name: spec for spec in (*specs, *SAID.values())}
        self._system = system
        self._replay = replay
        self.functions = tuple(
            function(spec, prompts.load(f"functions/{spec.name}")) for spec in self._specs.values()
        )

    def render(self, instructions: str, history: Sequence[Message]) -> tuple[ChatMessage, ...]:
        """Every call is answered before anything else is said, as servers demand."""
        messages = [ChatMessage(role="system" if self._system else "user", content=instructions)]
        waiting: list[str] = []
        for number, message in enumerate(history):
            if message.role == "observation":
                call_id = message.call_id or ""
                messages.append(ChatMessage(role="tool", content=message.text, tool_call_id=call_id))
                waiting = [one for one in waiting if one != call_id]
                continue
            messages += [_answer(one, _NOT_DONE) for one in waiting]
            waiting = []
            if message.role == "user":
                _say(messages, message.text)
                continue
            raw_calls, text = _as_functions(message)
            named = list(zip(_ids(number, raw_calls, message.calls), raw_calls, strict=True))
            if named or text.strip():
                messages.append(self._assistant(message, text, named))
            messages += [
                _answer(one, _HEARD if raw.name == NOTE else _ENDS) for one, raw in named if raw.name in SAID
            ]
            waiting = [one for one, raw in named if raw.name not in SAID]
        return tuple(messages)

    def _assistant(self, message: Message, text: str, named: Sequence[tuple[str, RawCall]]) -> ChatMessage:
        # Another dialect's reasoning was not meant for this server, which only wants the field.
        reasoning = message.reasoning if message.raw_calls or not named else ""
        return ChatMessage(
            role="assistant",
            content=text,
            reasoning_content=reasoning if self._replay else None,
            tool_calls=tuple(
                WireCall(
                    id=one,
                    function=WireFunction(
                        name=raw.name if _NAME.fullmatch(raw.name) else "unknown",
                        arguments=raw.arguments if is_object(raw.arguments) else "{}",
                    ),
                )
                for one, raw in named
            ),
        )

    def parse(self, reply: Reply, *, first_call: int) -> Parsed:
        refuse_cut(reply.finish, "calls")
        _refuse_written(reply, self._specs)
        calls: list[ToolCall] = []
        endings: list[Ending] = []
        notes: list[str] = []
        for number, raw in enumerate(reply.raw_calls, start=1):
            arguments = read_arguments(raw, number, self._specs)
            if raw.name in ENDINGS:
                endings.append(Ending(kind=ENDINGS[raw.name], text=arguments["text"].strip()))
            elif raw.name == NOTE:
                notes.append(arguments["text"].strip())
            else:
                calls.append(ToolCall(id=f"c{first_call + len(calls)}", name=raw.name, arguments=arguments))
        if len(endings) > 1:
            kinds = " and ".join(ending.kind for ending in endings)
            raise FormatError(f"The reply ends in more than one way: {kinds}. Keep one of them.")
        ending = endings[0] if endings else Ending()
        return Parsed(calls=tuple(calls), ending=ending, prose=reply.text.strip(), notes=tuple(notes))


def _refuse_written(reply: Reply, names: Iterable[str]) -> None:
    """Raises FormatError for calls that were announced and did not come, or came as text."""
    if not reply.raw_calls and reply.finish == "calls":
        raise FormatError(
            "The reply ended as if it called a function, and no call arrived, so nothing was done. Call the "
            "function again."
        )
    numbered = enumerate(reply.text.split("\n"), start=1)
    lines = (Line(number, line, quoted=False, is_rest=False) for number, line in numbered)
    for line, text in stray.spoken(lines) if stray.SUSPECT.search(reply.text) else ():
        if why := stray.foreign(line.number, text):
            raise FormatError(why)
    if reply.raw_calls:
        return
    if not reply.text.strip():
        raise FormatError(
            "The reply was empty after the reasoning. Call a function, or write your answer, after the "
            "reasoning has ended."
        )
    written = read_again(reply.text)
    if written is None or written.calls or written.ending.kind != "none":
        raise FormatError(
            "Your answer holds an action as text, so it was not done. Nothing in the text is read: call the "
            "function instead."
        )
    if called := stray.json_call(reply.text, names):
        raise FormatError(
            f"Line {called[0]}: the call of {called[1]!r} is written as JSON into the answer, so it was not "
            "done. Call the function itself."
        )


def _as_functions(message: Message) -> tuple[tuple[RawCall, ...], str]:
    """The calls of a reply and its text; a reply in the text dialect is said in functions."""
    if message.raw_calls:
        return message.raw_calls, message.text
    read = read_again(message.text)
    if read is None:
        return tuple(map(raw_call, message.calls)), message.text
    said = [raw_text(NOTE, note) for note in read.notes]
    said += [raw_text(read.ending.kind, read.ending.text)] if read.ending.kind != "none" else []
    return (*map(raw_call, message.calls), *said), read.prose if said or message.calls else message.text


def _ids(number: int, raw_calls: Sequence[RawCall], calls: Sequence[ToolCall]) -> Iterator[str]:
    """An id for each raw call: that of its call, or one made of its place in the history."""
    known = iter(calls)
    for place, raw in enumerate(raw_calls):
        call = None if raw.name in SAID else next(known, None)
        yield f"m{number}_{place}" if call is None else call.id


def _say(messages: list[ChatMessage], text: str) -> None:
    """Adds to what the user said, or says it anew."""
    if messages[-1].role == "user":
        text = f"{messages.pop().content}\n\n{text}"
    messages.append(ChatMessage(role="user", content=text))


def _answer(call_id: str, text: str) -> ChatMessage:
    return ChatMessage(role="tool", content=text, tool_call_id=call_id)
