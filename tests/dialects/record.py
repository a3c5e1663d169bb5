"""Asks the embedded model for real replies. Run this file to record them anew; it takes some minutes.

Each line of replies/recorded.jsonl is a Reply of the corpus without an expectation: those stand in
replies/recorded_expected.jsonl, and were read by a person. The model is small and not R1: what it sends is ugly,
which is what a corpus is for.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from r1code import prompts
from r1code.app.model import local_provider
from r1code.control import Control
from r1code.dialects.base import ChatMessage, Request
from r1code.profiles import find_profile
from r1code.providers.base import Delta, Done

FILE = Path(__file__).parent / "replies/recorded.jsonl"
TOOLS = ("read", "list", "search", "edit", "write", "delete", "move", "run", "test")
CART = "def total(price, discount):\n    return price + discount\n"
TASKS = (
    "Read shop/cart.py.",
    "Show me lines 1 to 20 of shop/cart.py and of README.md.",
    "Where is `discount` used?",
    "Run the tests.",
    "Run only tests/test_cart.py.",
    "Which Python version is installed here?",
    "Create shop/tax.py with a function `tax(price)` that returns 19 % of the price.",
    f"shop/cart.py is:\n\n{CART}\nThe discount must be subtracted. Change that.",
    f"shop/cart.py is:\n\n{CART}\nRename the parameter `price` to `amount`, then run the tests.",
    f"shop/cart.py is:\n\n{CART}\nAdd a docstring and a second function `count(items)`.",
    "Delete shop/old.py.",
    "Move shop/cart.py to shop/basket.py and change the import in tests/test_cart.py.",
    "Write a README.md with a heading, a code fence that shows `pip install shop`, and one sentence.",
    "Write docs/index.rst with a title that is underlined with =======.",
    "Write page.html with a heading, a list and a search field.",
    "Explain in one sentence what this repository is for.",
    "All tests pass now. You are done.",
    "Make it faster.",
    "用中文回答:读取 shop/cart.py,然后修复折扣的错误。",
    "Lis le fichier shop/cart.py et corrige la remise.",
    "List all files, then search for the regular expression `def \\w+`.",
    "Run `ls -la && git log --oneline | head -3`.",
    "Write a shell script run.sh that prints the numbers from 1 to 3.",
    "Explain how an <edit> action is written, with an example.",
    "What does the tag </think> mean? Answer in one sentence.",
    "Add a file .github/workflows/ci.yml that runs pytest.",
    "Fix the merge conflict in shop/cart.py, which has lines <<<<<<< HEAD and >>>>>>> main.",
    "First plan your steps, then do the first one only.",
    "Write tests/test_tax.py with two tests for `tax`.",
    "Use Python to print 6 * 7.",
)


def record() -> None:
    """Writes FILE anew, one reply for each task."""
    profile = find_profile("embedded")
    descriptions = [prompts.load(f"tools/{name}") for name in TOOLS]
    instructions = prompts.load("instructions", tools=descriptions)
    files = "README.md\nshop/__init__.py\nshop/cart.py\nshop/old.py\ntests/test_cart.py"
    provider = local_provider(profile, print)
    with FILE.open("w", encoding="utf-8") as out:
        for number, task in enumerate(TASKS):
            text = prompts.load("task", instructions="", count=5, files=files, task=task)
            request = Request(
                messages=(ChatMessage(role="user", content=f"{instructions}\n\n{text}"),),
                max_tokens=220,
                temperature=0.6,
                top_p=0.95,
                seed=number,
            )
            raw, finish = "", "unknown"
            for item in provider.stream(request, Control()):
                if isinstance(item, Delta):
                    raw += item.text
                elif isinstance(item, Done):
                    finish = item.finish
            line = {"name": f"{number}: {task.rpartition(chr(10))[2]}", "raw": raw, "finish": finish}
            out.write(msgspec.json.encode(line).decode() + "\n")
            out.flush()
    provider.close()


if __name__ == "__main__":
    sys.exit(record())
