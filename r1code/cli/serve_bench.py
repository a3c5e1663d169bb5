"""`r1code serve bench`: how fast a server is for agents."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from r1code.ui.messages import localized

if TYPE_CHECKING:
    import argparse

    from r1code.control import Control
    from r1code.profiles import Profile
    from r1code.serving.bench.client import HttpBackend
    from r1code.serving.bench.plan import Amount, Plan
    from r1code.serving.bench.result import Result, Served
    from r1code.serving.bench.run import Bench
    from r1code.serving.bench.workload import Workload

    _Server = tuple[str, Profile, str | None]
    """The name of the profile, the profile, and the key."""


_MOST_AT_ONCE = 512
"""Each has a connection, and one process reads them all."""


def bench(options: argparse.Namespace) -> int:
    """Raises UsageError, StateError and ProviderError."""
    from r1code.app.signals import cancel_on_signals
    from r1code.control import Control
    from r1code.serving.bench.result import read_result

    if options.compare is not None:
        return _compare(options)
    if options.show is not None:
        return _told(read_result(Path(options.show)), options)
    _unwritten(options)
    control = Control()
    with cancel_on_signals(control):
        return _run(options, control)


def _run(options: argparse.Namespace, control: Control) -> int:
    import msgspec

    from r1code.serving.bench.client import HttpBackend
    from r1code.serving.bench.plan import check
    from r1code.types import ExitCode

    server = _server(options)
    served, metrics = _looked_at(server, options, control)
    plan = _plan(server[1], served, options)
    amounts = _amounts(plan)
    if options.only_plan:
        return _show_plan(plan, amounts, options)
    check(plan, amounts)
    if options.other == "vllm":
        return _own(plan, server[2], control, options)
    backend = HttpBackend(plan.profile, server[2], metrics)
    result = _measured(plan, backend, control, options.label)
    if options.output is not None:
        _write(options, options.output, msgspec.json.encode(result) + b"\n")
    code = _told(result, options)
    return ExitCode.INTERRUPTED if result.ended == "interrupted" else code


def _server(options: argparse.Namespace) -> _Server:
    """A URL alone may leave the model to the server's list."""
    from r1code.app.backend import chosen_profile
    from r1code.app.checkup.checkup import target_of
    from r1code.app.folders import user_config, user_profiles
    from r1code.app.keys import environment
    from r1code.config import load_config
    from r1code.errors import UsageError
    from r1code.profiles import ANY_SERVER, key_of

    flags = {name: getattr(options, name) for name in ("profile", "base_url", "model_name")}
    config = load_config(flags=flags, environ=os.environ, user_file=user_config(), project=None)
    if config.profile is None and config.base_url is not None:
        name, profile = ANY_SERVER, target_of(config.base_url, config.model_name, user_profiles()).profile
    else:
        name, profile = chosen_profile(config)
    if profile.provider != "chat":
        raise UsageError(
            f"the profile {name} has no server to measure",
            why="a bench asks a server over the network",
            hint="r1code serve bench --base-url http://localhost:8000/v1, or --profile NAME",
        )
    return name, profile, key_of(profile, environment())


def _looked_at(server: _Server, options: argparse.Namespace, control: Control) -> tuple[Served, str | None]:
    """What the server says of itself, and where its metrics are. With --plan nothing is asked."""
    from r1code.app.checkup.evidence import base_of
    from r1code.app.checkup.plain import Plain
    from r1code.app.checkup.probe import listed_in
    from r1code.errors import ProviderError, UsageError
    from r1code.serving.bench.result import Served

    name, profile, key = server
    url = profile.base_url.rstrip("/")
    root = url.removesuffix("/v1")
    metrics = None if options.metrics == "off" else options.metrics
    exact = options.lengths == "exact"
    if options.only_plan:
        return Served(profile=name, base_url=_shown(url), model=profile.model or "?", exact=exact), metrics
    plain = Plain(key, control, seconds=15.0)
    answered = plain.ask(f"{url}/models", keyed=True)
    if answered.status is None:
        raise ProviderError(
            f"{_shown(url)} does not answer", why=answered.why, hint=f"r1code doctor {_shown(url)}"
        )
    listed = listed_in(answered) or ()
    models = [one.id for one in listed]
    model = profile.model or (models[0] if len(models) == 1 else "")
    if not model:
        why = f"it has {', '.join(models[:8])}" if models else "it does not say which it has"
        raise UsageError("no model was named", why=why, hint="say which one: --model NAME")
    vllm = any(one.owner == "vllm" for one in listed)
    version = (plain.ask(f"{root}/version").table() or {}).get("version", "") if vllm else ""
    served = Served(
        profile=name,
        base_url=_shown(url),
        model=model,
        root=base_of(listed, model).root,
        vllm=str(version or ("?" if vllm else "")),
        exact=exact or (options.lengths == "auto" and vllm),
        window=base_of(listed, model).window or profile.context_window,
    )
    if options.metrics is None and vllm:
        metrics = f"{root}/metrics"
    return served, metrics


def _shown(url: str) -> str:
    """Without a name or password that may stand in it."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _plan(profile: Profile, served: Served, options: argparse.Namespace) -> Plan:
    import secrets

    from r1code.serving.bench.plan import Limits, Plan
    from r1code.serving.bench.result import Goal

    salt = "" if options.warm or not served.vllm else secrets.token_hex(16)
    return Plan(
        served=served,
        profile=profile,
        workload=_workload(options),
        concurrency=_concurrency(options.concurrency),
        goal=Goal(ttft=options.goal_ttft, tpot=options.goal_tpot),
        limits=Limits(
            requests=options.max_requests, seconds=options.max_seconds, turn_seconds=options.turn_seconds
        ),
        salt=salt,
    )


def _workload(options: argparse.Namespace) -> Workload:
    from r1code.serving.bench.workload import workload_of

    output = {"median": options.output_tokens, "spread": options.output_spread, "most": options.output_most}
    pause = {"median": options.pause, "spread": options.pause_spread, "most": options.pause_most}
    return workload_of(
        {
            **{name: getattr(options, name) for name in ("seed", "turns", "rounds", "least")},
            **{name: getattr(options, f"{name}_tokens") for name in ("prefix", "task", "answer", "observation")},
            "output": output,
            "pause": pause,
        }
    )


def _concurrency(text: str) -> tuple[int, ...]:
    from r1code.errors import UsageError

    try:
        levels = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        levels = ()
    if not levels or levels[0] < 1 or levels[-1] > _MOST_AT_ONCE:
        raise UsageError(
            f"--concurrency {text} cannot be used",
            why=f"it takes numbers from 1 to {_MOST_AT_ONCE}, with commas between them",
            hint="--concurrency 1,2,4,8",
        )
    return levels


def _amounts(plan: Plan) -> list[Amount]:
    from r1code.profiles.tokenizers import tokenizer_of
    from r1code.serving.bench.plan import amount_of

    count = tokenizer_of(plan.profile).count
    return [amount_of(plan, concurrency, count) for concurrency in plan.concurrency]


def _show_plan(plan: Plan, amounts: list[Amount], options: argparse.Namespace) -> int:
    import msgspec

    from r1code.ui.bench_table import told_plan
    from r1code.ui.safe import safe

    if options.json:
        told = {"workload": plan.workload, "limits": plan.limits, "goal": plan.goal, "levels": amounts}
        print(msgspec.json.encode(told).decode())
    else:
        print(safe(told_plan(plan, amounts)))
    return 0


def _measured(plan: Plan, backend: HttpBackend, control: Control, label: str) -> Result:
    import asyncio
    from contextlib import closing
    from datetime import UTC, datetime

    from r1code import __version__
    from r1code.serving.bench.result import Result
    from r1code.serving.bench.run import Bench
    from r1code.ui.bench_live import BenchTeller

    begun = datetime.now(UTC).isoformat(timespec="seconds")

    async def work() -> Bench:
        async with backend:
            running = Bench(plan, backend, clock=time.perf_counter, tell=tell.on)
            await _until(running, control)
            return running

    with closing(BenchTeller(sys.stderr, plan.goal)) as tell:
        done = asyncio.run(work())
    return Result(
        r1code=__version__,
        begun=begun,
        label=label,
        served=plan.served,
        workload=plan.workload,
        goal=plan.goal,
        warm=done.warm,
        levels=tuple(done.levels),
        ended=done.ended,
    )


async def _until(running: Bench, control: Control) -> None:
    """Until it is done, or a person stops it; what was measured by then is kept."""
    import asyncio

    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(running.run())

    def stop() -> None:
        loop.call_soon_threadsafe(task.cancel)

    with control.on_cancel(stop):
        try:
            await task
        except asyncio.CancelledError:
            if running.ended != "interrupted":
                raise


def _told(result: Result, options: argparse.Namespace) -> int:
    """Shows it in all the forms that were asked for. 1: turns failed. 6: none was answered."""
    import msgspec

    from r1code.serving.bench.figures import all_figures, saturation
    from r1code.types import ExitCode
    from r1code.ui.bench_table import told_result
    from r1code.ui.safe import safe

    figures = all_figures(result)
    if options.html is not None:
        from r1code.ui.bench_page import page

        _write(options, options.html, page(result).encode())
    if options.png is not None:
        from r1code.ui.bench_plots import picture

        _write(options, options.png, picture(result))
    if options.json:
        told = {
            "ended": result.ended,
            "figures": figures,
            "saturation": saturation(figures),
            "served": result.served,
        }
        print(msgspec.json.encode(told).decode())
    else:
        print(safe(told_result(result)))
    failed = sum(sum(one.failures.values()) for one in figures)
    answered = any(turn.failure is None for level in result.levels for turn in level.turns)
    if not answered:
        return ExitCode.BACKEND
    return ExitCode.NOT_FIXED if failed else ExitCode.OK


def _own(plan: Plan, key: str | None, control: Control, options: argparse.Namespace) -> int:
    import msgspec

    from r1code.serving.bench.vllm_own import run_own
    from r1code.ui.bench_table import told_own

    failed = 0
    for own in run_own(plan, key, control):
        print(msgspec.json.encode(own).decode() if options.json else told_own(own), flush=True)
        failed += own.failed
    return 1 if failed else 0


def _compare(options: argparse.Namespace) -> int:
    import msgspec

    from r1code.serving.bench.compare import compare
    from r1code.serving.bench.result import read_result
    from r1code.ui.bench_table import told_comparison
    from r1code.ui.safe import safe

    first, second = (read_result(Path(name)) for name in options.compare)
    found = compare(first, second)
    print(msgspec.json.encode(found).decode() if options.json else safe(told_comparison(found)))
    return 0


def _unwritten(options: argparse.Namespace) -> None:
    """Raises UsageError before anything is measured that could not be kept."""
    from r1code.errors import UsageError

    for name in (options.output, options.html, options.png):
        if name is not None and Path(name).exists() and not options.force:
            raise UsageError(f"{name} is there", why="it may be yours", hint="--force overwrites it")
        if name is not None and not Path(name).absolute().parent.is_dir():
            raise UsageError(
                f"{name} cannot be written", why="its folder is not there", hint="make the folder first"
            )


def _write(options: argparse.Namespace, name: str, data: bytes) -> None:
    from r1code.batch.bundle import write_whole
    from r1code.errors import UsageError
    from r1code.ui.safe import safe_line

    if Path(name).exists() and not options.force:
        raise UsageError(f"{name} is there", why="it may be yours", hint="--force overwrites it")
    write_whole(Path(name), data)
    print(localized(f"written: {safe_line(name)}"), file=sys.stderr)
