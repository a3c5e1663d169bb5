from __future__ import annotations

import gzip
import json
from pathlib import Path

import msgspec
import pytest

from e2e.conftest import FIX, PROJECT, Repo, commit, write

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300), pytest.mark.usefixtures("engine")]
TEST = "python3 -m pytest -q"
REPLIES = {
    "good": (FIX, "<done>ok</done>"),
    "lies": ("<done>All tests pass now.</done>",),
    "wrong": (FIX.replace("sum(prices) - discount", "7"), "<done>ok</done>"),
}
HIDDEN_TEST = """\
diff --git a/tests/test_cart.py b/tests/test_cart.py
--- a/tests/test_cart.py
+++ b/tests/test_cart.py
@@ -7,3 +7,7 @@ def test_sum():
\x20
 def test_discount():
     assert total([10], discount=3) == 7
+
+
+def test_other():
+    assert total([10], discount=4) == 6
"""


def line(name: str, repo: Repo, **more: object) -> str:
    """A task, whose model says what REPLIES has for it."""
    script = repo.state / f"{name}.toml"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text("".join(f"[[reply]]\ntext = {json.dumps(text)}\n" for text in REPLIES[name]))
    task = {"id": name, "repo": repo.root.name, "test": TEST, "flags": ["--replies", str(script)], **more}
    return json.dumps(task) + "\n"


def test_tasks_are_repaired_in_clones_and_anybody_can_check_what_is_claimed(repo: Repo, tmp_path: Path) -> None:
    tasks = tmp_path / "tasks.jsonl"
    targets = {"patch": HIDDEN_TEST, "fail_to_pass": ["tests/test_cart.py::test_other"]}
    tasks.write_text(line("good", repo, **targets) + line("lies", repo) + line("wrong", repo))
    before = repo.files()
    out = tmp_path / "out"
    ran = repo.run("batch", "run", str(tasks), "-o", str(out), "--workers", "1", "--", "--profile", "scripted")
    assert ran.code == 0, ran.out + ran.err
    assert repo.files() == before
    results = [msgspec.json.decode(one) for one in (out / "results.jsonl").read_bytes().splitlines()]
    told = [(one["id"], one["outcome"], one["solved"]) for one in results]
    assert told == [("good", "fixed", True), ("lies", "not_fixed", False), ("wrong", "not_fixed", False)]
    assert results[0]["tries"][0]["verdict"]["fixed"] == [
        "tests/test_cart.py::test_discount",
        "tests/test_cart.py::test_other",
    ]
    events = gzip.decompress((out / "tasks/good/events-1.jsonl.gz").read_bytes()).splitlines()
    assert msgspec.json.decode(events[-1])["event"] == "Finished"
    assert not (out / "work").exists()
    assert repo.containers() == []

    checked = repo.run("batch", "rescore", str(out), "--repos", str(tmp_path), "--workers", "1", "--json")
    assert checked.code == 0, checked.out + checked.err
    found = {one["id"]: one for one in checked.events}
    assert (found["good"]["found"], found["good"]["found_solved"]) == ("fixed", True)
    assert found["wrong"]["found"] == "not_fixed"

    # A claim that is not so.
    (out / "tasks/good/patch.diff").write_text(
        (out / "tasks/good/patch.diff").read_text().replace("- discount", "* 1")
    )
    checked = repo.run("batch", "rescore", str(out), "--repos", str(tmp_path), "--workers", "1", "--json")
    assert checked.code == 1, checked.out + checked.err
    assert "1 do not" in checked.err


def test_the_verdict_on_a_patch_of_somebody_else_changes_nothing(repo: Repo) -> None:
    before = repo.files()
    patch = repo.state / "p.diff"
    patch.parent.mkdir(parents=True)
    patch.write_text(
        "--- a/shop/cart.py\n+++ b/shop/cart.py\n@@ -1,2 +1,2 @@\n def total(prices, discount=0):\n"
        "-    return sum(prices) + discount\n+    return sum(prices) - discount\n"
    )
    ran = repo.run("verify", str(patch), "--test", TEST)
    assert ran.code == 0, ran.out + ran.err
    assert "verdict: fixed" in ran.out
    assert repo.files() == before
    patch.write_text(patch.read_text().replace("- discount", "- 3"))
    assert repo.run("verify", str(patch), "--test", TEST).code == 1
    assert repo.run("verify", str(patch), "--test", TEST, "-C", str(repo.state.parent)).code == 2
    write(repo.root, {"shop/cart.py": PROJECT["shop/cart.py"].replace("+ discount", "- discount")})
    commit(repo.root)
    stale = repo.run("verify", str(patch), "--test", TEST)
    assert stale.code == 2
    assert "does not fit" in stale.err
