"""Spans go to the collector that a person named, with numbers in them and no text; without one, nowhere."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from e2e.conftest import FIX, Repo
from fakes.collector import Collector
from fakes.connections import Connections
from fakes.server import FakeServer, Reply

HOST = ("--sandbox", "none", "--allow-host-exec", "--test", "off")
TASK = "Mend the discount, dear canary"
EDIT = Reply(text=FIX, reasoning="A canary thinks.")
DONE = Reply(text="<done>The canary sang.</done>", reasoning="Hm.")


def at(server: FakeServer) -> list[str]:
    return ["-p", TASK, "--base-url", server.url, "--model", "m", *HOST]


def test_a_turn_its_requests_and_its_tools_are_spans_and_the_server_learns_which(repo: Repo) -> None:
    with Collector() as collector, FakeServer([EDIT, DONE], models=["m"]) as server:
        ran = repo.run(*at(server), "--traces", collector.url)
        assert ran.code == 0, ran.out + ran.err
    assert set(collector.paths) == {"/v1/traces"}
    (turn,) = [span for span in collector.spans if span.name == "turn"]
    chats = [span for span in collector.spans if span.name == "chat"]
    (tool,) = [span for span in collector.spans if span.name.startswith("tool ")]
    assert {span.trace for span in collector.spans} == {turn.trace}
    assert {span.parent for span in [*chats, tool]} == {turn.id}
    asked = [chat.headers["traceparent"] for chat in server.chats]
    assert asked == [f"00-{turn.trace}-{chat.id}-03" for chat in chats]
    assert (turn.values["r1code.end"], turn.values["r1code.steps"]) == ("done", 2)
    assert (tool.name, tool.values["r1code.status"]) == ("tool edit", "ok")
    assert turn.values["gen_ai.usage.output_tokens"] == sum(
        chat.values["gen_ai.usage.output_tokens"] for chat in chats
    )
    assert all(chat.values["r1code.first_token_seconds"] >= 0 for chat in chats)
    # Nothing that anybody wrote, and no place on this machine.
    sent = b"".join(collector.raw)
    for word in ("canary", "discount", "Hm.", "shop/cart.py", str(repo.root), socket.gethostname()):
        assert word.encode() not in sent


def test_without_the_setting_nobody_is_told(repo: Repo, tmp_path: Path) -> None:
    connections = Connections(tmp_path / "hook")
    with Collector() as collector, FakeServer([DONE], models=["m"]) as server:
        # What OpenTelemetry would take for a wish.
        repo.env.update(connections.env | {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url})
        ran = repo.run(*at(server))
        assert ran.code == 0, ran.out + ran.err
    assert collector.raw == []
    assert "traceparent" not in server.chats[0].headers
    assert connections.hosts <= {"127.0.0.1", "localhost", "::1"}


@pytest.mark.full
def test_a_collector_that_is_gone_is_said_once_and_stops_nothing(repo: Repo) -> None:
    with FakeServer([EDIT, DONE], models=["m"]) as server:
        ran = repo.run(*at(server), "--traces", "http://127.0.0.1:9")
    assert ran.code == 0, ran.out + ran.err
    assert (ran.out + ran.err).count("did not take what was traced") == 1
    assert "Traceback" not in ran.err
