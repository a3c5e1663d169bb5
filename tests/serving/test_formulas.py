"""Bytes: against the published sizes of files, and the table of KV caches that others have computed."""

from __future__ import annotations

import pytest

from r1code.serving.plan.facts import GIB, Checkpoint, Wishes
from r1code.serving.plan.known import known_models
from r1code.serving.plan.layout import Layout, divides
from r1code.serving.plan.memory import Batch, Run, memory_of, running_bytes, token_bytes
from r1code.serving.plan.weights import file_bytes, weights_of

MODELS = known_models()
ONE = Layout()


@pytest.mark.parametrize(
    ("name", "kib"),
    [
        ("distill-qwen-1.5b", 28),
        ("distill-qwen-7b", 56),
        ("distill-llama-8b", 128),
        ("distill-qwen-14b", 192),
        ("distill-qwen-32b", 256),
        ("distill-llama-70b", 320),
        ("r1", 69),
        ("r1-0528", 69),
    ],
)
def test_a_token_takes_as_much_cache_as_the_table_says(name: str, kib: int):
    assert round(token_bytes(MODELS[name].shape, fp8=False, layout=ONE) / 1024) == kib
    assert token_bytes(MODELS[name].shape, fp8=True, layout=ONE) * 2 == token_bytes(
        MODELS[name].shape, fp8=False, layout=ONE
    )


@pytest.mark.parametrize(
    ("name", "gigabytes"),
    [
        ("distill-qwen-1.5b", 3.55),
        ("distill-qwen-7b", 15.23),
        ("distill-llama-8b", 16.06),
        ("distill-qwen-14b", 29.54),
        ("distill-qwen-32b", 65.53),
        ("distill-llama-70b", 141.1),
        ("r1", 688.587),
    ],
)
def test_computed_files_are_as_large_as_the_published_ones(name: str, gigabytes: float):
    model = MODELS[name]
    computed = file_bytes(model.shape, model.checkpoints[0].precision)
    assert computed / 1e9 == pytest.approx(gigabytes, rel=0.003)


def test_heads_are_divided_until_each_gpu_has_one_and_are_then_copied():
    shape = MODELS["distill-qwen-7b"].shape
    whole = token_bytes(shape, fp8=False, layout=ONE)
    assert token_bytes(shape, fp8=False, layout=Layout(tp=2)) == whole / 2
    assert token_bytes(shape, fp8=False, layout=Layout(tp=4)) == whole / 4
    eight = MODELS["distill-llama-70b"].shape
    assert token_bytes(eight, fp8=False, layout=Layout(tp=16)) == token_bytes(
        eight, fp8=False, layout=Layout(tp=8)
    )


def test_mla_keeps_all_of_a_token_on_each_gpu_unless_decode_context_parallelism_divides_them():
    shape = MODELS["r1"].shape
    whole = token_bytes(shape, fp8=False, layout=ONE)
    assert whole == (512 + 64) * 2 * 61
    assert token_bytes(shape, fp8=False, layout=Layout(tp=8)) == whole
    assert token_bytes(shape, fp8=False, layout=Layout(tp=8, dcp=8)) == whole / 8
    assert token_bytes(shape, fp8=False, layout=Layout(tp=8, pp=2)) == (512 + 64) * 2 * 31
    assert token_bytes(shape, fp8=False, layout=Layout(tp=8), mtp=True) == (512 + 64) * 2 * 62


def test_all_shares_together_are_the_model_and_what_is_copied():
    model = MODELS["r1"]
    checkpoint = model.checkpoints[0]
    alone = weights_of(model, checkpoint, ONE, mtp=False)
    # The files hold the layer for further tokens as well, which is not loaded: 14 billion numbers, 15 GB.
    assert checkpoint.bytes is not None
    assert 14e9 < checkpoint.bytes - alone < 17e9
    assert weights_of(model, checkpoint, ONE, mtp=True) - alone == pytest.approx(11.6e9, rel=0.02)
    eighth = weights_of(model, checkpoint, Layout(tp=8, expert=True), mtp=False)
    # The matrices that compress are whole on each GPU: 0.9 GB.
    assert 0.7e9 < eighth - alone / 8 < 1.0e9
    ranks = weights_of(model, checkpoint, Layout(dp=8, expert=True), mtp=False)
    assert eighth < ranks < eighth * 1.25


def test_a_dense_model_on_ranks_is_whole_on_each():
    model = MODELS["distill-qwen-7b"]
    one = weights_of(model, model.checkpoints[0], ONE, mtp=False)
    assert weights_of(model, model.checkpoints[0], Layout(dp=8), mtp=False) == one
    assert weights_of(model, model.checkpoints[0], Layout(tp=4), mtp=False) == pytest.approx(one / 4, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "can"),
    [
        ("distill-qwen-1.5b", {1, 2, 4}),
        ("distill-qwen-7b", {1, 2, 4}),
        ("distill-qwen-14b", {1, 2, 4, 8}),
        ("distill-qwen-32b", {1, 2, 4, 8}),
        ("distill-llama-8b", {1, 2, 4, 8}),
        ("r1", {1, 2, 4, 8}),
    ],
)
def test_heads_decide_by_how_many_a_model_can_be_divided(name: str, can: set[int]):
    model = MODELS[name]
    assert {tp for tp in range(1, 9) if divides(model.shape, model.checkpoints[0], tp)} == can


def test_weights_that_share_a_scale_stay_together():
    shape = MODELS["distill-qwen-14b"].shape
    # 13,824 / 8 is 13.5 times 128.
    four = Checkpoint(id="x", precision="int4", group=128)
    assert [tp for tp in (1, 2, 4, 8) if divides(shape, four, tp)] == [1, 2, 4]


def test_vllm_gets_a_share_of_all_memory_and_the_cache_what_is_left_of_it():
    model = MODELS["distill-qwen-32b"]
    run = Run(
        wishes=Wishes(),
        batch=Batch(sequences=32, tokens=4096),
        gib=80.0,
        utilization=0.9,
        fp8_cache=False,
        mtp=False,
    )
    memory = memory_of(model, model.checkpoints[0], ONE, run)
    assert memory.budget == int(80 * GIB * 0.9)
    assert memory.weights + memory.running + memory.cache == memory.budget
    assert 0 <= memory.cache - memory.per_engine * 256 * 1024 < 64 * 256 * 1024


def test_running_takes_more_with_larger_batches_and_more_sequences():
    shape = MODELS["distill-qwen-32b"].shape
    small = running_bytes(shape, ONE, Batch(sequences=8, tokens=2048))
    assert small < running_bytes(shape, ONE, Batch(sequences=8, tokens=8192))
    assert small < running_bytes(shape, ONE, Batch(sequences=256, tokens=2048))
    assert 1.5 * GIB < running_bytes(shape, ONE, Batch(sequences=256, tokens=8192)) < 5 * GIB
