"""What the pages about serving say, held against what r1code does: figures, commands, settings."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec
import pytest

from r1code.cli.main import main
from r1code.options.batch import parted
from r1code.options.grammar import parser
from r1code.profiles.loader import load_profiles
from r1code.serving.gateway.settings import read_settings
from r1code.serving.plan.alternatives import Refusal
from r1code.serving.plan.known import known_models
from r1code.serving.plan.plan import Plan

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = (*sorted(DOCS.glob("serving*.md")), DOCS / "gateway.md", DOCS / "serve-bench.md", ROOT / "README.md")
WITH_FIGURES = ("serving-8xh200", "serving-2x8xh100", "serving-one-gpu", "serving-consumer-gpu", "serving-sizes")
COLUMNS = ["model", "precision", "GPUs", "goal", "tokens", "room for", "at a time"]
SHORT = 32_768
GRAMMAR = parser()
Row = dict[str, str]
Command = tuple[list[str], argparse.Namespace]


def rows(page: str) -> list[Row]:
    """Of its tables of plans: "room for" and "at a time" are about contexts of 32,768 tokens."""
    found: list[Row] = []
    heads: list[str] = []
    for line in (DOCS / f"{page}.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if cells == COLUMNS:
            heads = cells
        elif not cells:
            heads = []
        elif heads and not set(line) <= set("|- "):
            found.append(dict(zip(heads, cells, strict=True)))
    return found


def figures(made: Plan) -> list[str]:
    short = next((one for one in made.fits if one.tokens == SHORT), None)
    counts = (made.memory.tokens, short.held if short else 0, short.users if short else 0)
    return [f"{one:,}" for one in counts]


@pytest.mark.parametrize("page", WITH_FIGURES)
def test_the_figures_of_a_page_are_those_of_the_plan(page: str, capsys: pytest.CaptureFixture[str]):
    said = rows(page)
    assert said
    for row in said:
        words = [row["model"], "--quantization", row["precision"], "--gpus", row["GPUs"], "--goal", row["goal"]]
        main(["serve", "plan", *words, "--json"])
        made = msgspec.json.decode(capsys.readouterr().out, type=Plan | Refusal)
        # What does not fit is a row, too.
        planned = figures(made) if isinstance(made, Plan) else ["-"] * 3
        assert [row["tokens"], row["room for"], row["at a time"]] == planned, row


def blocks(page: Path) -> Iterator[str]:
    """Lines of its blocks of commands, those that go on in the next line joined."""
    fenced, whole = False, ""
    for line in page.read_text().splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            whole += line.strip()
            if whole.endswith("\\"):
                whole = whole[:-1]
                continue
            yield whole
        whole = ""


@cache
def commands(page: Path) -> tuple[Command, ...]:
    """Those of r1code: the words after it, without what a shell does with the output, and what they mean."""
    found: list[Command] = []
    for line in blocks(page):
        if line.startswith("r1code ") and "..." not in line:
            words = shlex.split(line, comments=True)[1:]
            end = next((at for at, word in enumerate(words) if word in {">", "|", "&&"}), None)
            # Where a person puts a number.
            words = ["1" if word == "N" else word for word in words[:end]]
            found.append((words, GRAMMAR.parsed(parted(words)[0])))
    return tuple(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_are_ones_that_r1code_has(page: Path):
    # The grammar raises where it does not know one.
    assert commands(page)


@pytest.mark.parametrize("page", WITH_FIGURES)
def test_a_page_plans_what_its_table_has(page: str):
    """Whoever types a page's `serve plan` finds its figures there."""
    listed = {(row["model"], row["GPUs"], row["goal"]) for row in rows(page)}
    asked = [said for words, said in commands(DOCS / f"{page}.md") if words[:2] == ["serve", "plan"]]
    assert {(one.model, one.gpus, one.goal) for one in asked} <= listed


@pytest.mark.parametrize("page", WITH_FIGURES)
def test_what_a_page_starts_is_what_it_planned(page: str):
    """And not a server for another goal, which the same words without a flag would be."""
    wishes: dict[str, set[tuple[str, ...]]] = {"plan": set(), "up": set()}
    for words, said in commands(DOCS / f"{page}.md"):
        if words[0] == "serve" and words[1] in wishes:
            wishes[words[1]].add((said.model, said.goal, said.quantization))
    assert wishes["up"] <= wishes["plan"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_keeps_to_the_books_of_its_gateway(page: Path):
    books = None
    for words, said in commands(page):
        if words[:2] == ["serve", "gateway"]:
            books = (said.config, said.state)
        elif words[:2] in (["serve", "keys"], ["serve", "usage"]):
            assert books in {None, (said.config, said.state)}, words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_asks_servers_with_profiles_that_there_are(page: Path):
    """Shipped ones, those that `serve up` writes, and the team's own: they have the key, a bare URL has none."""
    known = {*load_profiles(), *known_models(), "team"}
    for words, said in commands(page):
        assert getattr(said, "profile", None) in {None, *known}, words
        if page.stem.startswith("serving-"):
            assert said.command != "doctor" or said.target in known, words
            assert getattr(said, "base_url", None) is None or said.profile is not None, words


def tables(page: str) -> list[str]:
    """The TOML on a page."""
    return re.findall(r"^```toml\n(.*?)^```$", (DOCS / f"{page}.md").read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["gateway", "serving-one-gpu"])
def test_the_settings_of_a_page_can_be_used(page: str, tmp_path: Path):
    settings = [text for text in tables(page) if "replicas" in text]
    assert settings
    for text in settings:
        file = tmp_path / "gateway.toml"
        file.write_text(text)
        made = read_settings(file)
        # For others: not on this machine alone, and with a certificate that they know.
        assert not made.listen.startswith("127.")
        assert made.certificate is not None


@pytest.mark.parametrize("page", ["gateway", "serving-one-gpu"])
def test_the_profiles_of_a_page_are_whole(page: str, tmp_path: Path):
    profiles = [text for text in tables(page) if "extends" in text]
    assert profiles
    for text in profiles:
        file = tmp_path / "profiles.toml"
        file.write_text(text)
        team = load_profiles(file)["team"].profile
        assert team.base_url is not None
        assert team.base_url.startswith("https://")
        assert team.key_env not in {None, "VLLM_API_KEY"}
        assert team.session_header is not None
