"""What a person allowed, asked to be asked about, and denied, from every place where that is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pathspec import GitIgnoreSpec

from r1code.app.remembered import Remembered
from r1code.config import Config
from r1code.errors import ToolError, UsageError
from r1code.repo.files import is_secret
from r1code.repo.ignore import IGNORE_FILE, ignoring
from r1code.rules.policy import Policy, Rules
from r1code.rules.rule import Rule, parse
from r1code.tree.worktree import WorkTree
from r1code.types import ApprovalMode


class Consent:
    """Of one session: what is remembered in it holds for all its trees.

    Raises UsageError for a wrong rule, and for an .r1codeignore that cannot be used.
    """

    def __init__(self, config: Config, root: Path, state: Path, *, is_replay: bool) -> None:
        kept = Remembered(root, state)
        # A sandbox is the consent to run things in it; on this machine a person is asked.
        self._on_host = on_host = config.sandbox == "none" and not config.allow_host_exec
        self._mode: ApprovalMode = config.approve or ("ask" if on_host else "auto")
        self._rules = Rules(
            allow=(*map(parse, config.allow), *(() if is_replay else kept.rules)),
            ask=tuple(map(parse, config.ask)),
            deny=tuple(map(parse, config.deny)),
        )
        self._exempt = GitIgnoreSpec.from_lines(config.not_secret)
        # As it is now: what the model does to that file in this session shows it nothing.
        self._is_ignored = ignoring(root)
        self._kept = kept
        self._remembered: list[Rule] = []
        self._anywhere = Policy(self._mode, self._rules, lambda path: path)

    def approve(self, mode: ApprovalMode) -> None:
        """Policies that are made from now on have this mode. Raises UsageError."""
        if mode == "auto" and self._on_host:
            raise UsageError(
                "commands would run on this machine unasked, and nobody agreed to that",
                why="there is no sandbox, and --allow-host-exec was not given",
                hint="/approve auto-edit, or start with --allow-host-exec if this machine is disposable",
            )
        self._mode = mode

    def policy(self, tree: WorkTree) -> Policy:
        def resolve(path: str) -> str | None:
            try:
                return tree.resolve(path)
            except (ToolError, OSError):
                return None

        return Policy(self._mode, self._rules, resolve, self._remembered)

    def remember(self, rules: Sequence[Rule]) -> None:
        """Keeps rules for later sessions in this folder. Raises StateError."""
        self._kept.add(rules)

    def is_hidden(self, path: str) -> bool:
        """Whether R1 must not see a file, by any way: it is a secret, reading it is denied, or it is ignored."""
        return self.is_closed(path) or self._is_ignored(path)

    def is_closed(self, path: str) -> bool:
        """The same without what the project's .r1codeignore hides."""
        secret = is_secret(path) and not self.is_exempt(path)
        return secret or self._anywhere.denies_path("read", path)

    def why_hidden(self, path: str) -> str:
        """The same in words for the model; empty: it may see the file."""
        if self.is_closed(path):
            return "may hold secrets"
        return f"is hidden by the project's {IGNORE_FILE}" if self._is_ignored(path) else ""

    def is_exempt(self, path: str) -> bool:
        """Whether a person says that a file holds no secret, whatever it looks like."""
        return self._exempt.match_file(path)

    def protecting(self, is_protected: Callable[[str], bool]) -> Callable[[str], bool]:
        """What must stay as it is: that, what a rule denies to change, commands included, and .r1codeignore."""

        def must_stay(path: str) -> bool:
            return path == IGNORE_FILE or is_protected(path) or self._anywhere.denies_path("write", path)

        return must_stay
