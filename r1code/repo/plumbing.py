"""Runs git so that nothing in a repository, and nothing in our environment, makes it run anything else."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from r1code.errors import KilledError, StateError, UsageError

# Without it a missing git is an ImportError here instead of a message there.
os.environ["GIT_PYTHON_REFRESH"] = "quiet"

from git.cmd import Git as Command

_SECONDS = 300.0

_PASSED_ON = (
    "HOME",
    "XDG_CONFIG_HOME",
    "TMPDIR",
    "SUDO_UID",
    "DEVELOPER_DIR",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
)
"""All that git learns of our environment, besides PATH.

The person's own configuration stays readable: `core.excludesFile` decides which files are ignored and
`safe.directory` which repositories are trusted. What could run a program is overridden wherever it is set.
"""

_FIXED = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
}

_OVERRIDES = (
    "core.fsmonitor=",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.editor=false",
    "core.sshCommand=false",
    "core.askPass=",
    "core.gitProxy=",
    "core.alternateRefsCommand=false",
    "credential.helper=",
    "gpg.program=false",
    "gpg.openpgp.program=false",
    "gpg.ssh.program=false",
    "gpg.ssh.defaultKeyCommand=false",
    "gpg.x509.program=false",
    "protocol.allow=never",
    "submodule.recurse=false",
    "status.submoduleSummary=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "safe.bareRepository=explicit",
)
"""These win over every configuration file."""


class Ran(Struct, frozen=True, kw_only=True):
    code: int
    output: bytes
    error: str

    @property
    def names(self) -> list[str]:
        """The output of a command with `-z`."""
        return [os.fsdecode(name) for name in self.output.split(b"\0") if name]


def run(
    folder: Path,
    arguments: Sequence[str],
    *,
    config: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
) -> Ran:
    """Runs git in `folder` with nothing but the environment above.

    Raises UsageError when there is no git, and KilledError where it was killed: that is no answer of git's.
    """
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    path = os.pathsep.join(one for one in folders if Path(one).is_absolute())
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment |= {"PATH": path, **_FIXED, **(env or {})}
    git, clean = shutil.which("git", path=path), shutil.which("env", path=path)
    if git is None or clean is None:
        raise UsageError(
            "git was not found",
            why="no folder of PATH has it, and r1code works in git repositories",
            hint="install git, for example with `apt-get install git`",
        )
    # GitPython adds to our environment and takes nothing out of it; `env -i` does.
    command = [clean, "-i", *(f"{name}={value}" for name, value in environment.items()), git, "--no-pager"]
    for override in (*_OVERRIDES, *config):
        command += ["-c", override]
    with tempfile.TemporaryFile() as source:
        source.write(stdin)
        source.seek(0)
        code, output, error = Command(folder).execute(
            [*command, *arguments],
            istream=source,
            with_extended_output=True,
            with_exceptions=False,
            stdout_as_string=False,
            strip_newline_in_stdout=False,
            kill_after_timeout=_SECONDS,
        )
    if code < 0:
        raise KilledError(
            "git was killed while it worked",
            why=error.strip() or f"signal {-code} ended `git {arguments[0]}`",
            hint="try again; the system's log may say who ended it, where memory ran out for example",
        )
    return Ran(code=code, output=output, error=error)


def checked(ran: Ran, doing: str) -> Ran:
    """The same. Raises StateError if git failed."""
    if ran.code:
        raise StateError(
            f"git could not {doing}",
            why=ran.error.strip() or f"it ended with exit code {ran.code}",
            hint="`git status` and `git fsck` in that folder may say more",
        )
    return ran
