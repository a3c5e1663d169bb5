"""docs/approvals.md says what is true: each example in it is tried, and none can be added without."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from r1code.app.consent import Consent
from r1code.app.remembered import Remembered
from r1code.approval import asked_of
from r1code.config import PROJECT_FILE, load_config
from r1code.errors import UsageError
from r1code.rules.policy import Policy, Rules
from r1code.rules.rule import EFFECTS, TOOLS, parse
from r1code.tree.scan import Listing
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree
from r1code.types import Effect, ToolCall
from rules.test_bypasses import resolve

TEXT = (Path(__file__).parents[2] / "docs/approvals.md").read_text(encoding="utf-8")
RULE = re.compile(r"(?:[a-z]+\([^()]+\)|read|edit|exec)(?=\s|$)")

TRIED: dict[str, tuple[list[str], list[str]]] = {
    "run(git status)": (["git status"], ["git status -s", "git diff"]),
    "run(pytest *)": (
        [
            "pytest",
            "pytest -q tests",
            "timeout 60 pytest",
            "time pytest -q",
            "nice pytest -q",
            "python -m pytest",
            "pytest -q; pytest -x | pytest\npytest",
            "pytest < in",
        ],
        [
            "pytest -p x",
            "pytest $x",
            "pytest `x`",
            "pytest ~",
            "pytest *",
            "pytest {a,b}",
            "A=1 pytest",
            "pytest &",
            "( pytest )",
            "if pytest; then pytest; fi",
            "pytest # x",
            "pytest $(x)",
            "pytest <<E\nE",
            "pytest\u200b",
            "while pytest; do pytest; done",
            "pytest; rm x",
            "pytest && rm x",
            "pytest | sh",
            "pytest\nrm x",
            "pytest > out",
            "pytest < .env",
        ],
    ),
    "edit(path=docs/**)": (["edit docs/a/b.md", "move docs/a docs/b"], ["write src/a.md", "move docs/a src/a"]),
    "read": (["read a", "search a"], ["write a"]),
    "edit": (["write a", "delete a/b", "chmod a"], ["ls"]),
    "exec": (["ls", "rm $x"], ["write a"]),
    "delete(path=*.lock)": (["delete a/x.lock"], ["write a/x.lock", "delete x.py"]),
    "search(pattern=pass*)": (["search password"], []),
    "run(cat *)": (["cat a"], ["cat ../x", "cat /etc/passwd", "cat .env"]),
    "run(find *)": (["find . -name x"], ["find . -exec x +"]),
    "run(git grep *)": (["git grep x"], ["git grep -O x"]),
    "run(rg *)": (["rg x"], ["rg --pre x y"]),
    "run(make test)": (["make test"], ["make", "make test2"]),
    "run(npm run lint)": (["npm run lint"], ["npm run lint -- x"]),
}
"""A rule; what it alone allows, and what is asked all the same. Reading goes on unasked."""
TOOL_CALLS: dict[str, Effect] = {"read": "read", "search": "read"} | dict.fromkeys(
    ("edit", "move", "write", "delete", "chmod"), "write"
)


def decision(text: str, policy: Policy) -> str:
    name, *rest = text.split(" ")
    arguments = {"command": text}
    if name in TOOL_CALLS:
        arguments = dict(zip(("pattern",) if name == "search" else ("path", "to"), rest, strict=False))
        return policy.decide(
            asked_of(ToolCall(id="1", name=name, arguments=arguments), TOOL_CALLS[name])
        ).decision
    return policy.decide(asked_of(ToolCall(id="1", name="run", arguments=arguments), "exec")).decision


def test_every_rule_of_the_document_is_tried() -> None:
    blocks = "\n".join(re.findall(r"```\n(.*?)```", TEXT, re.DOTALL))
    rows = [line for line in blocks.splitlines() if not line.startswith("r1code ")]
    shown = {one for row in rows for one in RULE.findall(row.partition("   ")[0] if "(" in row else row[:22])}
    spans = {one for one in re.findall(r"`([^`]+)`", TEXT) if RULE.fullmatch(one) and "..." not in one}
    assert shown | spans <= TRIED.keys() | {"edit(path=...)", "read(path=...)"}
    assert len(shown) == 8
    tools = next(row for row in rows if row.startswith("delete(")).partition(": ")[2].split()
    assert set(tools) == TOOLS
    assert set(EFFECTS) == {"read", "edit", "exec"}


def test_every_command_of_the_document_is_tried() -> None:
    tried = " ".join(line for found in TRIED.values() for lines in found for line in lines)
    commands = ("cat ../x", "cat /etc/passwd", "cat .env", "timeout 60 pytest", "python -m pytest")
    for one in commands:
        assert f"`{one}`" in TEXT
        assert one in tried


@pytest.mark.parametrize("rule", TRIED)
def test_a_rule_does_what_is_said(rule: str) -> None:
    policy = Policy("ask", Rules(allow=(parse(rule),)), resolve)
    allowed, asked = TRIED[rule]
    assert [line for line in allowed if decision(line, policy) != "allow"] == []
    assert [line for line in asked if decision(line, policy) != "ask"] == []


@pytest.mark.parametrize("program", ["sh", "sudo", "env", "xargs", "make", "npm", "python", "ssh", "tar", "vim"])
def test_programs_that_run_others_never_match_a_star(program: str) -> None:
    assert f"`{program}" in TEXT or program in {"sh", "npm", "vim"}
    assert decision(f"{program} x", Policy("ask", Rules(allow=(parse(f"run({program} *)"),)), resolve)) == "ask"


def test_deny_wins_over_ask_and_that_over_allow_in_every_mode() -> None:
    for mode in ("ask", "auto-edit", "auto"):
        rules = Rules(allow=(parse("exec"),), ask=(parse("run(b)"),), deny=(parse("run(a)"), parse("run(rm *)")))
        policy = Policy(mode, rules, resolve)
        found = [decision(line, policy) for line in ("a", "b", "c", "sudo rm x", 'sh -c "rm x"', "c $x")]
        assert found == ["deny", "ask", "allow", "deny", "deny", "ask"]


def open_consent(
    root: Path, *, user: str = "", environ: dict[str, str] | None = None, **flags: object
) -> Consent:
    (root.parent / "user.toml").write_text(user)
    config = load_config(
        flags={"approve": "ask", **flags},
        environ=environ or {},
        user_file=root.parent / "user.toml",
        project=root,
    )
    return Consent(config, root, root.parent / "state", is_replay=False)


def policy_in(consent: Consent, root: Path) -> Policy:
    state = root.parent / "state"
    listing = Listing(list, lambda _: set())
    tree = WorkTree(root, listing, Store(state / "objects"), state=state, hidden=consent.is_hidden)
    return consent.policy(tree)


def asked_in(consent: Consent, root: Path) -> list[str]:
    policy = policy_in(consent, root)
    return [decision(line, policy) for line in ("pytest -q", "write docs/a", "write src/a")]


@pytest.mark.parametrize("scope", ["flag", "variable", "user", "project in the state folder", "session"])
def test_every_scope_counts_and_is_as_wide_as_it_says(tmp_path: Path, scope: str) -> None:
    root, other = tmp_path / "root", tmp_path / "other"
    for folder in (root, other):
        (folder / "docs").mkdir(parents=True)
    texts = ["run(pytest *)", "edit(path=docs/**)"]
    rules = [parse(text) for text in texts]
    if scope == "flag":
        consent = open_consent(root, allow=texts)
    elif scope == "variable":
        consent = open_consent(root, environ={"R1CODE_ALLOW": "\n".join(texts)})
    elif scope == "user":
        consent = open_consent(root, user=f"allow = {texts!r}\n")
    elif scope == "session":
        consent = open_consent(root)
        # What is allowed in one tree of a session holds in its others.
        policy_in(consent, root).remember(rules)
    else:
        open_consent(root).remember(rules)
        assert [str(rule) for rule in Remembered(root, tmp_path / "state").rules] == texts
        consent = open_consent(root)
    assert asked_in(consent, root) == ["allow", "allow", "ask"]
    assert asked_in(open_consent(root), root) == (
        ["allow", "allow", "ask"] if scope.startswith("project") else ["ask", "ask", "ask"]
    )
    assert asked_in(open_consent(other), other) == ["ask", "ask", "ask"]


@pytest.mark.parametrize("key", ["allow", "ask", "deny"])
def test_a_projects_file_can_set_none(tmp_path: Path, key: str) -> None:
    root = tmp_path / "root"
    (root / ".r1code").mkdir(parents=True)
    (root / PROJECT_FILE).write_text(f'{key} = ["exec"]\n')
    with pytest.raises(UsageError, match=f"sets {key}"):
        open_consent(root)
