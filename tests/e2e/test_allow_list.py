"""A network for commands, as a person asks for it."""

from __future__ import annotations

import json

import pytest

from e2e.conftest import Repo, write

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300), pytest.mark.usefixtures("engine")]
ASK = "python3 -c 'import urllib.request; urllib.request.urlopen(\"http://evil.example/\")'"


def test_a_session_with_a_list_tells_model_and_person_what_was_refused(repo: Repo) -> None:
    replies = repo.replies(f"<run>{ASK}</run>", "<done>tried</done>")
    ran = repo.run("-p", "Try it", "--test", "off", "--network", "pypi.org", *replies, "--json")
    assert ran.code == 0, ran.err
    note = "[the network allows only: pypi.org; refused: evil.example:80 (not on the list)]"
    assert note in json.dumps(ran.events)
    (log,) = (repo.state / "sessions").glob("*/log.jsonl")
    assert note in log.read_text()
    assert repo.containers() == []


def test_a_project_cannot_open_the_network_and_a_person_mistypes_in_words(repo: Repo) -> None:
    write(repo.root, {".r1code/config.toml": 'network = "full"\n'})
    replies = repo.replies("<done>no</done>")
    refused = repo.run("-p", "Try it", *replies)
    assert refused.code == 2
    assert "a project may not set it" in refused.err
    write(repo.root, {".r1code/config.toml": ""})
    mistyped = repo.run("-p", "Try it", "--network", "https://pypi.org/", *replies)
    assert mistyped.code == 2
    assert "is not the name of a host" in mistyped.err
