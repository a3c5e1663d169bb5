"""`r1code serve bench` as people and programs run it, against a server over the wire."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from fakes.answers import Reply, cut_after, fault, openai_error
from fakes.benched import SERVED, plan
from fakes.server import HANG, Answer, FakeServer
from r1code.cli.main import main
from r1code.serving.bench.vllm_own import arguments

KEY = "sk-bench-0123456789"
MODEL = "deepseek-ai/DeepSeek-R1"
REPLY = Reply(text="Done.", reasoning="One and two are three. ", size=4)
SMALL = (
    "--turns", "2", "--prefix-tokens", "64", "--task-tokens", "16", "--observation-tokens", "16",
    "--answer-tokens", "8", "--output-tokens", "20", "--output-most", "40", "--pause", "0", "--least", "2",
    "--concurrency", "1,2", "--rounds", "1",
)  # fmt: skip


def command(*words: str) -> list[str]:
    return [sys.executable, "-P", "-m", "r1code", "serve", "bench", *words]


class Ran(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


Bench = Callable[..., Ran]


@pytest.fixture
def bench(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Bench:
    """In this process, for a start costs more than a bench."""

    def run(*words: str, **environ: str) -> Ran:
        with monkeypatch.context() as patched:
            for name, value in environ.items():
                patched.setenv(name, value)
            code = main(["serve", "bench", *words])
        return Ran(code, *capsys.readouterr())

    return run


def prompts(server: FakeServer) -> list[Any]:
    """In no order: two sessions run at a time."""
    return sorted(json.dumps(seen.body["messages"]) for seen in server.chats)


def test_a_bench_is_run_kept_shown_and_compared(bench: Bench, tmp_path: Path) -> None:
    kept, other, page = tmp_path / "a.json", tmp_path / "b.json", tmp_path / "a.html"
    with FakeServer([REPLY], models=[MODEL], key=KEY, details=True, context=32_768) as server:
        given = ("--base-url", server.url, *SMALL)
        ran = bench(*given, "-o", str(kept), "--html", str(page), "--label", "one", R1CODE_API_KEY=KEY)
        first, bodies = prompts(server), [seen.body for seen in server.chats]
        hits, read = sum(server.cached[1:]), sum(server.prompted[1:])
        again = bench(*given, "-o", str(other), "--json", R1CODE_API_KEY=KEY)
        second = prompts(server)
    assert (ran.returncode, again.returncode, server.rejected) == (0, 0, []), ran.stderr + ran.stdout
    # The warm-up, then two sessions of two turns on each level; the same bytes in both runs.
    assert len(first) == 1 + 2 * 4
    assert second == sorted(first * 2)
    assert {(one["min_tokens"], one["ignore_eos"]) for one in bodies} == {
        (one["max_tokens"], True) for one in bodies
    }
    # Each run has a salt of its own, so the second finds nothing of the first in the cache.
    assert len({seen.body["cache_salt"] for seen in server.chats}) == 2
    result, told = json.loads(kept.read_text()), json.loads(again.stdout)
    turns = [turn for level in result["levels"] for turn in level["turns"]]
    assert [turn["completion"] for turn in turns] == [turn["wanted"] for turn in turns]
    assert all(turn["seconds"] >= turn["ttft"] > 0 for turn in turns)
    assert sum(turn["cached"] for turn in turns) == hits > 0
    counters = [level["counters"] for level in result["levels"]]
    assert (sum(one["hits"] for one in counters), sum(one["queries"] for one in counters)) == (hits, read)
    assert [one["concurrency"] for one in told["figures"]] == [1, 2]
    assert all(one["foreign"] == 0 and not one["failures"] for one in told["figures"])
    assert result["served"]["vllm"] == "0.32.0"
    assert KEY not in kept.read_text() + page.read_text() + ran.stdout + ran.stderr
    shown = bench("--show", str(kept))
    assert shown.stdout == ran.stdout
    assert "first token 50 %" in shown.stdout
    compared = bench("--compare", str(kept), str(other))
    assert compared.returncode == 0, compared.stderr
    assert "A  one" in compared.stdout
    assert _fetched(page.read_text()) == []
    refused = bench("--show", str(kept), "--html", str(page))
    assert (refused.returncode, "is there" in refused.stderr) == (2, True)


def _fetched(text: str) -> list[str]:
    """What a page would load, or run."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend(f"{tag} {name}" for name, _ in attrs if name in {"src", "href"} or name.startswith("on"))
            if tag in {"script", "link", "iframe", "img"}:
                found.append(tag)

    Reader().feed(text)
    return found


def test_a_picture_is_drawn(bench: Bench, tmp_path: Path) -> None:
    kept = tmp_path / "a.json"
    with FakeServer([REPLY], models=[MODEL], style="openai") as server:
        ran = bench("--base-url", server.url, *SMALL, "--png", str(tmp_path / "a.png"), "-o", str(kept))
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    # No vLLM: lengths are limits, nothing is asked for that others refuse, and metrics are not looked for.
    assert server.rejected == []
    assert {seen.path for seen in server.seen} == {"/v1/models", "/v1/chat/completions"}
    assert not {"min_tokens", "ignore_eos", "cache_salt"} & server.chats[0].body.keys()
    assert "shorter than asked for" in ran.stdout


def test_what_would_be_sent_is_told_and_nothing_is_sent(bench: Bench) -> None:
    with FakeServer([REPLY], models=[MODEL]) as server:
        ran = bench("--base-url", server.url, "--plan", *SMALL)
        told = json.loads(bench("--base-url", server.url, "--plan", "--json", *SMALL).stdout)
    assert (ran.returncode, server.seen) == (0, [])
    assert "9 requests" in ran.stdout
    assert [level["requests"] for level in told["levels"]] == [4, 4]


def test_failures_are_counted_and_shown(bench: Bench) -> None:
    busy = fault(503, openai_error("The server is overloaded."))
    broken = Reply(text="Done.", reasoning="One.", shape=cut_after(2))
    with FakeServer([REPLY, REPLY, busy, broken, REPLY], models=[MODEL], style="openai") as server:
        ran = bench("--base-url", server.url, *SMALL, "--json")
        told = bench("--base-url", f"{server.url}/nothing", "--model", "m", *SMALL)
    found = json.loads(ran.stdout)["figures"]
    assert ran.returncode == 1
    assert [one["failures"] for one in found] == [{"connection": 1, "server": 1}, {}]
    assert told.returncode == 6
    assert "404" in told.stdout
    assert "given up" in told.stdout


def test_a_key_that_is_wrong_ends_it_with_the_first_request(bench: Bench) -> None:
    with FakeServer([REPLY], models=[MODEL], key=KEY) as server:
        ran = bench("--base-url", server.url, "--model", MODEL, *SMALL, R1CODE_API_KEY="sk-other")
        asked = len(server.chats)
    assert (ran.returncode, asked) == (6, 1)
    assert "401 Unauthorized" in ran.stdout + ran.stderr


def test_ctrl_c_keeps_what_was_measured(tmp_path: Path) -> None:
    kept = tmp_path / "a.json"
    with FakeServer([REPLY, REPLY, REPLY, Answer([HANG])], models=[MODEL]) as server:
        process = subprocess.Popen(
            command("--base-url", server.url, *SMALL, "-o", str(kept)), stdout=subprocess.PIPE, text=True
        )
        assert server.seen_chats(4)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    result = json.loads(kept.read_text())
    assert (result["ended"], [len(level["turns"]) for level in result["levels"]]) == ("interrupted", [2])
    assert "interrupted: what was measured by then" in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--profile", "embedded"], "has no server to measure"),
        (["--base-url", "http://127.0.0.1:9/v1", "--model", "m"], "does not answer"),
        (
            ["--base-url", "http://127.0.0.1:9/v1", "--concurrency", "0", "--plan", "--model", "m"],
            "cannot be used",
        ),
        (["--base-url", "http://127.0.0.1:9/v1", "--model", "m", "--plan", "--concurrency", "513"], "1 to 512"),
        (["--show", "nothing.json"], "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said(bench: Bench, words: list[str], says: str) -> None:
    ran = bench(*words)
    assert ran.returncode in {2, 6}
    assert says in ran.stderr


def test_vllms_own_bench_is_run_where_it_is(bench: Bench, tmp_path: Path) -> None:
    program = tmp_path / "vllm"
    program.write_text(
        f"#!{sys.executable}\n"
        "import json, os, sys\n"
        "words = dict(zip(sys.argv, sys.argv[1:]))\n"
        "assert sys.argv[1:3] == ['bench', 'serve'] and os.environ['OPENAI_API_KEY'] == 'sk-bench-0123456789'\n"
        "assert 'sk-bench' not in ' '.join(sys.argv)\n"
        "told = {'max_concurrency': int(words['--max-concurrency']), 'completed': int(words['--num-prompts']),\n"
        "        'failed': 0, 'output_throughput': 100.0, 'total_token_throughput': 700.0,\n"
        "        'median_ttft_ms': 250.0, 'median_tpot_ms': 20.5, 'date': 'today'}\n"
        "if words['--model'] == 'broken': sys.exit('no tokenizer')\n"
        "json.dump(told, open(os.path.join(words['--result-dir'], words['--result-filename']), 'w'))\n"
    )
    program.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "R1CODE_API_KEY": KEY}
    with FakeServer([REPLY], models=[MODEL, "broken"], key=KEY) as server:
        given = ("--base-url", server.url, "--with", "vllm", *SMALL)
        ran = bench(*given, "--model", MODEL, **environ)
        broken = bench(*given, "--model", "broken", **environ)
        none = bench(*given, "--model", MODEL, **{**environ, "PATH": "/nowhere"})
    assert ran.returncode == 0, ran.stderr
    alias = msgspec.structs.replace(SERVED, root="/models/r1")
    words = arguments("vllm", msgspec.structs.replace(plan(), served=alias), 1, tmp_path)
    assert words[-2:] == ["--tokenizer", "/models/r1"]
    first = "1 at a time: 600 in/s, 100 out/s; first token 0.25 s, later 20.5 ms; 4 answered, 0 failed"
    assert ran.stdout.splitlines()[0] == first
    assert (broken.returncode, "no tokenizer" in broken.stderr) == (2, True)
    assert (none.returncode, "no `vllm` on the path" in none.stderr) == (2, True)
