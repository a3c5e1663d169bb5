"""Keys, and what is counted, in a file that several processes share."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from r1code.errors import StateError, UsageError
from r1code.serving.gateway.admission import Claim, Ended, admit, recover, settle
from r1code.serving.gateway.keys import Presented, derived, matches, mint, presented
from r1code.serving.gateway.limits import Limits, OwnLimits, read_limits
from r1code.serving.gateway.refusals import Refusal
from r1code.serving.gateway.store import Holder, Store, Used

NOON = 1_800_014_400.0 // 86_400 * 86_400 + 43_200


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "books" / "gateway.sqlite")
    yield made
    made.close()


def claimed(store: Store, key: str, limits: Limits, at: float = NOON, *, output: int = 10, slot: int = 0) -> int:
    claim = Claim(holder="ada", key=key, slot=slot, input=5, output=output)
    return admit(store, claim, limits, at)


def ended(row: int, tokens: int, at: float = NOON) -> Ended:
    return Ended(row=row, used=Used(input=0, output=tokens, estimated=False), outcome="done", at=at)


@pytest.fixture
def ada(store: Store) -> str:
    """The id of her key."""
    return store.add(Holder(name="ada", team="team"), now=NOON - 1).split("_")[1]


def test_of_a_key_only_the_digest_is_kept(store: Store, tmp_path: Path) -> None:
    key = store.add(Holder(name="ada", team="team"))
    (kept,) = store.issued()
    assert kept.digest == hashlib.sha256(key.encode()).digest()
    files = list((tmp_path / "books").iterdir())
    secret = key.split("_", 2)[2].encode()
    assert [file for file in files if secret in file.read_bytes()] == []
    assert {oct(file.stat().st_mode & 0o777) for file in files} == {"0o600"}


def test_keys_are_random_and_no_two_are_alike() -> None:
    keys = {mint()[1] for _ in range(200)}
    assert len(keys) == 200
    assert {len(key) for key in keys} == {58}


def test_a_header_shows_a_key_of_ours_or_none() -> None:
    name, key, digest = mint()
    assert presented(f"Bearer {key}".encode()) == Presented(name, digest)
    assert presented(f"bearer {key}".encode()) == Presented(name, digest)
    for header in (None, b"", b"Bearer", key.encode(), f"Bearer {key} ".encode(), f"Bearer {key}\n".encode()):
        assert presented(header) is None


def test_an_id_alone_is_no_key(store: Store) -> None:
    store.add(Holder(name="ada", team="team"))
    (kept,) = store.issued()
    assert not matches(Presented(kept.id, b"\x00" * 32), kept)
    assert not matches(Presented(kept.id, b"\x00" * 31), kept)
    assert matches(Presented(kept.id, kept.digest), kept)
    assert not matches(Presented(kept.id, hashlib.sha256(b"").digest()), None)


def test_words_that_are_cut_elsewhere_derive_another_name() -> None:
    assert derived(b"s", "ab", "c") != derived(b"s", "a", "bc")
    assert derived(b"s", "a") != derived(b"t", "a")


def test_a_name_has_one_key_and_others_are_refused(store: Store) -> None:
    store.add(Holder(name="ada", team="team"))
    for name in ("ada", "", "Ada", "a b", "-a", "a" * 65, "a\n", "ä"):
        with pytest.raises(UsageError):
            store.add(Holder(name=name, team="team"))
    with pytest.raises(UsageError):
        store.add(Holder(name="bob", team="Some Team"))
    assert [one.name for one in store.holders()] == ["ada"]


def test_a_rotation_overlaps_and_never_lengthens_a_life(store: Store) -> None:
    store.add(Holder(name="ada", team="team"), now=0)
    store.rotate("ada", 100, now=10)
    store.rotate("ada", 1_000, now=20)
    first, second, third = store.issued()
    assert (first.expires, second.expires, third.expires) == (110, 1020, None)
    assert [key.valid(109) for key in (first, second, third)] == [True, True, True]
    assert [key.valid(110) for key in (first, second, third)] == [False, True, True]
    store.revoke(second.id, now=200)
    assert [key.valid(200) for key in store.issued()] == [False, False, True]
    assert store.revoke("ada", now=300) == 2
    with pytest.raises(UsageError):
        store.revoke("nobody")


def test_no_more_requests_a_minute_than_the_limit(store: Store, ada: str) -> None:
    limits = Limits(requests_per_minute=3, concurrent=None)
    for second in (0, 10, 20):
        settle(store, ended(claimed(store, ada, limits, NOON + second), 1))
    with pytest.raises(Refusal) as caught:
        claimed(store, ada, limits, NOON + 30)
    assert (caught.value.status, caught.value.wait_seconds) == (429, 30)
    claimed(store, ada, limits, NOON + 60.1)
    with pytest.raises(Refusal):
        claimed(store, ada, limits, NOON + 60.2)


def test_no_more_requests_at_a_time_than_the_limit(store: Store, ada: str) -> None:
    limits = Limits(concurrent=2)
    first, _ = claimed(store, ada, limits), claimed(store, ada, limits)
    with pytest.raises(Refusal) as caught:
        claimed(store, ada, limits)
    assert caught.value.reason == "concurrency"
    settle(store, ended(first, 1))
    claimed(store, ada, limits)


def test_what_runs_counts_against_the_day_with_what_it_may_use(store: Store, ada: str) -> None:
    limits = Limits(tokens_per_day=100)
    row = claimed(store, ada, limits, output=85)
    # What runs may use less than it may: this passes by waiting.
    with pytest.raises(Refusal, match="when an answer has ended") as caught:
        claimed(store, ada, limits)
    assert (caught.value.code, caught.value.wait_seconds) == ("rate_limit_exceeded", 5)
    settle(store, ended(row, 80))
    # And this does not; a shorter answer would.
    with pytest.raises(Refusal, match="of 100 tokens a day 20 are left, and this request may use 21") as caught:
        claimed(store, ada, limits, output=16)
    assert (caught.value.code, caught.value.wait_seconds) == ("insufficient_quota", 43_200)
    settle(store, ended(claimed(store, ada, limits, output=15), 20))
    with pytest.raises(Refusal, match="the limit of 100 tokens a day is reached"):
        claimed(store, ada, limits)
    claimed(store, ada, limits, NOON + 43_201)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 100), st.booleans()), max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_days_limit_is_never_passed(
    tmp_path_factory: pytest.TempPathFactory, asks: list[tuple[int, int, bool]]
) -> None:
    """Whatever is asked for, whatever share of it is used, and whatever still runs meanwhile."""
    store = Store(tmp_path_factory.mktemp("books") / "gateway.sqlite", durable=False)
    key = store.add(Holder(name="ada", team="team"), now=NOON - 1).split("_")[1]
    limits = Limits(tokens_per_day=100, requests_per_minute=None, concurrent=None)
    open_ones: list[tuple[int, int]] = []
    for output, share, ends in asks:
        with suppress(Refusal):
            open_ones.append((claimed(store, key, limits, output=output), (5 + output) * share // 100))
        if ends and open_ones:
            settle(store, ended(*open_ones.pop(0)))
    for one in open_ones:
        settle(store, ended(*one))
    for used in store.usage(0):
        assert used.input + used.output <= 100
    store.close()


def test_a_key_that_was_revoked_a_moment_ago_is_not_admitted(store: Store, ada: str) -> None:
    store.revoke("ada")
    with pytest.raises(Refusal) as caught:
        claimed(store, ada, Limits())
    assert caught.value.status == 401


def test_what_a_killed_proxy_left_is_settled_by_the_next_of_its_number(store: Store, ada: str) -> None:
    limits = Limits(concurrent=2)
    claimed(store, ada, limits, slot=0)
    claimed(store, ada, limits, slot=1)
    recover(store, 0, NOON)
    (used,) = store.usage(0)
    assert (used.requests, used.open, used.failed, used.estimated, used.output) == (2, 1, 1, 1, 20)


def test_limits_of_ones_own_stand_over_those_of_the_gateway() -> None:
    own = read_limits(["tokens_per_day=5", "concurrent=off"])
    assert own.over(Limits(tokens_per_day=9, max_tokens=7)) == Limits(
        tokens_per_day=5, concurrent=None, max_tokens=7
    )
    assert str(own) == "concurrent=off tokens_per_day=5"
    assert OwnLimits().over(Limits()) == Limits()
    for word in ("tokens_per_day=0", "tokens_per_day=-1", "tokens_per_day", "x=1", "tokens_per_day=1e9", "=1"):
        with pytest.raises(UsageError):
            read_limits([word])


def test_books_that_others_may_read_are_not_used(tmp_path: Path) -> None:
    file = tmp_path / "gateway.sqlite"
    Store(file).close()
    file.chmod(0o640)
    with pytest.raises(StateError, match="not used"):
        Store(file)


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be read as one" * 20])
def test_books_that_are_none_are_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "gateway.sqlite"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(StateError):
        Store(file)


ADDING = """
import sys
from pathlib import Path
from r1code.serving.gateway.store import Holder, Store
store = Store(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    store.add(Holder(name=f"{sys.argv[2]}-{number}", team="team"))
    store.rotate(f"{sys.argv[2]}-{number}", 60)
    print(number, flush=True)
"""


def adding(file: Path, name: str, count: int) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-P", "-c", ADDING, str(file), name, str(count)]
    return subprocess.Popen(words, stdout=subprocess.PIPE)


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "gateway.sqlite"
    processes = [adding(file, name, 20) for name in ("a", "b", "c")]
    for one in processes:
        one.communicate()
    assert [one.returncode for one in processes] == [0, 0, 0]
    store = Store(file)
    assert len(store.holders()) == 60
    assert len(store.issued()) == 120
    store.close()


@pytest.mark.parametrize("after", [1, 4, 9])
def test_a_process_that_is_killed_leaves_whole_books(tmp_path: Path, after: int) -> None:
    file = tmp_path / "gateway.sqlite"
    process = adding(file, "a", 100_000)
    assert process.stdout is not None
    said = [int(process.stdout.readline()) for _ in range(after)]
    time.sleep(0.005 * after)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    store = Store(file)
    # What was said to be done is there, and nobody is there by half.
    names = {one.name for one in store.holders()}
    assert {f"a-{number}" for number in said} <= names
    assert {key.holder for key in store.issued()} == names
    store.close()
