"""How a model counts tokens: its own vocabulary where r1code ships it, an estimate on the safe side elsewhere."""

from __future__ import annotations

from r1code.profiles.profile import TokenizerName
from r1code.profiles.tokenizers.tokenizer import NAMES, Tokenizer, tokenizer_named, tokenizer_of

__all__ = ["NAMES", "Tokenizer", "TokenizerName", "tokenizer_named", "tokenizer_of"]
