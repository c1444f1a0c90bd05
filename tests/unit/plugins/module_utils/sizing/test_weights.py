# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Weights: against the parameters that vLLM's own classes allocate, and how they are split."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.sizing.quantization import (
    Quantization,
    read_quantization,
)
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.model_shape import ModelShape
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.reader import read_shape
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.weights import (
    Split,
    checkpoint_bytes,
    layers_bytes,
    stage_weights_bytes,
)

from .allocated import BYTES, CONFIGS

# Nothing but matrices, biases of queries and norms of the hidden size: no byte may differ.
EXACT = ("llama", "mistral", "mixtral", "qwen2", "phi3", "internlm2", "solar", "llama4_step")
LLAMA = CONFIGS["llama"]
PLAIN = Quantization()


def parameters(shape: ModelShape, tp: int) -> float:
    """Bytes of one rank without the absorbed matrices, which are made after loading."""
    total = stage_weights_bytes(shape, PLAIN, Split(tp), 0)
    if shape.mla:
        up = shape.mla.kv_lora_rank * shape.heads * (shape.mla.nope_dim + shape.mla.v_head_dim)
        total -= len(shape.layers) * up / tp * 2
    return total


@pytest.mark.parametrize("name", sorted(CONFIGS))
def test_as_many_bytes_as_vllm_allocates(name: str) -> None:
    shape = read_shape(CONFIGS[name])
    assert shape.doubts == ()
    assert shape.missing_fields == ()
    for tp, seen in BYTES[name].items():
        # Biases, norms of heads and routers in float32 weigh more here than in a real model.
        allowed = 0.0 if name in EXACT else 0.0035 if tp == 1 else 0.006
        assert parameters(shape, tp) == pytest.approx(seen, rel=allowed, abs=0)


@pytest.mark.parametrize(
    ("config", "billions"),
    [
        # Published totals.
        ({"num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
          "hidden_size": 4096, "head_dim": 128, "intermediate_size": 14336,
          "vocab_size": 128256}, 8.030),
        ({"num_hidden_layers": 61, "num_attention_heads": 128, "num_key_value_heads": 128,
          "hidden_size": 7168, "kv_lora_rank": 512, "q_lora_rank": 1536, "qk_rope_head_dim": 64,
          "qk_nope_head_dim": 128, "v_head_dim": 128, "head_dim": None,
          "intermediate_size": 18432, "vocab_size": 129280, "n_routed_experts": 256,
          "n_shared_experts": 1, "num_experts_per_tok": 8, "moe_intermediate_size": 2048,
          "first_k_dense_replace": 3, "moe_layer_freq": 1,
          "model_type": "deepseek_v3"}, 671.026),
        ({"num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
          "hidden_size": 4096, "head_dim": 128, "intermediate_size": 14336, "vocab_size": 32000,
          "num_local_experts": 8, "num_experts_per_tok": 2, "model_type": "mixtral"}, 46.703),
    ],
)  # fmt: skip
def test_known_totals(config: dict[str, Any], billions: float) -> None:
    shape = read_shape({**LLAMA, **config})
    assert checkpoint_bytes(shape, PLAIN) / 2e9 == pytest.approx(billions, rel=0.0005)


def test_the_experts_width_is_not_counted_as_a_dense_part_too() -> None:
    for name in ("mixtral", "gpt_oss", "llama4_text"):
        shape = read_shape(CONFIGS[name])
        assert {layer.ffn for layer in shape.layers} == {"moe"}


def test_keys_and_values_are_copied_when_ranks_outnumber_their_heads() -> None:
    shape = read_shape({**LLAMA, "num_key_value_heads": 1})
    one, four = (layers_bytes(shape, PLAIN, Split(tp), range(4)) for tp in (1, 4))
    norms = 4 * 2 * shape.hidden * 2
    copied = 4 * 2 * shape.hidden * shape.head_dim * 2
    assert four == (one - norms - copied) / 4 + norms + copied


def test_pipeline_stages_hold_their_own_ends() -> None:
    shape = read_shape({**LLAMA, "tie_word_embeddings": True, "num_hidden_layers": 5})
    whole = stage_weights_bytes(shape, PLAIN, Split(), 0)
    parts = [stage_weights_bytes(shape, PLAIN, Split(pp=2), stage) for stage in (0, 1)]
    # A shared matrix lies on both ends.
    twice = shape.vocab * shape.hidden * 2
    assert sum(parts) == whole + twice
    layer = layers_bytes(shape, PLAIN, Split(), range(1))
    assert parts[0] - parts[1] == layer - shape.hidden * 2


@pytest.mark.parametrize(("tp", "dp"), [(1, 8), (2, 4), (4, 1)])
def test_expert_parallel_ranks_hold_whole_experts(tp: int, dp: int) -> None:
    config = {**CONFIGS["qwen3_moe"], "num_experts": 20}
    shape = read_shape(config)
    moe = shape.moe
    assert moe is not None
    split = Split(tp=tp, dp=dp, expert_parallel=True)
    per_rank = -(-20 // (tp * dp))
    experts = per_rank * 3 * shape.hidden * moe.intermediate * 2
    router = shape.hidden * 20 * 2
    others = layers_bytes(read_shape({**config, "num_experts": 0, "intermediate_size": 0}),
                          PLAIN, split, range(1))  # fmt: skip
    assert layers_bytes(shape, PLAIN, split, range(1)) == others + experts + router


@pytest.mark.parametrize(("tp", "dp"), [(1, 4), (2, 2), (4, 1)])
def test_data_parallel_ranks_cut_each_expert_too(tp: int, dp: int) -> None:
    config = {**CONFIGS["qwen3_moe"], "num_experts": 20}
    shape = read_shape(config)
    assert shape.moe is not None
    alone = layers_bytes(shape, PLAIN, Split(tp=tp), range(1))
    both = layers_bytes(shape, PLAIN, Split(tp=tp, dp=dp), range(1))
    experts = 20 * 3 * shape.hidden * shape.moe.intermediate * 2
    assert alone - both == experts / tp - experts / (tp * dp)


@pytest.mark.parametrize(
    ("split", "experts", "width"),
    [
        (Split(), 32, 2944),
        (Split(tp=2), 32, 1536),
        (Split(tp=4), 32, 768),
        (Split(tp=4, expert_parallel=True), 8, 2944),
    ],
)
def test_mxfp4_experts_are_padded_on_each_rank(split: Split, experts: int, width: int) -> None:
    config = {
        **CONFIGS["gpt_oss"],
        "hidden_size": 2880,
        "intermediate_size": 2880,
        "num_local_experts": 32,
    }
    shape = read_shape(config)
    quant = read_quantization({**config, "quantization_config": {"quant_method": "mxfp4"}})
    plain, packed = (layers_bytes(shape, q, split, range(1)) for q in (PLAIN, quant))
    whole = (8 if split.expert_parallel else 32 / split.tp) * 3 * 2880 * 2880 * 2
    assert packed == plain - whole + experts * 3 * width * 3072 * (0.5 + 1 / 32)


@pytest.mark.parametrize(
    ("settings", "size"),
    [
        ({"quant_algo": "NVFP4", "group_size": 16}, 0.5 + 1 / 16),
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, 1 + 4 / 128**2),
        ({"quant_method": "fp8"}, 1.0),
        ({"quant_method": "gptq", "bits": 4, "group_size": 128, "sym": True}, 0.5 + 2 / 128),
        ({"quant_method": "awq", "bits": 4, "group_size": 64}, 0.5 + 2.5 / 64),
        ({"quant_method": "gptq", "bits": 8, "group_size": 128}, 1 + 2 / 128),
    ],
)
def test_only_the_linear_layers_are_packed(settings: dict[str, Any], size: float) -> None:
    shape = read_shape(LLAMA)
    quant = read_quantization({**LLAMA, "quantization_config": settings})
    norms = 4 * 2 * shape.hidden
    linear = layers_bytes(shape, PLAIN, Split(), range(4)) / 2 - norms
    assert layers_bytes(shape, quant, Split(), range(4)) == linear * size + norms * 2


def test_values_that_equal_the_keys_are_loaded_but_not_stored() -> None:
    config = CONFIGS["gemma4_text"]
    shape = read_shape(config)
    with_values = read_shape({**config, "attention_k_eq_v": False})
    values = sum(layer.mixer == "full" for layer in shape.layers) * shape.hidden * 96 * 2
    assert layers_bytes(shape, PLAIN, Split(), range(6)) == layers_bytes(
        with_values, PLAIN, Split(), range(6)
    )
    assert checkpoint_bytes(with_values, PLAIN) - checkpoint_bytes(shape, PLAIN) == values
    # Attention of that one layer is left whole, so its values would be too.
    ignored = {"quant_method": "fp8", "ignored_layers": ["model.layers.5.self_attn"]}
    quant = read_quantization({**config, "quantization_config": ignored})
    assert checkpoint_bytes(with_values, quant) - checkpoint_bytes(shape, quant) == values


def test_sparse_attention_has_an_indexer_on_each_rank() -> None:
    config = CONFIGS["deepseek_v3"]
    index = {"index_topk": 64, "index_n_heads": 4, "index_head_dim": 64}
    for tp in (1, 4):
        without, found = (
            layers_bytes(read_shape({**config, **more}), PLAIN, Split(tp), range(1))
            for more in ({}, index)
        )
        # wq_b and wk_weights_proj of DeepseekV32Indexer (models/deepseek_v32/attention.py).
        assert found - without == (192 * 4 * 64 + 256 * (64 + 4)) * 2


def test_experts_of_a_latent_size() -> None:
    config = {
        "model_type": "nemotron_h", "hidden_size": 256, "num_hidden_layers": 1,
        "hybrid_override_pattern": "E", "num_attention_heads": 8, "num_key_value_heads": 2,
        "head_dim": 48, "vocab_size": 1024, "intermediate_size": 640, "n_routed_experts": 8,
        "num_experts_per_tok": 2, "moe_intermediate_size": 192, "n_shared_experts": 2,
        "moe_shared_expert_intermediate_size": 384, "moe_latent_size": 64,
    }  # fmt: skip
    found = layers_bytes(read_shape(config), PLAIN, Split(), range(1)) / 2
    # nemotron_h.py: two matrices an expert, projections to and from the latent size, a router.
    experts, shared = 8 * 2 * 64 * 192, 2 * 256 * 2 * 384
    assert found == experts + shared + 2 * 256 * 64 + 256 * 8 + 256


def test_a_matrix_of_one_layer_that_is_left_whole() -> None:
    shape = read_shape(LLAMA)
    settings = {"quant_method": "fp8", "ignored_layers": ["model.layers.1.mlp.down_proj"]}
    none = read_quantization({**LLAMA, "quantization_config": {"quant_method": "fp8"}})
    one = read_quantization({**LLAMA, "quantization_config": settings})
    more = [
        layers_bytes(shape, one, Split(2), range(layer, layer + 1))
        - layers_bytes(shape, none, Split(2), range(layer, layer + 1))
        for layer in range(4)
    ]
    assert more == [0, shape.intermediate * shape.hidden / 2, 0, 0]
    assert layers_bytes(shape, one, Split(2), range(4)) == sum(
        layers_bytes(shape, one, Split(2), range(layer, layer + 1)) for layer in range(4)
    )


def test_the_output_matrix_is_packed_on_the_last_stage() -> None:
    shape = read_shape(LLAMA)
    settings = {"quant_method": "modelopt", "quant_algo": "FP8"}
    packed, whole = (
        read_quantization({**LLAMA, "quantization_config": {**settings, **more}})
        for more in ({}, {"ignore": ["lm_head"]})
    )
    matrix = shape.vocab * shape.hidden
    for stage, saved in ((0, 0), (1, matrix)):
        one, other = (stage_weights_bytes(shape, q, Split(pp=2), stage) for q in (whole, packed))
        assert one - other == saved
    assert checkpoint_bytes(shape, whole) - checkpoint_bytes(shape, packed) == matrix
