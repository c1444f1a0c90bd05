# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Which layers are full, have a window, a state, or experts."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.reader import read_shape

from ..allocated import CONFIGS

LLAMA = CONFIGS["llama"]


def ffns(config: dict[str, Any], count: int = 6) -> str:
    """One letter for each layer: dense or moe."""
    layers = read_shape({**config, "num_hidden_layers": count}).layers
    return "".join(layer.ffn[:1] for layer in layers)


def mixers(config: dict[str, Any], count: int = 6) -> str:
    """One letter for each layer: full, sliding, chunked, state."""
    layers = read_shape({**config, "num_hidden_layers": count}).layers
    return "".join({"state": "m"}.get(layer.mixer, layer.mixer[:1]) for layer in layers)


@pytest.mark.parametrize(
    ("family", "change", "expected"),
    [
        # qwen2_moe.py and qwen3_moe.py count from 1.
        ("qwen3_moe", {}, "mmmmmm"),
        ("qwen3_moe", {"decoder_sparse_step": 2}, "dmdmdm"),
        ("qwen3_moe", {"mlp_only_layers": [0, 5]}, "dmmmmd"),
        # deepseek_v2.py counts from 0.
        ("deepseek_v3", {"first_k_dense_replace": 3}, "dddmmm"),
        ("deepseek_v3", {"first_k_dense_replace": 1, "moe_layer_freq": 2}, "ddmdmd"),
        ("deepseek_v3", {"moe_layer_freq": [0, 1, 1, 0, 1, 1]}, "dmmdmm"),
        ("glm4_moe", {"first_k_dense_replace": 2}, "ddmmmm"),
        ("glm4_moe_lite", {"mlp_layer_types": ["dense", *["sparse"] * 5]}, "dmmmmm"),
        ("llama4_step", {"interleave_moe_layer_step": 2}, "dmdmdm"),
        ("llama4_step", {"moe_layers": [0, 4]}, "mdddmd"),
        ("ernie4_5_moe", {"moe_layer_start_index": 1, "moe_layer_end_index": 4}, "dmmmmd"),
        ("ernie4_5_moe", {"moe_layer_start_index": 1, "moe_layer_end_index": -1}, "dmmmmm"),
        ("exaone_moe", {"is_moe_layer": [False, True, True, True, False, True]}, "dmmmdm"),
        ("bailing_moe_v2", {"first_k_dense_replace": 1}, "dmmmmm"),
        ("mixtral", {}, "mmmmmm"),
        ("gpt_oss", {}, "mmmmmm"),
        ("dbrx", {"n_layers": 6}, "mmmmmm"),
        ("minimax_m2", {"attn_type_list": [1] * 6}, "mmmmmm"),
        ("gemma4_text", {"num_experts": 8, "top_k_experts": 2, "enable_moe_block": False},
         "dddddd"),
        ("granitemoehybrid_dense", {"layer_types": ["mamba"] * 6}, "dddddd"),
        ("llama", {}, "dddddd"),
    ],
)  # fmt: skip
def test_dense_and_sparse_layers(family: str, change: dict[str, Any], expected: str) -> None:
    config = {key: value for key, value in CONFIGS[family].items() if key != "num_experts"}
    kept = {key: value for key, value in CONFIGS[family].items() if key == "num_experts"}
    assert ffns({**config, **kept, **change}) == expected


@pytest.mark.parametrize(
    ("family", "change", "expected"),
    [
        ("llama", {}, "ffffff"),
        ("mistral", {"sliding_window": 4096}, "ssssss"),
        ("qwen2", {"sliding_window": 4096, "use_sliding_window": False}, "ffffff"),
        ("qwen2", {"sliding_window": 4096, "use_sliding_window": True, "max_window_layers": 4},
         "ffffss"),
        ("gemma2", {}, "sfsfsf"),
        ("gemma3_text", {}, "sssssf"),
        ("cohere2", {}, "sssfss"),
        ("exaone4", {"sliding_window_pattern": "LLG"}, "ssfssf"),
        ("exaone4", {}, "sssfss"),
        ("gpt_oss", {}, "sfsfsf"),
        ("llama4_text", {}, "cccfcc"),
        ("llama4_text", {"no_rope_layers": [1, 0, 1, 0, 1, 0]}, "cfcfcf"),
        ("qwen3_next", {}, "mmmfmm"),
        ("qwen3_next", {"full_attention_interval": 2}, "mfmfmf"),
        ("qwen3_5", {"layer_types": ["full_attention"] * 2 + ["linear_attention"] * 4}, "ffmmmm"),
        ("granitemoehybrid", {"layer_types": ["mamba"] * 5 + ["attention"]}, "mmmmmf"),
        ("llama", {"sliding_window": 8, "full_attention_layers": 2, "sliding_attention_layers": 4},
         "ssfssf"),
    ],
)  # fmt: skip
def test_kinds_of_attention(family: str, change: dict[str, Any], expected: str) -> None:
    assert mixers({**CONFIGS[family], **change}) == expected


def test_layers_of_one_part_each() -> None:
    config = {**CONFIGS["nemotron_h"], "n_routed_experts": 8, "moe_intermediate_size": 192}
    del config["hybrid_override_pattern"], config["num_hidden_layers"]
    letters = read_shape({**config, "hybrid_override_pattern": "ME*-"}).layers
    words = read_shape({**config, "layers_block_type": ["mamba", "moe", "attention", "mlp"]}).layers
    assert letters == words
    assert [(layer.mixer, layer.ffn) for layer in words] == [
        ("state", ""), ("", "moe"), ("full", ""), ("", "dense"),
    ]  # fmt: skip


@pytest.mark.parametrize("unused", [{}, {"use_sliding_window": False}])
def test_a_window_that_is_not_used(unused: dict[str, Any]) -> None:
    window = {"sliding_window": 1024, **unused}
    assert mixers({**CONFIGS["qwen2"], **window}) == "ffffff"
    assert mixers({**CONFIGS["qwen2"], "model_type": "mimo", **window}) == "ffffff"
    assert mixers({**CONFIGS["mistral"], **window}) == ("ffffff" if unused else "ssssss")
