"""What can be counted is counted here, not asked for in prose."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from r1code import __version__
from r1code.dialects.form import FORMS
from r1code.dialects.function import SAID
from r1code.tools.toolset import ORDER
from r1code.types import ExitCode

ROOT = Path(__file__).parents[1]
PACKAGES = ("r1code", "tools", "sandbox", "prompts", "serving")
OURS = [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]
TESTS = sorted((ROOT / "tests").rglob("*.py"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
# May only fall. Each one has its reason beside it.
WAIVERS = 6


def test_no_file_is_longer_than_400_lines_and_the_loop_not_longer_than_150() -> None:
    long = {str(path): len(path.read_text().splitlines()) for path in OURS}
    assert {path: count for path, count in long.items() if count > 400} == {}
    assert long[str(ROOT / "r1code/agent.py")] <= 150


def test_waivers_are_few_explained_and_never_in_the_loop() -> None:
    lines = [line for path in OURS for line in path.read_text().splitlines()]
    waivers = [line for line in lines if re.search(r"# (noqa|type: ignore|pyright: ignore)", line)]
    assert len(waivers) <= WAIVERS
    unexplained = [
        line.strip() for line in waivers if not re.search(r"(noqa: \S+( \S+)?|ignore\[\S+\]) +(-|#) \w", line)
    ]
    assert unexplained == []
    assert not re.search(r"noqa|type: ignore", (ROOT / "r1code/agent.py").read_text())


def test_nothing_of_ours_is_patched_in_tests() -> None:
    patched = [
        path.name
        for path in TESTS
        if path != Path(__file__)
        and re.search(r"monkeypatch\.setattr|mock\.patch|from unittest(\.mock)? import", path.read_text())
    ]
    assert patched == []


def test_no_exception_is_caught_broadly() -> None:
    caught = [
        f"{path.name}: {line.strip()}"
        for path in OURS
        for line in path.read_text().splitlines()
        if re.search(r"except( BaseException| Exception)?( as \w+)?:", line)
    ]
    # control carries any exception into another thread.
    assert sorted(line.partition(":")[0] for line in caught) == ["control.py"]


def test_the_wheel_holds_every_package_under_one_name() -> None:
    found = set()
    for path in OURS:
        parts = path.parent.relative_to(ROOT).parts
        found.add(".".join(parts if parts[0] == "r1code" else ("r1code", *parts)))
    assert found == set(PYPROJECT["tool"]["setuptools"]["packages"])


def test_tools_their_modules_their_forms_and_their_prompts_are_the_same_set() -> None:
    modules = {path.stem for path in (ROOT / "tools").glob("*.py") if f'name = "{path.stem}"' in path.read_text()}
    prompts = {path.stem for path in (ROOT / "prompts/tools").glob("*.md")}
    functions = {path.stem for path in (ROOT / "prompts/functions").glob("*.md")}
    assert set(ORDER) == modules == prompts == set(FORMS) == functions - set(SAID)
    assert set(SAID) <= functions


def test_the_version_is_the_same_everywhere() -> None:
    changelog = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert changelog is not None
    assert __version__ == PYPROJECT["project"]["version"] == changelog[1]


def test_the_readme_lists_every_exit_code() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+?) \|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert [int(code) for code, _ in rows] == [int(code) for code in ExitCode]


def test_agents_md_stays_short() -> None:
    assert len((ROOT / "AGENTS.md").read_text().splitlines()) <= 100


def test_every_constraint_is_a_plain_version() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert [line for line in lines if not re.fullmatch(r"#.*|[\w.-]+==[\w.+-]+", line)] == []


def test_the_version_is_printed_before_anything_heavy_is_loaded() -> None:
    code = (
        "import json, sys; from r1code.cli.main import main; main(['--version']);"
        "print(json.dumps(list(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    version, modules = done.stdout.splitlines()
    assert version == f"r1code {__version__}"
    heavy = {"openai", "docker", "git", "tiktoken", "tree_sitter", "rich", "prompt_toolkit", "jinja2", "msgspec"}
    assert heavy & set(json.loads(modules)) == set()


def test_the_command_line_starts_and_explains_itself() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "r1code", "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "Exit codes" in done.stdout


@pytest.mark.parametrize("name", PACKAGES)
def test_a_folder_at_the_top_is_imported_under_r1code(name: str) -> None:
    pattern = re.compile(rf"^\s*(from {name}[. ]|import {name}\b)", re.MULTILINE)
    if name != "r1code":
        assert [path.name for path in [*OURS, *TESTS] if pattern.search(path.read_text())] == []
