from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.leaks import SECRETS, text_of
from fakes.sandbox import Answer, FakeSandbox, FakeSpawned, Files
from r1code.control import Control
from r1code.errors import Cancelled
from r1code.sandbox.veil import Veil, VeiledSandbox
from r1code.secrets.vault import Vault
from r1code.tree.snapshot import Entry, Snapshot
from r1code.tree.store import Store
from r1code.types import ExecResult


class Scene:
    """A veiled sandbox with these files in it; `do` is what the command `go` does."""

    def __init__(self, folder: Path, files: Files, do: Callable[[Files], Answer] | None = None) -> None:
        self.store = Store(folder / "objects")
        self.said: list[str] = []
        self.veil = Veil(Vault(bytes(32)), self.store, self.said.append)
        self.inner = FakeSandbox({} if do is None else {"go": do}, store=self.store)
        self.sandbox = VeiledSandbox(self.inner, self.veil)
        self.snapshot = Snapshot(
            {
                path: Entry(kind="file", mode=0o644, digest=self.store.put(data))
                for path, data in sorted(files.items())
            }
        )
        self.sandbox.sync(self.snapshot, Control())

    def go(self) -> tuple[str, ExecResult]:
        running = self.sandbox.run("go", Control())
        shown = ""
        try:
            while True:
                shown += next(running)
        except StopIteration as stop:
            return shown, stop.value

    def changed(self) -> dict[str, bytes | None]:
        patch = self.sandbox.changes(Control())
        assert [one.path for one in patch.changes if one.before != self.snapshot.entries.get(one.path)] == []
        return {
            one.path: None if one.after is None else self.store.get(one.after.digest) for one in patch.changes
        }


CONFIG = "".join(map(text_of, SECRETS)).encode()
FILES = {"config.py": CONFIG, "main.py": b"print(1)\n", "data.bin": b"\0" + CONFIG}


def test_no_secret_of_a_text_file_is_inside_and_every_line_is_where_it_was(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FILES)
    inside = scene.inner.files
    assert [kind for kind, secret in SECRETS.items() if secret.encode() in inside["config.py"]] == []
    assert inside["config.py"].count(b"\n") == CONFIG.count(b"\n")
    assert inside["main.py"] == FILES["main.py"]
    assert scene.changed() == {}
    assert len(scene.said) == 1
    assert "secrets in config.py" in scene.said[0]


def test_what_comes_back_has_its_secrets_again(tmp_path: Path) -> None:
    def edit(files: Files) -> Answer:
        files["config.py"] += b"DEBUG = True\n"
        files["copy.py"] = files["config.py"]
        files.pop("main.py")
        return 0, ""

    scene = Scene(tmp_path, FILES, edit)
    scene.go()
    assert scene.changed() == {
        "config.py": CONFIG + b"DEBUG = True\n",
        "copy.py": CONFIG + b"DEBUG = True\n",
        "main.py": None,
    }


def test_a_file_that_a_command_wrote_again_as_it_was_did_not_change(tmp_path: Path) -> None:
    def write(files: Files) -> Answer:
        files["config.py"] = CONFIG
        return 0, ""

    scene = Scene(tmp_path, FILES, write)
    scene.go()
    assert scene.changed() == {}


@pytest.mark.parametrize("kind", SECRETS)
def test_output_is_hidden_as_it_comes_and_in_the_result(tmp_path: Path, kind: str) -> None:
    scene = Scene(tmp_path, FILES, lambda _: (1, f"a\n{text_of(kind)}\nlast {SECRETS[kind]}"))
    shown, result = scene.go()
    assert SECRETS[kind] not in shown + result.output
    assert shown == result.output
    assert (result.exit_code, shown[:2]) == (1, "a\n")


@pytest.mark.parametrize("kind", SECRETS)
def test_output_of_a_background_command_is_hidden_however_it_is_looked_at(tmp_path: Path, kind: str) -> None:
    scene = Scene(tmp_path, FILES)
    whole = f"a\n{text_of(kind)}\nlast {SECRETS[kind]}"
    parts = [whole[at : at + 7] for at in range(0, len(whole), 7)]
    scene.inner.spawned["serve"] = FakeSpawned(parts, ends="exit code 0")
    spawned = scene.sandbox.spawn("serve", Control())
    shown = "".join(spawned.output() for _ in (*parts, "", ""))
    assert SECRETS[kind] not in shown
    assert shown.startswith("a\n")
    assert "last " in shown
    assert spawned.ended == "exit code 0"


def test_a_secret_that_is_known_later_is_taken_out_at_the_next_sync(tmp_path: Path) -> None:
    scene = Scene(tmp_path, {"a.py": b"x = 'my-own-word'\n"})
    assert b"my-own-word" in scene.inner.files["a.py"]
    scene.veil.vault.add_known(["my-own-word"], "env")
    scene.sandbox.sync(scene.snapshot, Control())
    assert b"my-own-word" not in scene.inner.files["a.py"]


class CountingStore(Store):
    """Notes what is read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.reads: list[str] = []

    def get(self, digest: str) -> bytes:
        self.reads.append(digest)
        return super().get(digest)


def test_files_are_looked_at_once(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FILES)
    scene.veil.store = counting = CountingStore(tmp_path / "objects")
    scene.sandbox.sync(scene.snapshot, Control())
    assert counting.reads == []


def test_a_cancel_ends_the_looking(tmp_path: Path) -> None:
    scene = Scene(tmp_path, {})
    control = Control()
    control.cancel()
    entry = Entry(kind="file", mode=0o644, digest=scene.store.put(b"x"))
    with pytest.raises(Cancelled):
        scene.sandbox.sync(Snapshot({"a": entry}), control)
