"""`r1code serve gateway`, `serve keys` and `serve usage`, as they are typed."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from fakes.gateway import need_nginx, running
from fakes.ports import free_port
from fakes.spawned import until
from r1code.cli.main import main
from r1code.errors import UsageError
from r1code.serving.gateway.admission import Claim, Ended, admit, settle
from r1code.serving.gateway.certificate import self_signed
from r1code.serving.gateway.limits import Limits
from r1code.serving.gateway.nginx import prepare, rendered
from r1code.serving.gateway.settings import Settings, made_settings, read_settings
from r1code.serving.gateway.store import Holder, Store, Used

USER = 'user = "root"\n' if os.geteuid() == 0 else ""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "gateway.toml"
    file.write_text(f'replicas = ["http://10.0.0.1:8000", "http://[fd00::1]:8001/"]\n{USER}')
    return file


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["serve", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_keys_are_added_listed_rotated_and_revoked(capsys: pytest.CaptureFixture[str], config: Path) -> None:
    place = ("--config", str(config))
    code, key, told = run(capsys, "keys", "add", "ada", "--limit", "max_tokens=9", *place)
    assert (code, key[:4], "shown this once" in told) == (0, "r1k_", True)
    code, fresh, _ = run(capsys, "keys", "rotate", "ada", "--overlap", "1h", *place)
    assert fresh != key
    (listed,) = json.loads(run(capsys, "keys", "list", "--json", *place)[1])
    assert listed["limits"] == {"max_tokens": 9}
    assert [one["valid"] for one in listed["keys"]] == [True, True]
    assert key.split("_")[1] in run(capsys, "keys", "list", *place)[1]
    assert run(capsys, "keys", "revoke", "ada", *place)[1] == "revoked: 2\n"
    (listed,) = json.loads(run(capsys, "keys", "list", "--json", *place)[1])
    assert [one["valid"] for one in listed["keys"]] == [False, False]
    assert run(capsys, "usage", "--json", "--since", "2026-01-01", *place)[1].startswith(
        '{"since":"2026-01-01T00'
    )


@pytest.mark.parametrize("deed", ["rotate", "revoke", "limit"])
def test_who_looks_in_other_books_is_told_in_which(
    capsys: pytest.CaptureFixture[str], config: Path, deed: str, tmp_path: Path
) -> None:
    run(capsys, "keys", "add", "ada", "--config", str(config))
    state = tmp_path / "other books"
    code, _, told = run(capsys, "keys", deed, "ada", "--state", str(state))
    assert code == 2
    assert str(state / "gateway.sqlite") in told
    command = re.search(r"r1code (serve keys list .+?) shows all", told)
    assert command is not None
    # What it says to do next looks in the same books.
    assert main(shlex.split(command[1])) == 0
    assert "ada" not in capsys.readouterr().out
    code, _, told = run(capsys, "keys", "add", "ada", "--config", str(config))
    assert (code, f"keys rotate ada --config {config}" in told) == (2, True)


def test_usage_shows_what_failed(capsys: pytest.CaptureFixture[str], config: Path) -> None:
    with closing(Store(read_settings(config).books)) as store:
        key = store.add(Holder(name="ada", team="team")).split("_")[1]
        for outcome in ("done", "failed", "failed", "cut"):
            row = admit(store, Claim(holder="ada", key=key, slot=0, input=5, output=6), Limits(), time.time())
            settle(store, Ended(row=row, used=Used(input=5, output=2, estimated=False), outcome=outcome, at=1.0))
    code, shown, _ = run(capsys, "usage", "--config", str(config))
    assert code == 0
    heads, ada = (line.split() for line in shown.splitlines())
    assert dict(zip(heads, ada, strict=True)) == {
        "key": "ada", "requests": "4", "input": "20", "output": "8", "failed": "2", "estimated": "0", "open": "0"
    }  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ("gateway",), ("gateway", "--config", "none.toml"), ("keys", "add", "A B"), ("keys", "rotate", "nobody"),
        ("keys", "revoke", "nobody"), ("usage", "--since", "soon"), ("keys", "rotate", "ada", "--overlap", "x"),
        ("keys", "add", "ada", "--limit", "x=1"), ("gateway", "--replica", "http://a:1", "--config", "x"),
        ("gateway", "--replica", "ftp://a"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    code, out, told = run(capsys, *words)
    assert (code, out) == (2, "")
    assert "next: " in told


@pytest.mark.parametrize(
    "line",
    [
        "replicas = []", 'replicas = ["https://a:1"]', 'replicas = ["http://a:1/x"]', 'replicas = ["http://a"]',
        'replicas = ["http://a:1;}"]', 'listen = "0.0.0.0:443; #"', 'listen = "x"', "unknown = 1", "workers = 0",
        'session_header = "x y"', 'session_header = "X-S;"', 'certificate = "a"', 'access_log = "/a;b"',
        "[bounds]\nx=1",
        'names = ["a b"]', 'metrics = "9464"', "[limits]\nconcurrent = 'x'", f'state = "{"x" * 120}"',
    ],
)  # fmt: skip
def test_settings_that_nginx_could_misread_are_refused(tmp_path: Path, line: str) -> None:
    file = tmp_path / "gateway.toml"
    first = "" if line.startswith("replicas") else 'replicas = ["http://a:1"]\n'
    file.write_text(f"{first}{line}\n")
    with pytest.raises(UsageError):
        read_settings(file)


@pytest.mark.parametrize("replica", ["https://a:1", "http://a:1/v1", "http://a", "10.0.0.1:8000"])
def test_a_server_that_is_no_address_is_told_with_what_one_is(replica: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        made_settings({"replicas": ["http://a:1", replica], "state": str(tmp_path)}, "--replica")
    assert replica in refused.value.why
    assert "http://HOST:PORT" in refused.value.hint


def test_a_limit_can_be_off_for_all(config: Path) -> None:
    config.write_text(config.read_text() + '[limits]\nconcurrent = "off"\nmax_tokens = 9\n')
    assert read_settings(config).limits == Limits(concurrent=None, max_tokens=9)


def test_nginx_takes_what_is_made_for_it(
    capsys: pytest.CaptureFixture[str], config: Path, tmp_path: Path
) -> None:
    need_nginx()
    code, out, _ = run(capsys, "gateway", "--config", str(config), "--nginx", str(tmp_path / "etc"))
    assert (code, out) == (0, f"nginx takes {tmp_path / 'etc/nginx.conf'}\n")
    text = (tmp_path / "etc/nginx.conf").read_text()
    assert "server 10.0.0.1:8000 max_fails=2" in text
    assert "server [fd00::1]:8001 max_fails=2" in text
    config.write_text(f'replicas = ["http://no-such-host.invalid:1"]\n{USER}')
    code, _, told = run(capsys, "gateway", "--config", str(config), "--nginx", str(tmp_path / "etc"))
    assert code == 2
    assert "no-such-host.invalid" in told


def test_nothing_is_ever_repeated_buffered_to_a_disk_or_logged_with_words(tmp_path: Path) -> None:
    settings = made_settings({"replicas": ["http://a:1"], "state": "/x", "access_log": "/x/log"}, "here")
    assert isinstance(settings, Settings)
    text = rendered(settings, (tmp_path / "c", tmp_path / "k"))
    assert "non_idempotent" not in text
    assert text.count("proxy_next_upstream error timeout;") == 7
    assert "proxy_max_temp_file_size 0;" in text
    logged = re.findall(r"\$\w+", text[text.index("log_format") : text.index("access_log")])
    known = {"$time_iso8601", "$remote_addr", "$r1code_asked", "$status", "$body_bytes_sent", "$request_time"}
    assert set(logged) == known


def test_a_name_with_several_addresses_is_several_servers(tmp_path: Path) -> None:
    """For nginx hashes names: a session would go to the addresses of one in turn."""
    known = {"several": ("10.0.0.1", "10.0.0.2"), "one": ("10.0.0.3",)}
    replicas = ["http://several:8000", "http://one:8000/", "http://none:8000", "http://[::1]:8000"]
    settings = made_settings({"replicas": replicas, "state": "/x"}, "here")
    text = rendered(settings, (tmp_path / "c", tmp_path / "k"), lambda host: known.get(host, ()))
    servers = re.findall(r"server (\S+) max_fails=2", text)
    assert servers == ["10.0.0.1:8000", "10.0.0.2:8000", "one:8000", "none:8000", "[::1]:8000"]


def test_its_address_is_told_once_it_listens_and_not_where_another_has_the_port(tmp_path: Path) -> None:
    need_nginx()
    words = [sys.executable, "-P", "-m", "r1code", "serve", "gateway", "--with-nginx", "--config"]
    (tmp_path / "gw").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken, running(tmp_path / "gw", replicas=1) as gateway:
        until(lambda: f"the gateway: https://127.0.0.1:{gateway.port}/v1" in gateway.output)
        file = tmp_path / "gateway.toml"
        file.write_text(
            f'replicas = ["http://127.0.0.1:1"]\nmetrics = "127.0.0.1:{free_port()}"\n'
            f'listen = "127.0.0.1:{taken.getsockname()[1]}"\n{USER}'
        )
        done = subprocess.run([*words, str(file)], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode != 0
        assert "Address already in use" in done.stderr
        assert "the gateway has ended" in done.stderr
        assert done.stdout == ""


def test_a_server_that_does_not_answer_is_named_at_the_start(tmp_path: Path) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    with running(tmp_path, replicas=1) as gateway:
        until(lambda: "a key for somebody" in gateway.output)
        gateway.stop()
        assert "no server answers" not in gateway.output
        text = gateway.config.read_text()
        gateway.config.write_text(text.replace("replicas = [", f'replicas = ["{dead}", '))
        gateway.start()
        until(lambda: f"no server answers yet at {dead}" in gateway.output)
        gateway.stop()
        assert gateway.output.count("no server answers") == 1


def test_a_certificate_is_used_again_while_it_serves(tmp_path: Path) -> None:
    first, key = self_signed(tmp_path, ["localhost", "127.0.0.1", "::1"])
    before = first.read_bytes()
    assert self_signed(tmp_path, ["localhost", "127.0.0.1", "::1"])[0].read_bytes() == before
    assert oct(key.stat().st_mode & 0o777) == "0o600"
    assert self_signed(tmp_path, ["other"])[0].read_bytes() != before
    between = first.read_bytes()
    first.write_bytes(b"")
    assert self_signed(tmp_path, ["other"])[0].read_bytes() not in {between, b""}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is asked whom nginx belongs to")
def test_root_has_to_say_whose_nginx_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, told = run(capsys, "gateway", "--replica", "http://127.0.0.1:1", "--state", str(tmp_path))
    assert code == 2
    assert "not run as root" in told
    assert "--user" in told
    # No address where nothing will be.
    assert out == ""


def test_a_key_is_said_to_go_into_the_books_of_this_gateway(tmp_path: Path) -> None:
    folder = tmp_path / "a team"
    folder.mkdir()
    with running(folder, replicas=1) as gateway:
        until(lambda: f"r1code serve keys add NAME --config '{gateway.config}'\n" in gateway.output)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives nginx to another user")
def test_the_user_of_nginx_comes_to_its_sockets_or_it_is_said_why_not(tmp_path: Path) -> None:
    with TemporaryDirectory() as made:
        Path(made).chmod(0o711)
        state = Path(made) / "gateway"
        settings = made_settings({"replicas": ["http://a:1"], "state": str(state), "user": "nobody"}, "x")
        # Keys may come first.
        Store(settings.books).close()
        assert state.stat().st_mode & 0o777 == 0o700
        prepare(settings)
        subprocess.run(["touch", settings.run / "x"], check=True, user="nobody")
        assert settings.books.stat().st_mode & 0o777 == 0o600
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    settings = made_settings({"replicas": ["http://a:1"], "state": str(closed / "g"), "user": "nobody"}, "x")
    with pytest.raises(UsageError, match="nobody cannot reach"):
        prepare(settings)


def test_the_gateway_is_loaded_only_where_it_is_started() -> None:
    code = "import sys; from r1code.cli.main import main; main(['serve', 'keys', 'list']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert {"uvicorn", "prometheus_client", "cryptography", "httpx2"} & set(done.stdout.split()) == set()
