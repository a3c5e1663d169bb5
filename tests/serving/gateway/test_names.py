"""Servers that are called by a name: others may have it tomorrow."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest

from fakes.gateway import need_nginx
from r1code.serving.gateway.nginx import written
from r1code.serving.gateway.settings import made_settings
from r1code.serving.gateway.supervisor import follow_names


def servers(file: Path) -> list[str]:
    return re.findall(r"server (\S+) max_fails=2", file.read_text())


def test_nginx_learns_who_has_a_name_now(tmp_path: Path) -> None:
    need_nginx()
    user = {"user": "root"} if os.geteuid() == 0 else {}
    settings = made_settings({"replicas": ["http://r.invalid:8000"], "state": str(tmp_path), **user}, "here")
    known: list[tuple[str, ...]] = [("10.0.0.1", "10.0.0.2")]
    file = written(settings, tmp_path / "nginx", lambda _: known[-1])
    assert servers(file) == ["10.0.0.1:8000", "10.0.0.2:8000"]

    async def follow() -> list[tuple[str, ...]]:
        told: list[tuple[str, ...]] = []

        reloaded = asyncio.Event()

        def reload() -> None:
            told.append(tuple(servers(file)))
            reloaded.set()

        task = asyncio.create_task(follow_names(settings, reload, lambda _: known[-1], 0.01))
        await asyncio.sleep(0.1)
        assert told == []
        known.append(("10.0.0.2", "10.0.0.3", "10.0.0.4"))
        await asyncio.wait_for(reloaded.wait(), 20)
        reloaded.clear()
        # With no address at all nginx would not start: it goes on with those that it has.
        known.append(())
        await asyncio.sleep(0.3)
        known.append(("10.0.0.5", "10.0.0.6"))
        await asyncio.wait_for(reloaded.wait(), 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return told

    assert asyncio.run(follow()) == [
        ("10.0.0.2:8000", "10.0.0.3:8000", "10.0.0.4:8000"),
        ("10.0.0.5:8000", "10.0.0.6:8000"),
    ]
