from __future__ import annotations

from typing import Any

import pytest

from r1code.rules.policy import Asked, Policy, Rules
from r1code.rules.rule import Rule, parse
from r1code.types import ApprovalMode, Effect
from rules.test_bypasses import resolve


def rules(*texts: str) -> tuple[Rule, ...]:
    return tuple(map(parse, texts))


def policy(mode: ApprovalMode = "ask", **kinds: list[str]) -> Policy:
    return Policy(mode, Rules(**{kind: rules(*texts) for kind, texts in kinds.items()}), resolve)


def run(command: str) -> Asked:
    return Asked(tool="run", effect="exec", arguments={"command": command})


def call(tool: str, effect: Effect, *paths: str, **arguments: Any) -> Asked:
    return Asked(tool=tool, effect=effect, paths=paths, arguments=arguments)


@pytest.mark.parametrize(
    ("mode", "decisions"),
    [("ask", "allow ask ask"), ("auto-edit", "allow allow ask"), ("auto", "allow allow allow")],
)
def test_without_rules_the_mode_decides(mode: ApprovalMode, decisions: str) -> None:
    judge = policy(mode)
    asked = [call("read", "read", "a.py"), call("edit", "write", "a.py"), run("ls $x")]
    assert " ".join(judge.decide(one).decision for one in asked) == decisions


def test_deny_wins_over_ask_and_ask_over_allow() -> None:
    judge = policy("auto", allow=["run(a *)", "run(b *)"], ask=["run(a *)", "run(b *)"], deny=["run(a *)"])
    assert [judge.decide(run(f"{name} x")).decision for name in "abc"] == ["deny", "ask", "allow"]


@pytest.mark.parametrize(
    "command",
    [
        "rm x", "ls; rm x", "ls | rm x", "timeout 5 rm x", "sudo rm x", "sudo -u root rm x", "xargs rm",
        "env rm x",
        "sh -c 'rm x'", "bash -c 'ls; rm x'", "find . -exec rm {} +", "find . -exec rm '{}' '+'", "echo $(rm x)",
        "a=1 rm x", "rm x &", "rm *", "rm ../x", "eval rm x", 'sh -c "sudo rm x"',
    ],
)  # fmt: skip
def test_what_is_denied_is_not_let_through_by_a_mode(command: str) -> None:
    assert policy("auto", deny=["run(rm *)"]).decide(run(command)).decision in {"deny", "ask"}
    assert policy("auto", deny=["run(rm *)"], allow=["exec"]).decide(run(command)).decision in {"deny", "ask"}


@pytest.mark.parametrize("command", ["ls", "echo remove", "python x.py", "make test", "pytest -q | tail -5"])
def test_what_is_denied_does_not_stop_the_rest(command: str) -> None:
    assert policy("auto", deny=["run(rm *)"]).decide(run(command)).decision == "allow"


def test_every_path_of_a_call_must_be_allowed_and_one_is_enough_to_deny() -> None:
    judge = policy("ask", allow=["edit(path=docs/**)", "edit(path=*.md)"], deny=["edit(path=docs/law/**)"])
    asked = {
        ("docs/a.txt",): "allow",
        ("docs/a.txt", "x.md"): "allow",
        ("docs/a.txt", "src/a.py"): "ask",
        ("docs/a.txt", "docs/law/a.txt"): "deny",
        ("docs/../src/a.py",): "ask",
        ("src/../docs/law/a.md",): "deny",
        ("../docs/a.txt",): "ask",
        (".env",): "ask",
    }
    found = {paths: judge.decide(call("move", "write", *paths)).decision for paths in asked}
    assert found == asked


def test_a_redirection_is_a_change_of_a_file() -> None:
    judge = policy("ask", allow=["run(echo *)", "edit(path=docs/**)"], deny=["edit(path=law/**)"])
    lines = {
        "echo a > docs/a": "allow",
        "echo a >> docs/../b": "ask",
        "echo a > b": "ask",
        "echo a > law/x": "deny",
        "echo a > /docs/a": "ask",
    }
    assert {line: judge.decide(run(line)).decision for line in lines} == lines
    assert policy("auto-edit", allow=["run(echo *)"]).decide(run("echo a > b")).decision == "allow"
    assert policy("auto-edit", allow=["run(echo *)"]).decide(run("echo a > ../b")).decision == "ask"


def test_what_would_be_remembered_is_narrow_and_enough() -> None:
    judge = policy("ask", allow=["run(ls *)"])
    ruling = judge.decide(run("ls src && npm run 'a b' > log.txt; ruff check ."))
    assert [str(rule) for rule in ruling.rules] == [
        "run(npm run 'a b')",
        "edit(path=/log.txt)",
        "run(ruff check .)",
    ]
    judge.remember(ruling.rules)
    assert judge.decide(run("ruff check . && npm run 'a b'")).decision == "allow"
    assert judge.decide(run("npm run a b")).decision == "ask"


@pytest.mark.parametrize("command", ["ls $x", "cat ../x > ../y", "sh <<E\nx\nE"])
def test_nothing_is_remembered_for_what_no_rule_can_say(command: str) -> None:
    assert policy().decide(run(command)).rules == ()


def test_a_wildcard_never_covers_what_runs_other_commands_and_a_whole_command_does() -> None:
    judge = policy("ask", allow=["run(make *)", "run(sh *)", "run(*)", "run(python -m http.server)"])
    assert judge.decide(run("make test")).decision == "ask"
    assert judge.decide(run("sh x.sh")).decision == "ask"
    assert judge.decide(run("make")).decision == "ask"
    assert judge.decide(run("./evil")).decision == "ask"
    assert judge.decide(run("python -m http.server")).decision == "allow"
    assert judge.decide(run("python3.11 -m http.server")).decision == "ask"


@pytest.mark.parametrize(
    ("rule", "selection", "decision"),
    [
        ("test", "", "allow"),
        ("test", "tests/test_a.py::test_b", "allow"),
        ("test", "-k 'a or b'", "allow"),
        ("exec", "; rm x", "allow"),
        ("test", "; rm x", "ask"),
        ("test", "$(rm x)", "ask"),
        ("test", "> out", "ask"),
        ("test", "-p evil", "ask"),
        ("test", "| sh", "ask"),
        ("test(selection=tests/*)", "tests/test_a.py", "allow"),
        ("test(selection=tests/*)", "other", "ask"),
        ("run(pytest *)", "", "ask"),
    ],
)
def test_a_selection_of_tests_is_words_and_nothing_more(rule: str, selection: str, decision: str) -> None:
    asked = call("test", "exec", selection=selection)
    assert policy("ask", allow=[rule]).decide(asked).decision == decision


def test_rules_about_other_arguments() -> None:
    judge = policy("auto", deny=["search(pattern=pass*)"])
    assert judge.decide(call("search", "read", ".", pattern="password")).decision == "deny"
    assert judge.decide(call("search", "read", ".", pattern="x")).decision == "allow"
