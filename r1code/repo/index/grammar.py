"""What reads a language. Only the processes that parse import this."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import cast

from tree_sitter import Language as Grammar
from tree_sitter import Parser, Query

from r1code.repo.index.languages import Language

_NAME = b"tree_sitter.Language"


@cache
def tools_of(language: Language) -> tuple[Parser, Query]:
    """What parses a file in `language`, and finds what its outline is made of. Slow, the first time."""
    package, _, function = language.grammar.partition(":")
    made = cast("Callable[[], object]", getattr(import_module(package), function))()
    grammar = Grammar(_capsule(made) if isinstance(made, int) else made)
    return Parser(grammar), Query(grammar, language.source)


def _capsule(address: int) -> object:
    """What tree-sitter asks for today, from the bare address that older packages of grammars give."""
    make = ctypes.pythonapi.PyCapsule_New
    make.restype = ctypes.py_object
    make.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    return make(address, _NAME, None)
