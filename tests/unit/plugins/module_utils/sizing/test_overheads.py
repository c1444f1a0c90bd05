# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Memory beside weights and cache."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan
from ansible_collections.llmops.vllm.plugins.module_utils.releases import Release
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.overheads import (
    activation_gib,
    sampler_bytes,
    sampler_doubt_gib,
)
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.quantization import Quantization
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.reader import read_shape
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.weights import Split
from ansible_collections.llmops.vllm.plugins.module_utils.units import GIB

MOE: dict[str, Any] = {
    "model_type": "qwen3_moe",
    "hidden_size": 2048,
    "num_hidden_layers": 8,
    "num_attention_heads": 32,
    "num_key_value_heads": 4,
    "head_dim": 128,
    "moe_intermediate_size": 1536,
    "num_experts": 128,
    "num_experts_per_tok": 8,
    "vocab_size": 151936,
    "max_position_embeddings": 40960,
}


def experts_gib(split: Split, tokens: int = 8192) -> float:
    """What the kernels of the experts take: with them, less without them."""
    shape = read_shape(MOE)
    plain = dataclasses.replace(shape, moe=None)
    with_experts, without = (
        activation_gib(
            each, Quantization(), split, Release(), tokens=tokens, seqs=256, last_stage=True
        )
        for each in (shape, plain)
    )
    return with_experts - without


@pytest.mark.parametrize(
    ("split", "columns"),
    [
        (Split(), 2 * 1536 + 1536),
        (Split(tp=4), 2048 + 384),
        (Split(tp=4, expert_parallel=True), 2 * 1536 + 1536),
        (Split(tp=4, dp=2, expert_parallel=True), 2 * 1536 + 1536),
        # One rank alone has nobody to share the experts with.
        (Split(expert_parallel=True), 2 * 1536 + 1536),
    ],
)
def test_experts_are_cut_unless_ranks_share_them(split: Split, columns: int) -> None:
    """Two workspaces of 2 bytes an element, a row for each of a token's 8 experts."""
    assert experts_gib(split) == pytest.approx(8192 * 8 * columns * 2 / GIB)


@pytest.mark.parametrize(
    ("number", "bytes_each", "doubt"),
    [
        ((0, 8, 5), 39, 0),
        ((0, 9, 2), 39, 0),
        ((0, 10, 1), 39, 24.5),
        ((0, 11, 0), 39, 0),
        ((0, 17, 0), 14.5, 0),
    ],
)
def test_the_sampler_of_each_release(
    number: tuple[int, int, int], bytes_each: float, doubt: float
) -> None:
    shape, release = read_shape(MOE), Release(number)
    assert sampler_bytes(shape, release, 100) == bytes_each * 100 * 151936
    assert sampler_doubt_gib(shape, release, 100) == doubt * 100 * 151936 / GIB


def test_a_sampler_that_may_take_less_refuses_nothing() -> None:
    """Qwen3-32B's shape on one H100: with FlashInfer's sampler 28,000 tokens fit."""
    config = {
        "model_type": "qwen3", "hidden_size": 5120, "num_hidden_layers": 64,
        "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 128,
        "intermediate_size": 25600, "vocab_size": 151936, "max_position_embeddings": 40960,
    }  # fmt: skip
    model = {"config": config, "gpu": {"product": "H100"}, "max_model_len": 28000}
    plan = memory_plan({**model, "vllm_version": "0.10.1"})
    assert plan["fits"]
    assert plan["confidence"] == "estimate"
    assert any("FlashInfer, which takes 3.5 GiB less" in note for note in plan["notes"])
    assert not memory_plan({**model, "vllm_version": "0.9.2"})["fits"]
