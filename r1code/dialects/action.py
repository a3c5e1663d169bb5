"""What the blocks of the text dialect ask for: their attributes and bodies as a call's arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence

from r1code.dialects.blocks import FENCED, INVISIBLE, MARKER_OPEN, Block
from r1code.dialects.form import FORMS, Form
from r1code.errors import FormatError
from r1code.types import Arguments

_MARKUP = frozenset({".md", ".markdown", ".mdx", ".rst", ".txt"})
_ESCAPING = frozenset({".html", ".htm", ".xml", ".svg", ".xhtml", ".vue", ".jsx", ".tsx", *_MARKUP})
"""Files in which &lt; is written as such all the time."""
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|#39|#x27);")
_BARE = re.compile(r"[<>]|&(?!(?:lt|gt|amp|quot|apos|#39|#x27);)")
_CURLY = "\u201c\u201d\u2018\u2019\u00ab\u00bb\u300c\u300d\uff02"
_AROUND = f" \t\r\n`*\"'{_CURLY}{INVISIBLE}"
_TAG_END = re.compile(r"</[\w:-]*+\s*+>?\s*+$|</\w")
_CLOSER = re.compile(r"(>{5,})\s*REPLACE\s*$")
_CONFLICT = re.compile(r"<{5,}(?!<)")
_MARKER = re.compile(r"(?<![<=>])(?:<{5,}+|={5,}+|>{5,}+)(?:\s|$)")


def arguments(block: Block, *, whole: bool) -> Arguments:
    """Raises FormatError. `whole`: the model ended the answer itself, so a missing last tag cuts nothing off."""
    form = FORMS[block.name]
    allowed = {*form.required, *form.optional, *form.one_of}
    extra = set(block.attributes) - allowed - {"think", "final-newline"}
    if extra:
        names = ", ".join(sorted(allowed)) or "none"
        raise FormatError(f"Line {block.first}: <{block.name}> has no attribute {min(extra)}. It takes: {names}.")
    found: Arguments = {key: _attribute(block, key) for key in block.attributes if key in allowed}
    if form.body == "edits":
        # A marker that is wrong says more than the closing tag that it hides.
        found["edits"] = _edits(block)
    _refuse_unclosed(block, form, whole=whole)
    if form.body == "edits":
        pass
    elif form.body == "content":
        if block.body is None:
            raise FormatError(
                f"Line {block.first}: <{block.name}> has no text. Write it between <{block.name} ...> and "
                f"</{block.name}>; with nothing between them it is empty."
            )
        found["content"] = _content(block)
    elif form.body is not None and block.body is not None and body(block).strip():
        if form.body in found:
            raise FormatError(
                f"Line {block.first}: <{block.name}> has its {form.body} twice, as an attribute and as text. "
                "Keep one."
            )
        found[form.body] = body(block).strip()
    missing = [key for key in form.required if not found.get(key)]
    if not any(found.get(key) for key in form.one_of):
        missing += form.one_of[:1]
    if missing:
        name, key = block.name, missing[0]
        how = f"<{name}>...</{name}>" if form.body == key else f'<{name} {key}="...">'
        raise FormatError(f"Line {block.first}: <{name}> needs a {key}: {how}.")
    _refuse_escaped(block)
    return found


def _refuse_unclosed(block: Block, form: Form, *, whole: bool) -> None:
    """A missing closing tag at the very end is forgiven only where nothing of the text can be missing."""
    if block.closed:
        return
    text = body(block).strip()
    if tag := _TAG_END.search(text):
        raise FormatError(
            f"The <{block.name}> of line {block.first} is not closed with </{block.name}>: "
            f"{tag.group().strip()!r} stands in its text. Send it again with the right closing tag."
        )
    # What follows the first line of a command may be a remark as well as a part of it.
    several = form.body in {"command", "pattern", "selection"} and "\n" in text
    if several or not (whole and form.lenient):
        raise FormatError(
            f"The <{block.name}> of line {block.first} is never closed, so its text may be incomplete. End it "
            f"with </{block.name}>."
        )


def _attribute(block: Block, key: str) -> str:
    value = block.attributes[key]
    if key in {"path", "to"}:
        value = _bare(value)
        hidden = next((char for char in value if char in INVISIBLE), None)
        if hidden is not None:
            raise FormatError(
                f"Line {block.first}: the {key} of <{block.name}> holds the invisible character "
                f"U+{ord(hidden):04X}. Send it without."
            )
        return value
    if value[:1] in _CURLY and value:
        raise FormatError(
            f'Line {block.first}: the {key} of <{block.name}> is not in straight quotes. Write {key}="...".'
        )
    if _ENTITY.search(value):
        between = (
            f", or put it between <{block.name}> and </{block.name}>" if FORMS[block.name].body == key else ""
        )
        raise FormatError(
            f"Line {block.first}: the {key} of <{block.name}> holds {_ENTITY.findall(value)[0]}. Nothing is "
            f"escaped here: write the character itself{between}."
        )
    return value


def _refuse_escaped(block: Block) -> None:
    """A text whose every <, > and & is escaped may be meant so, or be escaped by habit."""
    text = body(block)
    if block.literal or "&" not in text:
        return
    suffix = re.search(r"\.[^./]*$", block.attributes.get("path", ""))
    if suffix is not None and suffix.group().lower() in _ESCAPING:
        return
    if (entity := _ENTITY.search(text)) and not _BARE.search(_MARKER.sub("", text)):
        raise FormatError(
            f"The text of <{block.name}> of line {block.first} holds {entity.group()}, and may be escaped or "
            f"meant so. Write the characters themselves: nothing is escaped here. If {entity.group()} is meant, "
            "open with "
            f'<{block.name} ... end="STOP"> and close with </{block.name} STOP>.'
        )


def body(block: Block) -> str:
    """The text between the tags, as it is."""
    return "\n".join(block.body or ())


def _bare(path: str) -> str:
    """A path without what models put around it: quotes, backticks, bold, ./, what nobody sees."""
    path = path.strip(_AROUND)
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
    if _CONFLICT.match(line):
        return (
            f"Line {row}: {line.strip()[:40]!r} opens no search/replace block of <edit> of line {block.first}. "
            "Its first line must be <<<<<<< SEARCH, and its last >>>>>>> REPLACE."
        )
    told = f"Line {row}: the text {line.strip()[:40]!r} in <edit> of line {block.first} stands "
    if not previous:
        return (
            f"{told}before the first block, outside of any search/replace block. An <edit> holds nothing else: "
            "a line <<<<<<< SEARCH, the exact old lines, a line =======, the new lines, a line >>>>>>> REPLACE."
        )
    return (
        f"{told}after the block that ended at line {previous}, outside of any search/replace block. If it "
        "belongs to the block before, lengthen that block's three markers so that they differ from the text; "
        "else remove it."
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
    raise FormatError(_unclosed(lines, first, size, offset))


def _unclosed(lines: Sequence[str], first: int, size: int, offset: int) -> str:
    """Why no line closes the search/replace block whose opening marker is at `first`."""
    text = f"The search/replace block of line {first + offset} is never closed with '{'>' * size} REPLACE'."
    for row in range(first + 1, len(lines)):
        if other := _CLOSER.match(lines[row]):
            return (
                f"{text} Line {row + offset} has {len(other.group(1))} '>', and line {first + offset} has "
                f"{size} '<': the three markers of one block must have the same length."
            )
    return text
