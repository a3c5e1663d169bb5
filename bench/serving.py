"""What the client of `serve bench` adds to what it measures: a server in another process says when it did what.

    python bench/serving.py            # a table: sessions at a time, and how much later the client saw things

Both read the machine's one monotonic clock, so times can be compared. A server that answers at once shows how
many pieces a second the client takes at all.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from statistics import median

from msgspec.structs import replace

from r1code.profiles import Profile
from r1code.serving.bench.client import HttpBackend
from r1code.serving.bench.plan import Limits, Plan
from r1code.serving.bench.result import Goal, Served
from r1code.serving.bench.run import Bench
from r1code.serving.bench.workload import Draw, Workload

TOKENS = 100
FIRST = 0.05
WORK = Workload(
    turns=2, prefix=200, task=20, answer=10, observation=20, output=Draw(median=TOKENS, spread=0, most=TOKENS),
    pause=Draw(median=0, spread=0, most=0), rounds=1, least=2,
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", type=float, metavar="SECONDS", help="between pieces")
    seconds = parser.parse_args().serve
    if seconds is not None:
        asyncio.run(serve(seconds))
        return
    print("sessions  pieces/s each  TTFT later by   TPOT off by   pieces/s in all  CPU of the client")
    for each in (0.02, 0.0):
        for concurrency in (1, 16, 64):
            measure(concurrency, each)


def measure(concurrency: int, each: float) -> None:
    command = [sys.executable, __file__, "--serve", str(each)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        profile = Profile(label="fake", provider="chat", model="m", base_url=url)
        served = Served(profile="fake", base_url=url, model="m")
        plan = Plan(
            served=served,
            profile=profile,
            workload=WORK,
            concurrency=(concurrency,),
            goal=Goal(),
            limits=Limits(),
        )
        before, busy = time.perf_counter(), time.process_time()
        done = asyncio.run(_run(plan))
        busy, took = time.process_time() - busy, time.perf_counter() - before
        server.stdin.close()
        did = {tuple(one["key"]): one for one in map(json.loads, server.stdout)}
    turns = done.levels[0].turns
    late, off = [], []
    for turn in turns:
        theirs = did[f"bench-0-{turn.session}", turn.number]
        assert turn.ttft is not None
        assert turn.tpot is not None
        late.append(turn.ttft - (theirs["first"] - theirs["came"]))
        off.append(turn.tpot - (theirs["last"] - theirs["first"]) / (TOKENS - 1))
    rate = sum(turn.pieces for turn in turns) / took
    print(
        f"{concurrency:8}  {'at once' if not each else f'{1 / each:.0f}':>13}  {median(late) * 1e3:10.2f} ms  "
        f"{median(off) * 1e6:9.1f} µs  {rate:15,.0f}  {busy / took:17.0%}"
    )


async def _run(plan: Plan) -> Bench:
    headed = replace(plan.profile, session_header="x-session")
    async with HttpBackend(headed, None, None) as backend:
        bench = Bench(plan, backend, clock=time.perf_counter)
        await bench.run()
        return bench


async def serve(each: float) -> None:
    """Says its port, then works until its input is closed, then says when it did what."""
    told: list[dict[str, object]] = []

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            body = await reader.readexactly(int(head["content-length"]))
            came, request = time.perf_counter(), json.loads(body)
            count = request["max_tokens"]
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            )
            await asyncio.sleep(FIRST)
            first = last = time.perf_counter()
            for at in range(count):
                if at and each:
                    await asyncio.sleep(first + at * each - time.perf_counter())
                last = time.perf_counter()
                finish = '"length"' if at == count - 1 else "null"
                _send(writer, f'{{"choices":[{{"delta":{{"reasoning":"x"}},"finish_reason":{finish}}}]}}')
                await writer.drain()
            _send(writer, f'{{"choices":[],"usage":{{"prompt_tokens":9,"completion_tokens":{count}}}}}')
            _send(writer, "[DONE]")
            writer.write(b"0\r\n\r\n")
            await writer.drain()
            turn = sum(message["role"] == "assistant" for message in request["messages"])
            told.append({"key": [head["x-session"], turn], "came": came, "first": first, "last": last})
        writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for line in told:
        print(json.dumps(line))
    server.close()


async def _head(reader: asyncio.StreamReader) -> dict[str, str]:
    """Empty: the connection is over."""
    try:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:]
    except asyncio.IncompleteReadError:
        return {}
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if value}


def _send(writer: asyncio.StreamWriter, data: str) -> None:
    event = f"data: {data}\n\n".encode()
    writer.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")


if __name__ == "__main__":
    main()
