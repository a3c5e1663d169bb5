"""Weights: downloaded from a hub that breaks, resumed, compared, checked in a folder, and served."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakes.hub import COMMIT, REPOSITORY, Hub, checkpoint, hub, tensors
from fakes.ports import free_port
from fakes.spawned import until
from fakes.vllm import program
from r1code.app.folders import state_folder
from r1code.cli.main import main
from r1code.control import Control
from r1code.errors import Cancelled, ProviderError, StateError
from r1code.serving.run.state import servers_in
from r1code.serving.weights.fetch import demand_room, fetch
from r1code.serving.weights.hub import asked
from r1code.serving.weights.manifest import inside, manifest_in
from r1code.serving.weights.whole import faults_in

Run = Callable[..., tuple[int, str, str]]
FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with hub() as one:
        monkeypatch.setenv("HF_ENDPOINT", one.url)
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setenv("R1CODE_CACHE_DIR", str(tmp_path / "cache"))
        yield one


@pytest.fixture
def serve(capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    def run(*words: str) -> tuple[int, str, str]:
        code = int(main(["serve", *words]))
        return code, *capsys.readouterr()

    yield run
    for one in servers_in(state_folder() / "servers"):
        main(["serve", "down", one.name, "--now"])


def is_all(folder: Path, files: dict[str, bytes]) -> bool:
    return {name: (folder / name).read_bytes() for name in files} == files


def written(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def test_weights_come_with_consent_are_compared_and_come_once(serve: Run, there: Hub, tmp_path: Path):
    to = tmp_path / "weights"
    there.files |= {"pytorch_model.bin": b"x" * 5000, ".gitattributes": b"x", "figures/a.png": b"x"}
    code, _, said = serve("weights", "distill-qwen-7b", "--to", str(to))
    assert code == 2
    assert "nobody agreed" in said
    assert there.of_store() == []
    code, shown, said = serve("weights", "distill-qwen-7b", "--to", str(to), "--yes")
    assert code == 0, said
    assert shown == f"{to}\n"
    assert COMMIT in said
    assert is_all(to, checkpoint())
    assert {one.name for one in to.iterdir() if not one.name.startswith(".")} == set(checkpoint())
    manifest = manifest_in(to)
    assert manifest is not None
    assert (manifest.repository, manifest.revision, manifest.is_checked) == (REPOSITORY, COMMIT, True)
    # The token goes to the hub, and never to the store that it sends us to; nobody else is told anything.
    assert {who for _, _, who in there.of_store()} == {None}
    hubs = [(path, who) for place, path, _, who in there.asked if place == "hub"]
    assert {who for _, who in hubs} == {"Bearer hf_secret"}
    assert [path for path, _ in hubs if REPOSITORY not in path] == []
    before = len(there.asked)
    assert serve("weights", "distill-qwen-7b", "--to", str(to))[0] == 0
    assert len(there.asked) == before
    # One that was lost comes again, alone.
    (to / SECOND).unlink()
    assert serve("weights", "distill-qwen-7b", "--to", str(to), "--yes")[0] == 0
    assert [path for path, _, _ in there.of_store()][2:] == [f"/{SECOND}"]
    code, _, said = serve("weights", "distill-qwen-14b", "--to", str(to), "--yes")
    assert code == 2
    assert "holds other weights" in said


def test_a_connection_that_breaks_goes_on_where_it_broke(serve: Run, there: Hub, tmp_path: Path):
    there.cuts[FIRST] = 12_345
    there.busy = 1
    assert serve("weights", REPOSITORY, "--to", str(tmp_path / "w"), "--yes")[0] == 0
    assert (f"/{FIRST}", "bytes=12345-", None) in there.of_store()
    assert is_all(tmp_path / "w", checkpoint())


@pytest.mark.parametrize("name", [FIRST, "config.json"])
def test_a_wrong_byte_is_found_and_the_file_is_not_kept(serve: Run, there: Hub, tmp_path: Path, name: str):
    there.wrong.add(name)
    code, _, said = serve("weights", REPOSITORY, "--to", str(tmp_path / "w"), "--yes")
    assert code == 6
    assert f"{name} is not what the hub says" in said
    assert [one for one in (tmp_path / "w").iterdir() if one.name.startswith(name)] == []
    there.wrong.clear()
    assert serve("weights", REPOSITORY, "--to", str(tmp_path / "w"), "--yes")[0] == 0
    assert is_all(tmp_path / "w", checkpoint())


def test_a_damaged_part_of_before_is_no_reason_to_give_up(there: Hub, tmp_path: Path):
    (tmp_path / f"{FIRST}.part").write_bytes(b"?" * 500)
    fetch(asked(REPOSITORY, None, os.environ), tmp_path, tell=lambda _: None, control=Control())
    assert is_all(tmp_path, checkpoint())
    assert [span for path, span, _ in there.of_store() if path == f"/{FIRST}"] == ["bytes=500-", None]


def test_an_interrupt_ends_it_at_once_and_loses_nothing(there: Hub, tmp_path: Path):
    there.holds[FIRST] = 10_000
    to = tmp_path / "w"
    words = [sys.executable, "-m", "r1code", "serve", "weights", REPOSITORY, "--to", str(to), "--yes"]
    running = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    part = to / f"{FIRST}.part"
    until(lambda: part.exists() and part.stat().st_size == 10_000 and (to / SECOND).exists())
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=40)
    assert running.returncode != 0
    assert part.stat().st_size == 10_000
    again = subprocess.run(words, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert is_all(to, checkpoint())
    assert there.of_store()[-1] == (f"/{FIRST}", "bytes=10000-", None)
    assert [path for path, _, _ in there.of_store()].count(f"/{SECOND}") == 1


def test_two_at_once_do_not_write_one_folder(there: Hub, tmp_path: Path):
    there.holds[FIRST] = 10
    found, control = asked(REPOSITORY, None, os.environ), Control()

    def second(_: object) -> None:
        with pytest.raises(StateError, match="already"):
            fetch(found, tmp_path, tell=lambda _: None, control=Control())
        control.cancel()

    with pytest.raises(Cancelled):
        fetch(found, tmp_path, tell=second, control=control)


def test_a_hub_names_no_file_outside_the_folder(there: Hub, tmp_path: Path):
    there.files["a/../../evil.json"] = b"x"
    with pytest.raises(ProviderError, match="evil"):
        asked(REPOSITORY, None, os.environ)
    for path in ("/etc/x", "a/../../x", "", "a\\b"):
        with pytest.raises(ProviderError):
            inside(tmp_path, path)


def test_without_room_or_a_hub_nothing_begins(serve: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    with pytest.raises(StateError, match="no room"):
        demand_room(10**12, 10**11, tmp_path)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    code, _, said = serve("weights", REPOSITORY, "--to", str(tmp_path / "w"))
    assert code == 6
    assert "the hub cannot be reached" in said


def _cut(name: str) -> Callable[[dict[str, bytes]], None]:
    return lambda files: files.update({name: files[name][:-7]})


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (_cut(SECOND), f"{SECOND} is cut off"),
        (lambda files: files.pop(FIRST), f"{FIRST} is missing"),
        (lambda files: files.update({SECOND: tensors("z")}), f"{SECOND} lacks c"),
        (lambda files: files.update({SECOND: files[SECOND] + b"x"}), f"{SECOND} is too long"),
        (lambda files: files.update({SECOND: b"version https://git-lfs"}), f"{SECOND} has no header"),
        (lambda files: files.update({SECOND: files[SECOND][:30]}), f"{SECOND} has no header"),
        (lambda files: files.pop("model.safetensors.index.json"), "model.safetensors.index.json is missing"),
        (lambda files: files.pop("config.json"), "config.json is missing"),
        (
            lambda files: [files.pop("tokenizer.json"), files.pop("tokenizer_config.json")],
            "there is no tokenizer",
        ),
        (
            lambda files: files.update({"model.safetensors.index.json": b'{"weight_map": {"a": "../x"}}'}),
            "outside the folder",
        ),
        (
            lambda files: [files.pop(one) for one in list(files) if one.startswith("model")],
            "no weights as safetensors",
        ),
    ],
)
def test_a_folder_that_is_not_whole_says_what_is_wrong(
    damage: Callable[[dict[str, bytes]], object], says: str, tmp_path: Path
):
    files = checkpoint()
    assert faults_in(written(tmp_path / "whole", files)) == []
    damage(files)
    faults = faults_in(written(tmp_path / "w", files))
    assert any(says in one.what for one in faults), faults


def test_a_changed_byte_in_a_folder_is_found_by_reading_all_of_it(serve: Run, there: Hub, tmp_path: Path):
    to = tmp_path / "w"
    assert serve("weights", REPOSITORY, "--to", str(to), "--yes")[0] == 0
    # A copy on a machine that reaches no hub.
    copy = Path(shutil.copytree(to, tmp_path / "copy"))
    before = len(there.asked)
    code, _, said = serve("weights", "--check", str(copy))
    assert code == 0
    assert "as the hub published it" in said
    data = bytearray((copy / SECOND).read_bytes())
    data[-1] ^= 1
    (copy / SECOND).write_bytes(data)
    code, shown, _ = serve("weights", "--check", str(copy))
    assert code == 2
    assert shown == f"{SECOND} is not what the hub published: its SHA-256 differs\n"
    assert len(there.asked) == before
    # The next download gets that one again, and no other.
    assert serve("weights", REPOSITORY, "--to", str(copy), "--yes")[0] == 0
    assert is_all(copy, checkpoint())
    assert [path for path, _, _ in there.of_store()][2:] == [f"/{SECOND}"]


def up(serve: Run, tmp_path: Path, *words: str) -> tuple[int, str, str]:
    port = str(free_port())
    fake = program(tmp_path / "vllm")
    named = ("--gpus", "24GiB@8.9", "--name", "mine", "--port", port, "--vllm", str(fake))
    return serve("up", "distill-qwen-7b", *named, *words)


def test_up_downloads_and_serves_the_folder_without_a_hub(serve: Run, there: Hub, tmp_path: Path):
    code, _, said = up(serve, tmp_path, "--yes")
    assert code == 0, said
    (start,) = [json.loads(one) for one in (tmp_path / "vllm/starts").read_text().splitlines()]
    folder = Path(start["argv"][1])
    assert is_all(folder, checkpoint())
    assert start["argv"][start["argv"].index("--served-model-name") + 1] == REPOSITORY
    assert start["offline"] == "1"


def test_up_from_a_folder_asks_no_hub_and_refuses_what_is_not_whole(serve: Run, there: Hub, tmp_path: Path):
    folder = written(tmp_path / "r1", checkpoint())
    whole = (folder / SECOND).read_bytes()
    (folder / SECOND).write_bytes(whole[:-1])
    code, _, said = up(serve, tmp_path, "--weights", str(folder))
    assert code == 2
    assert f"{SECOND} is cut off" in said
    assert not (tmp_path / "vllm/starts").exists()
    # Who names a form of weights is believed.
    assert up(serve, tmp_path, "--weights", str(folder), "--vllm-arg=--load-format=dummy")[0] == 0
    assert serve("down", "mine", "--now")[0] == 0
    (folder / SECOND).write_bytes(whole)
    code, _, said = up(serve, tmp_path, "--weights", str(folder), "--force")
    assert code == 0, said
    assert there.asked == []
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 27}))
    code, _, said = up(serve, tmp_path, "--weights", str(folder), "--name", "other")
    assert code == 2
    assert "not those of R1-Distill-Qwen-7B" in said
