# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Releases: how they are written, and that each change counts from its release on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from shapes import LLAMA_8B as LLAMA

from ansible_collections.llmops.vllm.plugins.module_utils import releases
from ansible_collections.llmops.vllm.plugins.module_utils.releases import (
    Number,
    Release,
    parse_release,
)
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.plan import plan_memory
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_model

H100, L4, A10 = {"product": "H100"}, {"product": "L4"}, {"product": "A10"}
B200 = {"product": "B200"}
NEVER: Number = (9, 0, 0)
FP8_BLOCKS = {"quant_method": "fp8", "weight_block_size": [128, 128]}
EXPERTS = {
    **LLAMA, "model_type": "mixtral", "num_local_experts": 8, "num_experts_per_tok": 2,
    "num_hidden_layers": 4,
}  # fmt: skip
LATENT = {
    "model_type": "deepseek_v2", "hidden_size": 2048, "num_hidden_layers": 4,
    "num_attention_heads": 16, "kv_lora_rank": 500, "qk_rope_head_dim": 64,
    "qk_nope_head_dim": 128, "v_head_dim": 128, "q_lora_rank": None, "intermediate_size": 1024,
    "n_routed_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 256,
    "n_shared_experts": 1, "first_k_dense_replace": 1, "vocab_size": 32000,
    "max_position_embeddings": 8192,
}  # fmt: skip
SLIDING = {**LLAMA, "model_type": "gemma2", "sliding_window": 1024}
CHUNKED = {
    **LLAMA, "model_type": "llama4_text", "attention_chunk_size": 1024,
    "num_local_experts": 4, "num_experts_per_tok": 1, "intermediate_size_mlp": 4096,
}  # fmt: skip
GATED_DELTA = {
    **LLAMA, "model_type": "qwen3_5_text", "linear_num_key_heads": 16,
    "linear_num_value_heads": 32, "linear_key_head_dim": 128, "linear_value_head_dim": 128,
    "linear_conv_kernel_dim": 4,
}  # fmt: skip
MAMBA = {
    **LLAMA, "model_type": "nemotron_h", "mamba_num_heads": 64, "mamba_head_dim": 64,
    "ssm_state_size": 128, "conv_kernel": 4, "n_groups": 8, "num_hidden_layers": 8,
    "hybrid_override_pattern": "M*-M*-M-",
}  # fmt: skip
IMAGES = {
    **LLAMA, "model_type": "qwen3_vl_text", "rope_scaling": {"mrope_section": [24, 20, 20]},
}  # fmt: skip
LONGROPE = {
    **LLAMA, "model_type": "phi3", "original_max_position_embeddings": 4096,
    "rope_scaling": {"rope_type": "longrope"},
}  # fmt: skip
YARN = {
    **LLAMA, "max_position_embeddings": 8192,
    "rope_scaling": {
        "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 4096,
    },
}  # fmt: skip
GPT_OSS = {
    "model_type": "gpt_oss", "hidden_size": 2880, "num_hidden_layers": 24,
    "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 64,
    "intermediate_size": 2880, "vocab_size": 201088, "max_position_embeddings": 131072,
    "num_local_experts": 32, "num_experts_per_tok": 4, "sliding_window": 128,
    "quantization_config": {"quant_method": "mxfp4"},
}  # fmt: skip
AWQ = {
    **EXPERTS, "intermediate_size": 14336 + 128,
    "quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 128},
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One release constant: the figure that shows it, and from when until before when it holds."""

    name: str
    figure: str
    config: dict[str, Any]
    first: Number
    end: Number | None = None
    gpu: dict[str, Any] = field(default_factory=lambda: H100)
    keys: dict[str, Any] = field(default_factory=dict)


CHANGES = [
    Change("OLDEST", "confidence", LLAMA, (0, 7, 0)),
    Change("FIRST_MLA", "kv_cache.bytes_per_token", LATENT, (0, 7, 0), (0, 8, 1)),
    Change("FIRST_MLA", "per_gpu.weights_gib", LATENT, (0, 7, 0), (0, 8, 1)),
    Change("V1_ENGINE", "host.memory_request_gib", LLAMA, (0, 8, 0)),
    Change("V1_ENGINE", "per_gpu.cuda_graph_gib", LLAMA, (0, 8, 0)),
    Change("V1_ENGINE", "per_gpu.activation_gib", LLAMA, (0, 8, 0)),
    Change("V1_ENGINE", "reasons", LLAMA, (0, 8, 0), keys={"gpu_memory_utilization": 1.0}),
    Change(
        "LARGE_POOLING_BATCHES", "per_gpu.activation_gib", LLAMA, (0, 8, 0), (0, 12, 0),
        keys={"extra_args": ["--runner", "pooling"]},
    ),
    Change("MLA_BLOCKS", "kv_cache.block_size", LATENT, (0, 9, 0)),
    Change(
        "REPEATED_SCALES", "per_gpu.weights_gib", {**LLAMA, "quantization_config": FP8_BLOCKS},
        (0, 9, 0), gpu=A10,
    ),
    Change("HYBRID_MANAGER", "kv_cache.request_gib", SLIDING, (0, 9, 1)),
    Change("CHUNKED_MANAGER", "kv_cache.request_gib", CHUNKED, (0, 9, 2)),
    Change("CHUNKED_OFF", "kv_cache.request_gib", CHUNKED, (0, 10, 1), (0, 13, 0)),
    Change("FLASHINFER_SAMPLER", "notes", LLAMA, (0, 10, 0), (0, 11, 0)),
    Change("LONGROPE_ORIGINAL", "kv_cache.request_tokens", LONGROPE, (0, 12, 0)),
    Change(
        "MAMBA_PREFIXES", "kv_cache.request_gib", MAMBA, (0, 12, 0),
        keys={"enable_prefix_caching": True},
    ),
    Change(
        "GATED_DELTA_PREFIXES", "kv_cache.request_gib", GATED_DELTA, (0, 16, 0),
        keys={"enable_prefix_caching": True},
    ),
    Change("HALVED_GROUPS", "reasons", AWQ, (0, 13, 0), keys={"tensor_parallel_size": 2}),
    Change(
        "STAGES_IGNORED", "kv_cache.request_gib", LLAMA, (0, 14, 0), (0, 16, 0),
        keys={"pipeline_parallel_size": 2},
    ),
    Change(
        "LARGER_LIBRARIES", "per_gpu.non_torch_gib", LLAMA, (0, 14, 0),
        keys={"tensor_parallel_size": 2},
    ),
    Change(
        "LARGER_LIBRARIES", "per_gpu.non_torch_gib", LLAMA, (0, 14, 0), gpu=L4,
        keys={"tensor_parallel_size": 2},
    ),
    Change(
        "LARGER_LIBRARIES", "reasons", LLAMA, (0, 14, 0),
        keys={"tensor_parallel_size": 2, "gpu_memory_utilization": 0.98},
    ),
    Change("WARM_UP_NOTED", "notes", GPT_OSS, (0, 14, 0), keys={"gpu_memory_utilization": 0.95}),
    Change(
        "WARM_UP_SEEN", "reasons", GPT_OSS, (0, 19, 0), (0, 20, 0),
        keys={"gpu_memory_utilization": 0.95},
    ),
    Change("NO_SORTING_SAMPLER", "per_gpu.activation_gib", LLAMA, (0, 17, 0)),
    Change(
        "MAMBA_BLOCK_LIMIT", "max_num_seqs", GATED_DELTA, (0, 17, 0),
        keys={"max_model_len": 8192, "kv_cache_memory_gib": 4},
    ),
    Change("LARGER_CONTEXT", "per_gpu.non_torch_gib", LLAMA, (0, 18, 0)),
    Change(
        "GRAPHS_IN_BUDGET", "per_gpu.kv_cache_gib", LLAMA, (0, 21, 0),
        keys={"gpu_memory_utilization": 0.9},
    ),
    Change("GRAPHS_IN_BUDGET", "reasons", LLAMA, (0, 21, 0), keys={"gpu_memory_utilization": 0.99}),
    Change("GRAPHS_IN_BUDGET", "notes", GPT_OSS, (0, 21, 0), keys={"gpu_memory_utilization": 0.95}),
    Change("UTILIZATION_92", "per_gpu.requested_gib", LLAMA, (0, 21, 0)),
    Change("CACHE_LINE_BY_LENGTH", "kv_cache.tokens", SLIDING, (0, 21, 0)),
    Change(
        "CACHE_LINE_BY_LENGTH", "kv_cache.tokens",
        {key: value for key, value in SLIDING.items() if key != "max_position_embeddings"},
        (0, 21, 0),
    ),
    Change("SMALL_MLA_BLOCKS", "kv_cache.block_size", LATENT, (0, 21, 0)),
    Change("SMALL_MLA_BLOCKS", "kv_cache.block_size", LATENT, (0, 21, 0), gpu=B200),
    Change("STEPS_IN_FLIGHT", "kv_cache.request_gib", SLIDING, (0, 26, 0)),
    Change(
        "NULL_BLOCK_LEFT_OUT", "max_model_len_that_fits", LLAMA, (0, 26, 0),
        keys={"kv_cache_memory_gib": 1},
    ),
    Change(
        "NULL_BLOCK_LEFT_OUT", "reasons", LLAMA, (0, 26, 0),
        keys={"kv_cache_memory_gib": 1, "max_model_len": 8192},
    ),
    Change("HYBRID_PREFIXES", "kv_cache.request_gib", GATED_DELTA, (0, 28, 0)),
    Change(
        "HYBRID_PREFIXES", "kv_cache.request_gib", MAMBA, (0, 28, 0),
        keys={"enable_prefix_caching": True},
    ),
    Change("HUGE_CARD_BATCHES", "per_gpu.activation_gib", LLAMA, (0, 28, 0), gpu=B200),
    Change(
        "FP8_EXPERT_BLOCKS", "per_gpu.weights_gib", {**EXPERTS, "quantization_config": FP8_BLOCKS},
        (0, 29, 0), gpu=L4,
    ),
    Change("YARN_LENGTH", "kv_cache.request_tokens", YARN, (0, 30, 0)),
    Change("IMAGES_NOT_AHEAD", "per_gpu.weights_gib", IMAGES, (0, 32, 0)),
]  # fmt: skip
# What the formulas follow: no change of a figure.
OTHERS = {"NEWEST"}


def before(number: Number) -> Number:
    """The last number ahead of this one."""
    major, minor, patch = number
    return (major, minor, patch - 1) if patch else (major, minor - 1, 9999)


def seen(change: Change, number: Number) -> Any:
    """The figure as it is planned with a release."""
    model = {"name": "m", "model": "u/m", "config": change.config, "gpu": change.gpu, **change.keys}
    version = ".".join(map(str, number))
    found: Any = plan_memory(parse_model(model), vllm_version=version).as_dict()
    for key in change.figure.split("."):
        found = found[key]
    return found


@pytest.mark.parametrize(
    "change", CHANGES, ids=lambda each: f"{each.name}-{each.figure}-{each.gpu['product']}"
)
def test_a_change_holds_from_its_release_on(
    change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, outside = [change.first], [before(change.first)]
    if change.end is not None:
        inside.append(before(change.end))
        outside.append(change.end)
    own = {number: seen(change, number) for number in (*inside, *outside)}
    never = NEVER if change.end is None else (NEVER, NEVER)
    monkeypatch.setattr(releases, change.name, never)
    for number in inside:
        assert seen(change, number) != own[number]
    for number in outside:
        assert seen(change, number) == own[number]


def test_each_constant_is_tried() -> None:
    constants = {name for name in vars(releases) if name.isupper() and not name.startswith("_")}
    assert constants - OTHERS == {change.name for change in CHANGES}


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("0.10.1.dev101+gbda9d0535", Release((0, 10, 1))),
        ("0.15.2rc1.dev93+g11a4c9d30", Release((0, 15, 2))),
        ("0.1.dev19754", Release(known=False)),
        ("nightly", Release(known=False)),
        ("v0.8.5.post1", Release((0, 8, 5))),
        ("rocm6.4.1_vllm_0.8.5_20250521", Release((0, 8, 5))),
        ("0.9.9-vllm-v0.8.5", Release((0, 8, 5))),
        ("v0.9.1-cuda12.8", Release((0, 9, 1))),
        ("cuda12.8-v0.9.1", Release((0, 9, 1))),
        ("0.11-gpu-py312", Release((0, 11, 0))),
        ("V0.11.2", Release((0, 11, 2))),
        ("25.09-py3", Release(known=False)),
        ("vllm-25.09", Release(known=False)),
        ("cuda12.8", Release(known=False)),
        ("cuda0.9", Release(known=False)),
        ("ubuntu22.04", Release(known=False)),
        ("pr-1.2", Release(known=False)),
    ],
)
def test_versions_as_people_write_them(text: str, release: Release) -> None:
    assert parse_release(text) == release


def test_what_is_not_known_counts_as_the_newest() -> None:
    assert parse_release(None) == Release((0, 32, 0), known=False)
    assert Release().number == (0, 32, 0)
