"""A team on its own servers, all of it real: two replicas of vLLM, the gateway, people with keys, and r1code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from fakes.chat import profile_at, texts
from fakes.gateway import Gateway, need_nginx
from fakes.requests import KEY as SMALL_KEY
from fakes.requests import MODEL as SMALL_MODEL
from fakes.served import Served
from fakes.spawned import until
from fakes.team import KEY, MODEL, Replica, Team, team_of
from r1code.control import Control
from r1code.dialects.base import ChatMessage, Request
from r1code.errors import ProviderError
from r1code.providers.base import Delta, Done
from r1code.providers.chat import ChatProvider
from r1code.providers.retry import Backoff
from r1code.types import ExitCode, Usage

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(1200)]
BLOCK = 128
"""Tokens that vLLM's cache keeps together on a CPU."""
RULES = "The house has rules which everybody keeps. " * 50
"""How all sessions begin, as with instructions."""
SESSIONS, TURNS = 5, 4
STREAMS, LENGTH, BEGUN = 3, 250, 10
"""At each replica, the tokens of each, and the pieces that came of each before the kill."""
STEPS = 3
PROBLEM = """\
import unittest

from a import f


class Test(unittest.TestCase):
    def test_f(self):
        self.assertEqual(f(), 2)
"""


@pytest.fixture(scope="module")
def team(folder: Path, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    need_nginx()
    with team_of(tmp_path_factory.mktemp("team"), folder / "bin/vllm", tiny) as team:
        yield team


@pytest.fixture(autouse=True)
def trusted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "team" in request.fixturenames:
        team: Team = request.getfixturevalue("team")
        monkeypatch.setenv("SSL_CERT_FILE", str(team.gateway.certificate))


def provider(team: Team, key: str, session: str, said: list[str]) -> ChatProvider:
    profile = profile_at(
        f"{team.gateway.url}/v1", model=MODEL, session_header="X-Session-Id", concurrency=STREAMS * 2
    )
    backoff = Backoff(tries=2, first_seconds=0.2, most_seconds=0.2)
    return ChatProvider(profile, key, lambda: session, say=said.append, backoff=backoff)


def events(text: str) -> list[Any]:
    return [json.loads(one.removeprefix("data: ")) for one in text.split("\n\n") if one.startswith("data: {")]


def test_a_key_leads_to_the_model_and_each_piece_of_a_stream_is_counted(team: Team) -> None:
    ada = team.key("ada")
    with team.gateway.client(ada) as client:
        (model,) = client.get("/v1/models").json()["data"]
    assert (model["id"], model["max_model_len"]) == (MODEL, 16384)
    wanted = {"include_usage": True, "continuous_usage_stats": True}
    answer = team.ask(ada, "s", max_tokens=6, ignore_eos=True, stream=True, stream_options=wanted)
    assert answer.text.endswith("data: [DONE]\n\n")
    *pieces, last = events(answer.text)
    # This is what a cut stream is counted by.
    assert [one["usage"]["completion_tokens"] for one in pieces] == sorted(
        one["usage"]["completion_tokens"] for one in pieces
    )
    assert pieces[-1]["usage"]["completion_tokens"] == 6
    assert (last["choices"], last["usage"]["completion_tokens"]) == ([], 6)
    silent = team.ask(ada, "s", max_tokens=6, ignore_eos=True, stream=True)
    assert not any("usage" in one for one in events(silent.text))
    used = team.used("ada")
    assert (used["requests"], used["output"], used["estimated"], used["open"]) == (2, 12, 0, 0)
    assert used["input"] == 2 * last["usage"]["prompt_tokens"]


def test_a_team_shares_the_cache_of_a_replica_and_another_team_finds_nothing_there(team: Team) -> None:
    first, same, other = team.key("cy", "red"), team.key("dee", "red"), team.key("eve", "blue")
    (at,) = team.sessions_at(first, 0, 1)
    (beside,) = team.sessions_at(same, 0, 1)
    (across,) = team.sessions_at(other, 0, 1)

    def hit(key: str, session: str) -> int:
        details = team.ask(key, session, RULES).json()["usage"]["prompt_tokens_details"]
        return int((details or {}).get("cached_tokens") or 0)

    assert hit(first, at) == 0
    assert hit(same, beside) >= BLOCK
    assert hit(other, across) == 0
    assert hit(other, across) >= BLOCK


def growing(session: int, turn: int) -> list[dict[str, str]]:
    told = [{"role": "user", "content": f"{RULES} Task {session}."}]
    for number in range(turn):
        told.append({"role": "assistant", "content": f"Step {number} of {session}: I look at a file."})
        told.append(
            {"role": "user", "content": f"Seen {number} in {session}: " + "one two three four five six " * 40}
        )
    return told


def hits(team: Team) -> tuple[float, float]:
    """Of both replicas, by their own metrics: tokens that were in the cache, and all that were looked for."""
    names = ("vllm:prefix_cache_hits_total", "vllm:prefix_cache_queries_total")
    found = [sum(one.served.counter(name) for one in team.replicas) for name in names]
    return found[0], found[1]


def test_sessions_that_stay_with_a_replica_find_more_of_their_prefix(team: Team) -> None:
    key = team.key("bo", "cold")
    names = [*team.sessions_at(key, 0, 3), *team.sessions_at(key, 1, SESSIONS - 3)]
    order = [(session, turn) for turn in range(TURNS) for session in range(SESSIONS)]

    def through_the_gateway() -> int:
        could = 0
        before: dict[int, int] = {}
        for session, turn in order:
            answer = team.ask(key, names[session], messages=growing(session, turn))
            could += before.get(session, 0) // BLOCK * BLOCK
            before[session] = answer.json()["usage"]["prompt_tokens"]
        return could

    def in_turn() -> None:
        # Five sessions, two replicas: with each turn a session comes to the other one.
        for number, (session, turn) in enumerate(order):
            body = {"model": MODEL, "messages": growing(session, turn), "max_tokens": 1, "cache_salt": "in turn"}
            answer = team.replicas[number % 2].served.post(body, KEY)
            assert answer.is_success, answer.text

    at = hits(team)
    could = through_the_gateway()
    between = hits(team)
    in_turn()
    end = hits(team)
    kept, asked = between[0] - at[0], between[1] - at[1]
    lost, also = end[0] - between[0], end[1] - between[1]
    sys.stdout.write(f"gateway: {kept:.0f} of {asked:.0f} tokens hit; in turn: {lost:.0f} of {also:.0f}\n")
    assert asked == pytest.approx(also, rel=0.01)
    # Whatever a session's own prompts could hit did; what sessions share comes on top.
    assert kept >= 0.99 * could
    assert kept > 1.1 * lost


class Asked:
    """One stream, asked for again where it breaks, as a session does."""

    def __init__(self, team: Team, key: str, session: str) -> None:
        self._team, self._key, self._session = team, key, session
        self.begun = threading.Event()
        self.failures: list[ProviderError] = []
        self.pieces: list[int] = []
        self.said: list[str] = []
        self.usage: Usage | None = None

    def run(self) -> None:
        request = Request(messages=(ChatMessage(role="user", content="go on"),), max_tokens=LENGTH)
        made = provider(self._team, self._key, self._session, self.said)
        try:
            while self.usage is None and len(self.failures) < 2:
                self.pieces.append(0)
                try:
                    for item in made.stream(request, Control()):
                        if isinstance(item, Done):
                            assert item.finish == "length"
                            self.usage = item.usage
                        elif isinstance(item, Delta):
                            self.pieces[-1] += 1
                            if self.pieces[-1] >= BEGUN:
                                self.begun.set()
                except ProviderError as error:
                    self.failures.append(error)
        finally:
            made.close()


def up_again(one: Replica, dead: int) -> None:
    until(lambda: one.now.phase == "ready" and one.now.pid != dead, 300)


def gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_replica_that_is_killed_breaks_its_own_streams_and_nothing_is_short(team: Team) -> None:
    key = team.key("fay")
    names = [team.sessions_at(key, number, STREAMS) for number in (0, 1)]
    before = team.used("fay")
    known = len(team.outcomes("fay"))
    doomed, whole = ([Asked(team, key, name) for name in one] for one in names)
    with ThreadPoolExecutor(2 * STREAMS) as pool:
        work = [pool.submit(one.run) for one in (*doomed, *whole)]
        for one in (*doomed, *whole):
            assert one.begun.wait(120)
        dead = team.replicas[0].kill()
        for one in work:
            one.result()
    for one in doomed:
        (failure,) = one.failures
        assert failure.retryable
        assert "not whole" in failure.why
        assert 0 < one.pieces[0] < LENGTH
        assert one.said == []
    assert [one.failures for one in whole] == [[]] * STREAMS
    # What came again is whole, too: it is the other replica's, for this one is still down.
    assert all(one.usage is not None and one.usage.completion == LENGTH for one in (*doomed, *whole))
    assert team.replicas[0].now.phase in {"restarting", "starting"}
    after = team.used("fay")
    asked = after["requests"] - before["requests"]
    assert (asked, after["estimated"], after["open"]) == (3 * STREAMS, STREAMS, 0)
    outcomes = team.outcomes("fay")[known:]
    assert (outcomes.count("failed"), outcomes.count("done")) == (STREAMS, 2 * STREAMS)
    broken = after["output"] - before["output"] - 2 * STREAMS * LENGTH
    came = sum(one.pieces[0] for one in doomed)
    sys.stdout.write(f"{STREAMS} streams broke after {came} pieces; the ledger has {broken} tokens for them\n")
    assert came <= broken < STREAMS * LENGTH
    # Its engine does not outlive it, and it comes back by itself.
    until(lambda: gone(dead), 15)
    began = time.monotonic()
    up_again(team.replicas[0], dead)
    sys.stdout.write(f"back after {time.monotonic() - began:.0f} s\n")
    assert "replica-0" in (status := team.run("serve", "status").stdout)
    assert ("ready", "1") in [(row[1], row[-1]) for row in map(str.split, status.splitlines()[1:])]
    # A little later its sessions are with it again.
    until(lambda: team.home_of(key, names[0][0]) == 0, 30)


def project(team: Team, name: str) -> Path:
    made = team.folder / name
    made.mkdir()
    (made / "a.py").write_text("def f():\n    return 1\n")
    (made / "test_a.py").write_text(PROBLEM)
    for words in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *words], cwd=made, check=True, env=team.environ())
    return made


def command(made: Path, *words: str) -> list[str]:
    return [*words, "--profile", "team", "--steps", str(STEPS), "--json", "-C", str(made)]


def finished(output: str) -> dict[str, Any]:
    found = [json.loads(line) for line in output.split("\n") if line]
    return dict(next(one for one in reversed(found) if one["event"] == "Finished"))


def spent(one: dict[str, Any]) -> tuple[int, int, int]:
    told = one["spent"]
    assert told["completion"]["unknown"] == 0
    return told["requests"], told["prompt"]["known"], told["completion"]["known"]


FIX = ("fix", "--test", "python3 -m unittest", "--sandbox", "none", "--allow-host-exec")


@pytest.mark.parametrize("words", [("-p", "hi"), FIX], ids=["p", "fix"])
def test_r1code_and_the_ledger_count_the_same(team: Team, words: Sequence[str]) -> None:
    who = f"gus-{len(words)}"
    key, made = team.key(who), project(team, who)
    environ = {"TEAM_R1_KEY": key, "SSL_CERT_FILE": str(team.gateway.certificate)}
    ran = team.run(*command(made, *words), **environ)
    said = ran.stdout + ran.stderr
    # Random weights do no work: it ends as what it is, steps that are used up.
    assert ran.returncode == ExitCode.BUDGET, said[-4000:]
    assert "Traceback" not in ran.stderr
    end = finished(ran.stdout)
    assert (end["exit_code"], end["limit"]) == (ExitCode.BUDGET, "steps")
    requests, prompt, completion = spent(end)
    used = team.used(who)
    assert requests == STEPS
    assert (used["requests"], used["input"], used["output"]) == (requests, prompt, completion)
    assert (used["estimated"], used["open"]) == (0, 0)
    assert (made / "a.py").read_text() == "def f():\n    return 1\n"
    assert key not in said
    assert team.outcomes(who) == ["done"] * requests


def test_r1code_goes_on_with_the_other_replica_when_its_own_is_killed(team: Team) -> None:
    key, made = team.key("hal"), project(team, "hal")
    environ = {"TEAM_R1_KEY": key, "SSL_CERT_FILE": str(team.gateway.certificate)}
    words = [sys.executable, "-P", "-m", "r1code", *command(made, "-p", "hi")]
    running = "vllm:num_requests_running"
    with subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        env=team.environ(environ),
    ) as process:
        until(lambda: any(one.served.counter(running) for one in team.replicas), 120)
        own = next(one for one in team.replicas if one.served.counter(running))
        dead = own.kill()
        out, _ = process.communicate(timeout=300)
    said = out.decode()
    assert process.returncode == ExitCode.BUDGET, said[-4000:]
    assert "Traceback" not in said
    # The step whose answer broke was taken again: a request more, of which nobody knows what it used.
    end = finished(said)
    spent = end["spent"]
    assert (spent["requests"], spent["completion"]["unknown"]) == (STEPS + 1, 1)
    outcomes = team.outcomes("hal")
    assert (outcomes.count("failed"), outcomes.count("done")) == (1, STEPS)
    used = team.used("hal")
    assert (used["requests"], used["estimated"], used["open"]) == (STEPS + 1, 1, 0)
    broken = used["output"] - spent["completion"]["known"]
    sys.stdout.write(f"the ledger has {broken} tokens for the answer that broke\n")
    assert 0 <= broken < 96
    up_again(own, dead)


def test_a_real_answer_comes_through_the_gateway(
    small: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_nginx()
    gateway = Gateway(tmp_path, (), key=SMALL_KEY, ports=[int(small.root.rpartition(":")[2])])
    try:
        gateway.start()
        monkeypatch.setenv("SSL_CERT_FILE", str(gateway.certificate))
        key = gateway.key("ada")
        question = ChatMessage(role="user", content="What is the capital of France? Answer with one word.")
        profile = profile_at(f"{gateway.url}/v1", model=SMALL_MODEL, reasoning="none")
        made = ChatProvider(profile, key, lambda: "s")
        *items, done = made.stream(Request(messages=(question,), max_tokens=24, temperature=0.0), Control())
        made.close()
        assert "Paris" in texts([item for item in items if isinstance(item, Delta)])[1]
        assert isinstance(done, Done)
        used = gateway.settled("ada")
        assert (used.input, used.output, used.estimated) == (done.usage.prompt, done.usage.completion, 0)
    finally:
        gateway.stop()
        gateway.store.close()
