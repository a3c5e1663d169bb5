"""Small bugs: words, settings and their order."""

from __future__ import annotations

from bugs.bug import assertions

TEXTS = (
    assertions(
        "words",
        "missing case",
        """
        def count_words(text):
            counts = {}
            for word in text.split():
                word = word«»«.lower()».strip(".,!?")
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
    assertions(
        "slug",
        "missing case",
        """
        import re


        def slug(title):
            words = re.findall(r"[a-z0-9]+", title«»«.lower()»)
            return «"_"»«"-"».join(words)
        """,
        """
        assert slug("hello world") == "hello-world"
        assert slug("Fix: The Cart!") == "fix-the-cart"
        assert slug("") == ""
        """,
    ),
    assertions(
        "caesar",
        "missing case",
        """
        def shifted(text, by):
            result = ""
            for char in text:
                if char.islower():
                    result += chr((ord(char) - ord("a") + by)«»« % 26» + ord("a"))
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
    assertions(
        "settings",
        "wrong operator",
        """
        def parse(text):
            \"\"\"Lines `key = value`; empty ones and those that begin with # say nothing.\"\"\"
            settings = {}
            for line in text.splitlines():
                line = line.strip()
                if not line or line.startswith("#"):
                    continue
                key, _, value = line.«rpartition»«partition»("=")
                settings[key.strip()] = value.strip()
            return settings
        """,
        """
        assert parse("a = 1\\n# b = 2\\n\\nc=3") == {"a": "1", "c": "3"}
        assert parse("url = x?y=z") == {"url": "x?y=z"}
        assert parse("") == {}
        """,
    ),
    assertions(
        "flatten",
        "wrong operator",
        """
        def flat(items):
            \"\"\"All that is in nested lists, in order.\"\"\"
            result = []
            for item in items:
                if isinstance(item, list):
                    result.«append»«extend»(flat(item))
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
    assertions(
        "chunks",
        "off by one",
        """
        def chunked(items, size):
            \"\"\"Lists of `size` items; the last one may be shorter.\"\"\"
            return [items[start : start + size] for start in range(0, len(items)« - size»«», size)]
        """,
        """
        assert chunked([1, 2, 3, 4], 2) == [[1, 2], [3, 4]]
        assert chunked([1, 2, 3], 2) == [[1, 2], [3]]
        assert chunked([], 3) == []
        """,
    ),
    assertions(
        "paging",
        "rounding",
        """
        def pages(count, size):
            return «count // size»«-(-count // size)»


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
    assertions(
        "defaults",
        "aliasing",
        """
        def tagged(name, tag, tags=«{}»«None»):
            \"\"\"Adds a tag; without `tags` to new ones.\"\"\"
            «»«if tags is None:
                tags = {}
            »tags.setdefault(name, []).append(tag)
            return tags
        """,
        """
        assert tagged("a", 1) == {"a": [1]}
        assert tagged("a", 2) == {"a": [2]}
        assert tagged("b", 3, {"b": [1]}) == {"b": [1, 3]}
        """,
    ),
)
