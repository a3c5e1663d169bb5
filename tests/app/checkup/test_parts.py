"""The stream as the server wrote it, what a name says, and the profile that is written."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from fakes.answers import KEEP_ALIVE, chunk, joined, say
from r1code.app.checkup.evidence import Evidence, Listed, Prompt, Talk, Target, Trouble
from r1code.app.checkup.names import kin
from r1code.app.checkup.tap import Tap
from r1code.app.checkup.written import table_of, write_profile
from r1code.errors import UsageError
from r1code.profiles import Thinking, find_profile, load_profiles

STREAM = joined([KEEP_ALIVE, *say("The answer is 51.", "Seventeen times three.", where="reasoning_content")])


@given(st.lists(st.integers(min_value=0, max_value=len(STREAM)), max_size=20))
def test_the_same_is_seen_however_the_stream_was_cut(places: list[int]) -> None:
    tap = Tap()
    cuts = sorted({0, len(STREAM), *places})
    for start, end in pairwise(cuts):
        tap(STREAM[start:end])
    assert (tap.fields, tap.deltas, tap.comments) == (["reasoning_content", "content"], 6, 1)


def test_times_are_taken_from_when_the_request_went_out() -> None:
    now = iter([0.0, 5.0, 6.0, 9.0])
    tap = Tap(lambda: next(now))
    tap(b"")
    tap(chunk({"content": "a"}))
    tap(chunk({"content": "b"}))
    assert (tap.started, tap.first, tap.seconds, tap.silence, tap.reads) == (5.0, 6.0, 4.0, 3.0, 2)


@pytest.mark.parametrize(
    ("name", "family", "words"),
    [
        ("deepseek-ai/DeepSeek-R1", "r1", "DeepSeek-R1"),
        ("deepseek/deepseek-r1:free", "r1", "DeepSeek-R1"),
        ("deepseek.r1-v1:0", "r1", "DeepSeek-R1"),
        ("/models/DeepSeek-R1-0528", "r1", "DeepSeek-R1-0528"),
        ("nvidia/DeepSeek-R1-0528-NVFP4-v2", "r1", "NVFP4"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", "distill", "R1-Distill-Qwen-1.5B"),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "distill", "R1-Distill-Llama-8B"),
        ("RedHatAI/DeepSeek-R1-Distill-Qwen-32B-FP8-dynamic", "distill", "FP8"),
        ("deepseek-ai/DeepSeek-R1-0528-Qwen3-8B", "distill", "Qwen3-8B taught by R1-0528"),
        ("deepseek-ai/DeepSeek-R1-Zero", "other", "R1-Zero"),
        ("deepseek-reasoner", "other", "2025-08-21"),
        ("deepseek-flash", "other", "not R1"),
        ("deepseek-v4-pro", "other", "not R1"),
        ("deepseek-ai/DeepSeek-V3-0324", "other", "not R1"),
        ("Qwen/Qwen2.5-Coder-7B", "other", "not R1"),
        ("o1-2024-12-17", "other", "not R1"),
        ("team-model", "unknown", "does not say"),
        ("router1", "unknown", "does not say"),
    ],
)
def test_what_a_name_says(name: str, family: str, words: str) -> None:
    assert kin(name).family == family
    assert words in kin(name).words


def test_every_shipped_profile_is_told_as_what_it_is() -> None:
    for name, one in load_profiles().items():
        if one.profile.provider == "chat" and one.profile.model:
            known = kin(one.profile.model).family
            assert (known == "r1") == one.profile.is_r1 or known == "unknown", name


TALK = Talk(fields=("reasoning",), reasoning="Hm.", content="51", finish="stop", completion=9, prompt=9)
NO = Talk(trouble=Trouble(what="the server refused the request", why="no", hint="look"))
SEEN = Evidence(
    keyless_status=401,
    listed=(Listed(id="r1", root="deepseek-ai/DeepSeek-R1-0528", owner="vllm", window=65_536),),
    vllm=True,
    first=TALK,
    budgeted=TALK,
    prompt=Prompt(system=True, users=2, opens=False),
)


def at(url: str, model: str) -> Target:
    return Target(name="", profile=find_profile("openai-compatible", base_url=url, model=model))


def written(file: Path, name: str, target: Target, seen: Evidence = SEEN, *, force: bool = False) -> Any:
    write_profile(name, table_of(seen, target), file, force=force)
    return load_profiles(file)[name].profile


def test_what_was_found_is_a_profile_that_r1code_reads(tmp_path: Path) -> None:
    found = written(tmp_path / "new/profiles.toml", "team", at("http://gpu:8000/v1", "r1"))
    assert (found.model, found.base_url, found.is_r1) == ("r1", "http://gpu:8000/v1", True)
    assert (found.reasoning, found.context_window, found.system) == ("field", 65_536, True)
    # What the shipped profiles of R1 and its distills say, as far as this server can.
    assert found.thinking == Thinking(budget_field="thinking_token_budget", budget=16_384)
    assert (found.key_env, found.key_required, found.tokenizer) == ("R1CODE_API_KEY", True, "deepseek-r1")
    assert "DeepSeek-R1-0528" in found.label


def test_what_the_governor_needs_is_written_too(tmp_path: Path) -> None:
    target, seen = at("http://gpu:8000/v1", "r1"), replace(SEEN, continued=TALK)
    found = written(tmp_path / "profiles.toml", "team", target, seen)
    assert found.thinking == find_profile("vllm-r1-0528").thinking
    # Nothing closes continued reasoning but a budget.
    seen = replace(seen, budgeted=NO)
    assert written(tmp_path / "profiles.toml", "bare", target, seen).thinking == Thinking(budget=16_384)
    # Of any other model nobody has said how much it may think.
    other = at("http://gpu:8000/v1", "team-model")
    seen = replace(SEEN, listed=(), continued=NO)
    assert written(tmp_path / "profiles.toml", "other", other, seen).thinking == Thinking(
        budget_field="thinking_token_budget"
    )


def test_a_name_that_nothing_proves_makes_no_r1(tmp_path: Path) -> None:
    seen = replace(SEEN, listed=(Listed(id="deepseek-r1", root="/models/tiny", owner="vllm"),))
    found = written(tmp_path / "profiles.toml", "team", at("http://gpu:8000/v1", "deepseek-r1"), seen)
    assert (found.is_r1, found.label) == (
        False,
        "DeepSeek-R1, as it is called: deepseek-r1 at http://gpu:8000/v1",
    )


def test_a_profile_that_was_checked_is_extended_by_what_differs(tmp_path: Path) -> None:
    profile = find_profile("vllm-r1")
    seen = replace(SEEN, listed=(Listed(id=profile.model, owner="vllm", window=40_000),))
    table = table_of(seen, Target(name="vllm-r1", profile=profile))
    differs = {"reasoning": "field", "context_window": 40_000, "system": True}
    assert table == {"extends": "vllm-r1", **differs}
    found = written(tmp_path / "profiles.toml", "vllm-r1", Target(name="vllm-r1", profile=profile), seen)
    assert (found.context_window, found.price, found.is_r1) == (40_000, profile.price, True)


def test_another_server_of_a_checked_profile_stays_in_it(tmp_path: Path) -> None:
    below = find_profile("vllm-r1")
    profile = find_profile("vllm-r1", base_url="http://gpu:9/v1", model="r1")
    target = Target(name="vllm-r1", profile=profile, below=below)
    found = written(tmp_path / "profiles.toml", "mine", target)
    assert (found.base_url, found.model, found.is_r1) == ("http://gpu:9/v1", "r1", True)
    assert found.thinking == below.thinking
    assert found.label


def test_all_else_in_the_file_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "profiles.toml"
    before = '# mine\n["a.b"]   # odd\nextends = "vllm-r1"\nconcurrency=2 # two\n'
    file.write_text(before)
    file.chmod(0o600)
    written(file, "team", at("http://gpu:8000/v1", "r1"))
    assert file.read_text().startswith(before)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["profiles.toml"]
    with pytest.raises(UsageError, match="there is a profile 'team'"):
        written(file, "team", at("http://other:8000/v1", "r1"))
    assert "other" not in file.read_text()
    assert written(file, "team", at("http://other:8000/v1", "r1"), force=True).base_url == "http://other:8000/v1"
    assert file.read_text().startswith(before)
    assert file.read_text().count("[team]") == 1


def test_a_profile_of_the_users_own_goes_on_with_what_was_found(tmp_path: Path) -> None:
    file = tmp_path / "profiles.toml"
    file.write_text('[team]\nextends = "vllm-r1"\nconcurrency = 9\n')
    profile = find_profile("team", file)
    seen = replace(SEEN, listed=(Listed(id=profile.model, owner="vllm", window=40_000),))
    found = written(file, "team", Target(name="team", profile=profile), seen, force=True)
    assert (found.concurrency, found.context_window, found.is_r1) == (9, 40_000, True)


def test_a_file_that_is_not_right_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "profiles.toml"
    for text in ("[a\n", '[a]\nlabel = "x"\n'):
        file.write_text(text)
        with pytest.raises(UsageError):
            written(file, "team", at("http://gpu:8000/v1", "r1"))
        assert file.read_text() == text


def test_of_a_model_that_did_not_answer_nothing_is_written(tmp_path: Path) -> None:
    file = tmp_path / "profiles.toml"
    with pytest.raises(UsageError, match="there is no profile to write"):
        written(file, "team", at("http://gpu:8000/v1", "r1"), replace(SEEN, first=None))
    assert not file.exists()
