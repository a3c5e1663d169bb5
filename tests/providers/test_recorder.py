from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from r1code.control import Control
from r1code.dialects.base import ChatMessage, Request
from r1code.errors import ProviderError, UsageError
from r1code.providers.base import Delta, Done, Provider
from r1code.providers.recorder import CassetteProvider, RecordingProvider
from r1code.providers.scripted import ScriptedProvider, ScriptedReply
from r1code.types import Usage

ONE = Request(messages=(ChatMessage(role="user", content="one"),), seed=1)
TWO = Request(messages=(ChatMessage(role="user", content="zwei, 二"),))


def stream(provider: Provider, request: Request) -> list[Delta | Done]:
    return list(provider.stream(request, Control()))


def recorded(file: Path, *replies: ScriptedReply) -> RecordingProvider:
    return RecordingProvider(ScriptedProvider(replies), file)


def test_a_cassette_streams_the_same_pieces_again(tmp_path: Path) -> None:
    file = tmp_path / "cassette.jsonl"
    replies = [
        ScriptedReply(reasoning="hm", text="好的 <done/>", chunk=3, usage=Usage(prompt=7)),
        ScriptedReply(text="b"),
    ]
    with closing(recorded(file, *replies)) as recording:
        expected = [stream(recording, ONE), stream(recording, TWO)]
    cassette = CassetteProvider(file)
    assert [stream(cassette, ONE), stream(cassette, TWO)] == expected
    with pytest.raises(ProviderError, match="over"):
        stream(cassette, ONE)


def test_a_failure_is_played_where_it_happened(tmp_path: Path) -> None:
    file = tmp_path / "cassette.jsonl"
    failing = ScriptedReply(text="abc" * 20, error="lost", fail_after=2)
    with closing(recorded(file, failing)) as recording, pytest.raises(ProviderError):
        stream(recording, ONE)
    seen: list[Delta | Done] = []
    with pytest.raises(ProviderError) as caught:
        seen.extend(CassetteProvider(file).stream(ONE, Control()))
    assert (caught.value.why, caught.value.retryable) == ("lost", True)
    assert len(seen) == 2


def test_another_request_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "cassette.jsonl"
    with closing(recorded(file, ScriptedReply(text="a"))) as recording:
        stream(recording, ONE)
    with pytest.raises(ProviderError, match="does not fit"):
        stream(CassetteProvider(file), TWO)


def test_what_is_no_cassette_is_named(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("{}\n")
    for name in ("x", "missing"):
        with pytest.raises(UsageError, match="no cassette"):
            CassetteProvider(tmp_path / name)
    with pytest.raises(UsageError, match="nothing can be recorded"):
        recorded(tmp_path / "no" / "folder")
