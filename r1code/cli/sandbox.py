"""`r1code sandbox ...`: the handlers."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from r1code.app.environments import Image
from r1code.app.folders import state_folder, user_config
from r1code.app.images import Making, build, image_for, plan, prune_images
from r1code.app.sandboxes import make_image, network_of, prune_containers
from r1code.app.signals import cancel_on_signals
from r1code.config import load_config
from r1code.control import Control
from r1code.errors import UsageError
from r1code.repo.git import Git
from r1code.sandbox.environments.recipe import dockerfile
from r1code.types import ExitCode
from r1code.ui.ask import Person
from r1code.ui.messages import localized
from r1code.ui.safe import safe, safe_line

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from r1code.config import Config
    from r1code.tree.patch import Patch

_FILE = ".r1code/Dockerfile"


def handle(options: argparse.Namespace) -> int:
    """Runs one action and returns its exit code."""
    control = Control()
    actions = {
        "prune": _prune,
        "image": _image,
        "init": _init,
        "build": _build,
        "shell": _shell,
        "doctor": _doctor,
    }
    with cancel_on_signals(control):
        return actions[options.action](options, control)


def image_of(
    git: Git, config: Config, say: Callable[[str], None], control: Control, *, person: Person | None = None
) -> Image:
    """What the sandboxes of a session start from; a person is asked where something must be built.

    None: whoever sits at the terminal.
    """
    making = Making(state=state_folder(), say=say, control=control)
    title = "Build the project's environment?"
    return image_for(git, config, lambda what: agrees(title, what, control, person), making)


def agrees(title: str, what: str, control: Control, person: Person | None = None) -> bool | None:
    """Whether a person agrees; None: nobody is there, or they did not say."""
    from r1code.ui.ask import Choice, at_terminal

    person = person or at_terminal()
    if person is None:
        return None
    key = person.ask(title, what, (Choice("y", "yes"), Choice("n", "no")), control, deny="")
    return {"y": True, "n": False}.get(key)


def _say(text: str) -> None:
    print(safe(text), file=sys.stderr)


def _configured(options: argparse.Namespace) -> tuple[Git, Config]:
    git = Git.find(Path(options.folder), state_folder())
    return git, load_config(flags=vars(options), environ=os.environ, user_file=user_config(), project=git.root)


def _prune(options: argparse.Namespace, control: Control) -> int:
    removed = prune_containers(state_folder(), control, everything=options.all)
    images = prune_images(state_folder(), control, everything=options.all)
    for line in (*removed, *images):
        print(localized(f"removed {line}"))
    print(localized(f"{len(removed)} containers and {len(images)} images removed"))
    return 0


def _image(options: argparse.Namespace, control: Control) -> int:
    print(make_image(options.image, _say, control))
    return 0


def _init(options: argparse.Namespace, control: Control) -> int:
    git, config = _configured(options)
    project, recipe = plan(git, config, Making(state=state_folder(), say=_say, control=control))
    if not project.detected.environments:
        _say("no project that r1code knows was found: the base image is used as it is")
    if project.is_plain and not project.needs_nothing:
        _say("the base image is enough: nothing is built unless you ask for it")
    text = dockerfile(recipe)
    print(safe(text), end="")
    if not options.write:
        if project.needs_nothing:
            _say(f"--write keeps it as {_FILE}")
        else:
            _say(f"`r1code sandbox build` builds this; --write keeps it as {_FILE}")
        return 0
    file = git.root / _FILE
    if file.exists() and file.read_text(errors="replace") != text and not options.force:
        raise UsageError(
            f"{_FILE} is there and differs",
            why="it may be yours",
            hint="--force overwrites it, or remove it first",
        )
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    _say(f"written: {_FILE}. It is used where your own configuration says dockerfile = {str(file)!r}")
    return 0


def _build(options: argparse.Namespace, control: Control) -> int:
    git, config = _configured(options)
    making = Making(state=state_folder(), say=_say, control=control)
    name = build(git, config, making, no_cache=options.no_cache)
    if name is not None:
        print(name)
    return 0


def _doctor(_: argparse.Namespace, control: Control) -> int:
    from r1code.app.doctor import examine
    from r1code.ui.finding import told

    code = 0
    config = load_config(flags={}, environ=os.environ, user_file=user_config(), project=None)
    for finding in examine(state_folder(), config, control):
        print(told(finding), flush=True)
        code = max(code, ExitCode.SANDBOX if finding.state == "wrong" else 0)
    return code


def _shell(options: argparse.Namespace, control: Control) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "there is no terminal for a shell",
            why="standard input or output is a file or a pipe",
            hint="run it in a terminal; `r1code -p TASK` and `r1code fix` need none",
        )
    from r1code.app.shell import Shell

    git, config = _configured(options)
    image = image_of(git, config, _say, control)
    network = network_of(config)
    if network.remark:
        _say(f"note: {network.remark}")
    with Shell(git, image, network, state=state_folder(), say=_say).opened(control) as shell:
        _say(f"a copy of your files is in /workspace (network: {network.text}); you are asked about changes")
        code = shell.interact(control)
        changed = shell.changes(control)
        if changed and _keeps(changed, control):
            shell.bring(changed, control)
            _say(f"{len(changed.paths)} files changed; `r1code undo` takes it back")
    return code


def _keeps(changed: Patch, control: Control) -> bool:
    names = "\n".join(safe_line(path) for path in changed.paths)
    return bool(agrees(f"Bring back what changed in {len(changed.paths)} files?", names, control))
