"""The commands of the REPL: their names, and what they are for. What they do is loaded when one is used."""

from __future__ import annotations

import re

from msgspec import Struct


class Command(Struct, frozen=True):
    module: str
    """In this folder: its `DOES` says what the command does."""
    usage: str
    """Its arguments; empty: none."""
    about: str


COMMANDS: dict[str, Command] = {
    "plan": Command("planning", "[TASK | edit | no WHY]", "plan mode: look, change nothing; or send it back"),
    "act": Command("planning", "[FILE]", "carry out the plan, or leave plan mode"),
    "goal": Command("goals", '[N] "GOAL"', "turn after turn, at most N, until it is reached: /goal tests pass"),
    "btw": Command("goals", "QUESTION", "ask something that R1 does not keep in mind"),
    "diff": Command("files", "[REVISION]", "what is different from the last commit"),
    "review": Command("reviewing", "[turn | REV | pick | ask | keep N | drop N]", "changes hunk by hunk"),
    "undo": Command("files", "[step] [--force]", "take back the last turn, or step"),
    "redo": Command("files", "[--force]", "take back the last undo"),
    "rewind": Command("files", "N [--force]", "make the files what they were after checkpoint N"),
    "checkpoints": Command("files", "", "every state that can be gone back to"),
    "commit": Command("git", "[--all] [MESSAGE]", "commit what the last turn changed, or all"),
    "branch": Command("git", "[NAME]", "which branch this is; make another and go to it"),
    "test": Command("proving", "[COMMAND | off]", "run the tests; name the command"),
    "verify": Command("proving", "", "judge the last changes again, in a fresh sandbox"),
    "autotest": Command("proving", "[on | off | N]", "tell the model what its changes broke"),
    "run": Command("running", "COMMAND", "run a command in the sandbox; !COMMAND is short for it"),
    "host": Command("running", "COMMAND", "run a command on this machine; !!COMMAND is short for it"),
    "tell": Command("running", "[N]", "the output of your last command, or N, goes with the next message"),
    "map": Command("session", "[why FILE]", "the map of the project that the model was shown"),
    "why": Command("session", "FILE:LINE", "the step, the reasoning and the findings behind a line"),
    "export": Command("session", "FILE [--force]", "this session as FILE.html, .md or .json"),
    "resume": Command("switching", "[SESSION]", "go on with another session; without its id: choose one"),
    "fork": Command("switching", "[STEP]", "go on in a new session, from this one's step N or from here"),
    "rename": Command("session", "TITLE", "give this session a title"),
    "add": Command("pinning", "PATH...", "pin files: what is in them goes with messages"),
    "drop": Command("pinning", "[PATH...]", "let pinned files go; or list them"),
    "context": Command("session", "", "what fills the model's window"),
    "notes": Command("session", "", "what the model noted to remember"),
    "think": Command("model", "[N | off]", "tokens of reasoning in each step: /think 4k"),
    "profile": Command("model", "[NAME]", "go on with another model"),
    "model": Command("model", "[NAME]", "the models of the server; go on with another of them"),
    "approve": Command("model", "[ask | auto-edit | auto]", "what R1 may do unasked"),
    "doctor": Command("doctor", "[sandbox]", "look at the model's server, or at the sandbox"),
    "sandbox": Command("sandbox", "[rebuild]", "where commands run; make its image anew"),
    "trust": Command("trust", "[yes | no]", "whether the folder's own files may run and tell things"),
    "init": Command("init", "", "let the model draft AGENTS.md, and write it if you agree"),
    "bug": Command("bug", "", "write a report of a fault, without what is private"),
    "settings": Command("settings", "[KEY [VALUE | --unset]]", "what is set, and by whom; write it"),
    "cost": Command("session", "", "tokens and money of this session"),
    "compact": Command("session", "", "make the model's history shorter now"),
    "clear": Command("session", "", "let the model begin anew, with the files as they are"),
}

_SHELL = re.compile(r"(?<![\w/-])r1code (?:(checkpoints) list|(undo|redo|rewind|diff|commit|branch))\b")


def as_here(text: str) -> str:
    """With commands of the shell as they are called here, where they are the same."""
    return _SHELL.sub(lambda found: f"/{found[1] or found[2]}", text)
