"""Records `make demo` as docs/demo.svg: `.venv/bin/python examples/record.py`. A real run of the real model.

The steps in the middle are left out, and it is said how many lines that are; nothing else is changed.
"""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

import pexpect
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
COLUMNS = 100
FIRST, LAST = 42, 64
"""Lines that are shown."""


def main() -> None:
    script = Path(sys.executable).with_name("r1code")
    command = [str(ROOT / "examples" / "demo.sh"), str(script), "embedded"]
    output = StringIO()
    child = pexpect.spawn("sh", command, dimensions=(50, COLUMNS), encoding="utf-8", timeout=1800)
    child.logfile_read = output
    child.expect(pexpect.EOF)
    child.close()
    print(f"exit code {child.exitstatus}")
    lines = Text.from_ansi(output.getvalue().replace("\r\n", "\n")).split("\n")
    hidden = len(lines) - FIRST - LAST
    shown = [*lines[:FIRST], Text(f"... {hidden} lines ...", style="dim italic"), *lines[-LAST:]]
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    console.print(Text("$ make demo", style="bold"))
    for line in shown if hidden > 0 else lines:
        console.print(line)
    console.save_svg(str(ROOT / "docs" / "demo.svg"), title="r1code: a small model repairs the example")


if __name__ == "__main__":
    main()
