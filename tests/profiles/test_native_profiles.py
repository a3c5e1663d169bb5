from __future__ import annotations

from pathlib import Path

import pytest

from r1code.errors import UsageError
from r1code.profiles import find_profile, load_profiles

MINE = """
[mine]
label = "a model that calls functions"
provider = "chat"
model = "m"
base_url = "http://cellar:8000/v1"
dialect = "native"
"""


def write(tmp_path: Path, more: str) -> Path:
    path = tmp_path / "profiles.toml"
    path.write_text(MINE + more)
    return path


@pytest.mark.parametrize("reasoning", ["field", "none"])
def test_a_model_whose_server_tells_reasoning_and_calls_apart_may_call_functions(
    tmp_path: Path, reasoning: str
) -> None:
    profile = find_profile("mine", write(tmp_path, f'reasoning = "{reasoning}"\nreplay = "tool_turns"\n'))
    assert (profile.dialect, profile.replay) == ("native", "tool_turns")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ('reasoning = "field"\nis_r1 = true\n', "R1 was not trained to call functions"),
        ('reasoning = "in_prompt"\n', "a call in the reasoning is lost or done"),
        ('reasoning = "tag"\n', "a call in the reasoning is lost or done"),
        ('reasoning = "none"\n[embedded]\nextends = "embedded"\ndialect = "native"\n', "is offered no functions"),
        ('reasoning = "none"\nextra_body = { tools = [] }\n', "extra_body.tools"),
    ],
)
def test_where_calls_are_not_read_soundly_a_profile_is_refused(tmp_path: Path, more: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_profiles(write(tmp_path, more))
    assert why in str(caught.value)


def test_r1_is_never_asked_to_call_functions() -> None:
    assert {one.profile.dialect for one in load_profiles().values() if one.profile.is_r1} == {"text"}
