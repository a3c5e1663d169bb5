"""What others run in their CI is clean by the programs that look for what is wrong and unsafe in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
ACTIONS = [ROOT / "action.yml", *sorted((ROOT / ".ci").rglob("action.yml"))]
WORKFLOWS = sorted((ROOT / "examples/ci/github").glob("*.yml"))
HOOKS = ROOT / ".pre-commit-hooks.yaml"
SCRIPTS = sorted(
    path
    for folder in (".ci", "examples", "tests")
    for path in (ROOT / folder).rglob("*")
    if path.is_file()
    # Scripts to be looked at by tests, not to be run.
    if "projects" not in path.parts
    if path.suffix == ".sh" or path.read_bytes().partition(b"\n")[0] in {b"#!/bin/sh", b"#!/usr/bin/env bash"}
)


def clean(program: str, *arguments: str | Path) -> None:
    ran = subprocess.run([BIN / program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_there_is_something_to_look_at() -> None:
    assert (len(ACTIONS), len(WORKFLOWS)) == (2, 4)
    assert {"run", "fix.sh", "install.sh", "open.sh", "pre-push"} <= {path.name for path in SCRIPTS}


def test_zizmor_finds_nothing() -> None:
    how = [
        "--offline",
        "--no-progress",
        "--persona=auditor",
        "--strict-collection",
        "--config=tests/ci/zizmor.yml",
    ]
    clean("zizmor", *how, *ACTIONS, *WORKFLOWS, HOOKS)


def test_actionlint_finds_nothing() -> None:
    clean("actionlint", f"-shellcheck={BIN / 'shellcheck'}", "-pyflakes=", *WORKFLOWS)


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("vendor.github-actions", ACTIONS),
        ("vendor.gitlab-ci", sorted((ROOT / "examples/ci/gitlab").glob("*.yml"))),
    ],
)
def test_files_are_as_their_schemas_say(schema: str, files: list[Path]) -> None:
    assert files
    more = ["--data-transform", "gitlab-ci"] if schema == "vendor.gitlab-ci" else []
    clean("check-jsonschema", "--builtin-schema", schema, *more, *files)


def test_pre_commit_takes_its_hooks() -> None:
    clean("pre-commit", "validate-manifest", HOOKS)


def test_shellcheck_finds_nothing() -> None:
    clean("shellcheck", "-x", *SCRIPTS)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_no_job_holds_a_key_and_may_write(workflow: Path) -> None:
    told = yaml.safe_load(workflow.read_text())
    assert told["permissions"] == {}
    with_key = []
    for name, job in told["jobs"].items():
        may_write = "write" in job["permissions"].values()
        has_key = "secrets." in yaml.safe_dump(job)
        with_key += [name] if has_key else []
        assert not (may_write and has_key)
        assert has_key == (job.get("environment") == "r1code")
        checkouts = [step for step in job["steps"] if "actions/checkout@" in step.get("uses", "")]
        assert all(step["with"]["persist-credentials"] is False for step in checkouts)
    assert with_key == ["fix"]


@pytest.mark.parametrize("name", ["fix-failed-ci", "comment"])
def test_where_a_fork_can_be_checked_out_another_revision_is_trusted(name: str) -> None:
    told = yaml.safe_load((ROOT / f"examples/ci/github/{name}.yml").read_text())
    fix = next(step for step in told["jobs"]["fix"]["steps"] if step.get("id") == "fix")
    assert fix["with"]["trust-from"]
    assert "head" in str(
        next(step for step in told["jobs"]["fix"]["steps"] if "checkout" in step.get("uses", ""))
    )
