from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from e2e.conftest import FIX, Repo, passes
from fakes.pace import Pace
from fakes.server import HANG, Answer, FakeServer, chunk, fault, openai_error, told

TEST = ["--test", "python3 -m pytest -q"]
KEY = "sk-secret-0123456789"


def at(server: FakeServer) -> list[str]:
    return ["--profile", "openai-compatible", "--base-url", server.url, "--model", "m"]


@pytest.mark.docker
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    "where",
    [
        "reasoning",
        "prompt",
        *(pytest.param(one, marks=pytest.mark.full) for one in ("reasoning_content", "tags")),
    ],
)
def test_a_fix_through_a_server_is_proven(repo: Repo, where: str) -> None:
    thought = "The discount is added. I must not call <done> yet."
    answers = [
        told('<read path="shop/cart.py"/>', thought, where=where),
        fault(503, openai_error("busy"), retry_after="0"),
        told(f"{FIX}\n<test/>", thought, where=where, size=3),
        told("<done>Subtracted.</done>", thought, where=where),
    ]
    repo.env["R1CODE_API_KEY"] = KEY
    with FakeServer(answers, style="r1-era", key=KEY) as server:
        ran = repo.run("fix", *TEST, *at(server))
    assert ran.code == 0, ran.out + ran.err
    assert "verdict: fixed" in ran.out
    assert passes(repo.root)
    assert server.rejected == []
    assert len(server.chats) == 4
    assert "try 2 of 5" in ran.out
    log = "".join(path.read_text() for path in repo.state.rglob("*.jsonl"))
    assert KEY not in ran.out + ran.err + log
    for seen in server.chats:
        assert "I must not call" not in json.dumps(seen.body)


@pytest.mark.docker
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("engine")
def test_a_backend_that_fails_has_its_own_exit_code(repo: Repo) -> None:
    with FakeServer([fault(402, openai_error("Insufficient Balance"))]) as server:
        ran = repo.run("fix", *TEST, *at(server))
    assert ran.code == 6, ran.out + ran.err
    assert "no balance" in ran.out + ran.err


@pytest.mark.docker
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("engine")
def test_an_interrupt_ends_a_request_that_hangs(repo: Repo) -> None:
    with FakeServer([Answer([chunk({"content": "Let me"}), HANG])]) as server:
        command = [str(repo.script), "fix", *TEST, *at(server), "--json"]
        process = subprocess.Popen(
            command, cwd=repo.root, env=repo.environ, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            if '"TextDelta"' in line or '"ReasoningDelta"' in line:
                break
        with Pace() as pace:
            process.send_signal(signal.SIGINT)
            assert server.chats[0].gone.wait(40)
            assert pace.seconds < 1
        process.communicate(timeout=60)
    assert process.returncode == 130


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--profile", "deepseek-flash"], ["DEEPSEEK_API_KEY"]),
        (["--profile", "openai-compatible"], ["--base-url", "--model"]),
        (["--base-url", "http://127.0.0.1:9/v1"], ["--model"]),
        (["--base-url", "https://api.deepseek.com", "--model", "deepseek-reasoner"], ["2026-07-24"]),
        (["--profile", "vllm-r2"], ["vllm-r1"]),
    ],
)
def test_a_profile_that_cannot_be_used_starts_nothing(repo: Repo, arguments: list[str], words: list[str]) -> None:
    ran = repo.run("fix", *TEST, "--sandbox", "none", "--allow-host-exec", *arguments)
    assert ran.code == 2, ran.out + ran.err
    assert [word for word in words if word not in ran.err] == []
    assert not list(repo.state.glob("sessions/*"))


def test_a_project_cannot_choose_a_server(repo: Repo) -> None:
    (repo.root / ".r1code").mkdir()
    for key in ("base_url", "model_name", "profile"):
        (repo.root / ".r1code/config.toml").write_text(f'{key} = "http://127.0.0.1:9/v1"\n')
        ran = repo.run("fix", *TEST, "--profile", "vllm-r1")
        assert (ran.code, key in ran.err) == (2, True)
    (repo.root / ".r1code/config.toml").unlink()
    (repo.root / ".r1code/profiles.toml").write_text('[mine]\nlabel = "x"\nprovider = "scripted"\n')
    assert repo.run("fix", *TEST, "--profile", "mine").code == 2


def test_profiles_are_listed_with_the_users_own(repo: Repo) -> None:
    home = repo.root.parent / "home"
    (home / "r1code").mkdir(parents=True)
    (home / "r1code/profiles.toml").write_text('[mine]\nextends = "vllm-r1"\nbase_url = "http://cellar:1/v1"\n')
    repo.env["XDG_CONFIG_HOME"] = str(home)
    ran = repo.run("profiles")
    assert ran.code == 0
    assert any(line.startswith("mine ") and "http://cellar:1/v1" in line for line in ran.out.splitlines())
    rows = json.loads(repo.run("profiles", "--json").out)
    assert next(row for row in rows if row["name"] == "mine")["origin"] == str(home / "r1code/profiles.toml")


def test_the_sdk_is_loaded_only_for_a_chat_profile() -> None:
    code = (
        "import sys, r1code.cli.main, r1code.app.workshop, r1code.profiles; r1code.profiles.load_profiles();"
        "print([name for name in ('openai', 'httpx2', 'pydantic') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
