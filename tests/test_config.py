from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from r1code.config import PROJECT_KEYS, Config, load_config
from r1code.errors import UsageError


def load(folder: Path, *, flags: dict[str, Any] | None = None, environ: dict[str, str] | None = None) -> Config:
    return load_config(
        flags=flags or {}, environ=environ or {}, user_file=folder / "user.toml", project=folder / "project"
    )


def write(folder: Path, *, user: str = "", project: str = "") -> None:
    (folder / "user.toml").write_text(user)
    (folder / "project/.r1code").mkdir(parents=True)
    (folder / "project/.r1code/config.toml").write_text(project)


def test_a_nearer_source_wins_and_each_value_knows_its_origin(tmp_path: Path) -> None:
    write(tmp_path, user='test = "u"\nsteps = 1\nprofile = "u"\nimage = "u"', project='test = "p"')
    config = load(
        tmp_path, flags={"steps": "4", "json": True}, environ={"R1CODE_IMAGE": "e", "R1CODE_STEPS": "3"}
    )
    assert (config.test, config.steps, config.profile, config.image) == ("p", 4, "u", "e")
    assert config.origins == {
        "test": ".r1code/config.toml",
        "steps": "a flag",
        "profile": str(tmp_path / "user.toml"),
        "image": "R1CODE_IMAGE",
    }
    assert config.sandbox == "docker"


@pytest.mark.parametrize("key", [name for name in Config.__struct_fields__ if name not in PROJECT_KEYS])
def test_a_project_can_set_nothing_that_reaches_out_of_the_sandbox(tmp_path: Path, key: str) -> None:
    write(tmp_path, project=f'{key} = "none"')
    with pytest.raises(UsageError) as caught:
        load(tmp_path)
    assert key in caught.value.what


def test_a_project_can_ask_for_a_map_and_not_for_all_the_room_there_is(tmp_path: Path) -> None:
    write(tmp_path, user="map_tokens = 9000", project="map_tokens = 2000")
    assert load(tmp_path).map_tokens == 2_000
    (tmp_path / "project/.r1code/config.toml").write_text("map_tokens = 1000000000")
    assert load(tmp_path).map_tokens == 4_000
    assert load(tmp_path, flags={"map_tokens": "9000"}).map_tokens == 9_000
    (tmp_path / "project/.r1code/config.toml").write_text("map_tokens = -1")
    with pytest.raises(UsageError, match="map_tokens"):
        load(tmp_path)
    (tmp_path / "project/.r1code/config.toml").unlink()
    assert load(tmp_path).map_tokens == 9_000


@pytest.mark.parametrize(
    ("flags", "part"),
    [({"steps": "many"}, "steps"), ({"sandbox": "podman"}, "sandbox"), ({"seconds": "1 h"}, "seconds")],
)
def test_a_bad_value_names_its_key_and_its_source(tmp_path: Path, flags: dict[str, Any], part: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, flags=flags)
    assert part in caught.value.what
    assert "a flag" in caught.value.why


def test_language_servers_come_from_a_table_or_from_lines(tmp_path: Path) -> None:
    write(tmp_path, user='[language_servers]\npython = "p --stdio"')
    assert load(tmp_path).language_servers == {"python": "p --stdio"}
    lines = "go = gopls -a=b\n\n rust=r"
    assert load(tmp_path, environ={"R1CODE_LANGUAGE_SERVERS": lines}).language_servers == {
        "go": "gopls -a=b",
        "rust": "r",
    }


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    write(tmp_path, user="steps = = 3")
    with pytest.raises(UsageError, match=r"user\.toml is not a settings file"):
        load(tmp_path)


def test_the_file_of_a_part_wins_over_the_project_and_may_set_no_more(tmp_path: Path) -> None:
    write(tmp_path, project='test = "p"\nmap_tokens = 100')
    part = tmp_path / "project/packages/shop/.r1code/config.toml"
    part.parent.mkdir(parents=True)
    part.write_text('test = "s"\nmap_tokens = 100000')
    given: dict[str, Any] = {"environ": {}, "user_file": tmp_path / "user.toml", "project": tmp_path / "project"}
    config = load_config(flags={}, part="packages/shop", **given)
    assert (config.test, config.map_tokens) == ("s", 4_000)
    assert config.origins["test"] == "packages/shop/.r1code/config.toml"
    assert load_config(flags={"test": "f"}, part="packages/shop", **given).test == "f"
    part.write_text('profile = "mine"')
    with pytest.raises(UsageError, match="sets profile"):
        load_config(flags={}, part="packages/shop", **given)


def test_a_server_that_is_named_stands_in_the_place_of_a_model_without_one(tmp_path: Path) -> None:
    write(tmp_path, user='profile = "embedded"')
    there = {"base_url": "http://localhost:8000/v1"}
    assert load(tmp_path, flags=there).profile is None
    assert load(tmp_path, environ={"R1CODE_BASE_URL": "http://localhost:8000/v1"}).profile is None
    # Said at the same place, or nearer, the two contradict each other, which whoever looks for the model says.
    assert load(tmp_path, flags=there | {"profile": "embedded"}).profile == "embedded"
    assert load(tmp_path, environ={"R1CODE_BASE_URL": "u"}, flags={"profile": "embedded"}).profile == "embedded"
    # A profile with a server is pointed at another one.
    (tmp_path / "user.toml").write_text('profile = "vllm-r1"')
    assert load(tmp_path, flags=there).profile == "vllm-r1"
