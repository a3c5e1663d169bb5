"""`r1code serve up`, `down`, `status` and `logs`: a vLLM on this machine."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from pathlib import Path

    from r1code.control import Control
    from r1code.serving.plan.alternatives import Refusal
    from r1code.serving.plan.facts import Machine, Model
    from r1code.serving.plan.plan import Plan
    from r1code.serving.run.state import Kept, Server

_Words = tuple[tuple[str, ...], tuple[str, ...]]
"""What starts it, and what removes what it may leave."""


def up(options: argparse.Namespace) -> int:
    from r1code.app.signals import cancel_on_signals
    from r1code.cli.serve_unit import started_by
    from r1code.control import Control
    from r1code.serving.plan.alternatives import Refusal
    from r1code.serving.run.state import checked_name
    from r1code.serving.run.unit import server_unit
    from r1code.types import ExitCode
    from r1code.ui.serve_plan import told_refusal

    control = Control()
    with cancel_on_signals(control):
        model, machine, made = _planned(options, control)
        if isinstance(made, Refusal):
            print(told_refusal(made))
            return ExitCode.USAGE
        name = checked_name(options.name or made.model.casefold())
        if options.unit:
            # Without --detach: it is not active before the server answers.
            print(server_unit(started_by(options).without("--detach"), name), end="")
            return ExitCode.OK
        server = _server(name, made, machine, options)
        _run(server, made, machine, options, control=control, reasons=model.parser is not None)
    return ExitCode.OK


def _planned(options: argparse.Namespace, control: Control) -> tuple[Model, Machine, Plan | Refusal]:
    """With the weights here, where it is no refusal. Raises UsageError, ProviderError, StateError, Cancelled."""
    from pathlib import Path

    from r1code.cli.serve_plan import made_plan
    from r1code.cli.serve_weights import fetched
    from r1code.serving.plan.alternatives import Refusal
    from r1code.serving.run.state import checked_name
    from r1code.serving.weights.whole import demand_whole

    folder = None if options.weights is None else Path(options.weights).resolve()
    model, machine, made = made_plan(options, folder)
    if isinstance(made, Refusal):
        return model, machine, made
    if options.unit:
        return model, machine, made
    # Before hours of a download.
    _server(checked_name(options.name or made.model.casefold()), made, machine, options)
    if Path(made.checkpoint).is_absolute():
        # Who names another form of weights, or none at all, knows what vLLM is to find.
        if not any(word.startswith("--load-format") for word in options.vllm_arg):
            demand_whole(Path(made.checkpoint))
        return model, machine, made
    if options.hub_cache:
        return model, machine, made
    folder = fetched(made.checkpoint, None, options, control)
    demand_whole(folder)
    return made_plan(options, folder)


def _run(
    server: Server,
    made: Plan,
    machine: Machine,
    options: argparse.Namespace,
    *,
    control: Control,
    reasons: bool,
) -> None:
    """Raises UsageError, ProviderError, Cancelled."""
    from r1code.app.folders import state_folder, user_profiles
    from r1code.app.keys import Keys, environment, key_file
    from r1code.app.served import check_profile, ensure_key, profile_of
    from r1code.serving.plan.flags import KEY
    from r1code.serving.run.process import start
    from r1code.serving.run.state import Kept

    name = server.name
    table = profile_of(server, made.profile, made.label)
    check_profile(name, table, user_profiles(), force=options.force)
    project = _project(name, made, machine, options) if options.place == "compose" else ""
    key, is_new = ensure_key(environment(), Keys(key_file()))
    if is_new:
        _say("made a key for it, and kept it (r1code auth list)")
    kept = Kept(_servers(state_folder()) / name)
    start(kept, server, {**os.environ, KEY: key}, project)
    if options.detach:
        _say(f"starting; r1code serve status says how far it is, r1code serve logs {name} more")
        return
    _wait(kept, made, machine, control)
    _greet(name, table, key, control=control, reasons=reasons)


def _server(name: str, made: Plan, machine: Machine, options: argparse.Namespace) -> Server:
    """Raises UsageError where it cannot be started from here."""
    import time

    from r1code.errors import UsageError
    from r1code.serving.plan.flags import DRAIN_SECONDS
    from r1code.serving.run.state import Server

    if len(made.commands) > 1 or made.layout.replicas > 1:
        raise UsageError(
            "the plan is for several machines",
            why="r1code starts processes on this one only",
            hint="run the commands of `r1code serve plan` on each, or name the GPUs of this machine alone",
        )
    places = {"process": _process, "container": _contained, "compose": _composed}
    argv, cleanup = places[options.place](name, made, machine, options)
    _check_port(options.host, options.port)
    return Server(
        name=name,
        argv=argv,
        cleanup=cleanup,
        environment={one.name: one.value for one in made.environment if one.value is not None},
        host=options.host,
        port=options.port,
        base_url=made.base_url,
        served=made.served,
        profile=name,
        window=made.window,
        tokens=made.memory.per_engine,
        drain_seconds=float(DRAIN_SECONDS),
        started=time.time(),
    )


def _process(_name: str, made: Plan, _machine: Machine, options: argparse.Namespace) -> _Words:
    """Raises UsageError."""
    import shutil

    from r1code.errors import UsageError

    program = shutil.which(str(options.vllm))
    if program is None:
        raise UsageError(
            "vLLM is not here",
            why=f"there is no program {options.vllm}",
            hint="install it (pip install vllm, in an environment of its own), or say where it is: --vllm FILE",
        )
    return (program, *next(iter(made.commands)).argv[1:], *options.vllm_arg), ()


def _contained(name: str, made: Plan, machine: Machine, options: argparse.Namespace) -> _Words:
    """Raises UsageError."""
    from r1code.errors import UsageError
    from r1code.serving.plan.compose import IMAGE
    from r1code.serving.run.container import cleanup_of, container_argv, demand_image

    if options.hub_cache:
        raise UsageError(
            "a container sees no cache of the hub",
            why="it sees one folder of weights",
            hint="leave --hub-cache out, or take --in compose, which keeps a cache of its own",
        )
    engine, image = _engine(machine, options), options.image or IMAGE
    demand_image(engine, image)
    argv = container_argv(made, name, engine=engine, image=image, more=tuple(options.vllm_arg))
    return argv, cleanup_of(name, engine)


def _composed(name: str, _made: Plan, machine: Machine, options: argparse.Namespace) -> _Words:
    """Raises UsageError."""
    from r1code.app.folders import state_folder
    from r1code.serving.plan.compose import IMAGE
    from r1code.serving.run.compose import cleanup_of, compose_argv, demand_compose
    from r1code.serving.run.container import demand_image
    from r1code.serving.run.state import Kept

    engine = _engine(machine, options)
    program, file = demand_compose(engine), Kept(_servers(state_folder()) / name).project
    demand_image(engine, options.image or IMAGE)
    return compose_argv(program, name, file), cleanup_of(program, name, file)


def _project(name: str, made: Plan, machine: Machine, options: argparse.Namespace) -> str:
    """Raises UsageError."""
    from r1code.serving.plan.compose import IMAGE, Project, compose_of
    from r1code.serving.run.compose import project_name

    project = Project(
        name=project_name(name), image=options.image or IMAGE, more=tuple(options.vllm_arg), watched=True
    )
    return compose_of(made, machine, project)


def _engine(machine: Machine, options: argparse.Namespace) -> str:
    """The program docker. Raises UsageError where no container can be."""
    import shutil

    from r1code.errors import UsageError
    from r1code.serving.plan.compose import demand_nvidia

    demand_nvidia(machine)
    if options.host not in {"127.0.0.1", "localhost"}:
        raise UsageError(
            "a container is not started so",
            why="its port is published on 127.0.0.1 alone",
            hint="leave --host out; for others there is r1code serve gateway",
        )
    engine = shutil.which("docker")
    if engine is None:
        raise UsageError(
            "Docker is not here",
            why="there is no program docker",
            hint=f"install it, or leave --in {options.place} out",
        )
    return engine


def _check_port(host: str, port: int) -> None:
    """Raises UsageError where it is taken. vLLM would say so only after minutes."""
    import socket

    from r1code.errors import UsageError

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UsageError(
                f"nothing can listen at {host}, port {port}",
                why=str(error),
                hint="choose another one with --port, or stop the program that has it",
            ) from error


def _wait(kept: Kept, made: Plan, machine: Machine, control: Control) -> None:
    """Raises ProviderError where it does not start. Ctrl-C stops it again."""
    from r1code.control import Control as Fresh
    from r1code.errors import Cancelled
    from r1code.serving.plan.nvml import Nvml, are_here
    from r1code.serving.run.process import follow, stop
    from r1code.ui.messages import localized

    started, last = None, ""
    try:
        for step in follow(kept, control):
            started = step.tokens or started
            if step.text != last:
                last = step.text
                _say(step.text)
    except Cancelled:
        _say("stopping it again")
        stop(kept, Fresh(), at_once=True)
        raise
    planned = made.memory.per_engine
    # On a CPU the cache is as large as somebody said, and no plan was wrong.
    there = machine.gpu.vendor != "nvidia" or are_here(Nvml)
    if there and started is not None and started < planned:
        text = f"! the plan said {planned:,} tokens of KV cache, and vLLM has room for {started:,}"
        print(localized(text), file=sys.stderr)


def _greet(name: str, table: Mapping[str, Any], key: str, *, control: Control, reasons: bool) -> None:
    from r1code.app.folders import user_profiles
    from r1code.app.served import first_answer, save_profile

    save_profile(name, table, user_profiles())
    seconds = first_answer(name, user_profiles(), key, control, reasons=reasons)
    _say(f"it answers: a sum took {seconds:.1f} s")
    print(f"r1code --profile {name}")


def down(options: argparse.Namespace) -> int:
    from r1code.app.folders import state_folder
    from r1code.app.signals import cancel_on_signals
    from r1code.control import Control
    from r1code.serving.run.process import stop
    from r1code.serving.run.state import kept_named

    kept, control = kept_named(_servers(state_folder()), options.name), Control()
    with cancel_on_signals(control):
        stop(kept, control, at_once=options.now)
    _say(f"stopped: {kept.name}")
    return 0


def status(options: argparse.Namespace) -> int:
    import msgspec

    from r1code.app.folders import state_folder
    from r1code.serving.run.process import shown
    from r1code.serving.run.state import servers_in
    from r1code.ui.serve_status import told_servers

    found = [shown(one) for one in servers_in(_servers(state_folder()))]
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        print(told_servers(found))
    return 0


def logs(options: argparse.Namespace) -> int:
    from r1code.app.folders import state_folder
    from r1code.app.signals import cancel_on_signals
    from r1code.control import POLL_SECONDS, Control
    from r1code.errors import Cancelled
    from r1code.serving.run.process import Tail, last_lines
    from r1code.serving.run.state import kept_named
    from r1code.ui.safe import safe_line

    kept, control = kept_named(_servers(state_folder()), options.name), Control()
    if not options.follow:
        for line in last_lines(kept.log, options.lines):
            print(safe_line(line))
        return 0
    tail = Tail(kept.log)
    with cancel_on_signals(control):
        for line in list(tail.lines())[-options.lines :]:
            print(safe_line(line), flush=True)
        try:
            while True:
                for line in tail.lines():
                    print(safe_line(line), flush=True)
                control.sleep(POLL_SECONDS)
        except Cancelled:
            return 0


def _servers(state: Path) -> Path:
    return state / "servers"


def _say(text: str) -> None:
    from r1code.ui.messages import localized
    from r1code.ui.safe import safe_line

    print(safe_line(localized(text)), file=sys.stderr, flush=True)
