"""Which versions of vLLM are known, and what is known to be wrong with some. docs/doctor.md says what each is."""

from __future__ import annotations

from msgspec import Struct
from packaging.version import InvalidVersion, Version

from r1code.app.checkup.finding import Finding, ok, warning

TESTED = ("0.32", "0.33")
"""What r1code was held beside, or whose source was read."""


class Defect(Struct, frozen=True, kw_only=True):
    id: str
    since: str
    fixed: str
    """The first version without it."""


DEFECTS = (
    Defect(id="GHSA-v97p-wpxp-px84", since="0.16.0", fixed="0.21.0"),
    Defect(id="GHSA-fpch-3xrf-7q96", since="0.21.0", fixed="0.28.0"),
    Defect(id="CVE-2026-105757", since="0", fixed="0.30.0"),
    Defect(id="CVE-2026-114053", since="0.7.3", fixed="0.31.0"),
    Defect(id="CVE-2026-115911", since="0.19.0", fixed="0.32.0"),
)
"""Those that somebody who may only chat, or a neighbour's request, can set off in a server as r1code has it."""


def diagnose(said: str) -> Finding:
    """Of a vLLM that says this version; empty: it says none."""
    if not said:
        return ok("server", "vLLM of a version that it does not say")
    try:
        version = Version(said)
    except InvalidVersion:
        return ok("server", f"vLLM {said}, which is no version that r1code knows")
    # What was built from a commit is as good as the release it is on the way to.
    release = Version(version.base_version)
    found = [one for one in DEFECTS if Version(one.since) <= release < Version(one.fixed)]
    if found:
        best = max((one.fixed for one in found), key=Version)
        ids = ", ".join(one.id for one in found)
        return warning(
            "server",
            f"vLLM {said} has known defects: {ids}",
            f"update to vLLM {best} or later; docs/doctor.md says what they are",
        )
    line = f"{release.major}.{release.minor}"
    if line in TESTED:
        return ok("server", f"vLLM {said}")
    return ok("server", f"vLLM {said}; r1code was tested with {' and '.join(TESTED)}")
