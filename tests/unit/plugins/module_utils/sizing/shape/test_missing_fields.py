# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""A config without one of its fields: another plan is never given as if nothing were missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.catalogue import CATALOGUE
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.fields import Fields
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.missing_fields import (
    announces_mla,
)
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.reader import read_shape

from ..allocated import CONFIGS

_DATA = Path(__file__).parents[5] / "data" / "model_configs.yaml"
GIVEN: dict[str, dict[str, Any]] = yaml.safe_load(_DATA.read_text(encoding="utf-8"))
SHAPES = {f"given {name}": config for name, config in GIVEN.items()} | {
    name: entry.config for name, entry in CATALOGUE.items()
}
# Absence of these says something: not quantized, no bias, the model's own type, no second matrix.
SAYS_NO = frozenset(
    """
    quant_method quantization_config quant_ignore kv_cache_scheme weight_block_size attention_bias
    expert_bias tie_word_embeddings mamba_ssm_dtype mamba_ssm_cache_dtype extra_params
    num_nextn_predict_layers mtp_num_hidden_layers mtp_layers_not_loaded_by_default rope_scaling
    rope_parameters max_position_embeddings spatial_merge_size
    """.split()
)
LLAMA = {
    **CONFIGS["llama"], "hidden_size": 4096, "num_attention_heads": 32, "num_key_value_heads": 8,
    "head_dim": 128,
}  # fmt: skip


def planned(config: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = memory_plan(
        {"config": config, "max_model_len": 8192, "tensor_parallel_size": 2},
        gpu={"product": "H200"}, vllm_version="0.32.0",
    )  # fmt: skip
    return found


def figures(plan: dict[str, Any]) -> tuple[Any, ...]:
    return plan["per_gpu"], plan["kv_cache"], plan["max_model_len_that_fits"], plan["fits"]


def without_one(config: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The config without each of its fields, those of a nested language model included."""
    for name in config:
        yield name, {key: value for key, value in config.items() if key != name}
    text = config.get("text_config", {})
    for name in text:
        yield name, {**config, "text_config": {key: text[key] for key in text if key != name}}


def means_no(name: str, config: dict[str, Any], smaller: dict[str, Any]) -> bool:
    """Whether a config without this field is a whole one that describes another model."""
    if name in SAYS_NO:
        return True
    # The class of Llama counts as many KV heads as heads.
    if name == "num_key_value_heads" and config.get("model_type") in ("llama", "phi3", "granite"):
        return True
    # A nested config has the defaults of its class, and is no exact plan anyway.
    if "text_config" in smaller and name not in config:
        return bool(planned(smaller)["confidence"] != "exact")
    # Plain keys without a family say nothing of a latent query, which not every model has.
    return name == "q_lora_rank" and "model_type" not in config


def test_a_plan_without_one_field_has_the_same_figures_or_names_it() -> None:
    wrong, count = [], 0
    for model, config in SHAPES.items():
        whole = planned(config)
        if whole["missing"]:
            continue
        for name, smaller in without_one(config):
            plan = planned(smaller)
            count += 1
            is_same = figures(plan) == figures(whole)
            if not is_same and not plan["missing"] and not means_no(name, config, smaller):
                wrong.append((model, name, plan["confidence"]))
            if plan["missing"] and (plan["confidence"] != "unknown" or not plan["fits"]):
                wrong.append((model, name, "known"))
    assert wrong == []
    assert count > 1000


def test_the_shapes_themselves_lack_nothing_but_what_their_source_does_not_say() -> None:
    lacking = {name for name, config in SHAPES.items() if read_shape(config).missing_fields}
    assert lacking == {
        "given mistralai/Mistral-Small-4-119B-2603",
        "given zai-org/GLM-4.7-FP8",
        "mistralai/Mistral-Small-4-119B-2603",
        "zai-org/GLM-4.7-FP8",
    }


@pytest.mark.parametrize("family", CONFIGS)
def test_configs_that_vllm_loaded_lack_nothing(family: str) -> None:
    assert read_shape(CONFIGS[family]).missing_fields == ()
    assert read_shape(CONFIGS[family]).doubts == ()


@pytest.mark.parametrize(
    ("family", "name", "missing"),
    [
        ("qwen3", "num_key_value_heads", ["num_key_value_heads"]),
        ("mixtral", "num_key_value_heads", ["num_key_value_heads"]),
        ("gemma2", "num_key_value_heads", ["num_key_value_heads"]),
        ("gemma2", "head_dim", ["head_dim"]),
        ("gemma2", "sliding_window", ["sliding_window"]),
        ("qwen3_moe", "head_dim", ["head_dim"]),
        ("glm4_moe", "head_dim", ["head_dim"]),
        ("mixtral", "num_local_experts", ["num_local_experts"]),
        ("mixtral", "intermediate_size", ["intermediate_size"]),
        ("mixtral", "num_experts_per_tok", ["num_experts_per_tok"]),
        ("deepseek_v3", "n_routed_experts", ["n_routed_experts"]),
        ("deepseek_v3", "moe_intermediate_size", ["moe_intermediate_size"]),
        ("deepseek_v3", "kv_lora_rank", ["kv_lora_rank"]),
        ("kimi_k2", "q_lora_rank", ["q_lora_rank"]),
        ("deepseek_v3", "n_shared_experts", ["n_shared_experts"]),
        ("deepseek_v3", "first_k_dense_replace", ["first_k_dense_replace"]),
        ("ernie4_5_moe", "moe_num_experts", ["moe_num_experts"]),
        ("qwen3_next", "linear_num_value_heads", ["linear_num_value_heads"]),
        ("qwen3_next", "shared_expert_intermediate_size", ["shared_expert_intermediate_size"]),
        ("nemotron_h", "mamba_head_dim", ["mamba_head_dim"]),
        ("nemotron_h", "n_groups", ["n_groups"]),
        ("nemotron_h", "hybrid_override_pattern", ["hybrid_override_pattern"]),
        ("granitemoehybrid", "layer_types", ["layer_types"]),
        ("granitemoehybrid", "mamba_n_heads", ["mamba_n_heads"]),
        ("granitemoeshared", "shared_intermediate_size", ["shared_intermediate_size"]),
        ("llama4_text", "attention_chunk_size", ["attention_chunk_size"]),
        ("llama4_step", "intermediate_size_mlp", ["intermediate_size_mlp"]),
        ("gemma4_text", "global_head_dim", ["global_head_dim"]),
        ("gemma4_text", "num_global_key_value_heads", ["num_global_key_value_heads"]),
        ("gemma4_moe", "num_experts", ["num_experts"]),
        ("gemma3", "vision_config", ["vision_config"]),
        # What their classes make of it is known.
        ("llama", "num_key_value_heads", []),
        ("llama", "head_dim", []),
        ("olmo2", "num_key_value_heads", []),
        ("granitemoe", "num_key_value_heads", []),
    ],
)
def test_what_a_family_needs_is_missing_by_its_name(
    family: str, name: str, missing: list[str]
) -> None:
    config = {key: value for key, value in CONFIGS[family].items() if key != name}
    assert list(read_shape(config).missing_fields) == missing
    plan = planned(config)
    assert plan["missing"] == missing
    assert (plan["confidence"] == "unknown") == bool(missing)
    if missing:
        assert plan["per_gpu"]["weights_gib"] is None
        assert plan["kv_cache"]["tokens"] is None


@pytest.mark.parametrize(
    ("family", "name", "is_for_cache"),
    [("deepseek_v3", "kv_lora_rank", True), ("deepseek_v3", "qk_rope_head_dim", True),
     ("deepseek_v3", "n_routed_experts", False), ("qwen3", "num_key_value_heads", True),
     ("qwen3", "vocab_size", False), ("gemma2", "sliding_window", True),
     ("gemma4_text", "global_head_dim", True), ("granitemoehybrid", "mamba_n_heads", True),
     ("granitemoehybrid", "layer_types", True), ("mixtral", "num_experts_per_tok", False)],
)  # fmt: skip
def test_a_cache_of_a_given_size_is_known_without_what_only_weights_need(
    family: str, name: str, *, is_for_cache: bool
) -> None:
    config = {key: value for key, value in CONFIGS[family].items() if key != name}
    plan = memory_plan({"config": config, "kv_cache_memory_gib": 1, "max_model_len": 2048})
    assert (plan["kv_cache"]["tokens"] is None) == is_for_cache
    assert (plan["kv_cache"]["bytes_per_token"] is None) == is_for_cache
    assert plan["missing"] == [name]


@pytest.mark.parametrize(
    ("family", "name"),
    [("kimi_k2", "q_lora_rank"), ("deepseek_v3", "n_shared_experts"),
     ("exaone4", "sliding_window"), ("gemma4_text", "num_global_key_value_heads")],
)  # fmt: skip
def test_null_is_an_answer_where_it_is_a_value(family: str, name: str) -> None:
    assert read_shape({**CONFIGS[family], name: None}).missing_fields == ()


def test_the_fields_of_a_vision_tower_are_not_the_language_models() -> None:
    tower = {"head_dim": 64, "num_key_value_heads": 16, "hidden_size": 1024}
    names = ("head_dim", "num_key_value_heads")
    plain = {key: value for key, value in CONFIGS["qwen3"].items() if key not in names}
    missing = read_shape({**plain, "vision_config": tower}).missing_fields
    assert missing == ("num_key_value_heads", "head_dim")


@pytest.mark.parametrize("kind", ["llama", "phi3", "olmo2"])
def test_llama_counts_as_many_kv_heads_as_heads(kind: str) -> None:
    config = {**LLAMA, "model_type": kind, "architectures": None}
    plain = {key: value for key, value in config.items() if key != "num_key_value_heads"}
    assert planned(plain) == planned({**config, "num_key_value_heads": 32})


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"model_type": "qwen3_moe"}, "num_experts"),
        ({"architectures": ["Qwen3MoeForCausalLM"]}, "num_experts"),
        ({"architectures": ["FooMoeForCausalLM"]}, "num_experts"),
        ({"architecture_class": "moe"}, "num_experts"),
        ({"architecture_class": "mla_dense"}, "kv_lora_rank"),
        ({"model_type": "kimi_k2"}, "kv_lora_rank"),
        ({"qk_rope_head_dim": 64}, "kv_lora_rank"),
        ({"q_lora_rank": 1536}, "kv_lora_rank"),
        ({"model_type": "qwen3_next"}, "linear_num_value_heads"),
        ({"model_type": "qwen3_5_text"}, "linear_conv_kernel_dim"),
        ({"architecture_class": "hybrid_linear_dense"}, "linear_key_head_dim"),
        ({"layer_types": ["linear_attention"] * 4}, "linear_num_value_heads"),
        ({"layer_types": ["mamba"] * 4}, "mamba_num_heads"),
        ({"model_type": "nemotron_h", "hybrid_override_pattern": "M*-E"}, "n_routed_experts"),
        ({"model_type": "deepseek_v32"}, "index_topk"),
        ({"index_n_heads": 64}, "index_head_dim"),
        ({"layer_types": ["sliding_attention"] * 4}, "sliding_window"),
        ({"layer_types": ["chunked_attention"] * 4}, "attention_chunk_size"),
        ({"model_type": "llava", "architectures": None}, "vision_config"),
        ({"architectures": ["PixtralForConditionalGeneration"]}, "vision_config"),
    ],
)
def test_a_part_that_is_announced_must_be_described(change: dict[str, Any], missing: str) -> None:
    shape = read_shape({**LLAMA, **change})
    assert missing in shape.missing_fields
    plan = planned({**LLAMA, **change})
    assert (plan["confidence"], plan["kv_cache"]["tokens"]) == ("unknown", None)
    assert missing in " ".join(plan["notes"])


def test_the_smallest_deepseek_vl_has_plain_attention() -> None:
    none = {"kv_lora_rank": None, "qk_rope_head_dim": 0, "qk_nope_head_dim": 0}
    assert not announces_mla(Fields({"model_type": "deepseek_v2", **none}))
    assert announces_mla(Fields({"model_type": "deepseek_v2"}))


def test_a_class_gives_the_model_type_that_is_not_there() -> None:
    for family in ("qwen2", "gemma2", "qwen3_moe", "gpt_oss"):
        config = {key: value for key, value in CONFIGS[family].items() if key != "model_type"}
        assert read_shape(config) == read_shape(CONFIGS[family])


# Classes of vLLM 0.32 (registry.py) whose parameters the formulas follow.
KNOWN_CLASSES = """
ApertusForCausalLM ArceeForCausalLM BailingMoeForCausalLM BailingMoeV2ForCausalLM BloomForCausalLM
ChatGLMForConditionalGeneration ChatGLMModel Cohere2ForCausalLM CohereForCausalLM CwmForCausalLM
DbrxForCausalLM DeepseekForCausalLM DeepseekV2ForCausalLM DeepseekV32ForCausalLM
DeepseekV3ForCausalLM DeepseekVLV2ForCausalLM Ernie4_5ForCausalLM Ernie4_5_MoeForCausalLM
Exaone4ForCausalLM ExaoneForCausalLM ExaoneMoEForCausalLM ExaoneMoeForCausalLM FalconForCausalLM
FlexOlmoForCausalLM GLM4VForCausalLM GPT2LMHeadModel GPTBigCodeForCausalLM GPTJForCausalLM
GPTNeoXForCausalLM Gemma2ForCausalLM Gemma3ForCausalLM Gemma3ForConditionalGeneration
Gemma4ForCausalLM Gemma4ForConditionalGeneration GemmaForCausalLM Glm4ForCausalLM
Glm4MoeForCausalLM Glm4MoeLiteForCausalLM Glm4vForConditionalGeneration
Glm4vMoeForConditionalGeneration GlmForCausalLM GlmMoeDsaForCausalLM GptOssForCausalLM
GraniteForCausalLM GraniteMoeForCausalLM GraniteMoeHybridForCausalLM GraniteMoeSharedForCausalLM
HunYuanDenseV1ForCausalLM HunYuanMoEV1ForCausalLM InternLM2ForCausalLM InternLM3ForCausalLM
InternVLChatModel InternVLForConditionalGeneration KimiK25ForConditionalGeneration
KimiVLForConditionalGeneration LLaMAForCausalLM Llama4ForCausalLM Llama4ForConditionalGeneration
LlamaForCausalLM LlavaForConditionalGeneration LlavaNextForConditionalGeneration MiMoForCausalLM
MiniCPMForCausalLM MiniMaxM2ForCausalLM Ministral3ForCausalLM Mistral3ForConditionalGeneration
MistralForCausalLM MixtralForCausalLM NemotronForCausalLM NemotronHForCausalLM OPTForCausalLM
Olmo2ForCausalLM Olmo3ForCausalLM OlmoForCausalLM OlmoeForCausalLM OrionForCausalLM
Phi3ForCausalLM PhiForCausalLM PhiMoEForCausalLM PixtralForConditionalGeneration Qwen2ForCausalLM
Qwen2MoeForCausalLM Qwen2VLForConditionalGeneration Qwen2_5_VLForConditionalGeneration
Qwen3ForCausalLM Qwen3MoeForCausalLM Qwen3NextForCausalLM Qwen3VLForConditionalGeneration
Qwen3VLMoeForConditionalGeneration Qwen3_5ForCausalLM Qwen3_5ForConditionalGeneration
Qwen3_5MoeForCausalLM Qwen3_5MoeForConditionalGeneration SeedOssForCausalLM SmolLM3ForCausalLM
SolarForCausalLM StableLmForCausalLM Starcoder2ForCausalLM
""".split()
UNKNOWN_CLASSES = """
FooForCausalLM DeciLMForCausalLM FalconH1ForCausalLM Gemma3nForCausalLM JambaForCausalLM
KimiLinearForCausalLM Lfm2MoeForCausalLM LongcatFlashForCausalLM MambaForCausalLM
MiniCPM3ForCausalLM NemotronHPuzzleForCausalLM Phi3VForCausalLM Qwen2AudioForConditionalGeneration
Qwen3OmniMoeForConditionalGeneration Step3TextForCausalLM WhisperForConditionalGeneration
EagleLlamaForCausalLM MedusaModel Zamba2ForCausalLM
""".split()


@pytest.mark.parametrize("name", KNOWN_CLASSES)
def test_known_classes_are_known(name: str) -> None:
    assert read_shape({**LLAMA, "model_type": None, "architectures": [name]}).doubts == ()


@pytest.mark.parametrize("name", UNKNOWN_CLASSES)
@pytest.mark.parametrize("said", [{"model_type": "llama"}, {"architecture_class": "dense"}])
def test_a_class_that_is_not_known_is_told_whatever_the_rest_says(
    name: str, said: dict[str, Any]
) -> None:
    config = {**LLAMA, "model_type": None, **said, "architectures": [name]}
    assert name in " ".join(read_shape(config).doubts)
    plan = planned(config)
    assert plan["confidence"] == "unknown"
    assert name in " ".join(plan["notes"])


@pytest.mark.parametrize("name", ["LlamaModel", "Qwen2Model", "Gemma3TextModel"])
def test_a_class_without_an_output_does_not_generate_text(name: str) -> None:
    assert "does not generate" in " ".join(read_shape({**LLAMA, "architectures": [name]}).doubts)


def test_an_encoder_beside_the_decoder_is_not_counted() -> None:
    assert "encoder" in " ".join(read_shape({**LLAMA, "is_encoder_decoder": True}).doubts)
    assert read_shape({**LLAMA, "is_encoder_decoder": False}).doubts == ()


@pytest.mark.parametrize(
    ("model", "name"),
    [("google/gemma-2-27b-it", "full_attention_layers"), ("openai/gpt-oss-20b",
     "sliding_attention_layers"), ("meta-llama/Llama-4-Scout-17B-16E-Instruct",
     "chunked_attention_layers")],
)  # fmt: skip
def test_layers_that_are_counted_but_for_one_kind(model: str, name: str) -> None:
    config = {key: value for key, value in GIVEN[model].items() if key != name}
    assert read_shape(config) == read_shape(GIVEN[model])
