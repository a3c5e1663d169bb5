"""A session on record without a model: a work tree with a timeline, a log, and what each step thought and did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from fakes.repository import Repository
from r1code.app.why import Why, why
from r1code.log import Asked, Called, Ended, Judged, Observed, Opened, Replied, Said, Tested, Used
from r1code.profiles.price import Price
from r1code.repo.files import is_secret
from r1code.repo.git import Git
from r1code.session import Session
from r1code.tools.base import Draft
from r1code.tools.writes import WRITES
from r1code.tree.scan import Listing
from r1code.tree.store import Store
from r1code.tree.timeline import Origin
from r1code.tree.worktree import WorkTree
from r1code.types import Cut, Observation, Status, TestReport, ToolCall, Usage, Verdict

PRICE = Price(currency="USD", date="2026-01-01", source="https://example.org", hit=0.1, miss=1.0, output=4.0)
Asking = tuple[str, Mapping[str, object]]
TOOLS = {tool.name: tool for tool in WRITES}


def edit(path: str, *blocks: tuple[str, str]) -> Asking:
    return "edit", {"path": path, "edits": [{"search": old, "replace": new} for old, new in blocks]}


def write(path: str, content: str) -> Asking:
    return "write", {"path": path, "content": content}


class Recorded:
    """`files` are committed. `at`: where the steps work; None: in the tree itself, which then has a timeline."""

    def __init__(
        self, folder: Path, files: Mapping[str, str], *, task: str = "Do it", command: str = "prompt"
    ) -> None:
        self.repository = Repository(folder / "repo")
        self.root = self.repository.root
        for path, text in files.items():
            self.put(path, text)
        self.repository.git("add", "-A")
        identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
        self.repository.git(*identity, "commit", "-qm", "The first commit")
        self.state = folder / "state"
        self.git = Git.find(self.root)
        self.store = Store(self.state / "objects")
        self._command = command
        self.tree = self._open(self.root)
        self.open(task)

    def open(self, task: str = "Do it") -> None:
        """Another session."""
        if hasattr(self, "session"):
            self.session.close()
        base = self.store.put(self.tree.snapshot().pack())
        opened = Opened(root=str(self.root), profile="scripted", base=base, task=task, command=self._command)
        self.session = Session.create(self.state / "sessions", opened)
        self._step = 0

    def _open(self, root: Path) -> WorkTree:
        return WorkTree(
            root,
            Listing(
                lambda: sorted(
                    str(p.relative_to(root)) for p in root.rglob("*") if p.is_file() and ".git" not in p.parts
                )
            ),
            self.store,
            state=self.state,
            hidden=is_secret,
            origin=lambda: self.session.origin() if root == self.root else Origin(),
        )

    def put(self, path: str, text: str) -> None:
        """As a person would."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, newline="")

    def copy(self, folder: Path) -> WorkTree:
        """A copy to work in, as a repair does."""
        for path in self.tree.paths():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(self.tree.read(path))
        return self._open(folder)

    def task(self, text: str = "Do it.") -> None:
        self.session.append(Said(text=text, origin="task"))

    def step(
        self,
        *asked: Asking,
        reasoning: str = "",
        said: str = "",
        seen: Sequence[str] = (),
        status: Status = "ok",
        usage: Usage | None = None,
        tree: WorkTree | None = None,
        cut: Cut | None = None,
    ) -> None:
        """One reply; what it writes is written, and `seen` are the observations of its other calls."""
        self._step += 1
        spent = usage or Usage(prompt=1000, cached=800, completion=100, reasoning=60)
        request = self.session.append(Asked(profile="scripted", step=self._step, price=PRICE, at_most=Decimal(1)))
        self.session.append(Replied(text=said, reasoning=reasoning, finish="stop", usage=spent, cut=cut))
        self.session.append(Used(asked=request.id, usage=spent))
        told = iter(seen)
        draft = Draft(tree or self.tree, lambda _: False)
        for name, arguments in asked:
            call = ToolCall(id=f"c{self.session.next_call()}", name=name, arguments=dict(arguments))
            self.session.append(Called(call=call))
            text = (
                TOOLS[name].draft(call.arguments, draft).text
                if name in TOOLS and status == "ok"
                else next(told, "")
            )
            self.session.append(Observed(observation=Observation(call_id=call.id, status=status, text=text)))
        draft.land()

    def ran(self, command: str, changed: Mapping[str, str], **more: object) -> None:
        """A step whose command changed files of the tree."""
        names = ", ".join(changed)
        self.step(("run", {"command": command}), seen=[f"[exit code 0, 0.1 s]\nchanged: {names}"], **more)
        self.tree.write({path: text.encode() for path, text in changed.items()}, f"run {command}")

    def tested(self, *failed: str, digest: str = "") -> None:
        report = TestReport(failed=failed, structured=True, digest=digest)
        self.session.append(Tested(command="pytest -q", report=report))

    def end(self, verdict: Verdict | None = None) -> None:
        self.session.append(Ended(reason="done", text="", usage=Usage(), steps=self._step, seconds=2.0))
        self._step = 0
        if verdict is not None:
            self.session.append(Judged(verdict=verdict))

    def close(self) -> None:
        self.session.close()

    @property
    def folder(self) -> Path:
        return self.session.folder

    def why(self, place: str, session: str = "") -> Why:
        return why(place, self.git, self.state, folder=self.root, session=session)
