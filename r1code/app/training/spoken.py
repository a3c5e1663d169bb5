"""How a session's models were spoken to: what their requests held besides the log.

A log holds what was said, and r1code of today would put other instructions before it than r1code of then. So they
are kept in the session's folder, once for each model and role, with what is asked about a model of origin.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from r1code import __version__
from r1code.app.speaker import Speaker
from r1code.context import Model
from r1code.dialects.base import Dialect, Function
from r1code.dialects.native import NativeDialect
from r1code.dialects.text import TextDialect
from r1code.errors import StateError
from r1code.lock import unkept
from r1code.profiles import Profile
from r1code.profiles.profile import TemplateName, TokenizerName
from r1code.repo.git import Git
from r1code.session import Session
from r1code.tree.append import append
from r1code.types import Part

SPOKEN = "spoken.jsonl"
"""In a session's folder."""


class Spoken(Struct, frozen=True, kw_only=True):
    """From one point of the log on, until there is another one for the same role."""

    after: int = 0
    """The last entry of the log then."""
    role: Part
    profile: str
    """Its name."""
    model: str
    license: str
    """As `Profile.license`."""
    version: str
    """Of r1code."""
    commit: str = ""
    """What was checked out; empty: nothing, or in another line of the file."""
    repository: str = ""
    """Equal for clones of the same repository, and says nothing else; empty: in another line of the file."""
    native: bool = False
    """The dialect, and the two things that it is made with."""
    system: bool
    replay: bool
    instructions: str
    functions: tuple[Function, ...] = ()
    hole: str = ""
    """How a question begins that is a text to go on with, and no message. Empty: there are none."""
    tokenizer: TokenizerName
    template: TemplateName | None

    @property
    def dialect(self) -> Dialect:
        """For rendering. It has no tools, which are in `functions`."""
        if self.native:
            return NativeDialect((), system=self.system, replay=self.replay)
        return TextDialect(system=self.system)

    @property
    def bare_profile(self) -> Profile:
        """Enough of the profile to count tokens."""
        return Profile(label="", provider="chat", tokenizer=self.tokenizer, template=self.template)


_DECODER = msgspec.json.Decoder(Spoken)


def keep_spoken(session: Session, speaker: Speaker, model: Model, *, role: Part, git: Git) -> None:
    """Keeps how `model` is spoken to from now on, unless that is known. Raises StateError.

    A replay has no model.
    """
    if session.opened.replays:
        return
    known = spoken_in(session.folder)
    now = _spoken(speaker, model, role, session)
    if not known:
        now = replace(now, commit=(git.is_repository and git.head()) or "", repository=_repository(git))
    last = next((one for one in reversed(known) if one.role == role), None)
    if last is not None and _said(last) == _said(now):
        return
    try:
        with (session.folder / SPOKEN).open("ab", buffering=0) as file:
            file.truncate(len(_whole(session.folder / SPOKEN)))
            append(file, msgspec.json.encode(now) + b"\n")
    except OSError as error:
        raise unkept(session.folder, error) from error


def _spoken(speaker: Speaker, model: Model, role: Part, session: Session) -> Spoken:
    profile, functions = speaker.profile, model.request(()).functions
    return Spoken(
        after=len(session.entries),
        role=role,
        profile=speaker.name,
        model=profile.model,
        license=profile.license,
        version=__version__,
        # A pipeline speaks text, whatever the profile's dialect.
        native=bool(functions),
        system=profile.system,
        replay=profile.replay == "tool_turns",
        instructions=session.hide(model.instructions),
        functions=functions,
        hole="" if profile.infill is None else profile.infill.file.partition("{")[0],
        tokenizer=profile.tokenizer,
        template=profile.template,
    )


def spoken_in(folder: Path) -> list[Spoken]:
    """In the order of the log; none for sessions of before 0.1. Raises StateError where the file is damaged."""
    try:
        return [_DECODER.decode(line) for line in _whole(folder / SPOKEN).splitlines()]
    except OSError as error:
        raise StateError(f"{SPOKEN} cannot be read", why=str(error), hint="fix its permissions") from error
    except msgspec.MsgspecError as error:
        raise StateError(
            f"the session {folder.name} is damaged",
            why=f"{folder / SPOKEN} cannot be used: {error}",
            hint="keep the file if you need what is in it; the session itself can go on without it",
        ) from error


def _whole(file: Path) -> bytes:
    """Without a last line that a crash cut off: nothing was said after it. Raises OSError."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return b""
    return data[: data.rfind(b"\n") + 1]


def _said(one: Spoken) -> Spoken:
    return replace(one, after=0, commit="", repository="")


def _repository(git: Git) -> str:
    """Of where it came from, or else of where it is."""
    origin = (git.value("remote.origin.url") if git.is_repository else None) or str(git.root)
    name = origin.strip().rstrip("/").removesuffix(".git")
    # A name and a password in it are nobody's business, and one repository may be reached in two ways.
    _, _, place = name.rpartition("@")
    place = place.partition("://")[2] or place
    return hashlib.sha256(place.replace(":", "/").lower().encode()).hexdigest()[:16]
