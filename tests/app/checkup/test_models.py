"""Which models a server has, asked of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.answers import Reply
from fakes.server import FakeServer
from r1code.app.checkup.models import models_of
from r1code.app.keys import Keys, key_file
from r1code.control import Control
from r1code.errors import ProviderError, UsageError
from r1code.profiles import ANY_SERVER, Profile, find_profile, load_profiles

KEY = "sk-models-0123456789"


def at(url: str) -> Profile:
    return find_profile(ANY_SERVER, base_url=url, model="one")


def test_a_server_names_its_models_to_who_has_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeServer([Reply(text="hello")], models=["one", "two"], key=KEY) as server:
        monkeypatch.setenv("R1CODE_API_KEY", KEY)
        assert models_of(ANY_SERVER, at(server.url), Control()) == ["one", "two"]
        monkeypatch.delenv("R1CODE_API_KEY")
        with pytest.raises(ProviderError) as error:
            models_of(ANY_SERVER, at(server.url), Control())
    assert "401" in error.value.why
    with pytest.raises(ProviderError):
        models_of(ANY_SERVER, at("http://127.0.0.1:9/v1"), Control())


def test_a_key_that_is_kept_is_sent_as_one_of_the_environment_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("R1CODE_API_KEY", raising=False)
    Keys(key_file()).set("R1CODE_API_KEY", KEY)
    with FakeServer([Reply(text="hello")], models=["one", "two"], key=KEY) as server:
        assert models_of(ANY_SERVER, at(server.url), Control()) == ["one", "two"]


def test_without_a_server_there_is_nobody_to_ask() -> None:
    with pytest.raises(UsageError):
        models_of("embedded", load_profiles()["embedded"].profile, Control())
