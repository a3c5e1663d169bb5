"""How soon loops are cut, whether anything else is, and what the watching costs.

.venv/bin/python bench/runaways.py [loops of each kind] [texts of each generator]
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from governor import legit_held_out, legit_second, legit_tuned
from governor.runaway import KINDS, runaways
from r1code.governor.repetition import ANSWER, REASONING, Detector
from r1code.profiles.tokenizers import tokenizer_named

TOKENIZER = tokenizer_named("deepseek-r1")


def loops(count: int) -> None:
    print(f"tokens after a loop had said all once, until the cut; {count} of each kind")
    for kind in KINDS:
        figures: list[int] = []
        for one in runaways(kind, count):
            detector = Detector(REASONING)
            text = one.sense + one.loop
            found = detector.feed(text) or detector.finish()
            if found is None:
                print(f"  {kind.__name__}: one was missed")
                continue
            figures.append(TOKENIZER.count(text[len(one.sense) + one.once : found.end]))
        late = sum(figure > 1500 for figure in figures)
        median, most = statistics.median(figures), max(figures)
        print(f"  {kind.__name__:12} median {median:6.0f}  max {most:6}  above 1500: {late} of {len(figures)}")


def legitimate(count: int) -> None:
    for module in (legit_tuned, legit_second, legit_held_out):
        texts = cuts = least = 0
        for kind in module.KINDS:
            for seed in range(count):
                text = module.text_of(kind, seed)
                tokens = TOKENIZER.count(text) if seed == 0 else 0
                least = min(least or tokens, tokens or least)
                texts += 1
                for limits in (REASONING, ANSWER):
                    detector = Detector(limits)
                    cuts += (detector.feed(text) or detector.finish()) is not None
        print(f"{module.__name__}: {texts} traces of at least {least} tokens, false cuts {cuts}")


def speed() -> None:
    text = "".join(legit_second.text_of(kind, 99) for kind in legit_second.KINDS)
    for size in (len(text) // 8, len(text)):
        part, detector = text[:size], Detector(REASONING)
        began = time.perf_counter()
        for at in range(0, size, 5):
            detector.feed(part[at : at + 5])
        seconds, tokens = time.perf_counter() - began, TOKENIZER.count(part)
        print(f"watching {tokens} tokens, 5 characters at a time: {tokens / seconds:,.0f} tokens/s")


loops(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
legitimate(int(sys.argv[2]) if len(sys.argv) > 2 else 12)
speed()
