"""Runs a person's git hooks, as git would, in a folder that they trust."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping

from r1code.app.trust import Trust
from r1code.control import Control
from r1code.errors import UsageError
from r1code.repo.git import Git
from r1code.sandbox.base import Limits
from r1code.sandbox.environment import BASIC, PROXY, allowed
from r1code.sandbox.host import HostSandbox
from r1code.tree.snapshot import Snapshot
from r1code.types import ExecResult

Say = Callable[[str], None]

_MORE = (
    *("USER", "LOGNAME", "SHELL", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"),
    *("PYENV_ROOT", "NVM_DIR", "ASDF_DIR", "GOPATH", "CARGO_HOME", "RUSTUP_HOME", "JAVA_HOME"),
)
"""Where the tools of hooks are set up; none of them holds or reaches a key."""
_LIKE_GIT = {"GIT_EDITOR": ":", "GIT_PREFIX": ""}
_SECONDS = 3_600.0


class GitHooks:
    """Of one commit. `show` is told the lines of their output, which is not ours."""

    def __init__(self, git: Git, trust: Trust, control: Control, *, say: Say, show: Say) -> None:
        self._trust = trust
        self._control = control
        self._say = say
        self._show = show
        self._sandbox = HostSandbox(git.root, limits=Limits(seconds=_SECONDS), scan=lambda: Snapshot({}))
        hooks = trust.hooks
        reason = trust.missing() if hooks else None
        self._wanted = hooks if reason is None else ()
        if reason is not None:
            say(f"hooks were not run: {', '.join(hooks)} ({reason})")
        configured = git.named("hook")
        if configured:
            # Git's own rules for them are young and still change.
            say(f"hooks of git's configuration are not run by r1code: {', '.join(sorted(configured))}")

    @property
    def any_before(self) -> bool:
        """Whether one runs before the commit is made."""
        return bool({*self._wanted} - {"post-commit"})

    def run(self, name: str, *arguments: str, env: Mapping[str, str]) -> bool:
        """Runs a hook, if there is one that may run; whether it ran.

        Raises UsageError when it fails, but for `post-commit`, whose failure is only said.
        """
        if name not in self._wanted:
            return False
        # Another hook, or whoever else is at work, may have changed it by now.
        reason = self._trust.missing()
        if reason is None:
            self._say(f"running the {name} hook")
            code = self._follow([str(self._trust.hooks_folder / name), *arguments], env)
            if code == 0:
                return True
            reason = f"it failed with exit code {code}; its output is above"
        if name == "post-commit":
            self._say(f"the commit is made, but its {name} hook did not do its part: {reason}")
            return True
        raise UsageError(
            "nothing was committed",
            why=f"the {name} hook: {reason}",
            hint="correct what it complains about, and commit again",
        )

    def _follow(self, command: list[str], env: Mapping[str, str]) -> int | None:
        environment = allowed((*BASIC, *PROXY, *_MORE)) | _LIKE_GIT | dict(env)
        running = self._sandbox.run(shlex.join(command), self._control, env=environment)
        line = ""
        try:
            while True:
                *whole, line = (line + next(running)).split("\n")
                for one in whole:
                    self._show(one)
        except StopIteration as stop:
            result: ExecResult = stop.value
        if line:
            self._show(line)
        return result.exit_code
