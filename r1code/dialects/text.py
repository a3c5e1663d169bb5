"""The text dialect, R1's own: calls are action blocks in the answer, observations are user messages.

R1 was not trained to call functions; it was measured to write search/replace blocks well. The words that
teach it the dialect are in prompts/; this module reads and writes the blocks themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from r1code.dialects.base import ChatMessage, Parsed
from r1code.dialects.blocks import FENCED, MARKER_OPEN, Block, Grammar, Scan, scan
from r1code.dialects.reasoning import CLOSE, OPEN
from r1code.errors import FormatError
from r1code.types import Arguments, Ending, EndingKind, Finish, Message, ToolCall


class Form(Struct, frozen=True, kw_only=True):
    """How one action is written: its attributes, and the argument that its body becomes."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    body: str | None = None
    lenient: bool = True
    """A closing tag that is missing at the very end of the answer is forgiven."""


FORMS: Mapping[str, Form] = {
    "read": Form(required=("path",), optional=("lines",)),
    "list": Form(optional=("path",)),
    "search": Form(required=("pattern",), optional=("path",), body="pattern"),
    "edit": Form(required=("path",), optional=("syntax",), body="edits"),
    "replace": Form(required=("path",), body="content", lenient=False),
    "insert": Form(
        required=("path",), optional=("before", "after", "into", "syntax"), body="content", lenient=False
    ),
    "patch": Form(optional=("syntax",), body="content", lenient=False),
    "write": Form(required=("path",), optional=("syntax",), body="content", lenient=False),
    "delete": Form(required=("path",)),
    "move": Form(required=("path", "to")),
    "chmod": Form(required=("path", "executable")),
    "run": Form(required=("command",), optional=("background", "ready"), body="command"),
    "logs": Form(required=("name",)),
    "stop": Form(required=("name",)),
    "test": Form(optional=("selection",), body="selection"),
}
_ENDINGS: Mapping[str, EndingKind] = {"done": "done", "plan": "plan", "question": "question"}
_NOTE = "note"
_GRAMMAR = Grammar(
    names=frozenset({*FORMS, *_ENDINGS, _NOTE}),
    bodiless=frozenset(name for name, form in FORMS.items() if form.body is None),
    marked=frozenset({"edit"}),
)
_MARKUP = frozenset({".md", ".markdown", ".mdx", ".rst", ".txt"})
_TAG = re.compile(f"{re.escape(OPEN)}|{re.escape(CLOSE)}")
_ACTION = re.compile(rf"<({'|'.join(sorted(_GRAMMAR.names))})\b[^<\n]*>")


class TextDialect:
    """`system`: the model takes a system message. Without it the instructions open the first user message."""

    def __init__(self, *, system: bool = False) -> None:
        self._system = system

    def render(self, instructions: str, history: Sequence[Message]) -> tuple[ChatMessage, ...]:
        """Roles alternate: what follows one another from the same side becomes one message."""
        names = {call.id: call for message in history for call in message.calls}
        merged: list[tuple[str, list[str]]] = []
        if not self._system:
            merged.append(("user", [instructions]))
        for message in history:
            text = message.text
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

    def parse(self, text: str, *, reasoning: str, finish: Finish, first_call: int) -> Parsed:
        if finish == "length":
            raise FormatError(
                "The reply was cut off because it was too long, so nothing in it counts. Think less and do "
                "less in one reply: one or two actions."
            )
        found = scan(text, _GRAMMAR)
        calls: list[ToolCall] = []
        endings: list[Ending] = []
        for block in found.blocks:
            if block.name in FORMS:
                arguments = _arguments(block)
                call_id = f"c{first_call + len(calls)}"
                calls.append(ToolCall(id=call_id, name=block.name, arguments=arguments))
            elif block.name in _ENDINGS:
                endings.append(Ending(kind=_ENDINGS[block.name], text=_body(block).strip()))
        if len(endings) > 1:
            kinds = " and ".join(f"<{ending.kind}>" for ending in endings)
            raise FormatError(f"The reply ends in more than one way: {kinds}. Keep one of them.")
        if calls or endings:
            _refuse_suspect(text, found)
        else:
            _refuse_misplaced(text, reasoning, found)
        notes = tuple(_body(block).strip() for block in found.blocks if block.name == _NOTE)
        ending = endings[0] if endings else Ending()
        return Parsed(calls=tuple(calls), ending=ending, prose=found.prose, notes=notes)


def _refuse_suspect(text: str, found: Scan) -> None:
    """A second reasoning tag means that the first may have been a quotation, and the calls a draft."""
    literal = [block for block in found.blocks if block.attributes.get("think") == "literal"]
    for row, line in enumerate(text.split("\n"), start=1):
        tag = _TAG.search(line)
        if tag and not any(block.first <= row <= block.last for block in literal):
            raise FormatError(
                f"Line {row} of the reply holds the tag {tag.group()} again, so it is not certain where the "
                "reasoning ended. Send the actions again without that tag. If the text of an <edit> or "
                '<write> must contain it, open that action with think="literal".'
            )


def _refuse_misplaced(text: str, reasoning: str, found: Scan) -> None:
    """No action was found. Says so where the model plainly meant one."""
    if found.quoted:
        raise FormatError(
            f"The <{found.quoted[0]}> stands inside a code fence that quotes code, so it was not done. Write "
            "actions outside of code fences."
        )
    drafted = _ACTION.search(reasoning)
    if not text.strip():
        where = f" The <{drafted.group(1)}> in your reasoning was not done." if drafted else ""
        raise FormatError(
            f"The reply was empty after the reasoning.{where} Write your actions, or your answer, after the "
            "reasoning has ended."
        )
    for row, line in enumerate(text.split("\n"), start=1):
        inside = _ACTION.search(re.sub(r"`[^`]*`", "", line))
        if inside:
            raise FormatError(
                f"Line {row}: <{inside.group(1)}> does not stand at the start of a line, so it was not done. "
                "Begin each action on a line of its own."
            )
    if drafted and reasoning.rstrip().endswith(">") and _ACTION.search(reasoning.rstrip().rpartition("\n")[2]):
        raise FormatError(
            f"The <{drafted.group(1)}> is part of your reasoning, so it was not done. Repeat it after the "
            "reasoning has ended."
        )


def _arguments(block: Block) -> Arguments:
    form = FORMS[block.name]
    allowed = {*form.required, *form.optional}
    extra = set(block.attributes) - allowed - {"think", "final-newline"}
    if extra:
        names = ", ".join(sorted(allowed)) or "none"
        raise FormatError(f"Line {block.first}: <{block.name}> has no attribute {min(extra)}. It takes: {names}.")
    if not block.closed and not form.lenient:
        raise FormatError(
            f"The <{block.name}> of line {block.first} is never closed, so its text may be incomplete. End it "
            f"with </{block.name}>."
        )
    arguments: Arguments = {key: value for key, value in block.attributes.items() if key in allowed}
    if "path" in arguments:
        arguments["path"] = _bare(arguments["path"])
    if form.body == "edits":
        arguments["edits"] = _edits(block)
    elif form.body == "content":
        arguments["content"] = _content(block)
    elif form.body is not None and block.body is not None and _body(block).strip():
        if form.body in arguments:
            raise FormatError(f"Line {block.first}: <{block.name}> has its {form.body} twice.")
        arguments[form.body] = _body(block).strip()
    missing = [key for key in form.required if not arguments.get(key)]
    if missing:
        raise FormatError(f"Line {block.first}: <{block.name}> needs a {missing[0]}.")
    return arguments


def _body(block: Block) -> str:
    return "\n".join(block.body or ())


def _bare(path: str) -> str:
    """A path without the decoration that models put around it."""
    path = path.strip().strip("`*\"'").strip()
    while path.startswith("./"):
        path = path[2:].lstrip("/")
    return path


def _content(block: Block) -> str:
    """The text of a whole file. A fence around all of it is not part of it, except where it may be."""
    lines = list(block.body or ())
    final = "" if block.attributes.get("final-newline") == "no" else "\n"
    if block.literal:
        return "\n".join(lines) + final if lines else ""
    edges = [row for row, line in enumerate(lines) if line.strip()]
    first, last = (edges[0], edges[-1]) if edges else (0, 0)
    opens = bool(edges) and FENCED.match(lines[first]) is not None
    closes = last > first and FENCED.match(lines[last]) is not None
    if opens and closes:
        suffix = re.search(r"\.[^./]*$", block.attributes.get("path", ""))
        if suffix is not None and suffix.group().lower() in _MARKUP:
            name = block.name
            raise FormatError(
                f"The <{name}> of line {block.first} begins and ends with a code fence, which may or may not be "
                f'part of the file. Leave the fence out, or open with <{name} ... end="STOP"> and close with '
                f"</{name} STOP> to write it as it is."
            )
        lines = lines[first + 1 : last]
    return "\n".join(lines) + final if lines else ""


def _edits(block: Block) -> list[dict[str, str]]:
    lines = block.body or ()
    edits: list[dict[str, str]] = []
    offset = block.first + 1
    row, previous = 0, 0
    while row < len(lines):
        marker = MARKER_OPEN.match(lines[row])
        if marker is None:
            if lines[row].strip() and not FENCED.match(lines[row]):
                raise FormatError(_between(block, lines[row], row + offset, previous))
            row += 1
            continue
        last, edit = _edit(lines, row, len(marker.group(1)), offset)
        edits.append(edit)
        row, previous = last + 1, last + offset
    if not edits:
        raise FormatError(
            f"The <edit> of line {block.first} holds no search/replace block. It must be: a line "
            "<<<<<<< SEARCH, the exact old lines, a line =======, the new lines, a line >>>>>>> REPLACE."
        )
    return edits


def _between(block: Block, line: str, row: int, previous: int) -> str:
    where = f"after the block that ended at line {previous}" if previous else "before the first block"
    return (
        f"Line {row}: the text {line.strip()[:40]!r} in <edit> of line {block.first} stands {where}, outside of "
        "any search/replace block. If it belongs to the block before, lengthen that block's three markers so "
        "that they differ from the text; else remove it."
    )


def _edit(lines: Sequence[str], first: int, size: int, offset: int) -> tuple[int, dict[str, str]]:
    """The search/replace block whose opening marker is at `first`: its last line, and what it says."""
    closer = re.compile(rf">{{{size}}}\s*REPLACE\s*$")
    separators: list[int] = []
    for row in range(first + 1, len(lines)):
        line = lines[row].rstrip()
        if line == "=" * size:
            separators.append(row)
        elif (marker := MARKER_OPEN.match(line)) and len(marker.group(1)) == size:
            raise FormatError(
                f"Line {row + offset}: a search/replace block begins inside the one of line {first + offset}. "
                f"Add the missing '{'>' * size} REPLACE', or lengthen the outer markers."
            )
        elif closer.match(line):
            if not separators:
                raise FormatError(
                    f"The search/replace block of lines {first + offset} to {row + offset} has no line "
                    f"'{'=' * size}' between the old and the new lines."
                )
            if len(separators) > 1:
                raise FormatError(
                    f"Line {separators[0] + offset} and line {separators[1] + offset} could both separate old "
                    f"from new lines in the search/replace block of line {first + offset}. Make its three "
                    f"markers longer than any such line in the text, for example {'<' * (size + 2)} SEARCH, "
                    f"{'=' * (size + 2)} and {'>' * (size + 2)} REPLACE."
                )
            middle = separators[0]
            search = "".join(f"{line}\n" for line in lines[first + 1 : middle])
            replace = "".join(f"{line}\n" for line in lines[middle + 1 : row])
            return row, {"search": search, "replace": replace}
    raise FormatError(
        f"The search/replace block of line {first + offset} is never closed with '{'>' * size} REPLACE'."
    )


def _stop(name: str, text: str) -> str:
    """A word that makes the closing tag differ from everything in `text`."""
    word, number = "STOP", 1
    while f"</{name} {word}>" in text:
        number += 1
        word = f"STOP{number}"
    return word


def render_observation(call: ToolCall | None, text: str) -> str:
    """An observation as R1 sees it. No text can close it early, so none can pass for somebody else's."""
    about = "" if call is None else f' of="{call.name}"'
    if "</observation" in text:
        word = _stop("observation", text)
        return f'<observation{about} end="{word}">\n{text}\n</observation {word}>'
    return f"<observation{about}>\n{text}\n</observation>"


def render_call(call: ToolCall) -> str:
    """The block that parses back to `call`. Raises ValueError for a path that no attribute can hold."""
    form = FORMS[call.name]
    lines = _render_body(call, form)
    attributes = {
        key: str(value) for key, value in call.arguments.items() if key not in {form.body, "edits", "content"}
    }
    text = "".join(f" {key}={_quoted(value)}" for key, value in attributes.items())
    if lines is None:
        return f"<{call.name}{text}/>"
    body = "".join(f"\n{line}" for line in lines) + "\n"
    if _TAG.search(body):
        text += ' think="literal"'
    if form.body == "content" and lines and not call.arguments["content"].endswith("\n"):
        text += ' final-newline="no"'
    word = _stop(call.name, body)
    return f'<{call.name}{text} end="{word}">{body}</{call.name} {word}>'


def _render_body(call: ToolCall, form: Form) -> list[str] | None:
    """The lines of the body; None: there is none."""
    if form.body == "edits":
        return [_render_edit(edit) for edit in call.arguments["edits"]]
    if form.body is None or form.body not in call.arguments:
        return None
    text: str = call.arguments[form.body]
    if form.body == "content":
        return text.removesuffix("\n").split("\n") if text else []
    return text.split("\n")


def _render_edit(edit: Mapping[str, str]) -> str:
    runs = re.findall(r"^(?:<{5,}|={5,}|>{5,})", edit["search"] + edit["replace"], re.MULTILINE)
    size = max([7, *(len(run) + 1 for run in runs)])
    return f"{'<' * size} SEARCH\n{edit['search']}{'=' * size}\n{edit['replace']}{'>' * size} REPLACE"


def _quoted(value: str) -> str:
    quote = '"' if '"' not in value else "'"
    if quote in value or "\n" in value:
        raise ValueError(f"no attribute can hold {value!r}")
    return f"{quote}{value}{quote}"
