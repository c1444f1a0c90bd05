# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Shapes: nests, defaults of families, whole checkpoints, and bad input."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.catalogue import CATALOGUE
from ansible_collections.llmops.vllm.plugins.module_utils.releases import Release
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.quantization import (
    read_quantization,
)
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.reader import read_shape
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.weights import (
    Split,
    buffers_bytes,
    checkpoint_bytes,
    stage_weights_bytes,
)

from ..allocated import CONFIGS

LLAMA = CONFIGS["llama"]
QWEN_MOE = CONFIGS["qwen3_moe"]
DEEPSEEK = CONFIGS["deepseek_v3"]


@pytest.mark.parametrize("nest", ["text_config", "llm_config", "language_config", "thinker_config"])
def test_the_language_model_may_be_nested(nest: str) -> None:
    plain = read_shape(LLAMA)
    outer = {"model_type": "internvl_chat", "hidden_size": 7, "vision_config": {}}
    assert replace(read_shape({nest: LLAMA, **outer}), vision=False) == plain
    # Omni models nest twice.
    assert read_shape({"thinker_config": {"text_config": LLAMA}}).layers == plain.layers


@pytest.mark.parametrize(
    ("family", "tied"),
    [("llama", False), ("qwen2", False), ("gemma2", True), ("gemma3_text", True),
     ("cohere2", True), ("gpt2", True), ("starcoder2", True), ("mixtral", False)],
)  # fmt: skip
def test_embeddings_are_shared_by_the_families_default(family: str, *, tied: bool) -> None:
    config = {key: CONFIGS[family][key] for key in CONFIGS[family] if key != "tie_word_embeddings"}
    assert read_shape(config).tied is tied
    assert read_shape({**config, "tie_word_embeddings": not tied}).tied is not tied


def test_the_same_count_for_each_layer_is_a_count() -> None:
    config = {**CONFIGS["hunyuan_moe"], "moe_topk": [2] * 4, "num_shared_expert": [1] * 4}
    shape = read_shape({**config, "moe_intermediate_size": [192] * 4})
    assert shape == read_shape(CONFIGS["hunyuan_moe"])


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"model_type": 5}, "model_type"),
        ({"model_type": 5, "text_config": {"model_type": "llama"}}, "model_type"),
        ({"architectures": "LlamaForCausalLM"}, "architectures"),
        ({"architectures": [None]}, "architectures"),
        ({"tie_word_embeddings": "false"}, "tie_word_embeddings"),
        ({"attention_bias": 2}, "attention_bias"),
        ({"hidden_size": 1.5}, "hidden_size"),
        ({"hidden_size": True}, "hidden_size"),
        ({"hidden_size": 10**400}, "hidden_size"),
        ({"vocab_size": 2**60}, "vocab_size"),
        ({"num_hidden_layers": 10**9}, "num_hidden_layers"),
        ({"num_key_value_heads": -1}, "num_key_value_heads"),
        ({"head_dim": None, "num_attention_heads": 7, "num_key_value_heads": 7}, "hidden_size"),
        ({"layer_types": ["full_attention"]}, "layer_types"),
        ({"layer_types": 4}, "layer_types"),
        ({"layer_types": [["full_attention"]] * 4}, "layer_types"),
        ({"hybrid_override_pattern": "M?M*"}, "hybrid_override_pattern"),
        ({"hybrid_override_pattern": 5}, "hybrid_override_pattern"),
        ({"text_config": []}, "text_config"),
        ({"ffn_config": 4}, "ffn_config"),
        ({"rope_scaling": {"factor": float("inf")}}, "factor"),
        ({"rope_scaling": {"factor": "many"}}, "factor"),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 2.0,
                           "original_max_position_embeddings": -4}}, "original_max"),
        ({"torch_dtype": 16}, "torch_dtype"),
        ({"num_experts": 4, "num_experts_per_tok": 5}, "num_experts_per_tok"),
        ({"full_attention_layers": 1, "sliding_attention_layers": 1}, "attention layers"),
        ({"vision_config": {"hidden_size": -1}}, "hidden_size"),
    ],
)  # fmt: skip
def test_bad_fields_are_errors_that_name_them(change: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        read_shape({**LLAMA, **change})


WRONG: list[Any] = [
    None, -1, 0, 1, 3, 2**50, 2**70, 1.5, float("nan"), float("inf"), True, False, "", "eight",
    "fp8", [], [1], [1, 2, 3, 4], ["full_attention"] * 4, [None], [[]], {}, {"a": 1},
    {"rope_type": "yarn", "factor": -1}, {"model_type": "llama"}, {"quant_method": "fp8"},
    {"quant_method": "gptq", "bits": "4", "group_size": []}, {"ignore": [1, "re:["]},
    {"quant_algo": "MIXED_PRECISION", "quantized_layers": {"layers.0.x": None}},
    {"quant_method": "compressed-tensors", "config_groups": {"a": None, "b": {"weights": 1}}},
    {"config_groups": {"a": {"targets": 5, "weights": {"num_bits": 4, "type": "int"}}}},
]  # fmt: skip
OTHER_FIELDS = (
    "layer_types layers_block_type quantization_config text_config vision_config sliding_window"
    " sliding_window_pattern rope_scaling architectures architecture_class attention_chunk_size"
    " no_rope_layers moe_layers moe_layer_freq mlp_only_layers is_moe_layer mlp_layer_types"
    " kv_lora_rank q_lora_rank index_topk index_n_heads attn_layer_indices extra_params"
    " linear_num_value_heads mamba_n_heads quant_ignore kv_cache_scheme weight_block_size"
    " full_attention_layers global_head_dim num_global_key_value_heads moe_latent_size"
).split()


def spoiled(rng: random.Random) -> dict[str, Any]:
    """A known config in which up to four fields are wrong."""
    config = dict(rng.choice(list(CONFIGS.values())))
    for dummy in range(rng.choice((1, 1, 2, 4))):
        names = list(config) if rng.random() < 0.6 else OTHER_FIELDS
        place = config
        if rng.random() < 0.2 and isinstance(config.get("text_config"), dict):
            place = config["text_config"] = dict(config["text_config"])
        place[rng.choice(names)] = rng.choice(WRONG)
    return config


def smallest(config: dict[str, Any], split: Split) -> float:
    """The smallest of all sizes that are computed."""
    shape, quant = read_shape(config), read_quantization(config)
    sizes = [stage_weights_bytes(shape, quant, split, stage) for stage in range(split.pp)]
    buffers = buffers_bytes(shape, Release(), 8192)
    rest = (buffers, checkpoint_bytes(shape, quant), shape.extra_params, shape.rotary.longest)
    return min(*sizes, *rest)


def test_nothing_but_a_value_error_comes_out_and_no_size_is_negative() -> None:
    rng = random.Random(32)
    found, errors = [], []
    for dummy in range(4000):
        expert_parallel = rng.random() < 0.5
        split = Split(
            rng.choice((1, 2, 8)), rng.choice((1, 2)), rng.choice((1, 4)), expert_parallel
        )
        try:
            found.append(smallest(spoiled(rng), split))
        except ValueError as error:
            errors.append(str(error))
    assert len(found) > 1000
    assert len(errors) > 1000
    assert min(found) >= 0
    assert [error for error in errors if "config" not in error or len(error) > 300] == []


def test_catalogue_entries_with_gaps_are_unknown_and_say_what_is_missing() -> None:
    gaps = 0
    for name, entry in CATALOGUE.items():
        plan = memory_plan({"config": entry.config, "gpu": {"memory_gib": 79.19, "count": 8}})
        missing = read_shape(entry.config).missing_fields
        assert tuple(plan["missing"]) == missing
        assert (plan["confidence"] == "unknown") >= bool(missing), name
        if missing:
            gaps += 1
            assert plan["per_gpu"]["weights_gib"] is None
            assert all(word in " ".join(plan["notes"]) for word in missing)
    assert gaps


def test_catalogue_families_are_known() -> None:
    for name, entry in CATALOGUE.items():
        assert read_shape(entry.config).doubts == (), name
        assert read_quantization(entry.config).doubt == "", name


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        # Totals of the model cards, vision towers included.
        ("Qwen/Qwen2.5-0.5B-Instruct", 0.494),
        ("Qwen/Qwen2.5-14B-Instruct", 14.770),
        ("Qwen/Qwen3-1.7B", 1.721),
        ("Qwen/Qwen3-4B", 4.022),
        ("Qwen/Qwen3-32B", 32.762),
        ("Qwen/Qwen3-235B-A22B-FP8", 235.094),
        ("meta-llama/Llama-3.2-1B-Instruct", 1.236),
        ("meta-llama/Llama-3.3-70B-Instruct", 70.554),
        ("mistralai/Mistral-7B-Instruct-v0.3", 7.248),
        ("mistralai/Mixtral-8x22B-v0.1", 140.62),
        ("google/gemma-2-2b-it", 2.614),
        ("google/gemma-2-9b-it", 9.242),
        ("google/gemma-3-1b-it", 1.000),
        ("google/gemma-3-4b-it", 4.300),
        ("google/gemma-3-12b-it", 12.187),
        ("microsoft/Phi-4-mini-instruct", 3.836),
        ("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", 31.578),
        ("Qwen/Qwen3-VL-8B-Instruct", 8.767),
        ("Qwen/Qwen3-VL-30B-A3B-Instruct", 31.071),
    ],
)
def test_catalogue_totals(name: str, billions: float) -> None:
    config = {**CATALOGUE[name].config, "quantization_config": None}
    found = checkpoint_bytes(read_shape(config), read_quantization(config)) / 2e9
    assert found == pytest.approx(billions, rel=0.001)


def test_names_and_defaults_of_single_families() -> None:
    bloom = dict(CONFIGS["bloom"])
    hidden = bloom.pop("hidden_size", None) or bloom.pop("n_embd")
    assert read_shape({**bloom, "n_embed": hidden}).hidden == hidden
    minicpm = {key: value for key, value in LLAMA.items() if key != "tie_word_embeddings"}
    assert read_shape({**minicpm, "model_type": "minicpm", "architectures": None}).tied
