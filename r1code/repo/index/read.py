"""The bytes of a file, whatever they are, to its outline."""

from __future__ import annotations

import codecs
import re

import msgspec

from r1code.repo.files import decode, is_binary, says_generated
from r1code.repo.index.extract import extract
from r1code.repo.index.languages import Language, interpreted, languages
from r1code.repo.index.lines import headings, keys
from r1code.repo.index.notebook import cells
from r1code.repo.index.outline import Note, Outline

MOST_BYTES = 1_500_000
"""A larger file is not parsed: it is no source that a person wrote."""
_MINIFIED_BYTES = 20_000
_MINIFIED_COLUMNS = 300
"""On average."""
_MARKED = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HEAD_BYTES = 8_192


READERS = {"markdown": headings, "notebook": cells, "yaml": keys}
"""What is not read by a grammar and its queries alone."""
_PROSE = frozenset({"markdown", "notebook"})
_CPLUSPLUS = re.compile(
    rb"^[ \t]*(?:class|namespace|template|using|public|private|protected|virtual)\b|\bstd::|::\w+\(", re.MULTILINE
)
_PROGRAM = re.compile(rb"#!\s*\S*?(?:env\s+(?:-\S+\s+)*)?([^/\s]+)(?:\s|$)")


def read(data: bytes, language: Language) -> Outline:
    """Raises nothing; where there is no outline its note says why."""
    if data.startswith(_MARKED) and not is_binary(data):
        data = decode(data).text.encode(errors="replace")
    note = _unfit(data)
    if note:
        return Outline(language=language.name, note=note)
    found = _outline(data, language)
    # In prose it may be about other files.
    if language.name not in _PROSE and says_generated(data[:_HEAD_BYTES]):
        found = msgspec.structs.replace(found, note="generated")
    return found


def _outline(data: bytes, language: Language) -> Outline:
    reader = READERS.get(language.name)
    if reader is not None:
        return reader(data)
    inner: Language | None = language
    if language.name == "header":
        inner = languages()["cpp" if _CPLUSPLUS.search(data) else "c"]
    elif language.name == "script":
        named = _PROGRAM.match(data)
        inner = None if named is None else interpreted(named[1].decode(errors="replace"))
    if inner is None or not inner.is_installed:
        return Outline(language=language.name)
    return extract(data, inner)


def _unfit(data: bytes) -> Note:
    if len(data) > MOST_BYTES:
        return "large"
    if is_binary(data):
        return "binary"
    if len(data) > _MINIFIED_BYTES and data.count(b"\n") * _MINIFIED_COLUMNS < len(data):
        return "minified"
    return ""
