"""What programs that r1code starts on this machine may know of its environment: never a key."""

from __future__ import annotations

import os
from collections.abc import Iterable

BASIC = ("PATH", "HOME", "LANG", "LANGUAGE", "TERM", "TMPDIR", "TZ", "VIRTUAL_ENV")
PROXY = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def allowed(names: Iterable[str]) -> dict[str, str]:
    """The variables of this process with these names, and its locale."""
    wanted = set(names)
    return {name: value for name, value in os.environ.items() if name in wanted or name.startswith("LC_")}
