"""Whether a run without a report ran any test, as runners say it. Pure."""

from __future__ import annotations

import re

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_NONE = re.compile(
    r"""^\s*(?:
    Ran\ 0\ tests\ in\b | NO\ TESTS\ RAN\b                                  # unittest
    | =*\s*no\ tests\ ran\b | collected\ 0\ items\b                         # pytest
    | No\ tests?\ found\b | (?:Error:\s)?No\ test\ files?\ found\b          # Jest, Vitest, Mocha
    | 0\ passing\b | (?:\#|\N{INFORMATION SOURCE})\ tests\ 0\b              # Mocha, Node
    | 1\.\.0(?:\s|$) | Result:\ NOTESTS\b | Files=\d+,\ Tests=0\b           # TAP
    | \?\s+\S+\s+\[no\ test\ files\] | (?:testing:\ )?warning:\ no\ tests\ to\ run\b  # go
    | running\ 0\ tests\b                                                   # cargo
    | 0\ examples,\ 0\ failures\b | 0\ runs,\ 0\ assertions\b               # RSpec, Minitest
    | No\ tests\ (?:executed|were\ found|to\ run)\b                         # PHPUnit, CTest, Maven
    | (?:\[INFO\]\ )?No\ tests\ to\ run\b
    )""",
    re.VERBOSE | re.MULTILINE,
)
_SOME = re.compile(
    r"""^\s*(?:
    Ran\ [1-9]\d*\ tests?\b | (?:not\ )?ok\ \d | ok\s+\S+\s+(?:[\d.]+s|\(cached\))(?!.*\[no\ tests)
    | ---\ (?:PASS|FAIL) | test\ result:\ \S+\ [1-9] | (?:\#|\N{INFORMATION SOURCE})\ tests\ [1-9]
    | Files=\d+,\ Tests=[1-9] | Tests:?\s.*\b[1-9]\d*\ passed | .*\b[1-9]\d*\ (?:passed|passing|examples?|runs)\b
    | OK\ \([1-9]\d*\ tests?
    )""",
    re.VERBOSE | re.MULTILINE,
)


def ran_nothing(output: str) -> bool:
    """Whether a runner says that there were no tests, and none says that there were."""
    text = _ANSI.sub("", output)
    return _NONE.search(text) is not None and _SOME.search(text) is None
