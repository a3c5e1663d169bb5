"""Units of systemd: what was started by hand once starts again with the machine."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from r1code.errors import UsageError

_KEPT = re.compile(
    r"PATH|LD_LIBRARY_PATH|CUDA_VISIBLE_DEVICES|XDG_(STATE|CONFIG|CACHE|DATA)_HOME|R1CODE_(STATE|CACHE)_DIR"
    r"|HF_(HOME|HUB_CACHE|ENDPOINT)|VLLM_CACHE_ROOT"
)
"""Where programs and folders are; nothing that could be a secret."""
_STOP_SECONDS = 180
"""More than answers under way get to end."""


class Started(Struct, frozen=True, kw_only=True):
    """How somebody starts it by hand."""

    program: str
    words: tuple[str, ...]
    folder: Path
    environ: Mapping[str, str]

    def without(self, *flags: str) -> Started:
        """Without flags that take no value."""
        return replace(self, words=tuple(word for word in self.words if word not in flags))


def server_unit(started: Started, name: str) -> str:
    """Of `r1code serve up`, which ends once the server answers; what it started stays. Raises UsageError."""
    # What is asked at a terminal was answered when the unit was made.
    agreed = () if "--yes" in started.words else ("--yes",)
    lines = (
        "Type=oneshot",
        "RemainAfterExit=yes",
        f"ExecStart={_line(started.program, *started.words, *agreed)}",
        f"ExecStop={_line(started.program, 'serve', 'down', name)}",
        # Weights are downloaded and loaded as long as it takes.
        "TimeoutStartSec=infinity",
    )
    return _unit(f"r1code-vllm-{name}", f"r1code's vLLM {name}", lines, started)


def gateway_unit(started: Started) -> str:
    """Of `r1code serve gateway`, which runs as long as it serves. Raises UsageError."""
    lines = (f"ExecStart={_line(started.program, *started.words)}", "Restart=on-failure", "RestartSec=5")
    return _unit("r1code-gateway", "r1code's gateway", lines, started)


def _unit(name: str, about: str, lines: Sequence[str], started: Started) -> str:
    environ = started.environ
    # A server's address may have a password in it.
    known = [key for key in sorted(environ) if _KEPT.fullmatch(key) and "@" not in environ[key]]
    return "\n".join(
        [
            f"# Goes to ~/.config/systemd/user/{name}.service, and then:",
            f"#   systemctl --user daemon-reload && systemctl --user enable --now {name}",
            "#   loginctl enable-linger    # or it ends when you log out",
            "[Unit]",
            f"Description={about}",
            "",
            "[Service]",
            *lines,
            f"TimeoutStopSec={_STOP_SECONDS}",
            f"WorkingDirectory={_plain(str(started.folder))}",
            *(f"Environment={_quoted(f'{key}={environ[key]}')}" for key in known),
            "NoNewPrivileges=yes",
            "UMask=0077",
            "",
            "[Install]",
            "WantedBy=default.target",
            "",
        ]
    )


def _line(*words: str) -> str:
    # In a command, and only there, a dollar begins a variable.
    return " ".join(_quoted(word).replace("$", "$$") for word in words)


def _quoted(text: str) -> str:
    return '"' + _plain(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _plain(text: str) -> str:
    """As systemd reads it: a percent sign begins a specifier, a line is a setting. Raises UsageError."""
    if not text.isprintable():
        raise UsageError(
            "a unit cannot be made of this",
            why=f"a word has characters in it that nobody sees: {text!r}",
            hint="use other names for folders and files",
        )
    return text.replace("%", "%%")
