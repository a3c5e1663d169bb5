"""What reads a language. Only the processes that parse import this."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import cast

from tree_sitter import Language as Grammar
from tree_sitter import Parser, Query

from r1code.repo.index.languages import Language


@cache
def tools_of(language: Language) -> tuple[Parser, Query]:
    """What parses a file in `language`, and finds what its outline is made of. Slow, the first time."""
    package, _, function = language.grammar.partition(":")
    made = cast("Callable[[], object]", getattr(import_module(package), function))
    grammar = Grammar(made())
    return Parser(grammar), Query(grammar, language.source)
