"""What tests in Go, in Rust and for Node ask. Pure.

Read are only calls with arguments that are written out, compared with a number, a text or a truth, in tests that
do nothing else before. Two of them are compared only within a file: there a name means one thing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from r1code.repair.asked import Asked
from r1code.repair.asked_go import Go
from r1code.repair.asked_node import Node
from r1code.repair.asked_rust import Rust
from r1code.repair.asked_source import Source
from r1code.repair.tokens import tokens

_SOURCES: Mapping[str, type[Source]] = {
    "_test.go": Go,
    ".rs": Rust,
    ".js": Node,
    ".mjs": Node,
    ".cjs": Node,
}
READ = tuple(_SOURCES)
"""How the names of files end that can be read."""


def asked(path: str, text: str) -> Iterator[Asked]:
    """What the tests of a file ask that can be read for certain."""
    kind = next((one for ending, one in _SOURCES.items() if path.endswith(ending)), None)
    found = None if kind is None else tokens(text, kind.language)
    if kind is None or found is None:
        return
    source = kind(path, text, found)
    tests = list(source.tests())
    often = Counter(test.names for test in tests)
    for test in tests:
        ids, ends = source.called(test.names)
        if often[test.names] > 1 or not (ids or ends):
            continue
        for pair in source.pairs(test.body):
            if source.is_bound(re.split(r"\.|::", pair.call.name)[0]):
                yield Asked(
                    path=path,
                    line=pair.line,
                    names=test.names,
                    call=f"{path} {pair.value.kind} {pair.call.told}",
                    shown=pair.call.shown,
                    expected=pair.value.told,
                    value=pair.value.shown,
                    ids=ids,
                    ends=ends,
                )
