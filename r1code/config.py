"""One frozen configuration. Every key has a scope, and every value knows where it came from.

A project's file is written by whoever wrote the project: it may say how tests are run, and nothing that
reaches out of the sandbox. A flag wins over the environment, that over the project's file, that over the
user's file, that over the default.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from r1code.errors import UsageError
from r1code.types import ApprovalMode

PROJECT_FILE = ".r1code/config.toml"
Need = Literal["sandbox", "consent", "nothing"]
PROJECT_KEYS: Mapping[str, Need] = {
    "test": "sandbox",
    "format": "sandbox",
    "lint": "sandbox",
    "build": "sandbox",
    "lint_gate": "sandbox",
    "packages": "consent",
    "map_tokens": "nothing",
}
"""All that a project file may set, and what that needs where nobody trusts the folder.

`sandbox`: it counts only where commands run in a sandbox. `consent`: trusted or not, an image with it is built
only when a person agreed to that. `nothing`: it is a number, and never more than MOST_OF_PROJECT.
"""
MOST_OF_PROJECT: Mapping[str, int] = {"map_tokens": 4_000}
"""A project's file gets no more than that: tokens cost money, and are sent with each request."""
DETECTED = "the repository's files"
"""The origin of what nobody named."""

OFF = "off"
"""As a command: there is none, and none is looked for."""
MANY = ("allow", "ask", "deny", "not_secret", "add_dir")
"""Keys that hold several values, those of every source together. In a variable of the environment, one a line."""

TABLES = ("language_servers",)
"""Keys that hold a value by name. In a variable of the environment, `name = value`, one a line."""

Strategy = Literal["loop", "pipeline", "mixed"]
SandboxName = Literal["docker", "bubblewrap", "seatbelt", "none"]
ThemeName = Literal["auto", "dark", "light", "contrast"]
Reasoning = Literal["tail", "full", "hidden"]
Keys = Literal["emacs", "vi"]
Notify = Literal["auto", "bell", "osc9", "osc777", "off"]


class Config(Struct, frozen=True, kw_only=True):
    profile: str | None = None
    """The name of the profile; None: the first one that is usable."""
    base_url: str | None = None
    """The server of the profile, instead of its own; alone, it means the profile `openai-compatible`."""
    model_name: str | None = None
    """What the server calls the model."""
    effort: str | None = None
    """How much the model is to think: a level of the profile; None: as the profile says."""
    think: str | None = None
    """Tokens of reasoning that each step may have: `4k`, `off`; None: as the profile says (docs/governor.md)."""
    planner: str | None = None
    """The profile whose model makes the plan; None: whoever carries it out makes one, if any."""
    strategy: Strategy | None = None
    """How failing tests are repaired; None: as the profile says. mixed: candidates in turn, this way and that."""
    replies: str | None = None
    """A file of replies for the profile `scripted`."""
    record: str | None = None
    """A file to which everything that the model streams is appended."""
    test: str | None = None
    """The command that runs the tests; `off`: there are none. None: as detected."""
    format: str | None = None
    """Formats the files that an edit changed, which are appended; `off`: nothing does. None: as detected."""
    lint: str | None = None
    """Checks them, in the same way."""
    build: str | None = None
    """Builds the project; where it passes as the tree is, it has to pass with a fix."""
    lint_gate: str | None = None
    """Checks the whole project, in the same way (docs/verdict.md)."""
    verdict_runs: Annotated[int, Meta(ge=1, le=20)] = 2
    """Clean re-runs in which what is fixed has to pass."""
    strict: Literal["off", "runner", "all"] | None = None
    """Which suspicious lines make a patch tampering; None: `runner` where CI is set, else `off`."""
    sandbox: SandboxName = "docker"
    """Where commands run. Not chosen, and no engine answers: bubblewrap or Seatbelt, where one of them works."""
    network: str = "none"
    """What commands may reach: `none`, `full`, or names of hosts (docs/isolation.md)."""
    build_network: str = "indexes"
    """What installing the project's dependencies may reach, in the same words; `indexes`: package indexes."""
    yes: bool = False
    """Consent, given once, to download the embedded model and to build a project's image."""
    allow_host_exec: bool = False
    """Consent, given once, to run the model's commands without a sandbox and unasked."""
    approve: ApprovalMode | None = None
    """What goes on unasked where no rule says anything; None: `auto` in a sandbox, `ask` without one."""
    allow: tuple[str, ...] = ()
    """Rules for what is not asked (docs/approvals.md); those of every source count."""
    ask: tuple[str, ...] = ()
    """Rules for what is asked, whatever is allowed."""
    deny: tuple[str, ...] = ()
    """Rules for what never runs."""
    not_secret: tuple[str, ...] = ()
    """Globs as in .gitignore: files that hold no secret, whatever they look like."""
    instructions: bool = True
    """Whether the model is told what AGENTS.md and its like say (docs/instructions.md)."""
    add_dir: tuple[str, ...] = ()
    """Folders beside the project that the model may read (docs/files.md)."""
    language_servers: dict[str, str] = {}
    """By language: the command of a server that looks at edited files (docs/diagnostics.md)."""
    dry_run: bool = False
    """Work on a copy, and leave the patch to be looked at."""
    commit: Literal["off", "turn"] = "off"
    """`turn`: what a turn changed is committed at its end."""
    commit_first: bool = False
    """What was changed before is committed first, as a commit of its own."""
    attribution: Literal["trailer", "author", "none"] = "trailer"
    """How a commit says that r1code wrote what is in it."""
    image: str | None = None
    """A Docker image instead of r1code's own base image."""
    dockerfile: str | None = None
    """A file from which the project's image is built, instead of what r1code finds out."""
    packages: tuple[str, ...] = ()
    """Debian packages that the project's image has in addition."""
    candidates: Annotated[int, Meta(ge=1, le=64)] = 1
    """Attempts at a repair (docs/candidates.md)."""
    parallel: Annotated[int, Meta(ge=1, le=64)] | None = None
    """So many of them at a time; None: as many as the profile's server answers at once."""
    pick: Literal["first", "best"] = "first"
    """first: an attempt that is proven ends the others. best: all come to their end, and the best is taken."""
    seed: int | None = None
    steps: int | None = None
    """Model calls in a turn; None: as many as the profile says."""
    seconds: float | None = None
    tokens: int | None = None
    """Prompts and answers together."""
    reasoning_tokens: int | None = None
    budget: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    """Money, in the currency of the profile's price."""
    working_context: Annotated[int, Meta(ge=1_000)] | None = None
    """Tokens of a prompt beyond which the history is made shorter; None: as the profile says."""
    map_tokens: Annotated[int, Meta(ge=0)] | None = None
    """Tokens of the map in the first message; 0: none. None: as the profile says (docs/map.md)."""
    test_seconds: float = 600.0
    """Time limit of one run of the tests, and of any other command."""
    keep_days: Annotated[float, Meta(gt=0)] | None = None
    """Sessions that were not used for so many days are deleted when another one starts; None: they stay."""
    log_file: str | None = None
    """A file to which what happens is appended (docs/headless.md)."""
    debug_http: bool = False
    """Requests and answers, without keys, go into that file, too."""
    traces: str | None = None
    """An OTLP endpoint that is told how long turns, requests and tools took (docs/traces.md); None: nobody is."""
    color: Literal["auto", "always", "never"] = "auto"
    language: Literal["auto", "en", "zh"] = "auto"
    """In which a person is spoken to; `auto`: that of the locale, if there is a catalogue (docs/looks.md)."""
    theme: ThemeName = "auto"
    """Colours for a dark or a light background, or `contrast`. `auto`: as the terminal says (docs/looks.md)."""
    reasoning: Reasoning = "tail"
    """What the REPL shows of it while it streams."""
    keys: Keys = "emacs"
    """What keys do in the line that is edited."""
    animation: bool = True
    """Whether lines at the prompt change while something goes on."""
    screen_reader: bool = False
    """Words instead of signs, and nothing that is drawn again."""
    title: bool = True
    """Whether the terminal's title says what goes on."""
    notify: Notify = "auto"
    """How a person who looked away is called, when a question is asked or a long turn ends."""
    notify_seconds: Annotated[float, Meta(ge=0)] = 20.0
    """From how long a turn on its end is told so."""
    origins: dict[str, str] = {}
    """Where each value that is not the default came from."""

    @property
    def values(self) -> dict[str, Any]:
        """Every value, without its origin. What is about all sessions, or a terminal, is none of one."""
        return {key: getattr(self, key) for key in KEYS if key not in _OF_NO_SESSION}


KEYS = tuple(name for name in Config.__struct_fields__ if name != "origins")
"""Every setting."""
SERVERLESS = frozenset({"embedded", "scripted"})
"""Profiles without a server: a base URL that is said nearer to the command stands in their place."""
_OF_NO_SESSION = frozenset(
    {
        "keep_days",
        "language",
        "log_file",
        "debug_http",
        "traces",
        "theme",
        "reasoning",
        "keys",
        "animation",
        "screen_reader",
        "title",
        "notify",
        "notify_seconds",
    }
)


def load_config(
    *, flags: Mapping[str, Any], environ: Mapping[str, str], user_file: Path, project: Path | None, part: str = ""
) -> Config:
    """All sources together. Raises UsageError that names the source of a bad value.

    `part`: a folder of the project, whose own file wins over the project's. It counts where commands run in a
    sandbox only, which is for the caller to see to.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    sources: list[tuple[str, Mapping[str, Any]]] = [(str(user_file), _file(user_file, KEYS))]
    if project is not None:
        sources.append((PROJECT_FILE, _file(project / PROJECT_FILE, PROJECT_KEYS)))
        if part:
            its = f"{part}/{PROJECT_FILE}"
            sources.append((its, _file(project / its, PROJECT_KEYS)))
    variables = {key: f"R1CODE_{key.upper()}" for key in KEYS}
    sources += [(variables[key], {key: environ[variables[key]]}) for key in KEYS if environ.get(variables[key])]
    sources.append(("a flag", {key: value for key, value in flags.items() if key in KEYS and value is not None}))
    ranks: dict[str, int] = {}
    for rank, (origin, source) in enumerate(sources):
        for key, value in source.items():
            ranks[key] = rank
            found = value_of(key, value, origin)
            if origin.endswith(PROJECT_FILE) and isinstance(found, int) and key in MOST_OF_PROJECT:
                found = min(found, MOST_OF_PROJECT[key])
            if key in MANY and isinstance(found, tuple) and key in values:
                # What one source denies, no other takes back.
                values[key], origins[key] = (*values[key], *found), f"{origins[key]}, {origin}"
            else:
                values[key], origins[key] = found, origin
    if values.get("profile") in SERVERLESS and ranks.get("base_url", -1) > ranks["profile"]:
        # Whoever names a server means it, and not the small model that they once chose for want of one.
        del values["profile"], origins["profile"]
    return msgspec.structs.replace(Config(), **values, origins=origins)


def value_of(key: str, value: object, origin: str) -> object:
    """What a source means by `value`. Raises UsageError, which names the source, for what cannot be."""
    if key in MANY and isinstance(value, str):
        value = value.splitlines()
    if key in TABLES and isinstance(value, str):
        rows = (line.partition("=") for line in value.splitlines() if line.strip())
        value = {name.strip(): command.strip() for name, _, command in rows}
    try:
        return getattr(msgspec.convert({key: value}, type=Config, strict=False), key)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"the setting {key} = {value!r} cannot be used",
            why=f"{error}, in {origin}",
            hint=f"change or remove it there; `r1code --help` says what {key} may be",
        ) from error


def on_host(config: Config) -> tuple[str, ...]:
    """The keys with which the project's file would make something run on this machine: that needs trust."""
    if config.sandbox != "none":
        return ()
    return tuple(
        key
        for key, need in PROJECT_KEYS.items()
        if need == "sandbox" and config.origins.get(key) == PROJECT_FILE and getattr(config, key) != OFF
    )


def without(config: Config, keys: Iterable[str]) -> Config:
    """The configuration with the defaults for `keys`."""
    gone = frozenset(keys)
    defaults = {key: getattr(Config(), key) for key in gone}
    origins = {key: origin for key, origin in config.origins.items() if key not in gone}
    return msgspec.structs.replace(config, **defaults, origins=origins)


def _file(path: Path, allowed: Iterable[str]) -> dict[str, Any]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"{path} cannot be read", why=str(error), hint="fix its permissions") from error
    try:
        values = msgspec.toml.decode(data, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise UsageError(f"{path} is not a settings file", why=str(error), hint="correct the TOML") from error
    for key in values:
        if key not in allowed:
            why = "a project may not set it" if key in KEYS else "there is no such setting"
            raise UsageError(
                f"{path} sets {key}", why=why, hint=f"remove it; allowed there: {', '.join(sorted(allowed))}"
            )
    return values
