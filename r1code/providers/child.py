"""The child process of the embedded model, seen from the parent."""

from __future__ import annotations

import os
import secrets
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec

from r1code.control import POLL_SECONDS, Control
from r1code.errors import ProviderError
from r1code.providers.llama import LlamaOptions

COMMAND = (sys.executable, "-P", "-m", "r1code.providers.llama")
_SAY_SECONDS = 5.0
_LOG_BYTES = 8192
_OUT_OF_MEMORY = ("insufficient memory", "unable to allocate", "failed to allocate", "bad_alloc")
_BAD_FILE = ("invalid magic", "gguf_init", "error loading model")


class Child:
    """Lives until `close`, and no longer than this process."""

    def __init__(self, weights: Path, context: int, command: Sequence[str] = COMMAND) -> None:
        self.key = secrets.token_urlsafe(32)
        self.address = ("127.0.0.1", 0)
        self._weights = weights
        self._context = context
        self._held = ExitStack()
        log, path = tempfile.mkstemp()
        Path(path).unlink()
        self._log = self._held.enter_context(os.fdopen(log, "w+b"))
        theirs, self._life = os.pipe()
        self._answer, answer = os.pipe()
        self._held.callback(os.close, self._life)
        self._held.callback(os.close, self._answer)
        try:
            # A session of its own: what a Ctrl-C at the terminal means is for r1code to say.
            self._process = subprocess.Popen(
                command,
                stdin=theirs,
                stdout=answer,
                stderr=self._log,
                start_new_session=True,
                # Threads that wait for one another sleep: spinning ones starve each other on a busy machine.
                env={"OMP_WAIT_POLICY": "passive", **os.environ},
            )
        finally:
            os.close(theirs)
            os.close(answer)
        options = LlamaOptions(model=str(weights), key=self.key, context=context)
        with suppress(BrokenPipeError):
            os.write(self._life, msgspec.json.encode(options) + b"\n")

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def wait(self, say: Callable[[str], None], control: Control) -> None:
        """Until it can be asked. Raises ProviderError and Cancelled."""
        say(f"loading the model {self._weights.name}")
        started = told = time.monotonic()
        line = b""
        while not line.endswith(b"\n"):
            control.check()
            now = time.monotonic()
            if select.select([self._answer], [], [], POLL_SECONDS)[0]:
                piece = os.read(self._answer, 1024)
                if not piece:
                    raise self.failed("could not be loaded")
                line += piece
            elif now - told >= _SAY_SECONDS:
                told = now
                say(f"still loading the model ({now - started:.0f} s)")
        host, _, port = line.decode().strip().rpartition("/")[2].partition(":")
        self.address = (host, int(port))
        say(f"the model is loaded ({time.monotonic() - started:.1f} s)")

    def failed(self, what: str) -> ProviderError:
        """What to raise: `what` happened to the model, and what the process said about it."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        code = self._process.returncode
        words = self._words()
        hint = f"the last words of llama.cpp: {words.splitlines()[-1]}" if words else "try again"
        why = "its process is running and does not answer"
        if code == -signal.SIGKILL:
            why = "its process was killed, as the system does when memory runs out"
            hint = (
                f"free some memory: it needs about 2.5 GB, and less with a context below {self._context} tokens"
            )
        elif any(mark in words for mark in _OUT_OF_MEMORY):
            why = "there is not enough memory"
            hint = f"free some: it needs about 2.5 GB, and less with a context below {self._context} tokens"
        elif any(mark in words for mark in _BAD_FILE):
            why = f"llama.cpp cannot read {self._weights}"
        elif code is not None:
            why = f"its process ended with {f'signal {-code}' if code < 0 else f'exit code {code}'}"
        return ProviderError(f"the embedded model {what}", why=why, hint=hint, retryable=code is not None)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._held.close()

    def _words(self) -> str:
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - _LOG_BYTES))
        return self._log.read().decode(errors="replace").strip()
