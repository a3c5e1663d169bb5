"""Small bugs for comparing ways of repair: a module each, with one place that is wrong, and its tests."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import NamedTuple

_PLACE = re.compile(r"<<(?P<wrong>.*?)\|\|(?P<right>.*?)>>", re.DOTALL)


class Bug(NamedTuple):
    """`code` has the wrong and the right text of the place as `<<wrong||right>>`; `tests` are assertions."""

    name: str
    code: str
    tests: str

    def module(self, which: str = "wrong") -> str:
        return _PLACE.sub(lambda found: found[which], textwrap.dedent(self.code).strip()) + "\n"

    def test(self) -> str:
        """A test for each assertion, so that a repair of half of it is seen as one."""
        lines = [line for line in textwrap.dedent(self.tests).strip().split("\n") if line]
        cases = [f"def test_{number}():\n    {line}\n" for number, line in enumerate(lines, start=1)]
        return f"from {self.name} import *\n\n\n" + "\n\n".join(cases)

    def write(self, folder: Path, which: str = "wrong") -> None:
        (folder / f"{self.name}.py").write_text(self.module(which))
        (folder / f"test_{self.name}.py").write_text(self.test())
        (folder / ".gitignore").write_text("__pycache__/\n.pytest_cache/\n")


BUGS = (
    Bug(
        "cart",
        """
        def total(prices, discount):
            \"\"\"What is to be paid, never less than nothing.\"\"\"
            return max(0, sum(prices) <<+||->> discount)
        """,
        """
        assert total([10, 5], 3) == 12
        assert total([], 0) == 0
        assert total([1], 5) == 0
        """,
    ),
    Bug(
        "leap",
        """
        def is_leap(year):
            if year % 400 == 0:
                return True
            return year % 4 == 0 <<or||and>> year % 100 != 0


        def days_in(year):
            return 366 if is_leap(year) else 365
        """,
        """
        assert days_in(2024) == 366
        assert days_in(2023) == 365
        assert days_in(1900) == 365
        assert days_in(2000) == 366
        """,
    ),
    Bug(
        "search",
        """
        def find(items, wanted):
            \"\"\"The index of `wanted` in the sorted `items`, or -1.\"\"\"
            low, high = 0, len(items) - 1
            while low <<<||<=>> high:
                middle = (low + high) // 2
                if items[middle] == wanted:
                    return middle
                if items[middle] < wanted:
                    low = middle + 1
                else:
                    high = middle - 1
            return -1
        """,
        """
        assert find([1, 3, 5, 7], 3) == 1
        assert find([1, 3, 5, 7], 7) == 3
        assert find([4], 4) == 0
        assert find([], 4) == -1
        """,
    ),
    Bug(
        "words",
        """
        def count_words(text):
            counts = {}
            for word in text.split():
                word = word<<||.lower()>>.strip(".,!?")
                counts[word] = counts.get(word, 0) + 1
            return counts


        def most_common(text):
            counts = count_words(text)
            return max(sorted(counts), key=lambda word: counts[word])
        """,
        """
        assert count_words("a b a") == {"a": 2, "b": 1}
        assert count_words("The cat. the dog") == {"the": 2, "cat": 1, "dog": 1}
        assert most_common("Go go home") == "go"
        """,
    ),
    Bug(
        "roman",
        """
        VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


        def to_number(text):
            total = 0
            for index, letter in enumerate(text):
                value = VALUES[letter]
                following = VALUES[text[index + 1]] if index + 1 < len(text) else 0
                if value < following:
                    total <<+=||-=>> value
                else:
                    total += value
            return total
        """,
        """
        assert to_number("VIII") == 8
        assert to_number("IX") == 9
        assert to_number("MCMXCIV") == 1994
        """,
    ),
    Bug(
        "stack",
        """
        PAIRS = {")": "(", "]": "[", "}": "{"}


        def is_balanced(text):
            opened = []
            for char in text:
                if char in PAIRS.values():
                    opened.append(char)
                elif char in PAIRS:
                    if not opened or opened.pop() != PAIRS[char]:
                        return False
            return <<True||not opened>>
        """,
        """
        assert is_balanced("a(b[c]{d})")
        assert not is_balanced("(]")
        assert not is_balanced("((")
        assert is_balanced("")
        """,
    ),
    Bug(
        "chunks",
        """
        def chunked(items, size):
            \"\"\"Lists of `size` items; the last one may be shorter.\"\"\"
            return [items[start : start + size] for start in range(0, len(items)<< - size||>>, size)]
        """,
        """
        assert chunked([1, 2, 3, 4], 2) == [[1, 2], [3, 4]]
        assert chunked([1, 2, 3], 2) == [[1, 2], [3]]
        assert chunked([], 3) == []
        """,
    ),
    Bug(
        "median",
        """
        def median(values):
            ordered = <<values||sorted(values)>>
            middle = len(ordered) // 2
            if len(ordered) % 2:
                return ordered[middle]
            return (ordered[middle - 1] + ordered[middle]) / 2
        """,
        """
        assert median([1, 2, 3]) == 2
        assert median([3, 1, 2]) == 2
        assert median([4, 1, 3, 2]) == 2.5
        """,
    ),
    Bug(
        "slug",
        """
        import re


        def slug(title):
            words = re.findall(r"[a-z0-9]+", title<<||.lower()>>)
            return <<"_"||"-">>.join(words)
        """,
        """
        assert slug("hello world") == "hello-world"
        assert slug("Fix: The Cart!") == "fix-the-cart"
        assert slug("") == ""
        """,
    ),
    Bug(
        "clock",
        """
        def clock(seconds):
            \"\"\"`seconds` as h:mm:ss.\"\"\"
            hours, rest = divmod(seconds, 3600)
            minutes, seconds = divmod(rest, 60)
            return f"{hours}:{minutes<<||:02>>}:{seconds:02}"
        """,
        """
        assert clock(3661) == "1:01:01"
        assert clock(0) == "0:00:00"
        assert clock(7199) == "1:59:59"
        """,
    ),
    Bug(
        "merge",
        """
        def merged(left, right):
            \"\"\"Two sorted lists as one sorted list.\"\"\"
            result, i, j = [], 0, 0
            while i < len(left) and j < len(right):
                if left[i] <= right[j]:
                    result.append(left[i])
                    i += 1
                else:
                    result.append(right[j])
                    j += 1
            return result + left[i:]<<|| + right[j:]>>
        """,
        """
        assert merged([1, 4], [2, 3]) == [1, 2, 3, 4]
        assert merged([1], [2, 3]) == [1, 2, 3]
        assert merged([], [5]) == [5]
        """,
    ),
    Bug(
        "account",
        """
        class Account:
            def __init__(self, balance=0):
                self.balance = balance

            def withdraw(self, amount):
                if <<amount >= self.balance||amount > self.balance>>:
                    raise ValueError("not enough money")
                self.balance -= amount
                return self.balance

            def move(self, other, amount):
                self.withdraw(amount)
                other.balance += amount
        """,
        """
        assert Account(10).withdraw(4) == 6
        assert Account(10).withdraw(10) == 0
        one, two = Account(5), Account(); one.move(two, 5); assert (one.balance, two.balance) == (0, 5)
        """,
    ),
    Bug(
        "history",
        """
        class History:
            def __init__(self):
                self.done = []
                self.undone = []

            def do(self, what):
                self.done.append(what)
                <<pass||self.undone.clear()>>

            def undo(self):
                what = self.done.pop()
                self.undone.append(what)
                return what

            def redo(self):
                if not self.undone:
                    return None
                what = self.undone.pop()
                self.done.append(what)
                return what
        """,
        """
        h = History(); h.do("a"); h.do("b"); assert h.undo() == "b"
        h = History(); h.do("a"); h.undo(); assert h.redo() == "a"
        h = History(); h.do("a"); h.undo(); h.do("b"); assert h.redo() is None
        """,
    ),
    Bug(
        "flatten",
        """
        def flat(items):
            \"\"\"All that is in nested lists, in order.\"\"\"
            result = []
            for item in items:
                if isinstance(item, list):
                    result.<<append||extend>>(flat(item))
                else:
                    result.append(item)
            return result
        """,
        """
        assert flat([1, 2]) == [1, 2]
        assert flat([1, [2, [3]], 4]) == [1, 2, 3, 4]
        assert flat([[], [[]]]) == []
        """,
    ),
    Bug(
        "primes",
        """
        def primes(most):
            \"\"\"All primes up to and with `most`.\"\"\"
            found = []
            for number in range(2, most<<|| + 1>>):
                if all(number % prime for prime in found):
                    found.append(number)
            return found
        """,
        """
        assert primes(10) == [2, 3, 5, 7]
        assert primes(11) == [2, 3, 5, 7, 11]
        assert primes(1) == []
        """,
    ),
    Bug(
        "settings",
        """
        def parse(text):
            \"\"\"Lines `key = value`; empty ones and those that begin with # say nothing.\"\"\"
            settings = {}
            for line in text.splitlines():
                line = line.strip()
                if not line or line.startswith("#"):
                    continue
                key, _, value = line.<<rpartition||partition>>("=")
                settings[key.strip()] = value.strip()
            return settings
        """,
        """
        assert parse("a = 1\\n# b = 2\\n\\nc=3") == {"a": "1", "c": "3"}
        assert parse("url = x?y=z") == {"url": "x?y=z"}
        assert parse("") == {}
        """,
    ),
    Bug(
        "intervals",
        """
        def joined(intervals):
            \"\"\"Intervals that overlap or touch, as one.\"\"\"
            result = []
            for start, end in sorted(intervals):
                if result and start <= result[-1][1]:
                    result[-1] = (result[-1][0], <<end||max(end, result[-1][1])>>)
                else:
                    result.append((start, end))
            return result
        """,
        """
        assert joined([(1, 3), (2, 5)]) == [(1, 5)]
        assert joined([(1, 9), (2, 3)]) == [(1, 9)]
        assert joined([(5, 6), (1, 2)]) == [(1, 2), (5, 6)]
        """,
    ),
    Bug(
        "matrix",
        """
        def transposed(rows):
            return [list(column) for column in zip(*rows)]


        def times(left, right):
            columns = <<right||transposed(right)>>
            return [[sum(a * b for a, b in zip(row, column)) for column in columns] for row in left]
        """,
        """
        assert transposed([[1, 2], [3, 4]]) == [[1, 3], [2, 4]]
        assert times([[1, 2], [3, 4]], [[5, 6], [7, 8]]) == [[19, 22], [43, 50]]
        assert times([[1, 0], [0, 1]], [[2, 3], [4, 5]]) == [[2, 3], [4, 5]]
        """,
    ),
    Bug(
        "cache",
        """
        class Cache:
            \"\"\"Keeps the `size` values that were used last.\"\"\"

            def __init__(self, size):
                self.size = size
                self.values = {}

            def get(self, key):
                if key not in self.values:
                    return None
                value = self.values.pop(key)
                self.values[key] = value
                return value

            def put(self, key, value):
                self.values.pop(key, None)
                self.values[key] = value
                if len(self.values) > self.size:
                    del self.values[<<key||next(iter(self.values))>>]
        """,
        """
        c = Cache(2); c.put("a", 1); assert c.get("a") == 1
        c = Cache(1); c.put("a", 1); c.put("b", 2); assert (c.get("a"), c.get("b")) == (None, 2)
        c = Cache(2); c.put("a", 1); c.put("b", 2); c.get("a"); c.put("c", 3); assert c.get("b") is None
        """,
    ),
    Bug(
        "caesar",
        """
        def shifted(text, by):
            result = ""
            for char in text:
                if char.islower():
                    result += chr((ord(char) - ord("a") + by)<<|| % 26>> + ord("a"))
                else:
                    result += char
            return result
        """,
        """
        assert shifted("abc", 1) == "bcd"
        assert shifted("xyz", 3) == "abc"
        assert shifted("Hi you!", 0) == "Hi you!"
        """,
    ),
    Bug(
        "paging",
        """
        def pages(count, size):
            return <<count // size||-(-count // size)>>


        def page(items, number, size):
            \"\"\"Page `number`, from 1.\"\"\"
            if not 1 <= number <= pages(len(items), size):
                raise IndexError(number)
            return items[(number - 1) * size : number * size]
        """,
        """
        assert pages(10, 5) == 2
        assert pages(11, 5) == 3
        assert page([1, 2, 3], 2, 2) == [3]
        assert page([1, 2, 3, 4], 1, 2) == [1, 2]
        """,
    ),
    Bug(
        "graph",
        """
        def shortest(graph, start, end):
            \"\"\"Steps from `start` to `end`, or None.\"\"\"
            waiting, seen = [(start, 0)], {start}
            while waiting:
                node, steps = waiting.pop(<<||0>>)
                if node == end:
                    return steps
                for following in graph.get(node, ()):
                    if following not in seen:
                        seen.add(following)
                        waiting.append((following, steps + 1))
            return None
        """,
        """
        assert shortest({"a": ["b"], "b": ["c"]}, "a", "c") == 2
        assert shortest({"a": ["d", "b"], "b": ["c"], "c": ["e"], "e": ["d"]}, "a", "d") == 1
        assert shortest({"a": ["d", "b"], "b": ["c"], "d": ["c", "x"], "c": ["x"], "x": ["y"]}, "a", "c") == 2
        assert shortest({"a": ["b", "c"], "b": ["z"], "c": ["d"], "d": ["z"]}, "a", "z") == 2
        assert shortest({}, "a", "b") is None
        """,
    ),
    Bug(
        "defaults",
        """
        def tagged(name, tag, tags=<<{}||None>>):
            \"\"\"Adds a tag; without `tags` to new ones.\"\"\"
            <<||if tags is None:
                tags = {}
            >>tags.setdefault(name, []).append(tag)
            return tags
        """,
        """
        assert tagged("a", 1) == {"a": [1]}
        assert tagged("a", 2) == {"a": [2]}
        assert tagged("b", 3, {"b": [1]}) == {"b": [1, 3]}
        """,
    ),
    Bug(
        "money",
        """
        def split(cents, people):
            \"\"\"Equal parts as far as possible: the first ones pay a cent more.\"\"\"
            part, rest = divmod(cents, people)
            return [part + (1 if number < <<people||rest>> else 0) for number in range(people)]
        """,
        """
        assert split(10, 3) == [4, 3, 3]
        assert split(9, 3) == [3, 3, 3]
        assert sum(split(101, 7)) == 101
        """,
    ),
)
