"""The commands of the REPL: their names, and what they are for. What they do is loaded when one is used."""

from __future__ import annotations

from msgspec import Struct


class Command(Struct, frozen=True, kw_only=True):
    usage: str
    """Its arguments; empty: none."""
    about: str


COMMANDS: dict[str, Command] = {
    "plan": Command(usage="[TASK]", about="plan mode: look, and change nothing"),
    "act": Command(usage="[FILE]", about="carry out the plan, or leave plan mode"),
    "diff": Command(usage="[REVISION]", about="what is different from the last commit"),
    "undo": Command(usage="[step] [--force]", about="take back the last turn, or step"),
    "redo": Command(usage="[--force]", about="take back the last undo"),
    "rewind": Command(usage="N [--force]", about="make the files what they were after checkpoint N"),
    "checkpoints": Command(usage="", about="every state that can be gone back to"),
    "test": Command(usage="[COMMAND | off]", about="run the tests; name the command"),
    "verify": Command(usage="", about="judge the last changes again, in a fresh sandbox"),
    "autotest": Command(usage="[on | off | N]", about="tell the model what its changes broke"),
    "run": Command(usage="COMMAND", about="run a command in the sandbox; !COMMAND is short for it"),
    "map": Command(usage="", about="the map of the project that the model was shown"),
    "why": Command(usage="FILE:LINE", about="the step, the reasoning and the findings behind a line"),
    "export": Command(usage="FILE [--force]", about="this session as FILE.html, .md or .json"),
    "rename": Command(usage="TITLE", about="give this session a title"),
    "context": Command(usage="", about="what fills the model's window"),
    "think": Command(usage="[N | off]", about="tokens of reasoning in each step: /think 4k"),
    "profile": Command(usage="[NAME]", about="go on with another model"),
    "cost": Command(usage="", about="tokens and money of this session"),
    "compact": Command(usage="", about="make the model's history shorter now"),
    "clear": Command(usage="", about="let the model begin anew, with the files as they are"),
}
