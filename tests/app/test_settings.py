"""Settings as a person sees and writes them: what is in the file afterwards is read again."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import get_type_hints

import pytest

from r1code.app.settings import DEFAULT, counts, may_be, one_of, remove_setting, settings_of, write_setting
from r1code.config import KEYS, Config, load_config
from r1code.errors import UsageError

OWN = """\
# mine
profile = "embedded" # the small one

steps = 40

[language_servers]
# a server
python = "pylsp"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    place = tmp_path / "config" / "config.toml"
    place.parent.mkdir()
    place.write_text(OWN)
    place.chmod(0o600)
    return place


def loaded(file: Path, **environ: str) -> Config:
    return load_config(flags={}, environ=environ, user_file=file, project=None)


def test_each_setting_is_told_with_who_said_it(file: Path):
    found = {one.key: one for one in settings_of(loaded(file, R1CODE_STEPS="7"))}
    assert set(found) == {*get_type_hints(Config)} - {"origins"}
    assert (found["steps"].value, found["steps"].origin) == ("7", "R1CODE_STEPS")
    assert (found["profile"].value, found["profile"].origin) == ("embedded", str(file))
    assert (found["sandbox"].value, found["sandbox"].origin) == ("docker", DEFAULT)
    assert found["language_servers"].value == '{"python": "pylsp"}'
    with pytest.raises(UsageError):
        one_of(Config(), "nonsense")


def test_all_that_is_not_set_stays_as_it_was(file: Path):
    write_setting(file, "think", "4k")
    write_setting(file, "steps", "12")
    text = file.read_text()
    assert text == OWN.replace("steps = 40", 'steps = 12\nthink = "4k"')
    assert (loaded(file).think, loaded(file).steps) == ("4k", 12)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in file.parent.iterdir()] == [file.name]
    assert remove_setting(file, "think")
    assert not remove_setting(file, "think")
    assert file.read_text() == OWN.replace("steps = 40", "steps = 12")


def test_a_file_is_made_and_a_link_to_one_stays(file: Path, tmp_path: Path):
    other = tmp_path / "new" / "config.toml"
    write_setting(other, "color", "never")
    assert other.read_text() == 'color = "never"\n'
    link = tmp_path / "link.toml"
    link.symlink_to(file)
    write_setting(link, "color", "never")
    assert link.is_symlink()
    assert loaded(file).color == "never"


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("commit_first", "true", True),
        ("budget", "2.5", 2.5),
        ("allow", "run(pytest, -q)", ("run(pytest, -q)",)),
        ("deny", '["run(rm *)", "edit(path=docs/**)"]', ("run(rm *)", "edit(path=docs/**)")),
        ("language_servers", "go = gopls serve", {"python": "pylsp", "go": "gopls serve"}),
        ("packages", "less", ("less",)),
        ("test", "pytest -q -k 'a and b'", "pytest -q -k 'a and b'"),
        ("network", "none", "none"),
        ("lint", "x \"'\\ \x1b #é", "x \"'\\ \x1b #é"),
    ],
)
def test_what_is_typed_becomes_the_value(file: Path, key: str, text: str, value: object):
    write_setting(file, key, text)
    assert getattr(loaded(file), key) == value
    assert key in tomllib.loads(file.read_text())


@pytest.mark.parametrize(
    ("key", "text", "may"),
    [
        ("sandbox", "podman", "docker"),
        ("candidates", "900", "64 at most"),
        ("keep_days", "0", "above 0"),
        ("yes", "perhaps", "true or false"),
        ("steps", "null", "a whole number"),
        ("profile", "nobody", "a text"),
        ("think", "much", "a text"),
        ("allow", "run(", "a text"),
        ("network", "http://x/", "a text"),
        ("language_servers", "gopls", "name = text"),
        ("test", "\udcff", "type it again"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(file: Path, key: str, text: str, may: str):
    with pytest.raises(UsageError) as error:
        write_setting(file, key, text)
    assert may in error.value.hint
    assert file.read_text() == OWN
    with pytest.raises(UsageError):
        write_setting(file, "nonsense", "1")


def test_a_file_that_is_broken_stays_until_what_is_wrong_is_taken_out(file: Path):
    file.write_text("steps = 1\nnonsense = 2\n")
    with pytest.raises(UsageError) as error:
        write_setting(file, "steps", "3")
    # The file that a person can correct, and not the one that was tried.
    assert error.value.what == f"{file} sets nonsense"
    assert file.read_text() == "steps = 1\nnonsense = 2\n"
    assert remove_setting(file, "nonsense")
    write_setting(file, "steps", "3")
    assert loaded(file).steps == 3
    file.write_text("steps = \n")
    with pytest.raises(UsageError):
        write_setting(file, "steps", "3")


def test_a_table_that_was_written_as_a_text_keeps_what_it_says(file: Path):
    file.write_text('language_servers = "python = pylsp"\n')
    write_setting(file, "language_servers", "go = gopls")
    assert loaded(file).language_servers == {"python": "pylsp", "go": "gopls"}
    file.write_text("language_servers = 3\n")
    with pytest.raises(UsageError):
        write_setting(file, "language_servers", "go = gopls")
    assert file.read_text() == "language_servers = 3\n"


def test_what_counts_more_is_named(file: Path):
    assert counts(loaded(file), "steps", file) == ""
    assert counts(loaded(file), "seed", file) == ""
    assert counts(loaded(file, R1CODE_STEPS="7"), "steps", file) == "R1CODE_STEPS"


def test_what_it_may_be_is_known_of_each():
    assert all(may_be(key) for key in KEYS)
    assert may_be("commit") == "one of off, turn"
