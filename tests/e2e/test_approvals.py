from __future__ import annotations

import pytest

from e2e.conftest import FIX, Repo, write

pytestmark = pytest.mark.timeout(300)
HOST = ["--sandbox=none", "--allow-host-exec"]


def refused(repo: Repo, *arguments: str, replies: list[str]) -> list[str]:
    """The texts of the calls that were not allowed."""
    ran = repo.run("-p", "Go.", *HOST, "--json", *arguments, *repo.replies(*replies, "<done>ok</done>"))
    assert ran.code == 0, ran.out + ran.err
    finished = (event["observation"] for event in ran.events if event["event"] == "CallFinished")
    return [str(seen["text"]) for seen in finished if seen["status"] == "refused"]


def test_where_nobody_is_there_rules_alone_decide(repo: Repo) -> None:
    replies = [
        "<run>touch 'made it'</run>",
        "<run>touch never; touch nor-this</run>",
        '<run background="one" ready="up">touch made-too; echo up</run>',
        '<run background="two" ready="up">touch never-again</run>',
        '<stop name="one"/>',
        '<write path="docs/a.txt">\nx\n</write>',
        '<write path="src/a.txt">\nx\n</write>',
    ]
    rules = ["--allow", "run(touch made*)", "--allow", "run(echo up)", "--allow", "edit(path=docs/**)"]
    texts = refused(repo, "--approve", "ask", *rules, replies=replies)
    parts = ("touch never", "touch never-again", "src/a.txt")
    assert [part in text for part, text in zip(parts, texts, strict=True)] == [True] * 3
    there = ["made it", "made-too", "docs/a.txt", "never", "nor-this", "never-again", "src/a.txt"]
    assert [path for path in there if (repo.root / path).exists()] == there[:3]


def test_what_is_denied_stays_as_it_is_whatever_would_change_it(repo: Repo) -> None:
    replies = [FIX, "<run>echo x > shop/cart.py</run>", "<run>sh -c 'echo x'; rm -f shop/cart.py</run>"]
    before = repo.files()
    rules = ["--deny", "edit(path=shop/**)", "--deny", "run(rm *)"]
    assert len(refused(repo, *rules, replies=replies)) == 3
    assert repo.files() == before


def test_a_users_rules_count_and_a_projects_do_not(repo: Repo) -> None:
    home = repo.root.parent / "home"
    repo.env["XDG_CONFIG_HOME"] = str(home)
    write(home, {"r1code/config.toml": 'deny = ["run(touch *)"]\n'})
    assert len(refused(repo, "--allow", "exec", "--deny", "run(x)", replies=["<run>touch never</run>"])) == 1
    assert not (repo.root / "never").exists()
    write(repo.root, {".r1code/config.toml": 'allow = ["exec"]\n'})
    ran = repo.run("-p", "Go.", *HOST, *repo.replies("<done>ok</done>"))
    assert (ran.code, "a project may not set it" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--allow", "run(ls; rm x)"], "a rule names one command"),
        (["--deny", "fetch"], "no tool or effect fetch"),
        (["--sandbox=none", "--approve=auto"], "unasked"),
    ],
)
def test_a_wrong_rule_starts_nothing(repo: Repo, arguments: list[str], part: str) -> None:
    ran = repo.run("-p", "Go.", *arguments, *repo.replies("<done>ok</done>"))
    assert (ran.code, part in ran.err) == (2, True), ran.err
    assert not list(repo.state.glob("sessions/*"))
