"""Training data is what a model was sent and what it answered, to the byte (docs/training.md)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from e2e.conftest import PROJECT, Repo, commit, write
from fakes.lessons import LESSONS, learn

GOLDEN = Path(__file__).parents[1] / "golden/training"
FORMS = ("openai", "sharegpt")
STRING, WHOLE = {"type": "string"}, {"type": "integer", "minimum": 0}
METADATA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "schema": {"const": 1},
        "session": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
        "step": WHOLE,
        "steps": WHOLE,
        "verdict": {"const": "fixed"},
        "sandbox": STRING,
        "tests": {"type": "object", "required": ["fixed", "passing"], "additionalProperties": WHOLE},
        "commit": {"type": "string", "pattern": "^([0-9a-f]{40}|)$"},
        "repository": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
        "repository_license": STRING,
        "part": {"enum": ["actor", "planner"]},
        "strategy": {"enum": ["loop", "pipeline"]},
        "dialect": {"enum": ["text", "native"]},
        "profile": STRING,
        "model": STRING,
        "license": STRING,
        "r1code": STRING,
        "tokens": WHOLE,
    },
}
METADATA["required"] = list(METADATA["properties"])
MESSAGE = {
    "type": "object",
    "required": ["role", "content"],
    "additionalProperties": False,
    "properties": {
        "role": {"enum": ["system", "user", "assistant", "tool"]},
        "content": STRING,
        "reasoning_content": STRING,
        "tool_calls": {"type": "array"},
        "tool_call_id": STRING,
    },
}
SAID = {
    "type": "object",
    "required": ["from", "value"],
    "additionalProperties": False,
    "properties": {"from": {"enum": ["human", "gpt", "function_call", "observation"]}, "value": STRING},
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "openai": {
        "required": ["messages", "metadata"],
        "additionalProperties": False,
        "properties": {
            "messages": {"type": "array", "items": MESSAGE, "minItems": 2},
            "tools": {"type": "array"},
            "metadata": METADATA,
        },
    },
    "sharegpt": {
        "required": ["conversations", "metadata"],
        "additionalProperties": False,
        "properties": {
            "system": STRING,
            "conversations": {"type": "array", "items": SAID, "minItems": 2},
            "tools": STRING,
            "metadata": METADATA,
        },
    },
}


def lines_of(repo: Repo, *flags: str) -> list[dict[str, Any]]:
    ran = repo.run("export", "--verified", *flags)
    assert ran.code == 0, ran.err
    return [json.loads(line) for line in ran.out.splitlines()]


def stable(lines: list[dict[str, Any]]) -> str:
    """Without what is another one in each run, and without the words of prompts/, which have their own tests."""
    for line in lines:
        for name in ("session", "commit", "repository", "r1code", "tokens"):
            line["metadata"][name] = f"[{name}]"
        if "tools" in line:
            tools = json.loads(line["tools"]) if isinstance(line["tools"], str) else line["tools"]
            line["tools"] = [tool.get("name") or tool["function"]["name"] for tool in tools]
        if "system" in line:
            line["system"] = "[instructions]"
        messages = line.get("messages") or line["conversations"]
        for message in messages:
            key = "content" if "content" in message else "value"
            about = message[key]
            if "The command" in about or message.get("role") == "system" or len(about) > 700:
                message[key] = "[instructions and task]"
    return json.dumps(lines, indent=1, ensure_ascii=False) + "\n"


def told_before(message: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in message.items() if key != "reasoning_content"}


SCALED = {"loop", "pipeline"}


@pytest.mark.parametrize(
    "name", [name if name in SCALED else pytest.param(name, marks=pytest.mark.full) for name in LESSONS]
)
def test_a_line_is_what_was_sent_and_what_was_answered(repo: Repo, name: str, request: Any) -> None:
    learned = learn(repo, LESSONS[name])
    for form in FORMS:
        lines = lines_of(repo, "--form", form)
        for line in lines:
            jsonschema.validate(line, SCHEMAS[form])
        if form == "openai":
            answers = [reply.text for reply in LESSONS[name].replies]
            for line in lines:
                *prompt, reply = line["messages"]
                asked = [at for at, sent in enumerate(learned.sent) if sent == prompt]
                assert asked, "no request had these messages"
                assert reply["content"] in {answers[at] for at in asked}
                assert {f"\n{text}\n" for text in thoughts(name, asked)} >= {reply["reasoning_content"]}
                assert line.get("tools") == learned.offered[asked[0]]
        golden = GOLDEN / f"{name.replace(' ', '-')}.{form}.json"
        assert stable(lines) == golden.read_text(encoding="utf-8")


def thoughts(name: str, asked: list[int]) -> set[str]:
    return {LESSONS[name].replies[at].reasoning.strip() for at in asked}


def test_a_bundle_and_the_sessions_of_candidates_are_read(repo: Repo, tmp_path: Path) -> None:
    learn(repo, LESSONS["loop"])
    (folder,) = (repo.state / "sessions").iterdir()
    bundle = tmp_path / "bundle/instance-1/session"
    child = repo.state / "sessions/parent/candidates/2"
    for place in (bundle, child):
        place.mkdir(parents=True)
        for file in folder.iterdir():
            if file.is_file():
                (place / file.name).write_bytes(file.read_bytes())
    first = [line["messages"] for line in lines_of(repo)]
    assert [line["messages"] for line in lines_of(repo, str(tmp_path / "bundle"))] == first
    (folder / "log.jsonl").unlink()
    assert [line["messages"] for line in lines_of(repo)] == first


def test_into_files_by_repository_and_what_is_left_out_is_told(repo: Repo, tmp_path: Path) -> None:
    write(repo.root, {"LICENSE.md": "MIT\n"})
    learn(repo, LESSONS["loop"])
    other = tmp_path / "other"
    write(other, PROJECT)
    commit(other)
    learn(Repo(root=other, state=repo.state, env=repo.env), LESSONS["two roles"])
    unfixed = repo.run(
        "fix", "--test", "false", "--sandbox=none", "--allow-host-exec", *repo.replies("No.", "No.")
    )
    assert unfixed.code == 1
    file = tmp_path / "train.jsonl"
    ran = repo.run("export", "--verified", "--all", "--eval-share", "0.999999", "-o", str(file))
    assert ran.code == 0, ran.err
    assert file.read_text() == ""
    lines = [json.loads(line) for line in (tmp_path / "train.eval.jsonl").read_text().splitlines()]
    assert [line["metadata"]["repository_license"] for line in lines] == ["LICENSE.md"] * 3
    assert "3 lines of 1 sessions" in ran.err
    assert "not in it: 1 sessions: task and patch are nearly those of another one" in ran.err
    assert "not in it: 1 sessions: the last verdict is not that all is fixed" in ran.err
    assert len(lines_of(repo)) == 3
    assert len(lines_of(repo, "--repo", str(other))) == 4
    assert lines_of(repo, "--all", "--since", "2999-01-01") == []
    assert lines_of(repo, "--max-tokens", "10") == []


def test_flags_that_mean_nothing_are_refused(repo: Repo) -> None:
    for flags, about in (
        (["--form", "openai"], "--form means nothing here"),
        (["--verified", "--step", "1.1"], "form of its own"),
        (["--verified", "--since", "soon"], "no date"),
        (["--verified", "--eval-share", "0.1"], "--eval-share"),
        (["--verified", "--eval-share", "2", "-o", "x"], "--eval-share"),
    ):
        ran = repo.run("export", *flags)
        assert (ran.code, about in ran.err) == (2, True), ran.err


if __name__ == "__main__":
    import tempfile

    GOLDEN.mkdir(parents=True, exist_ok=True)
    for lesson in LESSONS:
        place = Path(tempfile.mkdtemp())
        write(place / "repo", PROJECT)
        commit(place / "repo")
        made = Repo(root=place / "repo", state=place / "state")
        learn(made, LESSONS[lesson])
        for each in FORMS:
            text = stable(lines_of(made, "--form", each))
            (GOLDEN / f"{lesson.replace(' ', '-')}.{each}.json").write_text(text, encoding="utf-8")
    sys.exit()
