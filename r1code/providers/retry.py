"""When the same request is sent again."""

from __future__ import annotations

import math
import random
import time
from datetime import UTC
from email.utils import parsedate_to_datetime

from msgspec import Struct

_RANDOM = random.SystemRandom()


class Backoff(Struct, frozen=True, kw_only=True):
    """Waits that double, each shortened by up to a quarter, so that candidates do not come back together.

    For the same reason what a server asks for is lengthened by up to a tenth.
    """

    tries: int = 5
    first_seconds: float = 1.0
    most_seconds: float = 20.0
    most_asked_seconds: float = 120.0
    """A server that asks for a longer wait gets this one."""

    def wait(self, tried: int, asked: float | None) -> float:
        """Seconds before the next try; `asked` is what the server said."""
        if asked is not None:
            return min(asked, self.most_asked_seconds) * _RANDOM.uniform(1.0, 1.1)
        seconds = min(self.first_seconds * 2.0 ** (tried - 1), self.most_seconds)
        return seconds * _RANDOM.uniform(0.75, 1.0)


def retry_after(value: str | None) -> float | None:
    """The seconds that a Retry-After header asks for, given as seconds or as a date; None: it says nothing."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = date.replace(tzinfo=date.tzinfo or UTC).timestamp() - time.time()
    return None if math.isnan(seconds) else max(seconds, 0.0)
