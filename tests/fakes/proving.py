"""A proof with real tests: a project in a folder, whose commands run on this machine."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from r1code.control import Control
from r1code.events import Event
from r1code.repair.demands import Demands
from r1code.repair.parts import Parts
from r1code.repair.proof import Claim, Proof
from r1code.sandbox.base import Limits, Sandbox
from r1code.sandbox.host import HostSandbox
from r1code.session import Session
from r1code.tree.snapshot import Entry, Snapshot
from r1code.tree.store import Store
from r1code.types import TestReport, Verdict

PYTEST = f"PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 {sys.executable} -B -m pytest -q -p no:cacheprovider"
CART = {
    "shop/__init__.py": "",
    "shop/cart.py": "def total(prices, discount=0):\n    return sum(prices) + discount\n",
    "tests/test_cart.py": (
        "from shop.cart import total\n\n\ndef test_sum():\n    assert total([1, 2]) == 3\n\n\n"
        "def test_discount():\n    assert total([10], discount=3) == 7\n"
    ),
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
}
GOOD = "def total(prices, discount=0):\n    return sum(prices) - discount\n"


class _Log:
    def __init__(self) -> None:
        self.items: list[Any] = []

    def append(self, item: Any) -> None:
        self.items.append(item)


class _Parts:
    in_place = True

    def __init__(self, folder: Path, demands: Demands) -> None:
        self.store = Store(folder / "objects")
        self.scratch = folder / "scratch"
        self.demands = demands
        self.started = 0

    def sandbox(self, root: Path) -> Sandbox:
        self.started += 1
        return HostSandbox(root, limits=Limits(seconds=60), scan=lambda: self.there(root))

    def there(self, root: Path) -> Snapshot:
        files = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
        return Snapshot({path: self.entry((root / path).read_bytes()) for path in files})

    def entry(self, data: bytes) -> Entry:
        return Entry(kind="file", mode=0o644, digest=self.store.put(data, durable=False))


class Prover:
    """Its claims begin with `files`."""

    def __init__(self, folder: Path, files: Mapping[str, str], demands: Demands | None = None) -> None:
        self.parts = _Parts(folder, demands or Demands())
        self.log = _Log()
        self.base = self.tree(files)
        self.files = dict(files)
        self.proof = Proof(cast("Parts", self.parts), cast("Session", self.log))
        self.events: list[Event] = []

    def tree(self, files: Mapping[str, str]) -> Snapshot:
        return Snapshot({path: self.parts.entry(text.encode()) for path, text in sorted(files.items())})

    def before(self, command: str = PYTEST, *, steady: bool = True) -> TestReport:
        return self._ended(self.proof.baseline(self.base, command, Control(), steady=steady))

    def verdict(self, changed: Mapping[str, str | None], command: str = PYTEST, **claim: Any) -> Verdict:
        """Of a patch that makes these files of it; None: it deletes one."""
        after = {path: text for path, text in {**self.files, **changed}.items() if text is not None}
        before = claim.pop("before", None) or self.before(command)
        facts: dict[str, Any] = {"protect": True, "repairs": True, **claim}
        patch = self.base.diff(self.tree(after))
        made = Claim(base=self.base, patch=patch, before=before, **facts)
        return self._ended(self.proof.verdict(made, command, Control()))[0]

    def _ended(self, running: Any) -> Any:
        while True:
            try:
                self.events.append(next(running))
            except StopIteration as stop:
                return stop.value


def checked(verdict: Verdict, name: str) -> tuple[str, str]:
    """State and text of one check."""
    return next((one.state, one.text) for one in verdict.checks if one.name == name)
