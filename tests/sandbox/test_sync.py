"""The work tree in a container: what goes in, what comes back."""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path

import docker
import pytest

from fakes.bench import Bench, Make, Ours
from r1code.errors import SandboxError
from r1code.sandbox.base import Limits
from r1code.tree.entry import Entry
from r1code.tree.store import Store

pytestmark = pytest.mark.docker
SANDBOXES = ["docker", "bubblewrap"]

LIST = "find . -mindepth 1 -path ./.git -prune -o -printf '%y %m %P\\n' | sort"
ODD = [
    "a b",
    "-rf",
    "--checkpoint=1",
    "new\nline",
    "tab\there",
    "ünïcødé",
    "'\"$(x)`",
    "\udcff\udcfe",
    "*",
    "d/-x/ y",
]


def test_files_links_and_modes_arrive(bench: Bench):
    bench.sync(
        {"a": "one", "d/e/x.sh": bench.file("#!", 0o755), "ro": bench.file("r", 0o444), "l": bench.link("a")}
    )
    assert bench.out(LIST) == "d 755 d\nd 755 d/e\nf 444 ro\nf 644 a\nf 755 d/e/x.sh\nl 777 l\n"
    assert bench.out("cat l; stat -c %u:%g a; touch a; readlink l") == "one1000:1000\na\n"


def test_odd_names_arrive_change_and_come_back(bench: Bench):
    tree: dict[str, str | bytes | Entry] = {name: name.encode("utf-8", "surrogateescape") for name in ODD}
    bench.sync(tree)
    assert bench.changes() == {}
    bench.out("find . -type f -exec sh -c 'for f; do printf + >>\"$f\"; done' sh {} +")
    assert bench.changes() == {name: (0o644, name.encode("utf-8", "surrogateescape") + b"+") for name in ODD}
    bench.sync(tree)
    assert bench.changes() == {}
    bench.sync({})
    assert bench.out(LIST) == ""


def test_only_what_differs_is_touched(bench: Bench):
    bench.sync({"same": "1", "edited": "2", "gone/deep/er": "3", "gone/kept": "4"})
    before = bench.out("stat -c %i.%Z same")
    bench.out("mkdir -p gone/deep/made; touch untracked")
    bench.sync({"same": "1", "edited": "changed", "gone/kept": "4", "new": "5"})
    assert bench.out("stat -c %i.%Z same") == before
    assert bench.out("cat edited new; find gone untracked | sort") == (
        "changed5gone\ngone/deep\ngone/deep/made\ngone/kept\nuntracked\n"
    )
    bench.out("rmdir gone/deep/made")


def test_folders_that_became_empty_go(bench: Bench):
    bench.sync({"a/b/c/d": "1", "a/x": "2", "e/f": "3"})
    bench.sync({"a/x": "2"})
    assert bench.out("find . -mindepth 1 | sort") == "./a\n./a/x\n"


def test_what_commands_did_to_known_files_is_undone(bench: Bench):
    tree = {
        "edited": "1",
        "same-size": "abc",
        "deleted": "2",
        "mode": "3",
        "d/moved": "4",
        "link": bench.link("edited"),
    }
    bench.sync(tree)
    bench.out("echo x >>edited; printf xyz >same-size; rm deleted; chmod 0 mode; mv d e; ln -sf nowhere link")
    bench.sync(tree)
    assert bench.out("cat edited same-size deleted mode d/moved; readlink link") == "1abc234edited\n"
    assert bench.changes() == {"e/moved": (0o644, b"4")}


def test_a_content_with_an_old_date_and_the_same_size_is_seen(bench: Bench):
    bench.sync({"a": "old"})
    bench.out("touch -r a /tmp/ref; printf new >a; touch -r /tmp/ref a")
    assert bench.changes() == {"a": (0o644, b"new")}


def test_kinds_may_change_in_every_direction(bench: Bench):
    kinds: dict[str, dict[str, str | bytes | Entry]] = {
        "file": {"p": "file"}, "link": {"p": bench.link("elsewhere")}, "folder": {"p/q/r": "deep"}, "none": {},
    }  # fmt: skip
    for first, before in kinds.items():
        for second, after in kinds.items():
            bench.sync(before)
            bench.sync(after)
            assert bench.changes() == {}, (first, second)
            assert bench.out("[ -L p ] && echo link; [ -f p ] && echo file; [ -d p ] && echo folder; :") == (
                "" if second == "none" else f"{second}\n"
            )


def test_kinds_that_commands_changed_are_put_right(bench: Bench):
    tree: dict[str, str | bytes | Entry] = {"d/f": "1", "g": "2", "l": bench.link("g")}
    bench.sync(tree)
    bench.out("rm -r d g l; mkdir /tmp/evil; ln -s /tmp/evil d; mkdir g; touch g/x; mkfifo l")
    assert bench.changes() == {"g": None, "g/x": (0o644, b"")}
    bench.sync(tree)
    assert bench.out("ls /tmp/evil; cat d/f g; readlink l; [ ! -L d ] && echo real") == "12g\nreal\n"


def test_locked_folders_hide_nothing(bench: Bench):
    tree: dict[str, str | bytes | Entry] = {"d/e/f": "1", "d/g": "2"}
    bench.sync(tree)
    bench.out("touch d/e/new; echo x >d/g; chmod 0 d/e; chmod 0500 d")
    assert bench.changes() == {"d/e/new": (0o644, b""), "d/g": (0o644, b"x\n")}
    bench.sync(tree)
    assert bench.out("cat d/g d/e/f") == "21"


def test_what_commands_created_changed_and_deleted_comes_back(bench: Bench):
    bench.sync({"edit": "1", "delete": "2", "mode": "3", "same": "4", "touched": "5", "to-link": "6"})
    bench.out(
        "echo x >edit; rm delete; chmod 755 mode; touch touched; mkdir -p n/m; printf new >n/m/f;"
        " ln -s ../edit n/l; rm to-link; ln -s same to-link; ln edit hard; head -c 5000000 /dev/zero >zeros"
    )
    changed = bench.changes()
    assert list(changed) == sorted(changed)
    assert changed == {
        "edit": (0o644, b"x\n"),
        "hard": (0o644, b"x\n"),
        "delete": None,
        "mode": (0o755, b"3"),
        "n/m/f": (0o644, b"new"),
        "n/l": (0o777, b"../edit"),
        "to-link": (0o777, b"same"),
        "zeros": (0o644, bytes(5_000_000)),
    }
    # It is a part of the tree that is known now.
    assert bench.changes() == {}


def test_what_came_back_and_was_kept_is_not_sent_again(bench: Bench):
    bench.sync({"a": "1"})
    bench.out("echo 2 >a; echo 3 >b")
    before = bench.out("stat -c %i.%Z a b")
    patch = bench.sandbox.changes(bench.control)
    bench.sandbox.sync(bench.tree({"a": "2\n", "b": "3\n"}), bench.control)
    assert patch.paths == ("a", "b")
    assert bench.out("stat -c %i.%Z a b") == before
    assert bench.changes() == {}


def test_special_files_and_links_that_lead_out_stay_inside_and_are_named(bench: Bench):
    bench.sync({"known": "1"})
    program = "import socket; socket.socket(socket.AF_UNIX).bind('sock')"
    bench.out(
        f'mkfifo pipe; python3 -c "{program}"; mkdir -p sub/.git; touch sub/.git/config; ln -s /etc/passwd abs;'
        " ln -s ../../outside up; rm known; ln -s ../x known; touch fine; echo 1 >secret; chmod 0 secret"
    )
    assert bench.changes() == {"fine": (0o644, b"")}
    said = "\n".join(bench.said)
    for path in ("pipe", "sock", "sub/.git/config", "abs", "up", "known", "secret"):
        assert path in said, path


def test_set_user_bits_do_not_come_back(bench: Bench):
    bench.sync({})
    bench.out("touch x; chmod 6755 x")
    assert bench.changes() == {"x": (0o755, b"")}


def test_a_file_above_the_bound_stays_inside(make: Make):
    bench = make(limits=Limits(memory_mb=512, disk_mb=128, pids=64, seconds=20.0))
    bench.sync({})
    bench.out("truncate -s 51M large; touch small")
    assert bench.changes() == {"small": (0o644, b"")}
    assert any("large" in said for said in bench.said)


def test_caches_and_ignored_files_stay_inside(make: Make):
    bench = make(ignored=lambda paths: {path for path in paths if path.endswith(".log")})
    bench.sync({"__pycache__/tracked": "1", "tracked.log": "2"})
    bench.out("mkdir -p node_modules/x; touch node_modules/x/y __pycache__/new a.log")
    bench.out("echo 3 | tee __pycache__/tracked tracked.log")
    assert bench.changes() == {"__pycache__/tracked": (0o644, b"3\n"), "tracked.log": (0o644, b"3\n")}


def test_a_tree_that_does_not_fit_is_told_and_the_sandbox_recovers(bench: Bench):
    with pytest.raises(SandboxError, match="could not be copied in") as raised:
        bench.sync({"big": bytes(40_000_000), "small": "1"})
    assert "does not fit" in raised.value.why
    bench.sync({"small": "1"})
    assert bench.out("ls; cat small") == "small\n1"


def test_a_content_missing_in_the_store_is_a_sandbox_error(bench: Bench):
    with pytest.raises(SandboxError, match="missing"):
        bench.sync({"a": Entry(kind="file", mode=0o644, digest="0" * 64)})
    bench.sync({"a": "1"})


def test_a_content_that_is_damaged_is_not_sent_and_the_sandbox_recovers(bench: Bench, store: Store):
    tree: dict[str, str | bytes | Entry] = {f"f{number:03}": f"{number}\n" * 900 for number in range(300)}
    last = bench.file("right\n" * 900)
    place = store.folder / last.digest[:2] / last.digest[2:]
    place.write_bytes(b"wrong\n" * 900)
    with pytest.raises(SandboxError, match="damaged"):
        bench.sync(tree | {"z": last})
    place.write_bytes(b"right\n" * 900)
    bench.sync(tree | {"z": last})
    assert bench.out("sort -u z; ls | wc -l") == "right\n301\n"


def test_random_commands_and_syncs_keep_both_sides_equal(bench: Bench, store: Store):
    chance = random.Random(7)
    names = ["a", "b/c", "b/d", "e/f/g", "e/h", "i j"]
    moves = [
        "echo {n} >>'{p}'",
        "rm -rf '{p}'",
        "chmod 755 '{p}'",
        "ln -sfn a '{p}'",
        "mkdir -p '{p}'",
        "touch '{p}'",
    ]
    host: dict[str, Entry] = {}
    for round_number in range(15):
        bench.sandbox.sync(bench.tree(dict(host)), bench.control)
        assert bench.changes() == {}
        commands = [
            f"mkdir -p \"$(dirname '{path}')\"; " + chance.choice(moves).format(p=path, n=round_number)
            for path in chance.sample(names, 3)
        ]
        bench.run("; ".join(f"{{ {command}; }} 2>/dev/null" for command in commands))
        patch = bench.sandbox.changes(bench.control)
        assert all(change.before == host.get(change.path) for change in patch.changes)
        if all(change.before is not None for change in patch.changes) and chance.random() < 0.4:
            continue  # refused: the next sync must undo it
        for change in patch.changes:
            host.pop(change.path, None)
            if change.after is not None:
                host[change.path] = change.after
    assert len(host) > 1
    bench.sandbox.sync(bench.tree(dict(host)), bench.control)
    for path, entry in host.items():
        if entry.kind == "file":
            assert bench.sandbox.read(f"/workspace/{path}", bench.control) == store.get(entry.digest)
    assert set(bench.out("find . -mindepth 1 -type f -o -type l -o -type d -empty").split("\n")) - {""} == {
        f"./{path}" for path in host
    }


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "a.txt").write_text("one\n")
    identity = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    for words in (
        "init -q -b main",
        "add .",
        "commit -qm first",
        "config remote.origin.url https://u:canary@h.invalid",
    ):
        subprocess.run(["git", *words.split(" ")], cwd=folder, check=True, env=os.environ | identity)
    return folder


def test_trees_that_follow_each_other_without_a_command_are_whole(bench: Bench):
    chance = random.Random(11)
    paths = ["a", "b/c", "b/d/e", "b/d/f", "g/h", ODD[2], f"b/{ODD[3]}"]
    for _ in range(12):
        tree: dict[str, str | bytes | Entry] = {}
        for path in chance.sample(paths, chance.randrange(len(paths))):
            if not any(other.startswith(f"{path}/") or path.startswith(f"{other}/") for other in tree):
                tree[path] = chance.choice([str(chance.random()), bench.link("a"), bench.file("x", 0o755)])
        if chance.random() < 0.3:
            tree = {path: content for path, content in tree.items() if not path.startswith("b/")} | {"b": "file"}
        bench.sync(tree)
        assert bench.changes() == {}
    # Looked at anew, every path and content is what was said to be there.
    assert bench.out("find . -mindepth 1 ! -type d -printf x") == "x" * len(tree)
    bench.out("find . -type f -exec touch {} +")
    assert bench.changes() == {}


def test_helpers_that_died_in_between_are_not_missed(bench: Bench, engine: docker.DockerClient, ours: Ours):
    bench.sync({"a": "1"})
    inside = engine.containers.get(ours()[0])
    for use in (lambda: bench.sync({"a": "2"}), lambda: bench.run("true"), bench.changes):
        time.sleep(0.2)
        inside.exec_run(["/bin/sh", "-c", "kill -s KILL -- -1"], user="1000:1000")
        time.sleep(0.1)
        use()
    assert bench.out("cat a") == "2"
    assert bench.changes() == {}


def test_git_works_inside_and_nothing_of_it_comes_back(make: Make, repository: Path):
    bench = make(git_dir=repository / ".git")
    bench.sync({"a.txt": "one\n"})
    assert bench.out("git status --short; git log --format=%s; git remote -v") == "first\n"
    bench.out("echo two >a.txt; git config user.email a@b; git config user.name a; git commit -qam second")
    assert bench.out("git log --format=%s") == "second\nfirst\n"
    assert "canary" not in bench.out("grep -r canary .git; true")
    assert bench.changes() == {"a.txt": (0o644, b"two\n")}
    bench.sync({"a.txt": "one\n"})
    assert bench.out("git diff --stat | tail -1; git log --oneline | wc -l").endswith("2\n")


def test_without_a_usable_git_folder_the_person_is_told(make: Make, tmp_path: Path):
    bench = make(git_dir=tmp_path / "none")
    bench.sync({"a": "1"})
    assert any("git history" in said for said in bench.said)
    assert bench.run("git status").exit_code == 128
