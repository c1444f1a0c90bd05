# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Which cuts of quantized matrices are refused: blocks and groups that do not divide."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.catalogue import CATALOGUE

MOE = {
    "model_type": "qwen2_moe",
    "hidden_size": 2048,
    "num_hidden_layers": 8,
    "num_attention_heads": 32,
    "num_key_value_heads": 4,
    "head_dim": 128,
    "moe_intermediate_size": 768,
    "num_experts": 128,
    "num_experts_per_tok": 8,
    "vocab_size": 151936,
    "max_position_embeddings": 40960,
}
DENSE = {
    "model_type": "llama",
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "intermediate_size": 11008,
    "vocab_size": 32000,
    "max_position_embeddings": 4096,
}
GPTQ = {"quant_method": "gptq", "bits": 4, "group_size": 128, "sym": True}
GPTQ_8 = {**GPTQ, "bits": 8}
AWQ = {"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": True}
ROUND = {"quant_method": "auto-round", "bits": 4, "group_size": 128, "sym": True}
WEIGHTS = {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 128, "symmetric": True}
PACKED = {"quant_method": "compressed-tensors", "config_groups": {"a": {"weights": WEIGHTS}}}
BLOCKS = {"quant_method": "fp8", "weight_block_size": [128, 128]}
SHARED = {**MOE, "moe_intermediate_size": 512, "shared_expert_intermediate_size": 512}


def cuts(config: dict[str, Any], quantization: dict[str, Any], **model: Any) -> str:
    """What the plan says against this cut; nothing where it is possible."""
    found = memory_plan(
        {
            "gpu": {"product": "H200"},
            "max_model_len": 4096,
            **model,
            "config": {**config, "quantization_config": quantization},
        }
    )
    reasons = [reason for reason in found["reasons"] if reason["rule"] == "tensor_parallel_shape"]
    return "; ".join(reason["message"] for reason in reasons)


@pytest.mark.parametrize(
    ("quantization", "version", "width", "tp", "refused"),
    [
        (GPTQ, "0.13.0", 768, 4, False),
        (GPTQ, "0.32.0", 768, 4, False),
        (GPTQ, "nightly", 768, 8, False),
        (GPTQ_8, "0.32.0", 768, 4, False),
        (AWQ, "0.13.0", 768, 4, False),
        (AWQ, "0.32.0", 768, 4, False),
        (AWQ, "0.12.0", 768, 4, True),
        ({**ROUND, "quant_method": "intel/auto-round"}, "0.32.0", 768, 4, False),
        (ROUND, "0.32.0", 768, 4, False),
        # Its kernel did not take the halved groups.
        (GPTQ, "0.12.0", 768, 4, True),
        (GPTQ, "0.8.5", 768, 4, True),
        # 176 is not even divisible by 32.
        (GPTQ, "0.32.0", 704, 4, True),
        ({**GPTQ, "group_size": 32}, "0.32.0", 704, 4, True),
        (PACKED, "0.32.0", 768, 4, True),
        (BLOCKS, "0.32.0", 768, 4, True),
        (BLOCKS, "0.32.0", 768, 2, False),
    ],
)
def test_experts_groups_are_halved_where_vllm_can(
    quantization: dict[str, Any], version: str, width: int, tp: int, refused: bool
) -> None:
    config = {**MOE, "moe_intermediate_size": width}
    said = cuts(config, quantization, vllm_version=version, tensor_parallel_size=tp)
    assert bool(said) == refused
    assert not refused or f"moe_intermediate_size / {tp} = {width // tp}" in said
    whole = {"tensor_parallel_size": tp, "enable_expert_parallel": True}
    assert not cuts(config, quantization, vllm_version=version, **whole)


def test_data_parallel_ranks_cut_the_experts_too() -> None:
    config = {**MOE, "moe_intermediate_size": 1536}
    ranks: dict[str, Any] = {"tensor_parallel_size": 2, "data_parallel_size": 8}
    assert "moe_intermediate_size / 16 = 96" in cuts(config, BLOCKS, **ranks)
    assert not cuts(config, BLOCKS, **ranks, enable_expert_parallel=True)
    assert not cuts(config, BLOCKS, tensor_parallel_size=2)


def test_groups_of_the_experts_hidden_size_count_too() -> None:
    odd = {**MOE, "hidden_size": 2064}
    assert cuts(odd, GPTQ, tensor_parallel_size=4)
    assert not cuts(odd, GPTQ, tensor_parallel_size=2)


@pytest.mark.parametrize("quantization", [AWQ, GPTQ, ROUND])
def test_groups_of_dense_layers_are_not_halved(quantization: dict[str, Any]) -> None:
    assert "intermediate_size / 8 = 1376" in cuts(DENSE, quantization, tensor_parallel_size=8)
    assert not cuts(DENSE, quantization, tensor_parallel_size=2)


def test_the_server_of_glm_46_in_awq_that_ran() -> None:
    """Eight ranks with 192 columns each (vLLM pull request 30210)."""
    config = {**MOE, "hidden_size": 5120, "moe_intermediate_size": 1536}
    assert not cuts(config, AWQ, vllm_version="0.13.0", tensor_parallel_size=8)


def test_blocks_of_the_shared_expert() -> None:
    """Qwen3.6-35B-A3B-FP8 with eight ranks (vLLM issue 52997)."""
    shared = "the width of the shared expert / 8 = 64"
    both = cuts(SHARED, BLOCKS, tensor_parallel_size=8)
    assert shared in both
    assert "moe_intermediate_size / 8 = 64" in both
    model: dict[str, Any] = {"tensor_parallel_size": 8, "enable_expert_parallel": True}
    alone = cuts(SHARED, BLOCKS, **model)
    assert shared in alone
    assert "moe_intermediate_size" not in alone
    assert not cuts(SHARED, BLOCKS, tensor_parallel_size=4)
    # With data parallelism beside expert parallelism each rank holds a copy.
    assert not cuts(SHARED, BLOCKS, **model, data_parallel_size=2)
    assert not cuts(MOE, BLOCKS, **model)


@pytest.mark.parametrize(
    "quantization",
    [
        {**BLOCKS, "modules_to_not_convert": ["mlp.shared_expert"]},
        {
            **BLOCKS,
            "modules_to_not_convert": [f"model.layers.{n}.mlp.shared_expert" for n in range(8)],
        },
        {"quant_method": "fp8"},
        AWQ,
        GPTQ,
    ],
)
def test_a_shared_expert_without_blocks_may_be_cut(quantization: dict[str, Any]) -> None:
    assert not cuts(SHARED, quantization, tensor_parallel_size=8, enable_expert_parallel=True)


def test_a_shared_expert_with_blocks_in_some_layers() -> None:
    some = [f"model.layers.{number}.mlp.shared_expert" for number in range(7)]
    quantization = {**BLOCKS, "modules_to_not_convert": some}
    assert cuts(SHARED, quantization, tensor_parallel_size=8, enable_expert_parallel=True)


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("Qwen/Qwen3-235B-A22B-FP8", 192),
        ("Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8", 320),
        ("MiniMaxAI/MiniMax-M2.7", 192),
    ],
)
def test_known_checkpoints_with_blocks_refuse_eight_ranks(name: str, width: int) -> None:
    config = dict(CATALOGUE[name].config)
    blocks = config.pop("quantization_config")
    said = cuts(config, blocks, tensor_parallel_size=8)
    assert f"moe_intermediate_size / 8 = {width} is not divisible" in said
    assert not cuts(config, blocks, tensor_parallel_size=4)
    assert not cuts(config, blocks, tensor_parallel_size=8, enable_expert_parallel=True)
