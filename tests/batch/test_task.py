from __future__ import annotations

import json
import string
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.batch.task import BatchTask, common_folder, portable, read_tasks, without_user
from r1code.errors import UsageError

GOOD = {"id": "a", "repo": ".", "test": "pytest"}


def refusal(tmp_path: Path, *lines: str, fetch: bool = False) -> str:
    file = tmp_path / "tasks.jsonl"
    file.write_text("\n".join(lines))
    with pytest.raises(UsageError) as caught:
        read_tasks(file, fetch=fetch)
    return str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"id": "../x"}, "matching regex"),
        ({"id": ".."}, "matching regex"),
        ({"id": "a/b"}, "matching regex"),
        ({"id": "a\n"}, "matching regex"),
        ({"id": ""}, "matching regex"),
        ({"commit": "--upload-pack=x"}, "matching regex"),
        ({"test": ""}, "length >= 1"),
        ({"tries": 0}, ">= 1"),
        ({"tset": "x"}, "unknown field `tset`"),
        ({"repo": "nowhere"}, "not a folder"),
        ({"repo": "https://example.org/x"}, "only --fetch"),
        ({"repo": "https://example.org/x", "commit": "main"}, "only --fetch"),
        ({"repo": "ext::sh -c x"}, "neither a folder nor"),
        ({"repo": "ssh://example.org/x"}, "neither a folder nor"),
        ({"repo": "git@example.org:x"}, "neither a folder nor"),
        ({"path": "../x"}, "inside the repository"),
        ({"path": "/etc"}, "inside the repository"),
        ({"leave_out": ["../x"]}, "inside the repository"),
        ({"image": "--privileged"}, "name of an image"),
        ({"flags": "x"}, "array"),
    ],
)
def test_a_wrong_line_is_refused_by_its_number(tmp_path: Path, wrong: dict[str, object], why: str) -> None:
    told = refusal(tmp_path, json.dumps(GOOD), "", json.dumps({**GOOD, "id": "b", **wrong}))
    assert "line 3 of" in told
    assert why in told


def test_what_is_no_json_and_what_is_there_twice_is_refused(tmp_path: Path) -> None:
    assert "line 1 of" in refusal(tmp_path, "{")
    assert "was there before" in refusal(tmp_path, json.dumps(GOOD), json.dumps({**GOOD, "id": "A"}))
    assert "has no task" in refusal(tmp_path, "", " ")


def test_a_strange_protocol_is_refused_also_with_fetch(tmp_path: Path) -> None:
    for repo in ("ext::sh -c x", "ssh://example.org/x", "http://example.org/x", "git://example.org/x"):
        assert "neither a folder nor" in refusal(tmp_path, json.dumps({**GOOD, "repo": repo}), fetch=True)


def test_a_commit_of_a_url_is_a_full_hash(tmp_path: Path) -> None:
    line = {**GOOD, "repo": "https://example.org/x", "commit": "main"}
    assert "no full hash" in refusal(tmp_path, json.dumps(line), fetch=True)


def test_a_bundle_names_repositories_without_paths_and_passwords(tmp_path: Path) -> None:
    for name in ("x/one", "x/two"):
        (tmp_path / "repos" / name).mkdir(parents=True)
    lines = [{**GOOD, "id": name, "repo": f"repos/x/{name}"} for name in ("one", "two")]
    lines.append({**GOOD, "id": "three", "repo": "https://me:pass@example.org/x.git", "commit": "a" * 40})
    file = tmp_path / "tasks.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    tasks = read_tasks(file, fetch=True)
    named = [portable(task, common_folder(tasks)).repo for task in tasks]
    assert named == ["one", "two", "https://example.org/x.git"]


@given(st.text(max_size=40), st.text(max_size=40))
def test_an_id_is_one_name_of_a_folder_or_refused(name: str, rest: str) -> None:
    try:
        task = msgspec.json.decode(json.dumps({**GOOD, "id": name, "text": rest}).encode(), type=BatchTask)
    except msgspec.ValidationError:
        return
    assert Path("x", task.id).parent == Path("x")
    assert task.id not in {".", ".."}
    assert set(task.id) <= set(string.ascii_letters + string.digits + "._+@=-")
    assert task.text == rest


@given(st.from_regex(r"https://([a-z:@]{1,10}@)?[a-z.]{1,10}(/[a-z@]{0,5}){0,3}", fullmatch=True))
def test_no_user_is_left_in_a_url(url: str) -> None:
    host = without_user(url).removeprefix("https://").partition("/")[0]
    assert "@" not in host
    assert url.endswith(without_user(url).removeprefix("https://"))
