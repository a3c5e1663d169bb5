from __future__ import annotations

import stat
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.leaks import INNOCENT, SECRETS, text_of
from fakes.repository import Repository
from r1code.app.vault import keep_scanned, open_vault
from r1code.errors import StateError
from r1code.events import BaselineReached, CallStarted
from r1code.repo.git import Git
from r1code.secrets.scan import PLACEHOLDER
from r1code.secrets.values import Lines, hidden
from r1code.secrets.vault import Vault, machine_key
from r1code.types import TestReport, ToolCall

KEY = bytes(range(32))
ALL = "\n".join(map(text_of, SECRETS))


def vault() -> Vault:
    return Vault(KEY)


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_becomes_a_placeholder_and_again_itself(kind: str) -> None:
    made = vault()
    text = text_of(kind)
    shown = made.hide(text)
    assert SECRETS[kind] not in shown
    assert PLACEHOLDER.search(shown)
    assert shown.count("\n") == text.count("\n")
    assert made.restore(shown) == text


def test_the_same_secret_has_the_same_placeholder_in_every_session_of_a_machine() -> None:
    text = text_of("github")
    assert vault().hide(text) == vault().hide(f"{ALL}\n{text}").splitlines()[-1] + "\n" * text.endswith("\n")
    assert Vault(bytes(32)).hide(text) != vault().hide(text)


def test_a_secret_that_is_known_is_hidden_wherever_it_stands() -> None:
    made = vault()
    made.hide(text_of("password"))
    bare = f"connecting with {SECRETS['password']}..."
    assert vault().hide(bare) == bare
    assert SECRETS["password"] not in made.hide(bare)
    assert made.restore(made.hide(bare)) == bare


def test_a_text_that_was_clean_is_looked_at_again_when_more_is_known() -> None:
    made = vault()
    text = "x" * 300 + "my-known-value"
    assert made.hide(text) == text
    made.add_known(["my-known-value", "short"], "env")
    assert "my-known-value" not in made.hide(text)
    assert made.hide("a short text") == "a short text"


def test_what_nobody_made_is_not_restored() -> None:
    assert vault().restore("hidden_aws_00000000") == "hidden_aws_00000000"


def test_what_a_person_says_is_no_secret_is_none() -> None:
    made = vault()
    made.exempt_data(text_of("github").encode())
    assert made.hide(text_of("github")) == text_of("github")
    assert made.hide(text_of("npm")) != text_of("npm")


PIECES = st.lists(
    st.sampled_from([*map(text_of, SECRETS), *INNOCENT, *SECRETS.values(), "é\r\n", "\x1b", " "]), max_size=8
)


@given(pieces=PIECES, joint=st.sampled_from(["\n", " ", "'", ""]))
def test_hiding_is_idempotent_and_can_be_taken_back(pieces: list[str], joint: str) -> None:
    made = vault()
    text = joint.join(pieces)
    shown = made.hide(text)
    assert made.hide(shown) == shown
    assert made.restore(shown) == text


@given(data=st.binary(max_size=60), kind=st.sampled_from(list(SECRETS)))
def test_files_of_any_encoding_keep_every_byte(data: bytes, kind: str) -> None:
    made = vault()
    content = data + b"\n" + text_of(kind).encode() + b"\n" + data
    assert made.restore_data(made.hide_data(content)) == content
    assert b"\0" in data or SECRETS[kind].encode() not in made.hide_data(content)


@given(cuts=st.lists(st.integers(0, len(ALL)), max_size=20))
def test_output_in_pieces_is_hidden_as_if_it_were_whole(cuts: list[int]) -> None:
    made = vault()
    made.hide(ALL)
    lines = Lines(made.hide)
    places = sorted({0, len(ALL), *cuts})
    shown = "".join(lines.feed(ALL[a:b]) for a, b in pairwise(places)) + lines.end()
    assert [kind for kind, secret in SECRETS.items() if secret in shown] == []
    assert made.restore(shown) == ALL


def test_every_text_of_a_value_is_hidden_and_others_are_the_same_object() -> None:
    made = vault()
    call = ToolCall(id="c1", name="edit", arguments={"edits": [{"search": text_of("github")}], "n": 1})
    shown = hidden(CallStarted(call=call), made.hide)
    assert SECRETS["github"] not in str(shown)
    assert shown.call.arguments["n"] == 1
    assert hidden(shown, made.hide) is shown
    report = BaselineReached(command="pytest", report=TestReport(passed=("a", "b"), failed=(SECRETS["github"],)))
    found = hidden(report, made.hide)
    assert found.report.passed == ("a", "b")
    assert SECRETS["github"] not in str(found)
    assert hidden(found, made.hide) is found


def test_the_key_of_a_machine_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    key = machine_key(tmp_path / "state")
    assert machine_key(tmp_path / "state") == key
    (file,) = (tmp_path / "state").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_bytes(b"x")
    with pytest.raises(StateError, match="damaged"):
        machine_key(tmp_path / "state")


def test_what_was_scanned_is_not_scanned_again_and_known_secrets_are_still_found_in_it() -> None:
    first, second = vault(), vault()
    text = "x = 1\n" * 100 + "my-known-value"
    assert first.hide(text) == text
    second.trust_clean(first.clean)
    assert second.hide(text) == text
    assert second.clean == first.clean
    second.add_known(["my-known-value"], "env")
    assert "my-known-value" not in second.hide(text)


def test_what_was_scanned_is_kept_in_the_state_folder_until_the_patterns_change(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repo")
    git, state = Git.find(repository.root), tmp_path / "state"
    opened = open_vault(git, state, {}, [], exempt=lambda _: False)
    opened.hide("x = 1\n" * 100)
    keep_scanned(opened, state)
    assert open_vault(git, state, {}, [], exempt=lambda _: False).clean == opened.clean != b""
    (state / "scanned").write_bytes(b"0" * 16 + opened.clean)
    assert open_vault(git, state, {}, [], exempt=lambda _: False).clean == b""
    assert [path.name for path in state.iterdir() if SECRETS["github"].encode() in path.read_bytes()] == []


def test_keys_in_the_environment_and_secret_files_are_known_from_the_start(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repo")
    repository.write(".env", f"A={SECRETS['github']}\nMODE=production-like\n")
    repository.git("config", "http.extraHeader", f"Authorization: Basic {SECRETS['bearer']}")
    environ = {
        "MINE": "plain-profile-key",
        "SHOP_TOKEN": "other-plain-word",
        "HOME": "/home/somebody",
        "EDITOR": "vim-is-mine",
    }
    opened = open_vault(Git.find(repository.root), tmp_path / "state", environ, ["MINE"], exempt=lambda _: False)
    secret = ["plain-profile-key", "other-plain-word", SECRETS["github"], SECRETS["bearer"]]
    assert [word for word in secret if opened.hide(f"({word})") == f"({word})"] == []
    assert [
        word for word in ("/home/somebody", "vim-is-mine", "production-like") if opened.hide(word) != word
    ] == []
