"""What a file defines, uses and imports: plain values, compact enough to be kept for every file of a project."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

Kind = Literal[
    "cell",
    "class",
    "constant",
    "element",
    "enum",
    "function",
    "heading",
    "interface",
    "key",
    "macro",
    "method",
    "module",
    "prototype",
    "rule",
    "stage",
    "struct",
    "table",
    "target",
    "trait",
    "type",
]
Note = Literal["", "binary", "crashed", "generated", "large", "minified", "slow"]


class Definition(Struct, frozen=True, array_like=True, gc=False):
    name: str
    """As it is written where it is defined; never empty."""
    kind: Kind
    first: int
    last: int
    """Lines from 1, both inclusive, decorators among them."""
    line: int
    """The line of the name."""
    parent: int = -1
    """The index of the definition around it, always a smaller one; -1: none."""
    owner: str = ""
    """What it belongs to: the names around it with dots between, or the type that it is a method of."""
    signature: str = ""
    """Its head in one line, without the body."""
    doc: str = ""
    """The first line of its docstring or of the comment in front of it."""

    @property
    def path(self) -> str:
        """The name with what it belongs to, like `Class.method`."""
        return f"{self.owner}.{self.name}" if self.owner else self.name


class Import(Struct, frozen=True, array_like=True, gc=False):
    name: str
    """The module as the language writes it: `a.b`, `..b`, `./b.js`, `crate::a::b`, `foo.h`."""
    line: int


class Outline(Struct, frozen=True, array_like=True, gc=False):
    """Of one content in one language; equal for equal contents."""

    language: str
    lines: int = 0
    definitions: tuple[Definition, ...] = ()
    """By where they begin; what is around another comes first."""
    imports: tuple[Import, ...] = ()
    calls: dict[str, tuple[int, ...]] = {}
    """Name -> the lines on which something of that name is called; ascending."""
    uses: dict[str, tuple[int, ...]] = {}
    """Name -> the lines on which it stands otherwise, but not where it is defined."""
    error: int | None = None
    """The first line that cannot be parsed; the rest of the file is in the outline all the same."""
    note: Note = ""
    """Why little or nothing of the file is here; a generated one is outlined like any other."""
    is_cut: bool = False
    """There is more in the file than an outline holds."""

    def pack(self) -> bytes:
        return _ENCODER.encode(self)

    @staticmethod
    def unpack(data: bytes) -> Outline:
        """Raises msgspec.MsgspecError for what is no packed outline."""
        return _DECODER.decode(data)


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Outline)
