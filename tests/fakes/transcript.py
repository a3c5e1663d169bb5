"""A whole session as the model sees it. Run this file to write the golden one anew; review the difference."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fakes.house import House

GOLDEN = Path(__file__).parents[1] / "golden/session.txt"
EDIT = '<edit path="shop/cart.py">\n<<<<<<< SEARCH\n    {}\n=======\n    {}\n>>>>>>> REPLACE\n</edit>'
REPLIES = [
    '<list/>\n<read path="shop/cart.py"/>\n<search pattern="discount"/>',
    EDIT.format("return price + discont", "return price"),
    "I think that it works now.",
    EDIT.format("return price + discount", "return price - discount") + "\n<run>python -m shop</run>",
    "<done>The discount is subtracted.</done>",
]
FILES = {"shop/cart.py": "def total(price, discount):\n    return price + discount\n", "README.md": "# Shop\n"}


def transcript(folder: Path) -> str:
    """Every message of the last request, and how the session went on."""
    house = House(folder, REPLIES, files=FILES, sandbox={"python -m shop": (0, "total: 7\n")})
    house.turn("Subtract the discount.")
    messages = house.provider.requests[-1].messages
    return "".join(f"=== {message.role}\n{message.content}\n" for message in messages)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        GOLDEN.write_text(transcript(Path(name)))
