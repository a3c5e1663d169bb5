"""The sandboxes against the engine and bubblewrap without us: one command, a start, and the first copy of a tree.

`--mini` adds mini-swe-agent's Docker environment on the same commands; it is installed into a folder that is
removed afterwards. `--mini PYTHON` takes the interpreter of a virtual environment that has it.

Raw is what a person would type or a program would ask the engine for: `docker exec` and the SDK in a container
that runs, `docker run`, and `tar | docker exec -i tar -x`. The ways take turns, so that what else the machine
does falls on all alike; the quickest of the rounds counts. Folders that are named are copied, too.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import docker
from mini import Mini, install

from r1code.control import Control
from r1code.sandbox.base import Limits
from r1code.sandbox.bubblewrap import BubblewrapSandbox
from r1code.sandbox.copied import Copying
from r1code.sandbox.docker import DockerSandbox
from r1code.sandbox.images.image import ensure_image
from r1code.tree.scan import scan
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store

COMMANDS = {"exec of true": "true", "exec of 1 MB": "head -c 1048576 /dev/zero"}
SESSION = "ls -la /tmp; python3 -c 'print(1)'; echo hi >/tmp/x; cat /tmp/x"
TMPFS = "rw,exec,uid=1000,gid=1000,mode=0755,size=1g"
USER = ["-u", "1000:1000"]
CONFINED = [
    *("--network=none", "--read-only", "--init", "--cap-drop=ALL", "--security-opt=no-new-privileges"),
    *(
        "--pids-limit=512",
        "--memory=4g",
        "--memory-swap=4g",
        f"--tmpfs=/workspace:{TMPFS}",
        f"--tmpfs=/tmp:{TMPFS}",
    ),
]
Ways = dict[str, Callable[[], float]]


def seconds(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def show(what: str, aim: float, rounds: int, ways: Ways) -> None:
    """The first way is ours. Each says what it took."""
    took = {name: float("inf") for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            took[name] = min(took[name], way())
    (_, ours), *others = took.items()
    print(f"{what:24} {ours * 1000:8.1f} ms   aim: within {aim:.1f} x of the first below")
    for name, other in others:
        print(f"  {name:22} {other * 1000:8.1f} ms {ours / other:6.2f} x")


def cli(*words: str) -> str:
    return subprocess.run(
        ["docker", *words], capture_output=True, check=True, text=True, timeout=60
    ).stdout.strip()


class Place:
    """An image, and containers of it: ours and raw ones."""

    def __init__(self, image: str, store: Store) -> None:
        self.image = image
        self.store = store

    def sandbox(self) -> DockerSandbox:
        return DockerSandbox(image=self.image, store=self.store, owner="bench", limits=Limits(), say=print)

    def raw(self) -> str:
        return cli("run", "-d", "--rm", *CONFINED, self.image, "sleep", "600")


def execs(place: Place, client: docker.DockerClient) -> None:
    sandbox, name = place.sandbox(), place.raw()
    inside = client.containers.get(name)

    def ours(command: str, times: int) -> float:
        return seconds(lambda: [list(sandbox.run(command, Control())) for _ in range(times)]) / times

    try:
        sandbox.start(Control())
        for what, command in COMMANDS.items():
            # A model thinks between commands; in a row there is no time to get the next one's process ready.
            for when, times in (("", 1), (", in a row", 5)):
                show(
                    what + when,
                    1.3,
                    9,
                    {
                        "r1code": lambda command=command, times=times: ours(command, times),
                        "docker exec": lambda command=command: seconds(
                            lambda: cli("exec", *USER, name, "bash", "-c", command)
                        ),
                        "SDK exec_run": lambda command=command: seconds(
                            lambda: inside.exec_run(["bash", "-c", command], user="1000:1000")
                        ),
                    },
                )
    finally:
        cli("rm", "-f", name)
        sandbox.close()


RAW_BUBBLEWRAP = [
    *("bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"),
    *("--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib"),
    *(
        "--symlink",
        "usr/lib64",
        "/lib64",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--tmpfs",
        "/tmp",
        "--tmpfs",
        "/workspace",
    ),
]


def engineless(place: Place) -> None:
    """bubblewrap by itself, as the same user: it keeps no files, limits nothing and filters nothing."""
    lower = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []

    def sandbox() -> BubblewrapSandbox:
        return BubblewrapSandbox(Copying(store=place.store, limits=Limits(), say=print))

    def raw(command: str) -> float:
        words = [*lower, *RAW_BUBBLEWRAP, "/bin/bash", "-c", command]
        return seconds(lambda: subprocess.run(words, capture_output=True, check=True, timeout=60))

    def fresh() -> float:
        one = sandbox()
        try:
            return seconds(lambda: list(one.run("true", Control())))
        finally:
            one.close()

    kept = sandbox()
    kept.start(Control())
    try:
        for what, command in COMMANDS.items():
            show(
                f"bubblewrap: {what}",
                5.0,
                9,
                {
                    "r1code": lambda command=command: seconds(lambda: list(kept.run(command, Control()))),
                    "bwrap": lambda command=command: raw(command),
                },
            )
    finally:
        kept.close()
    show("bubblewrap: start, and true", 15.0, 5, {"r1code": fresh, "bwrap": lambda: raw("true")})


def starts(place: Place) -> None:
    def ours() -> float:
        sandbox = place.sandbox()
        try:
            return seconds(lambda: list(sandbox.run("true", Control())))
        finally:
            sandbox.close()

    def at_once(*options: str) -> float:
        return seconds(lambda: cli("run", "--rm", *options, *USER, place.image, "true"))

    show(
        "start, and true in it",
        1.5,
        5,
        {"r1code": ours, "docker run": at_once, "docker run, confined": lambda: at_once(*CONFINED)},
    )


def generated(folder: Path, files: int, megabytes: float) -> Path:
    """A tree of so many files, most of them small, and so many bytes altogether."""
    steps = min(files, 1000)
    unit = int(2e6 * megabytes / files / steps)
    for number in range(files):
        place = folder / f"d{number % 100}" / f"e{number % 7}" / f"f{number}.py"
        place.parent.mkdir(parents=True, exist_ok=True)
        size = number % steps * unit
        place.write_bytes((b"value = %06d\n" % number * (size // 15 + 1))[:size])
    return folder


def copies(place: Place, folder: Path) -> None:
    names = [str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file() or file.is_symlink()]
    tree = scan(folder, names, place.store)

    def ours() -> float:
        sandbox = place.sandbox()
        try:
            sandbox.start(Control())
            return seconds(lambda: sandbox.sync(tree, Control()))
        finally:
            sandbox.close()

    def raw() -> float:
        name = place.raw()
        pipe = f"tar -C {folder} -c . | docker exec -i -u 1000:1000 {name} tar -x -C /workspace"
        try:
            return seconds(lambda: subprocess.run(["sh", "-c", pipe], check=True, timeout=60))
        finally:
            cli("rm", "-f", name)

    size = sum((folder / name).lstat().st_size for name in names) / 1e6
    show(f"copy: {len(names)} files, {size:.0f} MB", 1.3, 7, {"r1code": ours, "tar | docker exec": raw})


def beside_mini(place: Place, python: str) -> None:
    """Neither has files to copy in: its environment brings none."""
    sandbox, other = place.sandbox(), Mini(python)
    try:
        sandbox.start(Control())
        other.start(place.image)
        for what, command in COMMANDS.items():
            show(
                f"{what}, mini's",
                1.0,
                9,
                {
                    "r1code": lambda command=command: seconds(lambda: list(sandbox.run(command, Control()))),
                    "mini-swe-agent": lambda command=command: other.execute(command),
                },
            )
    finally:
        other.close()
        sandbox.close()

    def ours(commands: int, *, looking: bool) -> float:
        sandbox, tree = place.sandbox(), Snapshot({})

        def session() -> None:
            sandbox.start(Control())
            for _ in range(commands):
                if looking:
                    sandbox.sync(tree, Control())
                list(sandbox.run(SESSION, Control()))
                if looking:
                    sandbox.changes(Control())

        try:
            return seconds(session)
        finally:
            sandbox.close()

    def theirs(commands: int) -> float:
        mini = Mini(python)
        try:
            return mini.start(place.image) + sum(mini.execute(SESSION) for _ in range(commands))
        finally:
            mini.close()

    for commands, rounds in ((1, 5), (50, 3)):
        ways: Ways = {
            "r1code": lambda commands=commands: ours(commands, looking=False),
            "mini-swe-agent": lambda commands=commands: theirs(commands),
        }
        show(f"session of {commands}", 1.0, rounds, ways)
        ways["r1code"] = lambda commands=commands: ours(commands, looking=True)
        show(f"session of {commands}, looked at", 1.0, rounds, ways)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mini", nargs="?", const="", metavar="PYTHON")
    parser.add_argument("trees", nargs="*", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    client = docker.from_env()
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            place = Place(ensure_image(client, None, print, Control()), Store(folder / "store"))
            execs(place, client)
            engineless(place)
            starts(place)
            copies(place, generated(folder / "small", 200, 1.2))
            copies(place, generated(folder / "large", 10_000, 60))
            for tree in options.trees:
                copies(place, tree.resolve())
            if options.mini is not None:
                beside_mini(place, options.mini or install(folder / "mini"))
    finally:
        client.close()


if __name__ == "__main__":
    main()
