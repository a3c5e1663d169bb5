"""The first start, and `r1code auth`, as a person sees them: nothing is chosen, and no key is known."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from e2e.conftest import Repo
from fakes.answers import Reply
from fakes.seat import Seat
from fakes.server import FakeServer
from r1code.profiles import load_profiles

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

KEY = "sk-first-0123456789abcdef"
REPLY = Reply(text="51", reasoning="Seventeen times three is fifty-one. " * 12, size=16)
OFFERED = r".* = .* >$"
"""What can be answered. What is typed before that is there is forgotten."""
SETTINGS = '# mine\n\n# how it looks\ncolor = "never"  # quiet\n'


def seat_of(repo: Repo, home: Path, *flags: str) -> Seat:
    keys = ("DEEPSEEK_API_KEY", "OPENROUTER_API_KEY", "CI")
    env = {"XDG_CONFIG_HOME": str(home), "R1CODE_STATE_DIR": str(repo.state), **dict.fromkeys(keys, "")}
    return Seat([str(repo.script), "--sandbox", "none", "--allow-host-exec", *flags], repo.root, env)


def profile_of(url: str, model: str = "deepseek-ai/DeepSeek-R1") -> str:
    return (
        f'[aaa]\nlabel = "R1 of a house"\nis_r1 = true\nprovider = "chat"\nmodel = "{model}"\n'
        f'base_url = "{url}"\nkey_env = "HOUSE_API_KEY"\n'
    )


def mode_of(file: Path) -> int:
    return file.stat().st_mode & 0o777


def test_a_key_is_tested_kept_and_used_and_nobody_is_asked_again(repo: Repo, tmp_path: Path) -> None:
    home = tmp_path / "config"
    (home / "r1code").mkdir(parents=True)
    settings = home / "r1code/config.toml"
    settings.write_text(SETTINGS)
    with FakeServer([REPLY], models=["deepseek-ai/DeepSeek-R1"], key=KEY) as server:
        (home / "r1code/profiles.toml").write_text(profile_of(server.url))
        seat = seat_of(repo, home, "--test", "off")
        seat.sees(f"(?s)No model was chosen yet{OFFERED}")
        seat.say("k")
        number = seat.sees(r"\d+ aaa: R1 of a house").split()[0]
        seat.say(number)
        seat.sees("the key .HOUSE_API_KEY.")
        seat.say("sk-wrong-000")
        seat.sees("not accepted")
        assert settings.read_text() == SETTINGS
        seat.sees(f"(?s)What now{OFFERED}")
        seat.say("k")
        seat.sees(r"(?s)What now.*\d+ aaa.* >$")
        seat.say("aaa")
        seat.sees(r"(?s)What now.*the key .HOUSE_API_KEY.")
        seat.say(KEY)
        seat.sees("aaa answers from now on")
        seat.sees("^>$")
        seat.say("what is 17 times 3?")
        seat.sees("^  51")
        seat.press("\x04")
        assert seat.leaves() == 0
        assert any(seen.headers.get("authorization") == f"Bearer {KEY}" for seen in server.chats)
        again = seat_of(repo, home, "--test", "off")
        again.sees("^>")
        again.sees("aaa .* ⎇")
        assert "No model was chosen" not in again.all
        again.press("\x04")
        assert again.leaves() == 0
    assert settings.read_text() == f'{SETTINGS}profile = "aaa"\n'
    file = home / "r1code/credentials.json"
    assert mode_of(file) == 0o600
    assert KEY in file.read_text()
    # The key is nowhere else: not on the screen, not in the settings, and not in what r1code keeps of a session.
    assert KEY not in seat.all
    assert KEY.encode() not in seat.raw
    kept = [path for folder in (home, repo.state, repo.root) for path in folder.rglob("*") if path.is_file()]
    assert [path for path in kept if KEY.encode() in path.read_bytes()] == [file]


def test_a_server_is_looked_at_and_becomes_a_profile(repo: Repo, tmp_path: Path) -> None:
    home = tmp_path / "config"
    with FakeServer([REPLY], models=["deepseek-ai/DeepSeek-R1"], key=KEY, details=True) as server:
        seat = seat_of(repo, home, "--test", "off")
        seat.sees(f"(?s)No model was chosen yet{OFFERED}")
        seat.say("s")
        seat.sees("its URL")
        # Without what a URL begins with, and without the end that the API is at.
        seat.say(server.url.removeprefix("http://").removesuffix("/v1"))
        seat.sees("it wants a key")
        seat.say(KEY)
        seat.sees("my-server answers from now on")
        seat.sees("^>$")
        seat.say("what is 17 times 3?")
        seat.sees("^  51")
        seat.press("\x04")
        assert seat.leaves() == 0
        url = server.url
    one = load_profiles(home / "r1code/profiles.toml")["my-server"].profile
    assert (one.base_url, one.is_r1, one.reasoning, one.key_required) == (url, True, "field", True)
    assert (home / "r1code/config.toml").read_text() == 'profile = "my-server"\n'
    assert KEY.encode() not in seat.raw


def test_another_servers_profile_stays_with_its_key(repo: Repo, tmp_path: Path) -> None:
    home = tmp_path / "config"
    (home / "r1code").mkdir(parents=True)
    own = (
        profile_of("http://127.0.0.1:9/v1").replace("[aaa]", "[my-server] # tuned").replace("HOUSE", "MY_SERVER")
    )
    (home / "r1code/profiles.toml").write_text(own)
    with FakeServer([REPLY], models=["deepseek-ai/DeepSeek-R1"], key=KEY, details=True) as server:
        seat = seat_of(repo, home, "-p", "what is 17 times 3?", "--test", "off")
        seat.sees(f"(?s)No model was chosen yet{OFFERED}")
        seat.say("s")
        seat.sees("its URL")
        seat.say(server.url)
        seat.sees("it wants a key")
        seat.say(KEY)
        seat.sees("my-server-2 answers from now on")
        seat.sees("turn ended: ")
        seat.leaves()
    assert (home / "r1code/profiles.toml").read_text().startswith(own)
    assert list(json.loads((home / "r1code/credentials.json").read_text())) == ["R1CODE_MY_SERVER_2_KEY"]


def test_who_declines_goes_on_with_the_embedded_model_and_is_not_asked_again(repo: Repo, tmp_path: Path) -> None:
    home = tmp_path / "config"
    seat = seat_of(repo, home, "-p", "hello")
    seat.sees(f"(?s)No model was chosen yet{OFFERED}")
    seat.say("e")
    seat.sees("embedded answers from now on")
    seat.press("\x03")
    seat.leaves()
    assert (home / "r1code/config.toml").read_text() == 'profile = "embedded"\n'


def test_nobody_is_asked_through_a_pipe(repo: Repo, tmp_path: Path) -> None:
    repo.env["XDG_CONFIG_HOME"] = str(tmp_path / "config")
    ran = repo.run("-p", "hello", "--sandbox", "none", "--allow-host-exec")
    assert "No model was chosen yet" not in ran.out + ran.err
    assert not (tmp_path / "config/r1code/config.toml").exists()


def auth(
    repo: Repo, home: Path, *words: str, given: str | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "XDG_CONFIG_HOME": str(home), "DEEPSEEK_API_KEY": "", **env}
    return subprocess.run(
        [str(repo.script), "auth", *words], env=environ, input=given, capture_output=True, text=True, check=False
    )


def test_keys_are_kept_listed_and_deleted_and_never_shown(repo: Repo, tmp_path: Path) -> None:
    home = tmp_path / "config"
    kept = auth(repo, home, "login", "deepseek-flash", given=f"{KEY}\n")
    assert (kept.returncode, KEY in kept.stdout + kept.stderr) == (0, False), kept.stderr
    assert mode_of(home / "r1code/credentials.json") == 0o600
    listed = auth(repo, home, "list", "--json")
    rows = {row["variable"]: row for row in json.loads(listed.stdout)}
    assert rows["DEEPSEEK_API_KEY"]["from"] == "file"
    assert "deepseek-v4-pro" in rows["DEEPSEEK_API_KEY"]["profiles"]
    assert KEY not in listed.stdout
    known = repo.script, "profiles", "show", "deepseek-flash"
    environ = {**os.environ, "XDG_CONFIG_HOME": str(home), "DEEPSEEK_API_KEY": ""}
    shown = subprocess.run([*map(str, known)], env=environ, capture_output=True, text=True, check=False)
    assert "DEEPSEEK_API_KEY (set)" in shown.stdout
    assert KEY not in shown.stdout
    assert "from the environment" in auth(repo, home, "list", DEEPSEEK_API_KEY="x").stdout
    assert auth(repo, home, "login", "deepseek-flash", given="two words").returncode == 2
    assert auth(repo, home, "login", "embedded", given=KEY).returncode == 2
    assert "is deleted" in auth(repo, home, "logout", "deepseek-flash").stdout
    assert "there is no key" in auth(repo, home, "logout", "deepseek-flash").stdout
    assert KEY not in (home / "r1code/credentials.json").read_text()
