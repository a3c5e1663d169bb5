"""The fake vLLM beside a real one: a table of good and bad requests, and what each answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from fakes.requests import BAD, BASE, CONTEXT, GOOD, KEY, MODEL, USER
from fakes.served import Served
from fakes.server import FakeServer, Reply

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(900)]

WORDS = "".join(f"{number} and " for number in range(3000))
RAMBLING = Reply(reasoning=WORDS, text=WORDS, closed=False)
"""As the tiny model does it: it never comes to an end by itself."""


@pytest.fixture(scope="module")
def fake() -> Iterator[Served]:
    with FakeServer([RAMBLING], models=[MODEL], key=KEY, context=CONTEXT, details=True) as server:
        served = Served(server.url.removesuffix("/v1"))
        yield served
        served.http.close()


def shape(response: httpx2.Response) -> Any:
    """An answer without what chance decides: the texts themselves, ids and times."""
    if "event-stream" not in response.headers.get("content-type", ""):
        body = response.json()
        choice = body["choices"][0]
        message = {name: type(choice["message"].get(name)).__name__ for name in ("content", "reasoning", "role")}
        return body["object"], message, choice["finish_reason"], choice["stop_reason"], usage(body["usage"])
    lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    events = [json.loads(line) for line in lines[:-1]]
    assert lines[-1] == "[DONE]"
    told = [one["choices"][0] for one in events if one["choices"]]
    return (
        told[0]["delta"],
        [name for name, before in zip(_fields(told), [None, *_fields(told)], strict=False) if name != before],
        [one["finish_reason"] for one in told if one["finish_reason"]],
        bool(told[-1]["delta"]),
        [usage(one["usage"]) for one in events if one.get("usage") and not one["choices"]],
        _running([one.get("usage") for one in events if one["choices"]]),
    )


def _running(counts: list[dict[str, int] | None]) -> Any:
    """Of usage beside the pieces: whether all have it, and how it begins and ends; how it grows is chance."""
    told = [one for one in counts if one is not None]
    grown = [one["completion_tokens"] for one in told]
    assert grown == sorted(grown)
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    return (
        bool(told),
        len(told) in {0, len(counts)},
        [[one[name] for name in names] for one in told[:1] + told[-1:]],
    )


def _fields(told: list[Any]) -> list[str]:
    return [name for one in told[1:] for name in one["delta"]]


def usage(counted: dict[str, Any]) -> dict[str, Any]:
    details = counted.get("prompt_tokens_details") or {}
    return {**counted, "prompt_tokens_details": sorted(details.keys() - {"multimodal_tokens"})}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_request_is_answered_alike(name: str, real: Served, fake: Served) -> None:
    answers = [server.post(GOOD[name]) for server in (real, fake)]
    assert [answer.status_code for answer in answers] == [200, 200], answers[1].text
    assert shape(answers[1]) == shape(answers[0])


@pytest.mark.parametrize("name", BAD)
def test_a_bad_request_is_refused_alike(name: str, real: Served, fake: Served) -> None:
    answers = [server.post(BAD[name]) for server in (real, fake)]
    assert [answer.status_code for answer in answers] == [answers[0].status_code] * 2, answers[1].text
    assert not answers[0].is_success
    theirs, ours = (answer.json()["error"] for answer in answers)
    if re.match(r"\d\d validation errors", theirs["message"]):
        # One for each kind of message that it could have been.
        ours["message"] = theirs["message"]
    assert ours == theirs


@pytest.mark.parametrize(("key", "path"), [(None, "/v1/models"), ("wrong", "/v1/models"), (None, "/v1/nothing")])
def test_who_has_no_key_is_locked_out_alike(key: str | None, path: str, real: Served, fake: Served) -> None:
    answers = [server.get(path, key) for server in (real, fake)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(401, {"error": "Unauthorized"})] * 2


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/chat/completions"])
def test_what_is_not_there_is_refused_alike(path: str, real: Served, fake: Served) -> None:
    theirs, ours = (server.get(path, KEY) for server in (real, fake))
    assert (ours.status_code, ours.json()) == (theirs.status_code, theirs.json())


def test_models_are_listed_alike(real: Served, fake: Served) -> None:
    theirs, ours = (server.get("/v1/models", KEY).json()["data"] for server in (real, fake))
    assert [(one["id"], one["max_model_len"]) for one in ours] == [(one["id"], CONTEXT) for one in theirs]


@pytest.mark.parametrize("path", ["/health", "/ping", "/version", "/load", "/metrics", "/docs", "/openapi.json"])
def test_the_same_is_open_to_anybody(path: str, real: Served, fake: Served) -> None:
    theirs, ours = (server.get(path) for server in (real, fake))
    assert ours.status_code == theirs.status_code == 200
    kinds = [one.headers.get("content-type", "").partition(";")[0] for one in (theirs, ours)]
    assert kinds[0] in {kinds[1], ""}


def test_anybody_may_run_and_count_on_both(real: Served, fake: Served) -> None:
    for server in (real, fake):
        assert server.post(BASE, None, "/invocations").json()["choices"]
    asked = {"model": MODEL, "messages": [USER]}
    counts = [server.post(asked, None, "/tokenize").json()["count"] for server in (real, fake)]
    assert counts[0] == counts[1]


def test_a_field_that_vllm_ignores_is_refused_by_the_fake(real: Served, fake: Served) -> None:
    body = {**BASE, "max_tokns": 5}
    assert real.post(body).is_success
    assert fake.post(body).json()["error"]["message"] == "unknown field 'max_tokns': a real vLLM would ignore it"
