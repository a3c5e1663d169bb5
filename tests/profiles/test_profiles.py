from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from r1code.app.profiles import as_details, as_json, as_table
from r1code.errors import UsageError
from r1code.profiles import Profile, find_profile, key_of, load_profiles


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "profiles.toml"
    path.write_text(text)
    return path


def refused(path: Path, name: str = "mine", **more: Any) -> str:
    with pytest.raises(UsageError) as caught:
        find_profile(name, path, **more)
    return str(caught.value)


MINE = """
[mine]
label = "R1 in the cellar"
is_r1 = true
provider = "chat"
model = "r1"
base_url = "http://cellar:8000/v1"
"""


def test_the_shipped_profiles_are_these() -> None:
    sizes = ("qwen-1.5b", "qwen-7b", "llama-8b", "qwen-14b", "qwen-32b", "llama-70b")
    distills = {f"vllm-r1-distill-{size}" for size in sizes} | {"vllm-r1-0528-qwen3-8b"}
    others = {"deepseek-flash", "deepseek-v4-pro", "openai-compatible", "embedded", "scripted"}
    others |= {"vllm-v3-0324", "openai-o1"}
    assert set(load_profiles()) == {"vllm-r1", "vllm-r1-0528"} | HOSTS | distills | others


HOSTS = {
    "openrouter-r1-0528",
    "siliconflow-r1",
    "novita-r1-0528",
    "deepinfra-r1-0528",
    "azure-r1-0528",
    "bedrock-r1",
    "ark-r1-0528",
    "alibaba-r1-0528",
}
"""Where others serve R1."""


def test_only_r1_is_called_r1() -> None:
    profiles = load_profiles()
    assert {name for name, one in profiles.items() if one.profile.is_r1} == {"vllm-r1", "vllm-r1-0528"} | HOSTS
    for name, one in profiles.items():
        if "distill" in name or "qwen3" in name:
            assert "taught by R1" in one.profile.label
        elif name.startswith(("deepseek", "openai-o1", "vllm-v3", "embedded")):
            assert "not R1" in one.profile.label


def test_what_is_said_of_a_model_has_its_source_and_what_is_not_confirmed_is_named() -> None:
    for name, one in load_profiles().items():
        profile = one.profile
        if profile.provider == "chat" and name != "openai-compatible":
            assert all(source.startswith("https://") for source in profile.sources)
            assert profile.sources
        # Nobody has called these hosts.
        assert name not in HOSTS or "concurrency" in profile.unverified
        assert profile.context_window is None or (profile.sampling.max_tokens or 0) < profile.context_window


def test_no_reasoning_goes_back_to_r1_and_what_deepseeks_api_demands_does() -> None:
    profiles = load_profiles()
    replaying = {name for name, one in profiles.items() if one.profile.replay == "tool_turns"}
    assert replaying == {"deepseek-flash", "deepseek-v4-pro"}


def test_no_shipped_profile_sends_a_retired_name() -> None:
    models = {one.profile.model for one in load_profiles().values()}
    assert models.isdisjoint({"deepseek-reasoner", "deepseek-chat"})


def test_shipped_prices_say_when_and_where_they_were_read() -> None:
    priced = [one.profile.price for one in load_profiles().values() if one.profile.price is not None]
    assert len(priced) == 10
    assert all(price.source.startswith("https://") for price in priced)
    assert all((price.hit or 0) < price.miss < price.output for price in priced)
    # A price that nobody dated is no price.
    assert load_profiles()["alibaba-r1-0528"].profile.price is None


def test_a_users_profile_is_added(tmp_path: Path) -> None:
    path = write(tmp_path, MINE)
    profile = find_profile("mine", path)
    assert (profile.model, profile.is_r1, profile.base_url) == ("r1", True, "http://cellar:8000/v1")
    assert load_profiles(path)["mine"].origin == str(path)
    assert len(load_profiles(path)) == len(load_profiles()) + 1


def test_a_users_profile_takes_the_place_of_a_shipped_one(tmp_path: Path) -> None:
    path = write(tmp_path, MINE.replace("[mine]", "[vllm-r1]"))
    assert find_profile("vllm-r1", path).label == "R1 in the cellar"
    assert find_profile("vllm-r1", path).sampling.temperature is None


def test_extends_changes_what_it_says_and_nothing_else(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '[vllm-r1]\nextends = "vllm-r1"\nbase_url = "http://gpu:9/v1"\nsampling = { max_tokens = 9 }\n'
        '[far]\nextends = "vllm-r1"\nconcurrency = 9\n',
    )
    shipped = find_profile("vllm-r1")
    changed = find_profile("vllm-r1", path)
    sampling = msgspec.structs.replace(shipped.sampling, max_tokens=9)
    assert changed == msgspec.structs.replace(shipped, base_url="http://gpu:9/v1", sampling=sampling)
    assert find_profile("far", path) == msgspec.structs.replace(changed, concurrency=9)
    # What is shipped builds on what is shipped.
    other = write(tmp_path, '["vllm-r1-distill-qwen-1.5b"]\nlabel = "x"\nprovider = "scripted"\n')
    assert find_profile("vllm-r1-distill-qwen-7b", other) == find_profile("vllm-r1-distill-qwen-7b")


def test_another_model_inherits_neither_label_nor_rank_nor_price(tmp_path: Path) -> None:
    path = write(tmp_path, '[mine]\nextends = "vllm-r1"\nmodel = "tiny"\n')
    assert "label" in refused(path)
    path = write(tmp_path, '[mine]\nextends = "deepseek-flash"\nmodel = "tiny"\nlabel = "Tiny"\n')
    assert find_profile("mine", path).price is None
    path = write(tmp_path, '[mine]\nextends = "vllm-r1"\nmodel = "tiny"\nlabel = "Tiny"\n')
    assert not find_profile("mine", path).is_r1


def test_a_key_does_not_move_to_another_server_by_inheritance(tmp_path: Path) -> None:
    moved = '[mine]\nextends = "deepseek-flash"\nbase_url = "https://elsewhere.example/v1"\n'
    assert "DEEPSEEK_API_KEY" in refused(write(tmp_path, moved))
    path = write(tmp_path, moved + 'key_env = "ELSEWHERE_KEY"\n')
    assert find_profile("mine", path).key_env == "ELSEWHERE_KEY"
    assert find_profile("mine", path).price is None


WRONG = {
    'label = "x"\nprovider = "chat"\ncontxt = 3': ["contxt"],
    'provider = "chat"': ["label"],
    'label = "x"\nprovider = "carrier pigeon"': ["provider"],
    MINE.partition("\n")[2].partition("\n")[2] + 'context_window = "big"': ["context_window", "int"],
    'label = "x"\nprovider = "chat"\nsampling = { temperature = 7.0 }': ["sampling.temperature", "2"],
    'label = "x"\nprovider = "chat"\nsampling = { temprature = 0.7 }': ["sampling", "temprature"],
    'label = "x"\nprovider = "chat"\nconcurrency = 0': ["concurrency"],
    'label = "x"\nprovider = "chat"\nreasoning = "somewhere"': ["reasoning", "in_prompt"],
    'label = "x"\nprovider = "chat"\nextra_body = { stream = false }': ["extra_body.stream"],
    'label = "x"\nprovider = "chat"\nextra_body = { penalty = nan }': ["extra_body", "JSON"],
    'label = "x"\nprovider = "chat"\nextra_body = { day = 2026-01-01 }': ["extra_body", "JSON"],
    'label = "x"\nprovider = "chat"\nbase_url = "localhost:8000"': ["base_url", "http://"],
    'label = "x"\nprovider = "chat"\nbase_url = "http://me:pass@host/v1"': ["base_url", "key_env"],
    'label = "x"\nprovider = "chat"\nbase_url = "http://host:port/v1"': ["base_url"],
    'label = "x"\nprovider = "chat"\nmax_output = 5\nsampling = { max_tokens = 6 }': ["max_tokens", "max_output"],
    'label = "x"\nprovider = "chat"\nkey_env = "sk-0123456789"': ["key_env"],
    'label = "x"\nprovider = "chat"\nsession_header = "X Session"': ["session_header"],
    'label = "x"\nprovider = "chat"\n[mine.timers]\nidle_seconds = 0': ["timers.idle_seconds"],
    'label = "x"\nprovider = "chat"\n[mine.price]\ncurrency = "USD"': ["price"],
    'label = "x"\nprovider = "chat"\nreplay = "always"': ["replay", "always", "line 4"],
    'label = "x"\nprovider = "chat"\ntokenizer = "gpt2"': ["tokenizer", "gpt2"],
    'label = "x"\nprovider = "chat"\nunverified = ["colour"]': ["unverified", "colour"],
    'label = "x"\nprovider = "chat"\nsession_field = "model"': ["session_field", "model"],
    'label = "x"\nprovider = "chat"\nthinking = { effort = "high" }': ["thinking.effort", "high"],
    'extends = "deepseek-flash"\n[mine.thinking.efforts]\nlow = { model = "x" }': ["thinking.efforts.low.model"],
    'label = "x"\nprovider = "chat"\n[mine.price]\ncurrency = "USD"\ndate = "2026-01-01"\nsource = "x"\n'
    'miss = 1\noutput = 1\npeak = { factor = 2, utc_offset = 8, days = ["monday"], hours = [[9, 12]] }': ["days"],
    'extends = "nobody"': ["nobody", "vllm-r1"],
    'extends = "mine"': ["mine", "vllm-r1"],
    'extends = "other"\n[other]\nextends = "mine"': ["extends"],
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_profile_is_refused_with_file_profile_and_key(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, f"[mine]\n{text}\n")
    said = refused(path)
    expected = [str(path), "'mine'", *WRONG[text]]
    if "[other]" in text:
        expected.remove("'mine'")
    assert [word for word in expected if word not in said] == []
    assert "0123456789" not in said
    assert "me:pass" not in said


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[other]\nlabel = "a"\nprovider = "chat"\n\n[mine]\nlabel = "x"\nprovider = "pigeon"\n', 7),
        ('[mine]\nlabel = "x"\n# colour\nprovider = "chat"\ncolour = 3\n[other]\ncolour = 4\n', 5),
        ('["mine"]\nlabel = "x"\nprovider = "chat"\n[mine.timers]\nprogress_seconds = 2\nidle_seconds = 0\n', 6),
        ('\n[mine]\nprovider = "chat"\n', 2),
        ('[mine]\nlabel = "x"\nprovider = "chat"\nmodel = "m"\n[mine.extra_body]\nmodel = "n"\n', 6),
        ('[mine]\nextends = "vllm-r1"\nsampling = { temperature = 9.0 }\n', 3),
    ],
)
def test_a_wrong_value_is_named_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    path = write(tmp_path, text)
    assert f"{path}, line {line}:" in refused(path)


@pytest.mark.parametrize("text", ["[fine]\n[mine\n", "mine = 3\n"])
def test_a_file_that_holds_no_profiles_is_refused(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    said = refused(path)
    assert str(path) in said
    assert "line 2" in said or "mine is not a table" in said


def test_a_missing_file_adds_nothing(tmp_path: Path) -> None:
    assert load_profiles(tmp_path / "none.toml") == load_profiles()


def test_a_name_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    said = refused(write(tmp_path, MINE), "deepseek-r1")
    assert "mine" in said
    assert "vllm-r1-0528" in said


RETIRED = '[mine]\nextends = "deepseek-flash"\nmodel = "deepseek-reasoner"\nlabel = "R1"\n'


@pytest.mark.parametrize("host", ["https://api.deepseek.com", "https://api.deepseek.com/v1"])
def test_the_retired_name_is_refused_with_its_date_and_what_to_use(tmp_path: Path, host: str) -> None:
    said = refused(write(tmp_path, RETIRED + f'base_url = "{host}"\n'))
    for word in ("deepseek-reasoner", "2026-07-24", "deepseek-flash", "vllm-r1-0528"):
        assert word in said
    said = refused(tmp_path / "none", "openai-compatible", base_url=host, model="deepseek-reasoner")
    assert "2026-07-24" in said


def test_the_retired_name_is_no_profile_and_is_explained(tmp_path: Path) -> None:
    for missing in (tmp_path / "none", write(tmp_path, MINE)):
        said = refused(missing, "deepseek-reasoner")
        for word in ("deepseek-reasoner", "2026-07-24", "deepseek-flash", "vllm-r1-0528", "openrouter-r1-0528"):
            assert word in said
    assert "2026-07-24" in refused(tmp_path / "none", "deepseek-flash", model="deepseek-reasoner")
    # A person's own profile may be called so.
    own = write(tmp_path, MINE.replace("[mine]", "[deepseek-reasoner]"))
    assert find_profile("deepseek-reasoner", own).label == "R1 in the cellar"


@pytest.mark.parametrize(
    ("effort", "body"),
    [
        ("off", {"thinking": {"type": "disabled"}}),
        ("low", {"thinking": {"type": "enabled"}, "reasoning_effort": "low"}),
        ("max", {"thinking": {"type": "enabled"}, "reasoning_effort": "max"}),
    ],
)
def test_how_much_is_thought_is_chosen_by_level(effort: str, body: dict[str, Any]) -> None:
    for name in ("deepseek-flash", "deepseek-v4-pro"):
        profile = find_profile(name, effort=effort)
        assert profile.body == body
        assert effort in profile.label
    assert find_profile("deepseek-flash", effort="high") == find_profile("deepseek-flash")


def test_a_level_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    said = refused(tmp_path / "none", "deepseek-flash", effort="ultra")
    assert [word for word in ("ultra", "off, low, high, max", "--effort") if word not in said] == []
    assert "cannot be chosen" in refused(tmp_path / "none", "vllm-r1", effort="low")


def test_the_retired_name_elsewhere_is_somebody_elses_business(tmp_path: Path) -> None:
    url = "https://r1.example/v1"
    assert find_profile("openai-compatible", base_url=url, model="deepseek-reasoner").base_url == url


def test_a_base_url_and_a_model_make_a_profile() -> None:
    profile = find_profile("openai-compatible", base_url="http://127.0.0.1:1/v1", model="x")
    assert (profile.base_url, profile.model, profile.is_r1) == ("http://127.0.0.1:1/v1", "x", False)
    moved = find_profile("vllm-r1", base_url="http://gpu:8000/v1", model="deepseek-r1")
    assert (moved.base_url, moved.model) == ("http://gpu:8000/v1", "deepseek-r1")
    assert "deepseek-r1" in moved.label


@pytest.mark.parametrize(
    ("name", "more", "words"),
    [
        ("openai-compatible", {}, ["--base-url", "--model"]),
        ("openai-compatible", {"model": "x"}, ["--base-url"]),
        ("azure-r1-0528", {}, ["--base-url", "openai.azure.com/openai/v1"]),
        ("bedrock-r1", {}, ["--base-url", "bedrock-runtime"]),
        ("openai-compatible", {"base_url": "gpu:8000", "model": "x"}, ["http://"]),
        ("scripted", {"base_url": "http://gpu:8000/v1"}, ["scripted", "--profile"]),
        (
            "deepseek-flash",
            {"base_url": "http://gpu:8000/v1"},
            ["api.deepseek.com", "DEEPSEEK_API_KEY", "gpu:8000"],
        ),
    ],
)
def test_a_profile_that_cannot_be_pointed_there_says_why(name: str, more: Any, words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        find_profile(name, **more)
    assert [word for word in words if word not in str(caught.value)] == []


def test_a_needed_key_is_asked_for_by_the_name_of_its_variable() -> None:
    flash = find_profile("deepseek-flash")
    with pytest.raises(UsageError, match="no key"):
        key_of(flash, {"DEEPSEEK_API_KEY": "  "})
    assert key_of(flash, {"DEEPSEEK_API_KEY": " k\n"}) == "k"


def test_a_key_that_is_not_needed_may_be_missing() -> None:
    vllm = find_profile("vllm-r1")
    assert key_of(vllm, {}) is None
    assert key_of(vllm, {"VLLM_API_KEY": "k"}) == "k"
    assert key_of(find_profile("scripted"), {"VLLM_API_KEY": "k"}) is None


@pytest.mark.parametrize("key", ["schlüssel", "two\nlines", "a\x7fb"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(UsageError) as caught:
        key_of(find_profile("vllm-r1"), {"VLLM_API_KEY": key})
    assert key not in str(caught.value)


def rows(text: str) -> dict[str, str]:
    """What a table says of each profile."""
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines()[1:]:
        if line[:1].strip():
            name = line.split()[0]
        found[name] = f"{found.get(name, '')} {line.strip()}"
    return found


def test_the_table_says_what_each_is_and_what_it_lacks() -> None:
    everything = list(load_profiles().values())
    text = as_table(everything, {"DEEPSEEK_API_KEY": "secret"})
    found = rows(text)
    assert text.split()[:3] == ["NAME", "R1", "NEEDS"]
    assert "DEEPSEEK_API_KEY (set)" in found["deepseek-flash"]
    assert "not R1" in found["deepseek-flash"]
    assert found["vllm-r1"].split()[1] == "yes"
    assert "DEEPSEEK_API_KEY (not set)" in as_table(everything, {})
    assert "--base-url, AZURE_OPENAI_API_KEY (not set)" in found["azure-r1-0528"]
    assert "secret" not in text


def test_tables_and_details_fit_into_80_columns() -> None:
    everything = list(load_profiles().values())
    for text in (as_table(everything, {}), *(as_details(one, {}) for one in everything)):
        long = [line for line in text.splitlines() if len(line) > 80]
        # One word, such as an address, is never broken.
        assert all(len(line.split()) <= 2 for line in long)


def test_the_details_hold_every_value() -> None:
    for one in load_profiles().values():
        keys = {line.split()[0] for line in as_details(one, {}).splitlines()}
        assert {
            key for key in Profile.__struct_fields__ if not any(k.partition(".")[0] == key for k in keys)
        } == set()


def test_the_details_of_a_price_name_day_source_peak_and_what_is_unknown() -> None:
    def said(name: str) -> str:
        return " ".join(as_details(load_profiles()[name], {}).split())

    flash = said("deepseek-flash")
    for part in (
        "price.hit 0.003 USD per million tokens (0.006 at peak hours)",
        "price.output 0.6 USD per million tokens (1.2 at peak hours)",
        "x 2 on mon, tue, wed, thu, fri, 09:00-12:00 and 14:00-18:00 at UTC+8",
        "price.date 2026-11-15",
        "price.source https://api-docs.deepseek.com/quick_start/pricing",
        "thinking.effort high",
    ):
        assert part in flash
    assert "system yes (not confirmed)" in said("alibaba-r1-0528")
    assert "price.hit not known" in said("openrouter-r1-0528")
    assert "price not known" in said("alibaba-r1-0528")
    assert "price.miss 4 CNY per million tokens" in said("ark-r1-0528")


def test_the_json_list_decodes_to_the_profiles() -> None:
    everything = load_profiles()
    rows = json.loads(as_json(list(everything.values()), {"DEEPSEEK_API_KEY": "secret"}))
    by_name = {row.pop("name"): row for row in rows}
    assert by_name["deepseek-flash"]["key_set"]
    assert not by_name["vllm-r1"]["key_set"]
    for name, row in by_name.items():
        del row["key_set"], row["origin"]
        assert msgspec.convert(row, type=Profile) == everything[name].profile
    alone = json.loads(as_json([everything["vllm-r1"]], {}, alone=True))
    assert alone["name"] == "vllm-r1"
