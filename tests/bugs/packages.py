"""Small bugs in Python packages: the tests do not say in which of the files."""

from __future__ import annotations

from bugs.bug import project

PACKAGES = (
    project(
        "invoice",
        "python",
        "rounding",
        {
            "invoice/__init__.py": "from invoice.bill import Bill\n",
            "invoice/rates.py": """
            from decimal import ROUND_HALF_UP, Decimal

            VAT = {"standard": Decimal("0.19"), "reduced": Decimal("0.07"), "none": Decimal(0)}
            CENT = Decimal("0.01")


            def rounded(amount):
                return amount.quantize(CENT«»«, ROUND_HALF_UP»)
            """,
            "invoice/bill.py": """
            from decimal import Decimal

            from invoice.rates import VAT, rounded


            class Bill:
                def __init__(self):
                    self.lines = []

                def add(self, price, count=1, rate="standard"):
                    self.lines.append((Decimal(price) * count, rate))
                    return self

                def taxes(self):
                    sums = {}
                    for net, rate in self.lines:
                        sums[rate] = sums.get(rate, Decimal(0)) + net
                    return {rate: rounded(net * VAT[rate]) for rate, net in sums.items()}

                def total(self):
                    return sum(net for net, _ in self.lines) + sum(self.taxes().values())
            """,
        },
        tests={
            "tests/test_invoice.py": """
            from decimal import Decimal

            from invoice import Bill


            def test_one_line():
                assert Bill().add("10.00").total() == Decimal("11.90")


            def test_half_a_cent_is_rounded_up():
                assert Bill().add("1.50", rate="reduced").taxes() == {"reduced": Decimal("0.11")}
                assert Bill().add("0.50", count=3, rate="standard").taxes() == {"standard": Decimal("0.29")}


            def test_rates_are_kept_apart():
                assert Bill().add("1.00").add("1.00", rate="none").total() == Decimal("2.19")
            """,
        },
    ),
    project(
        "events",
        "python",
        "stale state",
        {
            "events/__init__.py": "from events.bus import Bus\n",
            "events/bus.py": """
            from events.names import matches


            class Bus:
                \"\"\"Calls what listens to a topic; `on` gives back how to end that.\"\"\"

                def __init__(self):
                    self._listeners = []

                def on(self, pattern, call):
                    entry = (pattern, call)
                    self._listeners.append(entry)
                    return lambda: self._listeners.remove(entry)

                def once(self, pattern, call):
                    def called(topic, value):
                        end()
                        call(topic, value)

                    end = self.on(pattern, called)
                    return end

                def emit(self, topic, value=None):
                    told = 0
                    for pattern, call in «self._listeners»«list(self._listeners)»:
                        if matches(pattern, topic):
                            call(topic, value)
                            told += 1
                    return told
            """,
            "events/names.py": """
            def matches(pattern, topic):
                wanted, given = pattern.split("."), topic.split(".")
                if wanted[-1] == "**":
                    return given[: len(wanted) - 1] == wanted[:-1]
                return len(wanted) == len(given) and all(a in ("*", b) for a, b in zip(wanted, given))
            """,
        },
        tests={
            "tests/test_events.py": """
            from events import Bus


            def test_patterns():
                bus, seen = Bus(), []
                bus.on("shop.*", lambda topic, _: seen.append(topic))
                bus.on("**", lambda topic, _: seen.append("all"))
                assert bus.emit("shop.sold") == 2
                assert bus.emit("shop.sold.late") == 1
                assert seen == ["shop.sold", "all", "all"]


            def test_a_listener_that_ends_does_not_hide_the_next():
                bus, seen = Bus(), []
                bus.once("a", lambda *_: seen.append("once"))
                bus.on("a", lambda *_: seen.append("always"))
                bus.emit("a")
                assert seen == ["once", "always"]


            def test_once_is_once():
                bus, seen = Bus(), []
                bus.once("a", lambda _, value: seen.append(value))
                bus.emit("a", 1)
                bus.emit("a", 2)
                assert seen == [1]
            """,
        },
    ),
    project(
        "names",
        "python",
        "unicode",
        {
            "names/__init__.py": "from names.book import Book\n",
            "names/keys.py": """
            import unicodedata


            def key(name):
                \"\"\"Equal for names that people take for the same.\"\"\"
                plain = unicodedata.normalize(«"NFC"»«"NFKD"», name)
                letters = "".join(char for char in plain if not unicodedata.combining(char))
                return " ".join(letters.casefold().split())
            """,
            "names/book.py": """
            from names.keys import key


            class Book:
                def __init__(self):
                    self._names = {}

                def add(self, name):
                    return self._names.setdefault(key(name), name)

                def find(self, name):
                    return self._names.get(key(name))

                def sorted(self):
                    return [name for _, name in sorted(self._names.items())]
            """,
        },
        tests={
            "tests/test_names.py": """
            from names import Book


            def test_case_and_spaces_do_not_count():
                book = Book()
                book.add("Anna  Berg")
                assert book.find("anna berg") == "Anna  Berg"
                assert book.find("Anna") is None


            def test_accents_do_not_count():
                book = Book()
                book.add("José")
                assert book.find("jose") == "José"
                assert book.find("Jose\\u0301") == "José"


            def test_order():
                book = Book()
                for name in ("Zoe", "Émile", "Max"):
                    book.add(name)
                assert book.sorted() == ["Émile", "Max", "Zoe"]
            """,
        },
    ),
    project(
        "retry",
        "python",
        "error handling",
        {
            "retry/__init__.py": "from retry.calls import call\n",
            "retry/waits.py": """
            def waits(first, factor, most):
                \"\"\"How long to wait before each further try.\"\"\"
                wait = first
                while True:
                    yield min(wait, most)
                    wait *= factor
            """,
            "retry/calls.py": """
            from retry.waits import waits


            def call(what, tries, errors=(OSError,), sleep=lambda seconds: None, first=1, factor=2, most=30):
                \"\"\"What `what()` gives; where one of `errors` is raised, it is tried again.\"\"\"
                pauses = waits(first, factor, most)
                for number in range(1, tries + 1):
                    try:
                        return what()
                    except errors:
                        if number == tries:
                            «return None»«raise»
                        sleep(next(pauses))
            """,
        },
        tests={
            "tests/test_retry.py": """
            import pytest

            from retry import call


            def failing(times, error=OSError):
                left = [error("down")] * times

                def what():
                    if left:
                        raise left.pop()
                    return "done"

                return what


            def test_it_is_tried_again():
                pauses = []
                assert call(failing(3), 4, sleep=pauses.append) == "done"
                assert pauses == [1, 2, 4]


            def test_the_last_error_is_raised():
                with pytest.raises(OSError):
                    call(failing(3), 3)


            def test_other_errors_are_not_tried_again():
                with pytest.raises(KeyError):
                    call(failing(1, KeyError), 3)
            """,
        },
    ),
)
