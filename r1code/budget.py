"""One meter that counts against one budget. A step reserves before it calls."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from r1code.errors import BudgetExhausted
from r1code.types import Budget, Usage


class Meter:
    """Thread-safe: candidates share one."""

    def __init__(self, budget: Budget, clock: Callable[[], float] = time.monotonic) -> None:
        self.budget = budget
        self._clock = clock
        self._started = clock()
        self._lock = threading.Lock()
        self._steps = 0
        self._share: int | None = None
        self._usage = Usage()
        self._thought = 0

    @property
    def seconds(self) -> float:
        return self._clock() - self._started

    @property
    def reasoning_left(self) -> int | None:
        """Tokens of reasoning that are not used yet; None: no limit."""
        allowed = self.budget.reasoning_tokens
        return None if allowed is None else max(0, allowed - self._thought)

    @property
    def usage(self) -> Usage:
        """All that was used so far, as far as the provider said."""
        return self._usage

    @property
    def steps(self) -> int:
        return self._steps

    def share(self, part: int, parts: int) -> None:
        """Allows no more steps, those already taken included, than `part` of `parts` equal shares."""
        if self.budget.steps is not None:
            self._share = -(-self.budget.steps * part // parts)

    def reserve_step(self) -> int:
        """Takes one step and returns its number, from 1. Raises BudgetExhausted when a limit is reached."""
        with self._lock:
            self._check_all()
            self._check("steps for this candidate", self._share, self._steps)
            self._steps += 1
            return self._steps

    @property
    def exhausted(self) -> bool:
        """Whether no step could be reserved, in any share."""
        with self._lock:
            try:
                self._check_all()
            except BudgetExhausted:
                return True
            return False

    def _check_all(self) -> None:
        used = self._usage
        self._check("steps", self.budget.steps, self._steps)
        self._check("seconds", self.budget.seconds, self.seconds)
        self._check("tokens", self.budget.tokens, (used.prompt or 0) + (used.completion or 0))
        self._check("reasoning tokens", self.budget.reasoning_tokens, self._thought)

    def add(self, usage: Usage, thought: int | None = None) -> None:
        """`thought`: tokens of reasoning as r1code counts them, which count where the provider did not say."""
        with self._lock:
            self._usage += usage
            self._thought += (thought or 0) if usage.reasoning is None else usage.reasoning

    @staticmethod
    def _check(limit: str, allowed: float | None, used: float) -> None:
        if allowed is not None and used >= allowed:
            raise BudgetExhausted(limit, allowed)
