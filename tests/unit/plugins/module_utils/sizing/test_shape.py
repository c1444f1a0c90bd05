# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Shapes: layers by the rules of the families, nests, unknown ones, and bad input."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.catalogue import CATALOGUE
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.quantization import (
    read_quantization,
)
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape_reader import read_shape
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.units import Release
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.weights import (
    Split,
    buffers_bytes,
    checkpoint_bytes,
    stage_weights_bytes,
)

from .allocated import CONFIGS

LLAMA = CONFIGS["llama"]
QWEN_MOE = CONFIGS["qwen3_moe"]
DEEPSEEK = CONFIGS["deepseek_v3"]


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


@pytest.mark.parametrize("nest", ["text_config", "llm_config", "language_config", "thinker_config"])
def test_the_language_model_may_be_nested(nest: str) -> None:
    plain = read_shape(LLAMA)
    outer = {"model_type": "internvl_chat", "hidden_size": 7, "vision_config": {}}
    assert replace(read_shape({nest: LLAMA, **outer}), vision=False) == plain
    # Omni models nest twice.
    assert read_shape({"thinker_config": {"text_config": LLAMA}}).layers == plain.layers


def test_a_vision_tower_is_counted_beside_the_language_model() -> None:
    nested = CONFIGS["qwen3_vl"]
    shape = read_shape(nested)
    assert shape.vision
    assert shape.extra_params > 0
    without = read_shape({key: nested[key] for key in nested if key != "vision_config"})
    assert without.vision
    assert without.missing == ("vision_config",)
    assert without.extra_params == 0
    assert without.layers == shape.layers


def test_qwen2_vl_calls_its_towers_width_embed_dim() -> None:
    tower = {"depth": 32, "embed_dim": 1280, "hidden_size": 3584, "mlp_ratio": 4, "patch_size": 14,
             "spatial_merge_size": 2, "temporal_patch_size": 2}  # fmt: skip
    config = {**LLAMA, "model_type": "qwen2_vl", "hidden_size": 3584, "vision_config": tower}
    # 0.63 to 0.68 billion parameters, by the model card.
    assert 0.6e9 < read_shape(config).extra_params < 0.7e9


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"model_type": "brand_new"}, "brand_new"),
        ({"model_type": "odd_vl", "text_config": {"model_type": "llama"}}, "odd_vl"),
        ({"model_type": "falcon_h1", "mamba_d_ssm": 512}, "falcon_h1"),
        ({"model_type": "jamba"}, "jamba"),
        ({"model_type": "minicpm3"}, "minicpm3"),
        ({"model_type": "lfm2", "layer_types": ["conv"] * 4}, "conv"),
        (
            {"layer_types": ["full_attention", "lightning", "full_attention", "lightning"]},
            "lightning",
        ),
        ({"model_type": None, "architectures": ["Phi4FlashForCausalLM"]}, "Phi4Flash"),
        ({"model_type": None, "architectures": ["BrandNewForCausalLM"]}, "BrandNew"),
        ({"architectures": ["LlamaForSequenceClassification"]}, "does not generate"),
        ({"num_key_value_heads": [1, 2, 4, 8]}, "num_key_value_heads differ"),
        ({"model_type": "gemma4_text", "num_kv_shared_layers": 2}, "num_kv_shared_layers"),
        ({"block_configs": [{}]}, "block_configs"),
        ({"architecture_class": "diffusion"}, "diffusion"),
    ],
)
def test_what_is_not_known_is_a_doubt_and_the_plan_unknown(
    change: dict[str, Any], word: str
) -> None:
    config = {key: value for key, value in {**LLAMA, **change}.items() if value is not None}
    assert word in " ".join(read_shape(config).doubts)
    plan = memory_plan({"config": config, "gpu": {"product": "H100-80GB"}})
    assert plan["confidence"] == "unknown"
    assert word in " ".join(plan["notes"])


@pytest.mark.parametrize(
    "name", ["LlamaForCausalLM", "Qwen3MoeForCausalLM", "GptOssForCausalLM", "ChatGLMModel"]
)
def test_a_class_name_is_enough_for_a_known_family(name: str) -> None:
    config = {key: LLAMA[key] for key in LLAMA if key != "model_type"}
    assert read_shape({**config, "architectures": [name]}).doubts == ()


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
        missing = read_shape(entry.config).missing
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


@pytest.mark.parametrize("unused", [{}, {"use_sliding_window": False}])
def test_a_window_that_is_not_used(unused: dict[str, Any]) -> None:
    window = {"sliding_window": 1024, **unused}
    assert mixers({**CONFIGS["qwen2"], **window}) == "ffffff"
    assert mixers({**CONFIGS["qwen2"], "model_type": "mimo", **window}) == "ffffff"
    assert mixers({**CONFIGS["mistral"], **window}) == ("ffffff" if unused else "ssssss")


def test_names_and_defaults_of_single_families() -> None:
    bloom = dict(CONFIGS["bloom"])
    hidden = bloom.pop("hidden_size", None) or bloom.pop("n_embd")
    assert read_shape({**bloom, "n_embed": hidden}).hidden == hidden
    minicpm = {key: value for key, value in LLAMA.items() if key != "tie_word_embeddings"}
    assert read_shape({**minicpm, "model_type": "minicpm", "architectures": None}).tied


TEXT = {
    "num_hidden_layers": 2, "num_attention_heads": 32, "num_key_value_heads": 2, "head_dim": 128,
    "intermediate_size": 13696, "vocab_size": 151552, "hidden_size": 4096,
}  # fmt: skip


@pytest.mark.parametrize(
    ("config", "billions"),
    [
        # GLM-4.1V-9B: 10.29 billion parameters, less 9.40 of its language model (GLM-4-9B-0414).
        ({"model_type": "glm4v", **TEXT, "vision_config": {
            "hidden_size": 1536, "depth": 24, "intermediate_size": 13696, "out_hidden_size": 4096,
            "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2,
            "hidden_act": "silu"}}, 0.89),
        # Pixtral's tower of 0.4 billion parameters, all by default, and its projector.
        ({"model_type": "llava", "text_config": {**TEXT, "hidden_size": 5120},
          "vision_config": {"model_type": "pixtral", "image_size": 1024}}, 0.43),
        # Kimi-K2.5 names its fields in a way of its own.
        ({"model_type": "kimi_k25", "text_config": TEXT,
          "vision_config": {"vt_hidden_size": 1152, "vt_intermediate_size": 4304,
                            "vt_num_hidden_layers": 27, "patch_size": 14}}, 0.43),
    ],
)  # fmt: skip
def test_towers_of_images(config: dict[str, Any], billions: float) -> None:
    assert read_shape(config).extra_params / 1e9 == pytest.approx(billions, abs=0.02)
