"""A person allowed a few commands. No other command may pass for one of them."""

from __future__ import annotations

import os
import re
import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1code.repo.files import is_secret
from r1code.rules.policy import Asked, Policy, Rules
from r1code.rules.rule import parse
from rules.escapes import ESCAPES, NEVER
from rules.harmless import HARMLESS
from rules.lines import ALLOWED, HOSTILE


def resolve(path: str) -> str | None:
    """As a work tree without links would."""
    normal = os.path.normpath(path)
    closed = normal.startswith(("/", "..")) or is_secret(normal) or ".git" in normal.casefold().split("/")
    return None if closed else normal


def policy(*allowed: str) -> Policy:
    return Policy("ask", Rules(allow=tuple(parse(f"run({one})") for one in allowed)), resolve)


def decision(command: str, judge: Policy) -> str:
    return judge.decide(Asked(tool="run", effect="exec", arguments={"command": command})).decision


POLICY = policy(*ALLOWED)


def test_there_are_enough_of_both() -> None:
    assert len(set(HOSTILE)) >= 150
    assert len(set(ESCAPES)) >= 200
    assert len(set(NEVER)) >= 200
    assert len(set(HARMLESS)) >= 60


@pytest.mark.parametrize("command", HOSTILE)
def test_a_hostile_line_is_never_allowed_unasked(command: str) -> None:
    assert decision(command, POLICY) == "ask"


@pytest.mark.parametrize("program", NEVER)
def test_a_program_that_runs_others_is_allowed_only_word_for_word(program: str) -> None:
    line = f"{program} x y"
    assert [decision(line, policy(*rules)) for rules in ([f"{program} *"], ["*", "* x *"], [line])] == [
        "ask",
        "ask",
        "allow",
    ]


@pytest.mark.parametrize(("program", "line"), ESCAPES)
def test_a_star_covers_no_argument_that_does_more(program: str, line: str) -> None:
    assert decision(line, policy(f"{program} *", "git *", "ls *")) == "ask"


@pytest.mark.parametrize("command", HARMLESS)
def test_a_harmless_line_is_not_asked(command: str) -> None:
    assert decision(command, POLICY) == "allow"


@pytest.mark.parametrize("command", HARMLESS)
def test_each_command_needs_its_rule(command: str) -> None:
    assert decision(command, policy("sha256sum *")) == "ask"


def ends(command: str) -> bool:
    """Whether what follows a command cannot be a part of it."""
    try:
        return bool(shlex.split(command)) and "<<" not in command and not command.endswith(("(", "{"))
    except ValueError:
        return False


JOINED = st.sampled_from([" && ", " || ", " | ", "; ", "\n", " & ", ";", "|", "&&"])
PIECES = st.sampled_from([one for one in [*HARMLESS, *HOSTILE] if ends(one)])


@settings(max_examples=400, deadline=None)
@given(pieces=st.lists(PIECES, min_size=2, max_size=4), joined=JOINED)
def test_what_is_joined_is_never_more_allowed_than_each_part(pieces: list[str], joined: str) -> None:
    if decision(joined.join(pieces), POLICY) == "allow":
        assert {decision(piece, POLICY) for piece in pieces if piece.strip()} <= {"allow"}


TEXTS = st.text(alphabet=" \t\n;&|$`'\"\\<>(){}[]*?~#!=-./abcegilnorstu01\r\x00é", max_size=30)


@settings(max_examples=600, deadline=None)
@given(head=st.sampled_from(["git status", "npm test"]), tail=TEXTS)
def test_nothing_can_follow_a_whole_command_but_other_allowed_ones(head: str, tail: str) -> None:
    if decision(head + tail, policy("git status", "npm test")) == "allow":
        words = re.sub(r"<\s*[\w./=-]+", "", (head + tail).replace("'", "").replace('"', ""))
        for part in ("2>&1", ">&2", "2>/dev/null", ">/dev/null"):
            words = words.replace(part, "")
        for joint in ("&&", "||", "|", ";", "\n"):
            words = words.replace(joint, "\n")
        assert {" ".join(line.split()) for line in words.split("\n") if line.strip()} <= {
            "git status",
            "npm test",
        }
