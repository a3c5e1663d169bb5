"""Which model answers where nobody chose one."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1code.app.backend import EMBEDDED, chosen_profile, planner_profile
from r1code.config import Config
from r1code.errors import UsageError


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEEPSEEK_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_key_the_embedded_model_answers():
    assert chosen_profile(Config())[0] == EMBEDDED


def test_another_makers_key_does_not_ask_for_a_choice(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    assert chosen_profile(Config())[0] == EMBEDDED


@pytest.mark.parametrize("name", ["DEEPSEEK_API_KEY", "OPENROUTER_API_KEY"])
def test_a_key_for_one_of_deepseeks_models_asks_for_a_choice(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(name, "x")
    with pytest.raises(UsageError, match=name):
        chosen_profile(Config())


@pytest.mark.parametrize(("think", "budgets"), [("4k", (4_096, 4_096)), ("off", (16_384, 0))])
def test_a_budget_for_reasoning_holds_for_both_roles_but_only_the_actor_is_switched_off(
    think: str, budgets: tuple[int, int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    config = Config(profile="vllm-r1", planner="openrouter-r1-0528", think=think)
    planner, actor = planner_profile(config), chosen_profile(config)[1]
    assert planner is not None
    assert planner[0] == "openrouter-r1-0528"
    assert (planner[1].thinking.budget, actor.thinking.budget) == budgets
