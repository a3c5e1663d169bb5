"""The REPL: how soon it can be typed at, what streaming costs, how soon a key is echoed, what it does when idle.

    .venv/bin/python bench/repl.py [--runs N] [--script r1code]

Launch: until a typed key is on the screen, in a repository of 10,000 files, as a multiple of a script that only
shows an empty PromptSession; medians of alternating runs. Rendering: 32,000 tokens through narrator and Markdown,
as a multiple of one rendering of the whole. Streaming: CPU seconds of the whole tool for 8,000 tokens at 200 a
second; how late keys are echoed meanwhile; and CPU where nothing goes on. Memory: after 40 turns of 2,000 tokens,
and after 240, which at a minute each are four hours. `--script`: the command of an installed wheel, whose
interpreter shows the empty session, too: from a checkout each module is looked for in one more place.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pexpect
from rich.console import Console
from rich.markdown import Markdown

from r1code.events import ReasoningDelta, TextDelta
from r1code.ui.repl.narrator import Narrator
from r1code.ui.repl.painting import Paint

FLOOR = "from prompt_toolkit import PromptSession; PromptSession('> ').prompt()"
HOST = ["--sandbox", "none", "--allow-host-exec", "--test", "off", "--profile", "scripted"]
WORDS = "The quick brown fox jumps over the lazy dog and looks around. "


def repository(root: Path, files: int) -> None:
    for number in range(files):
        path = root / f"d{number // 100:03}" / f"f{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"x = {number}\n")
    for arguments in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *arguments], cwd=root, check=True)


def opened(command: list[str], root: Path, state: Path) -> pexpect.spawn:
    env = {**os.environ, "R1CODE_STATE_DIR": str(state), "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"}
    child = pexpect.spawn(command[0], command[1:], cwd=str(root), env=env, dimensions=(40, 100), timeout=120)
    # It would wait 50 ms before each key, and that would be counted.
    child.delaybeforesend = None
    return child


def launch(command: list[str], root: Path, state: Path) -> float:
    """Seconds until a key that is typed at once is echoed."""
    began = time.perf_counter()
    child = opened(command, root, state)
    child.expect(">")
    child.send("q")
    child.expect("q")
    taken = time.perf_counter() - began
    child.send("\x15\x04")
    child.expect(pexpect.EOF)
    child.close()
    return taken


def replies(folder: Path, **reply: object) -> list[str]:
    file = folder / "replies.toml"
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in reply.items()]
    file.write_text("".join(["[[reply]]\n", *lines]))
    return ["--replies", str(file)]


def cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def drained(child: pexpect.spawn, seconds: float) -> bytes:
    out, until = b"", time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            out += child.read_nonblocking(65_536, timeout=max(0.001, until - time.monotonic()))
        except pexpect.TIMEOUT:
            break
    return out


def streaming(script: Path, root: Path, folder: Path, *, rate: int, tokens: int = 8_000) -> dict[str, float]:
    """CPU seconds while it streams, how late keys are echoed meanwhile, and its CPU when nothing goes on."""
    # Nothing that repeats itself: the governor would cut it.
    dice = random.Random(1)
    words = ("".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=dice.randint(2, 9))) for _ in range(tokens))
    text = " ".join(words)[: tokens * 4]
    flags = replies(folder, reasoning=text, text="The end.", chunk=4, delay_seconds=1 / rate)
    child = opened([str(script), *HOST, *flags], root, folder / "state")
    child.expect(">")
    drained(child, 6)
    before = cpu(child.pid)
    drained(child, 5)
    idle = (cpu(child.pid) - before) / 5
    before = cpu(child.pid)
    child.send("go\r")
    echoes: list[float] = []
    until = time.monotonic() + tokens / rate
    while time.monotonic() < until - 1:
        began = time.perf_counter()
        child.send("Z")
        child.expect(re.compile(rb"Z"))
        echoes.append(time.perf_counter() - began)
        child.send("\x15")
        drained(child, 0.7)
    child.expect(rb"The end\.", timeout=300)
    spent = cpu(child.pid) - before
    child.send("\x15\x04")
    child.expect(pexpect.EOF)
    child.close()
    echoes.sort()
    return {
        "stream_cpu_seconds": round(spent, 2),
        "echo_p95_ms": round(echoes[int(len(echoes) * 0.95)] * 1000, 1),
        "idle_cpu": round(idle, 4),
    }


def memory(script: Path, root: Path, folder: Path, turns: tuple[int, ...]) -> dict[str, float]:
    """MB of the process, shared pages counted once, after so many turns."""
    dice = random.Random(2)
    words = ["".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=dice.randint(2, 9))) for _ in range(3_000)]
    rows: list[str] = []
    for number in range(1, max(turns) + 1):
        text = " ".join(dice.choices(words, k=1_500))
        answer = f"{' '.join(dice.choices(words, k=100))}\n\nEnd of {number}."
        rows += [
            "[[reply]]",
            f"reasoning = {json.dumps(text)}",
            f"text = {json.dumps(answer)}",
            "chunk = 400",
            "",
        ]
    file = folder / "turns.toml"
    file.write_text("\n".join(rows))
    flags = ["--replies", str(file), "--steps", "9"]
    child = opened([str(script), *HOST, *flags], root, folder / "long")
    child.expect(">")
    found: dict[str, float] = {}
    for number in range(1, max(turns) + 1):
        child.send(f"turn {number}\r")
        child.expect(f"End of {number}\\.")
        drained(child, 0.2)
        if number in turns:
            rollup = Path(f"/proc/{child.pid}/smaps_rollup").read_text()
            found[f"memory_mb_{number}"] = round(int(rollup.partition("Pss:")[2].split()[0]) / 1000, 1)
    child.send("\x15\x04")
    child.expect(pexpect.EOF)
    child.close()
    return found


def rendering(tokens: int) -> tuple[float, float]:
    """CPU seconds to tell so many tokens as they stream, and to render them once as a whole."""
    block = f"{WORDS * 4}\n\n- one\n- two\n\n```python\ndef f(x):\n    return x + 1\n```\n\n"
    text = block * (tokens * 2 // len(block) + 1)
    began = time.process_time()
    narrator, paint = Narrator(lambda: 100), Paint(colors="256")
    shown: list[str] = []
    for kind in (ReasoningDelta, TextDelta):
        for at in range(0, len(text), 8):
            # Two tokens an event, twelve frames a second at 200 tokens a second: every eighth event is a frame.
            shown.append(paint.text(list(narrator.tell(kind(text=text[at : at + 8]))), 100))
            if at % 64 == 0:
                narrator.live.pieces(100)
    shown.append(paint.text(list(narrator.end()), 100))
    streamed = time.process_time() - began
    began = time.process_time()
    console = Console(file=io.StringIO(), force_terminal=True, width=98, color_system="256")
    console.print(Markdown(text * 2))
    return streamed, time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--script", type=Path, default=Path(sys.executable).with_name("r1code"))
    options = parser.parse_args()
    script = options.script
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = folder / "repository"
        root.mkdir()
        repository(root, 10_000)
        commands = {
            "empty PromptSession": [str(script.with_name("python")), "-c", FLOOR],
            "r1code": [str(script), *HOST, *replies(folder, text="ok")],
        }
        taken: dict[str, list[float]] = {key: [] for key in commands}
        for _ in range(options.runs):
            for key, command in commands.items():
                taken[key].append(launch(command, root, folder / "state"))
        floor = statistics.median(taken["empty PromptSession"])
        for key, values in taken.items():
            median = statistics.median(values)
            print(f"{key:<20} usable after {median * 1000:6.0f} ms  {median / floor:4.2f} x")
        found: dict[str, float] = {"launch_ratio": round(statistics.median(taken["r1code"]) / floor, 2)}
        found |= streaming(script, root, folder, rate=200)
        found |= memory(script, root, folder, (40, 240))
    for tokens in (32_000, 200_000):
        streamed, whole = rendering(tokens)
        print(
            f"{tokens:,} tokens: told in {streamed:.2f} s CPU, {streamed / tokens * 1e6:.1f} µs a token; "
            f"as a whole {whole:.2f} s"
        )
        found[f"render_{tokens}"] = round(streamed, 2)
        found[f"render_{tokens}_ratio"] = round(streamed / whole, 2)
    print(json.dumps(found))


main()
