"""The exception tree. Base classes are named after how callers catch them.

Exception
├── R1CodeError             told to the person: what happened, why, what to do next
│   ├── UsageError          bad flags, configuration or input; nothing was started
│   ├── StateError          a session, store or lock that cannot be used
│   │   └── KilledError     a program that r1code needs was killed; the same may work later
│   ├── ProviderError       the model's backend failed
│   │   └── ContextOverflow the conversation is longer than the model's context window
│   └── SandboxError        the sandbox itself failed; never shown to the model as a command's output
│       └── TooLargeError   a file in it is larger than anybody would read
├── ModelError              told to the model, in words written for it
│   ├── FormatError         the reply cannot be read as calls
│   └── ToolError           a call was understood and cannot be done
├── Cancelled               a person asked to stop
└── BudgetExhausted         a limit was reached

Anything else is a bug and must surface.
"""

from __future__ import annotations

from r1code.types import ExitCode, Limit, Usage


class R1CodeError(Exception):
    """What a person is told. `what` happened, `why`, and a `hint`: what to do next."""

    exit_code = ExitCode.INTERNAL

    def __init__(self, what: str, *, why: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what}\n  why:  {self.why}\n  next: {self.hint}"


class UsageError(R1CodeError):
    exit_code = ExitCode.USAGE


class StateError(R1CodeError):
    exit_code = ExitCode.USAGE


class KilledError(StateError):
    exit_code = ExitCode.INTERNAL


class ProviderError(R1CodeError):
    """`retryable` says whether the same request may succeed later.

    `usage`: what the failed request used, as far as the server said. None: it was refused, and used nothing.
    """

    exit_code = ExitCode.BACKEND

    def __init__(self, what: str, *, why: str, hint: str, retryable: bool = False) -> None:
        super().__init__(what, why=why, hint=hint)
        self.retryable = retryable
        self.usage: Usage | None = None


class ContextOverflow(ProviderError):
    """The server refused a conversation as too long. A shorter one may be answered; the same one never is.

    In tokens, as far as the server said: `window` is its limit; the conversation had `prompt` or more, and
    `asked` is what was to be left for the answer, where the server counted that in.
    """

    def __init__(
        self,
        what: str,
        *,
        why: str,
        hint: str,
        window: int | None = None,
        prompt: int | None = None,
        asked: int | None = None,
    ) -> None:
        super().__init__(what, why=why, hint=hint)
        self.window = window
        self.prompt = prompt
        self.asked = asked


class SandboxError(R1CodeError):
    exit_code = ExitCode.SANDBOX


class TooLargeError(SandboxError):
    pass


class ModelError(Exception):
    """Its text is an observation: it says what is wrong and what the model can do about it."""


class FormatError(ModelError):
    pass


class ToolError(ModelError):
    pass


class Cancelled(Exception):
    pass


class BudgetExhausted(Exception):
    """`limit` names the field of Budget that was reached; the text says more."""

    def __init__(self, limit: Limit, text: str) -> None:
        super().__init__(text)
        self.limit: Limit = limit
