"""The bytes of a file, whatever they are, to its outline."""

from __future__ import annotations

import codecs
import re

import msgspec

from r1code.repo.files import decode, is_binary
from r1code.repo.index.extract import extract
from r1code.repo.index.languages import Language
from r1code.repo.index.outline import Note, Outline

MOST_BYTES = 1_500_000
"""A larger file is not parsed: it is no source that a person wrote."""
_MINIFIED_BYTES = 20_000
_MINIFIED_COLUMNS = 300
"""On average."""
_MARKED = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_GENERATED = re.compile(
    rb"@generated\b|\bDO NOT (?:EDIT|MODIFY)\b|\bautomatically generated\b|\bauto-?generated\b", re.IGNORECASE
)
_HEAD_BYTES = 2_000


def read(data: bytes, language: Language) -> Outline:
    """Raises nothing; where there is no outline its note says why."""
    note = _unfit(data)
    if note:
        return Outline(language=language.name, note=note)
    if data.startswith(_MARKED):
        data = decode(data).text.encode(errors="replace")
    found = extract(data, language)
    if _GENERATED.search(data, 0, _HEAD_BYTES):
        found = msgspec.structs.replace(found, note="generated")
    return found


def _unfit(data: bytes) -> Note:
    if len(data) > MOST_BYTES:
        return "large"
    if is_binary(data):
        return "binary"
    if len(data) > _MINIFIED_BYTES and data.count(b"\n") * _MINIFIED_COLUMNS < len(data):
        return "minified"
    return ""
