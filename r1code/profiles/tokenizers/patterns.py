"""Where text is split before its bytes are merged: the pre-tokenizers of the models, for tiktoken's engine."""

from __future__ import annotations

# DeepSeek splits three times, each time what the split before left: digits, Chinese and Japanese, the rest. One
# pattern for all of it has to say in each part what the earlier splits have taken away.
_CJK = "\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff"
_LETTERS = rf"[\p{{L}}\p{{M}}&&[^{_CJK}]]"
_SIGNS = rf"[\p{{P}}\p{{S}}&&[^{_CJK}]]"
_OTHER = rf"[^\s\p{{L}}\p{{M}}\p{{N}}\p{{P}}\p{{S}}{_CJK}]"

DEEPSEEK = "|".join(
    [
        r"\p{N}{1,3}",
        rf"[{_CJK}]+",
        r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+""",
        rf"[^\r\n\p{{L}}\p{{P}}\p{{S}}\p{{N}}{_CJK}]?{_LETTERS}+",
        rf" ?{_SIGNS}+[\r\n]*",
        r"\s*[\r\n]+",
        rf"\s+(?![^\s\p{{N}}{_CJK}])",
        r"\s+",
        rf"{_OTHER}+(?!{_LETTERS})",
    ]
)
QWEN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
