# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What a plan takes from the card's name, and from what the server is run for."""

from __future__ import annotations

from typing import Any

import pytest
from shapes import LLAMA_8B as LLAMA

from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.case import read_case
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.confidence import margin_gib
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.rules import Budget
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_model
from ansible_collections.llmops.vllm.plugins.module_utils.units import GIB

HEAD_GIB = 128256 * 4096 * 2 / GIB
BLOCKS = {**LLAMA, "quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]}}
# Parameters of the quantized matrices of the 32 layers.
LINEAR = 32 * (2 * 4096 * (4096 + 1024) + 3 * 4096 * 14336)


def plan(*extra_args: str, version: str = "0.32.0", **model: Any) -> dict[str, Any]:
    asked = {"config": LLAMA, "gpu": {"product": "H100-80GB"}, "extra_args": list(extra_args)}
    return memory_plan({**asked, **model}, vllm_version=version)


def weights(*extra_args: str, **model: Any) -> float:
    size: float = plan(*extra_args, **model)["per_gpu"]["weights_gib"]
    return size


@pytest.mark.parametrize(
    "gpu",
    [
        {"product": "A100-80GB"},
        {"product": "NVIDIA-A100-SXM4-80GB", "memory_gib": 79.2},
        {"product": "RTX 3090"},
    ],
)
def test_blocks_take_more_on_cards_without_fp8_units(gpu: dict[str, Any]) -> None:
    more = weights(config=BLOCKS, gpu=gpu) - weights(config=BLOCKS)
    assert more == pytest.approx(LINEAR * (2 / 128 - 4 / 128**2) / GIB, rel=0.001)
    assert plan(config=BLOCKS, gpu=gpu)["confidence"] == "exact"


def test_the_files_of_such_a_checkpoint_stay_as_large_as_they_are() -> None:
    def claim(product: str) -> float:
        found = plan(config=BLOCKS, gpu={"product": product})
        size: float = found["storage"]["claim_gib"]
        return size

    assert claim("A100-80GB") == claim("H100-80GB")
    size = round((LINEAR * (1 + 4 / 128**2)) + 2 * 128256 * 4096 * 2)
    plain = weights(config=BLOCKS, weights_bytes=size)
    more = weights(config=BLOCKS, weights_bytes=size, gpu={"product": "A100-80GB"}) - plain
    assert more == pytest.approx(LINEAR * (2 / 128 - 4 / 128**2) / GIB, rel=0.01)


def test_without_the_name_of_a_card_blocks_are_an_estimate() -> None:
    found = plan(config=BLOCKS, gpu={"memory_gib": 79.2})
    assert found["confidence"] == "estimate"
    assert any("FP8 blocks" in note for note in found["notes"])
    for exact in (
        plan(config=BLOCKS, gpu={"memory_gib": 139.8}),
        plan(gpu={"memory_gib": 79.2}),
    ):
        assert not any("FP8 blocks" in note for note in exact["notes"])


@pytest.mark.parametrize("product", ["NVIDIA-GH200-480GB", "NVIDIA-GB200"])
@pytest.mark.parametrize("memory", [{}, {"memory_gib": 94.5}])
def test_a_superchip_is_judged_like_other_cards_but_never_exact(
    product: str, memory: dict[str, float]
) -> None:
    gpu = {"product": product, **memory}
    found = plan(gpu=gpu, max_model_len=8192)
    assert (found["fits"], found["confidence"]) == (True, "estimate")
    assert any("operating system" in note for note in found["notes"])
    large = {**LLAMA, "num_hidden_layers": 640}
    refused = plan(config=large, gpu=gpu, max_model_len=8192)
    assert "weights" in [reason["rule"] for reason in refused["reasons"]]
    assert refused["minimum_gpus"] is not None


@pytest.mark.parametrize("flags", [["--runner", "pooling"], ["--convert", "embed"]])
@pytest.mark.parametrize("split", [{}, {"tensor_parallel_size": 2}])
def test_a_model_that_writes_no_text_has_no_output_matrix(
    flags: list[str], split: dict[str, Any]
) -> None:
    less = weights(**split) - weights(*flags, **split)
    assert less == pytest.approx(HEAD_GIB / split.get("tensor_parallel_size", 1), rel=1e-3)
    found = plan(*flags, **split)
    assert found["confidence"] == "estimate"
    assert any("pooling" in note for note in found["notes"])


def test_a_shared_matrix_stays_where_its_output_side_is_not_needed() -> None:
    tied = {**LLAMA, "tie_word_embeddings": True}
    assert weights("--runner", "pooling", config=tied) == weights(config=tied)
    cut: dict[str, Any] = {"config": tied, "pipeline_parallel_size": 2}
    last = plan(**cut)["stages"][1]["weights_gib"]
    assert last - plan("--runner", "pooling", **cut)["stages"][1]["weights_gib"] == pytest.approx(
        HEAD_GIB, rel=1e-3
    )


def test_the_files_may_hold_the_output_matrix_that_is_not_loaded() -> None:
    size = 2 * 8_030_261_248
    with_head = weights("--runner", "pooling", weights_bytes=size)
    assert with_head == pytest.approx(weights("--runner", "pooling"), rel=0.005)
    without = weights("--runner", "pooling", weights_bytes=size - 2 * 128256 * 4096)
    assert without == pytest.approx(with_head, rel=0.005)


def test_a_pooling_model_is_not_refused_for_graphs_that_it_may_not_capture() -> None:
    def margin(*extra_args: str) -> float:
        raw = {"name": "a", "model": "a/b", "config": LLAMA, "gpu": {"product": "L4"}}
        model = parse_model({**raw, "extra_args": list(extra_args)})
        budget = Budget(total_gib=22.0, weights_gib=15.0, cuda_graph_gib=1.25)
        return margin_gib(read_case(model, None, "0.32.0"), budget)

    assert margin("--runner", "pooling") == margin() + 1.25
