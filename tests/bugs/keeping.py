"""Small bugs: what keeps something, and finds it again."""

from __future__ import annotations

from bugs.bug import assertions

KEEPING = (
    assertions(
        "search",
        "off by one",
        """
        def find(items, wanted):
            \"\"\"The index of `wanted` in the sorted `items`, or -1.\"\"\"
            low, high = 0, len(items) - 1
            while low «<»«<=» high:
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
    assertions(
        "stack",
        "missing case",
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
            return «True»«not opened»
        """,
        """
        assert is_balanced("a(b[c]{d})")
        assert not is_balanced("(]")
        assert not is_balanced("((")
        assert is_balanced("")
        """,
    ),
    assertions(
        "merge",
        "missing case",
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
            return result + left[i:]«»« + right[j:]»
        """,
        """
        assert merged([1, 4], [2, 3]) == [1, 2, 3, 4]
        assert merged([1], [2, 3]) == [1, 2, 3]
        assert merged([], [5]) == [5]
        """,
    ),
    assertions(
        "account",
        "off by one",
        """
        class Account:
            def __init__(self, balance=0):
                self.balance = balance

            def withdraw(self, amount):
                if «amount >= self.balance»«amount > self.balance»:
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
    assertions(
        "history",
        "stale state",
        """
        class History:
            def __init__(self):
                self.done = []
                self.undone = []

            def do(self, what):
                self.done.append(what)
                «pass»«self.undone.clear()»

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
    assertions(
        "intervals",
        "wrong value",
        """
        def joined(intervals):
            \"\"\"Intervals that overlap or touch, as one.\"\"\"
            result = []
            for start, end in sorted(intervals):
                if result and start <= result[-1][1]:
                    result[-1] = (result[-1][0], «end»«max(end, result[-1][1])»)
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
    assertions(
        "cache",
        "wrong value",
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
                    del self.values[«key»«next(iter(self.values))»]
        """,
        """
        c = Cache(2); c.put("a", 1); assert c.get("a") == 1
        c = Cache(1); c.put("a", 1); c.put("b", 2); assert (c.get("a"), c.get("b")) == (None, 2)
        c = Cache(2); c.put("a", 1); c.put("b", 2); c.get("a"); c.put("c", 3); assert c.get("b") is None
        """,
    ),
    assertions(
        "graph",
        "wrong order",
        """
        def shortest(graph, start, end):
            \"\"\"Steps from `start` to `end`, or None.\"\"\"
            waiting, seen = [(start, 0)], {start}
            while waiting:
                node, steps = waiting.pop(«»«0»)
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
)
