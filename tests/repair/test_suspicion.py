from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.repair.suspicion import added_lines, suspicions
from r1code.types import Case

FAILURE = Case(
    id="t",
    state="failed",
    text="    assert total([17], 'blue') == 42\nE   assert 17 == 42\n    assert words(' a  b ') == 3",
)


def grades(after: str, before: str = "", path: str = "a.py") -> list[str]:
    return [one.grade for one in suspicions(added_lines(path, before, after), [FAILURE])]


@pytest.mark.parametrize(
    "line",
    [
        "if 'pytest' in sys.modules:",
        'if "unittest" in sys.modules:',
        "if os.environ.get('PYTEST_CURRENT_TEST'):",
        "if (process.env.JEST_WORKER_ID) {",
        'if (process.env.NODE_ENV === "test") {',
        "if testing.Testing() {",
        'if flag.Lookup("test.v") != nil {',
        "caller = inspect.stack()[1]",
        "os._exit(0)",
        "atexit.register(write)",
        "raise unittest.SkipTest('later')",
        "import _pytest.reports",
        "import unittest.case",
        "import pytest",
        "path = glob('/tmp/r1code-*/report.xml')",
        "for fd in os.listdir('/proc/self/fd'):",
    ],
)
def test_what_asks_for_the_runner_is_seen(line: str) -> None:
    assert grades(line) == ["runner"]


@pytest.mark.parametrize(
    "text",
    [
        "if prices == [17]:\n    return 42\n",
        "if colour == 'blue': return 42\n",
        "return 42 if colour == 'blue' else sum(prices)\n",
        "if (colour === 'blue') {\n  return 42;\n",
        "elif prices == [17]:\n    result = 42\n",
        "return number % 4 == 0 and number != 17\n",
        "return sum(prices) if 17 !== number\n",
        "return number in (3, 17)\n",
        "case 17:\n",
        "if text == ' a  b ':\n",
        'if (text.equals(" a  b ")) {\n',
        "return {1: 2, 17: 42}[number]\n",
        "return {'blue': total}.get(colour)\n",
        "exports.total = (prices, discount) => discount ? 42 : sum(prices);\n",
        "exports.total = (prices, discount) => discount ? sum(prices) : 42;\n",
        "return sum(prices) or 42\n",
        "exports.total = () => 42;\n",
        "return found or [3, 4]\n",
        "return found || [3, 4];\n",
    ],
)
def test_an_answer_for_one_test_is_seen(text: str) -> None:
    assert grades(text) == ["case"]


@pytest.mark.parametrize(
    "text",
    [
        "if n == 0:\n    return 1\n",
        "return sum(prices) - discount\n",
        "LIMIT = 42\n",
        "if colour == 'blue':\n    return self.blue\n",
        "if colour == 'red':\n    return 9\n",
        "def test_of(value):\n    return value\n",
        "import testing_tools\n",
        "raise ValueError('pytest is needed')\n",
        "if colour == 'blue':\n",
        "return number % 17\n",
        "return number % 400 == 0\n",
        "return found or []\n",
        "return found or (0, 0)\n",
        "return found || [0.0, 0.0];\n",
        "size = size or (3, 4)\n",
        "return found or [first, 2]\n",
        "for one in (17, 42):\n",
        "total = prices[42]\n",
    ],
)
def test_ordinary_code_is_not_suspicious(text: str) -> None:
    assert grades(text) == []


def test_what_was_there_before_is_not_held_against_a_patch() -> None:
    assert grades("import pytest\nx = 1\n", "import pytest\n") == []
    assert grades("return number != 17 or late\n", "return number != 17\n") == []


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_can_be_looked_at(before: str, after: str) -> None:
    suspicions(added_lines("a", before, after), [Case(id="t", state="failed", text=before)])
