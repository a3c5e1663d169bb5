"""One small bug fix in a project of 12 files: list, read, wrong edit, test, right edit, test, end."""

from __future__ import annotations

from pathlib import Path

from fakes.house import House
from fakes.sandbox import FakeSandbox
from r1code import prompts
from r1code.profiles import Profile
from r1code.profiles.tokenizers import Tokenizer
from r1code.size import size
from r1code.tools.list import listing

MINI_SESSION = 11_211
MINI_FIRST = 774
MINI_GROWTH = MINI_SESSION - 7 * MINI_FIRST
"""Prompt tokens of mini-swe-agent 2.4.6 in such a session: all, of the first of 7 requests, what steps added."""
TASK = "tests/test_money.py::test_split fails. Find the cause and fix it."
MONEY = '''"""Amounts of money in cents."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction


def parse(text: str) -> int:
    """"12.50" -> 1250."""
    whole, _, part = text.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0")[:2])


def show(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def parse_list(text: str) -> list[int]:
    """Amounts with semicolons between them; empty ones are left out."""
    return [parse(part.strip()) for part in text.split(";") if part.strip()]


def convert(cents: int, rate: Fraction) -> int:
    """In another currency, rounded half up."""
    exact = cents * rate
    return int(exact + Fraction(1, 2)) if exact >= 0 else -int(-exact + Fraction(1, 2))


def discounted(cents: int, percent: int) -> int:
    """Never below zero."""
    if not 0 <= percent <= 100:
        raise ValueError(f"{percent} is no percentage")
    return max(0, cents - cents * percent // 100)


def split(cents: int, people: int) -> list[int]:
    """Shares that add up to all of it, the larger ones first."""
    share = cents // people
    return [share] * people


def total(amounts: Iterable[int]) -> int:
    return sum(amounts)


def columns(amounts: Iterable[int], width: int) -> list[str]:
    """Each amount on a line of its own, with the points below one another."""
    return [show(amount).rjust(width) for amount in amounts]


def rounded(cents: int, step: int) -> int:
    """To the nearest multiple of `step`; what lies in the middle goes to the even one, as banks do it."""
    low, rest = divmod(cents, step)
    return (low + (2 * rest > step or (2 * rest == step and low % 2 == 1))) * step


def largest(amounts: Iterable[int]) -> int:
    """Zero for none."""
    return max(amounts, default=0)
'''
OTHERS = (
    "README.md", "pyproject.toml", "purse/__init__.py", "purse/accounts.py", "purse/book.py", "purse/cli.py",
    "purse/rates.py", "purse/report.py", "tests/test_accounts.py", "tests/test_book.py", "tests/test_money.py",
)  # fmt: skip
FILES = {**dict.fromkeys(OTHERS, '"""Nothing to see."""\n'), "purse/money.py": MONEY}
FAILED = """tests/test_money.py ......F                                               [100%]

=================================== FAILURES ===================================
__________________________________ test_split __________________________________

    def test_split() -> None:
        assert split(90, 3) == [30, 30, 30]
>       assert split(100, 3) == [34, 33, 33]
        assert split(101, 3) == [34, 34, 33]
E       assert {got} == [34, 33, 33]
E
E         At index 0 diff: 33 != 34
E         Use -v to get more diff

tests/test_money.py:27: AssertionError
----------------------------- Captured stdout call -----------------------------
asked for 3 shares of 90: [30, 30, 30], which are 90
asked for 3 shares of 100: {got}, which are not 100
------------------------------ Captured log call -------------------------------
WARNING  purse.money:money.py:58 the shares do not add up to what was there
=========================== short test summary info ============================
FAILED tests/test_money.py::test_split - assert {got} == [34, 33, 33]
1 failed, 6 passed in 0.09s
"""


def _edit(old: str, new: str) -> str:
    return f'<edit path="purse/money.py">\n<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n</edit>'


OLD = "    return [share] * people\n"
WRONG = "    return [share + 1] + [share] * (people - 1)\n"
RIGHT = "    rest = cents % people\n    return [share + 1] * rest + [share] * (people - rest)\n"
REPLIES = (
    "I do not know this project yet. I look at which files there are before I open any of them.\n\n<list/>",
    """The failing test is about split(), and its name says that the function is in the module for money. I read
that module, to see how the shares are made.

<read path="purse/money.py"/>""",
    f"""split() divides and throws the rest of the division away, so that the shares do not add up to the whole.
The first share has to take what is left over.

{_edit(OLD, WRONG)}""",
    "Now I run the tests of this module, to see whether that was all.\n\n<test>tests/test_money.py</test>",
    f"""The rest may be more than one cent, or none at all: with 101 cents for three people two shares get one
cent more. So it has to be counted.

{_edit(WRONG, RIGHT)}""",
    "Once more the same tests, which should all pass now.\n\n<test>tests/test_money.py</test>",
    "<done>split() gave the rest of the division to nobody; now the first shares get a cent more each.</done>",
)


class SixSteps(House):
    """The session, done. `task`: its first message, with the list of files, as r1code writes it."""

    def __init__(self, folder: Path, profile: Profile) -> None:
        runs = iter([(1, FAILED.format(got="[34, 33, 33, 33]")), (0, "18 passed in 0.08s\n")])
        sandbox = FakeSandbox({"pytest -q tests/test_money.py": lambda *_: next(runs)})
        super().__init__(folder, REPLIES, files=FILES, sandbox=sandbox, profile=profile)
        paths = sorted(FILES)
        self.task = prompts.load("task", task=TASK, count=len(paths), files=listing(paths), instructions="")
        self.end(self.task)
        self.prompts = [size(profile, request) for request in self.provider.requests]
        """Tokens of each request."""

    def said(self, count: Tokenizer) -> list[tuple[int, int]]:
        """Of each step, the tokens of its reply and of what was observed."""
        pairs: list[tuple[int, int]] = []
        for message in self.session.history():
            tokens = count.count(message.text)
            if message.role == "assistant":
                pairs.append((tokens, 0))
            elif message.role == "observation":
                pairs[-1] = (pairs[-1][0], pairs[-1][1] + tokens)
        return pairs
