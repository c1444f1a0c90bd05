# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Families of models by their ``model_type``: what each does without saying so in config.json.

Checked against the parameters that vLLM 0.32's own model classes allocate
(vllm/model_executor/models) and the defaults of transformers 5.19's config classes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .fields import Fields
from .layers import unknown_types

# Feed-forward parts without a gate have two matrices instead of three.
UNGATED = frozenset(
    """
    apertus arcee bloom falcon gpt2 gpt_bigcode gpt_neox gptj nemotron nemotron_h opt phi starcoder2
    """.split()
)
# The width of those parts, when it is left unsaid, is four times the hidden size.
WIDTH_UNSAID = frozenset("bloom falcon gpt2 gpt_bigcode gpt_neox gptj".split())
# Embeddings that serve as the output matrix too unless config.json denies it.
TIED = frozenset(
    """
    bloom cohere cohere2 ernie4_5 ernie4_5_moe falcon gemma gemma2 gemma3 gemma3_text gemma4
    gemma4_text gpt2 gpt_bigcode minicpm opt smollm3 starcoder2
    """.split()
)
QKV_BIAS = frozenset(
    """
    bloom gpt2 gpt_bigcode gpt_neox gpt_oss mimo opt phi qwen2 qwen2_moe qwen2_vl qwen2_vl_text
    qwen2_5_vl qwen2_5_vl_text starcoder2
    """.split()
)
# Positions are a table of the checkpoint, not computed.
POSITION_TABLE = frozenset("gpt2 gpt_bigcode opt".split())
# Norms before and after each part of a layer.
FOUR_NORMS = frozenset("gemma2 gemma3 gemma3_text gemma4 gemma4_text glm4".split())
# A plain feed-forward part runs beside the experts in each layer.
DENSE_BESIDE_EXPERTS = frozenset("gemma4 gemma4_text hunyuan_v1_moe".split())
# As many KV heads as query heads where config.json does not say a number. Other families have a
# constant instead (Qwen, Mixtral, Gemma), which fits no other model than the smallest.
AS_MANY_KV_HEADS = frozenset(
    """
    apertus arcee baichuan bloom cohere cohere2 exaone falcon flex_olmo gpt2 gpt_bigcode gpt_neox
    gptj granite granitemoe granitemoehybrid granitemoeshared hunyuan_v1_dense hunyuan_v1_moe
    internlm internlm2 llama minicpm mpt nemotron olmo olmo2 olmo3 olmoe opt persimmon phi phi3
    """.split()
)
# The hidden size divided among the heads where there is no head_dim. The classes of Gemma, Qwen3,
# GPT-OSS, GLM and others have a constant of their own, or their checkpoints another width.
DIVIDED_HEADS = AS_MANY_KV_HEADS - {"hunyuan_v1_dense", "hunyuan_v1_moe"} | frozenset(
    """
    bailing_moe bailing_moe_v2 chatglm dbrx deepseek ernie4_5_moe exaone4 exaone_moe glm4v_text
    mimo mistral mixtral mllama_text_model orion phimoe qwen2 qwen2_5_omni_text qwen2_5_vl
    qwen2_5_vl_text qwen2_moe qwen2_vl qwen2_vl_text smollm3 solar stablelm starcoder2
    """.split()
)
# The same two rules where config.json says null instead of nothing.
NULL_FOLLOWS = frozenset(
    """
    ernie4_5 glm4v_text internlm3 mistral qwen2 qwen2_5_omni_text qwen2_5_vl_text qwen2_vl_text
    qwen3 qwen3_vl_text seed_oss smollm3
    """.split()
)
# Experts are as wide as intermediate_size says.
PLAIN_EXPERTS = frozenset(
    """
    dbrx flex_olmo gpt_oss granitemoe granitemoehybrid granitemoeshared hunyuan_v1_moe llama4
    llama4_text minicpm minimax_m2 mixtral olmoe phimoe
    """.split()
)
# Queries carry a gate of their own size.
_GATED_ATTENTION = ("qwen3_next", "qwen3_5")
# Families whose weights follow the formulas here. Others may have parts that nobody counted.
_KNOWN = UNGATED | frozenset(
    """
    bailing_moe bailing_moe_v2 chatglm cohere cohere2 cwm dbrx deepseek deepseek_v2 deepseek_v3
    deepseek_v32 deepseek_vl_v2 ernie4_5 ernie4_5_moe exaone exaone4 exaone_moe flex_olmo gemma
    gemma2 gemma3 gemma3_text gemma4 gemma4_text glm glm4 glm4_moe glm4_moe_lite glm4v glm4v_text
    glm4v_moe glm4v_moe_text glm_moe_dsa gpt_oss granite granitemoe granitemoehybrid
    granitemoeshared hunyuan_v1_dense hunyuan_v1_moe internlm2 internlm3 internvl internvl_chat
    kimi_k2 kimi_k25 kimi_vl llama llama4 llama4_text llava llava_next mimo minicpm
    minimax_m2 ministral3 mistral mistral3 mixtral olmo olmo2 olmo3 olmoe orion phi3 phimoe
    pixtral qwen2 qwen2_5_vl qwen2_5_vl_text qwen2_moe qwen2_vl qwen2_vl_text qwen3 qwen3_5
    qwen3_5_moe qwen3_5_moe_text qwen3_5_text qwen3_moe qwen3_next qwen3_vl qwen3_vl_moe
    qwen3_vl_moe_text qwen3_vl_text seed_oss smollm3 solar stablelm
    """.split()
)
# Classes whose name is not their family's.
_FAMILIES = {known.replace("_", ""): known for known in sorted(_KNOWN)} | {
    "hunyuandensev1": "hunyuan_v1_dense",
    "hunyuanmoev1": "hunyuan_v1_moe",
}
# Something beside the language model is loaded, unless a class of the language model alone is.
_MULTIMODAL = frozenset(
    """
    deepseek_vl_v2 gemma3 gemma4 glm4v glm4v_moe internvl internvl_chat kimi_k25 kimi_vl llama4
    llava llava_next mistral3 pixtral qwen2_5_vl qwen2_vl qwen3_5 qwen3_5_moe qwen3_vl qwen3_vl_moe
    """.split()
)
_MULTIMODAL_CLASSES = ("DeepseekVLV2ForCausalLM", "GLM4VForCausalLM")
_CLASSES = ("dense", "moe", "mla_moe", "mla_dense", "hybrid_linear_moe", "hybrid_linear_dense")
# Tasks whose models have no output matrix, or another one.
_NOT_TEXT = re.compile(
    r"For(Sequence|Token)Classification|ForMaskedLM|RewardModel|ForQuestion"
    r"|(?<!LMHead)(?<!GLM)(?<!Chat)Model$"
)
_TASK = re.compile(
    r"(ForCausalLM|ForConditionalGeneration|LMHeadModel|ForCausalLMV|ChatModel|Model)$"
)
# What a layer may have that is not counted, by the field that says so.
_PARTS = {
    "num_kv_shared_layers": "layers that share their keys and values",
    "hidden_size_per_layer_input": "embeddings for each layer",
    "block_configs": "layers of different widths",
    "mamba_d_ssm": "attention and a state in the same layer",
    "zero_expert_num": "experts that do nothing",
    "is_encoder_decoder": "an encoder and attention to it",
}


def gates_attention(kind: str) -> bool:
    """Whether queries carry a gate when config.json is silent about it."""
    return kind.startswith(_GATED_ATTENTION)


def kinds(fields: Fields) -> frozenset[str]:
    """All that the config calls itself: each ``model_type``, and the family of its class."""
    outer = _outer_kind(fields)
    found = {fields.text("model_type"), outer, class_family(_architectures(fields.outer))}
    return frozenset(found - {""})


def _outer_kind(fields: Fields) -> str:
    """The ``model_type`` of the whole, which a nested one hides."""
    return Fields({"model_type": fields.outer.get("model_type")}).text("model_type")


def class_family(classes: list[str]) -> str:
    """The known family of the first class, such as ``qwen3_moe`` of Qwen3MoeForCausalLM, or ""."""
    name = _TASK.sub("", classes[0]).lower().replace("_", "") if classes else ""
    return _FAMILIES.get(name, "")


def named(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config with the ``model_type`` that its class implies, where it has none."""
    family = class_family(_architectures(config)) if config.get("model_type") is None else ""
    return {**config, "model_type": family} if family else dict(config)


def names_experts(fields: Fields) -> bool:
    """Whether the name of the class or of the family speaks of experts."""
    names = (*_architectures(fields.outer)[:1], fields.text("model_type"))
    return any("moe" in name.lower() for name in names)


def takes_images(fields: Fields) -> bool:
    """Whether the family has an encoder, also where config.json does not describe it."""
    classes = _architectures(fields.outer)
    if classes and classes[0].endswith("ForCausalLM") and classes[0] not in _MULTIMODAL_CLASSES:
        return False
    outer = _outer_kind(fields)
    return bool(_MULTIMODAL & {outer, class_family(classes)})


def says(fields: Fields, names: tuple[str, ...]) -> bool:
    """Whether the language model has a field, null included, or a known default for it."""
    nested = [
        level
        for place, level in fields.outer.items()
        if isinstance(level, Mapping) and not str(place).startswith(("vision", "audio"))
    ]
    is_there = any(name in level for level in (fields.outer, *nested) for name in names)
    return is_there or fields.get(*names) is not None


def has_as_many_kv_heads(fields: Fields) -> bool:
    """Whether KV heads that nobody counts are as many as heads."""
    kind = fields.text("model_type")
    is_null = says(fields, ("num_key_value_heads",)) and kind in NULL_FOLLOWS
    return kind in AS_MANY_KV_HEADS or is_null


def divides_heads(fields: Fields) -> bool:
    """Whether a head that has no width of its own is a share of the hidden size."""
    kind = fields.text("model_type")
    return kind in DIVIDED_HEADS or (says(fields, ("head_dim",)) and kind in NULL_FOLLOWS)


def doubts(fields: Fields) -> tuple[str, ...]:
    """Why the formulas here may not be this model's."""
    found = [*_unknown_names(fields), *_unknown_parts(fields)]
    found += [f"layers of type {word!r} are not known" for word in unknown_types(fields)]
    if fields.uneven:
        found.append(f"{', '.join(sorted(fields.uneven))} differ from layer to layer")
    return tuple(found)


def _unknown_names(fields: Fields) -> list[str]:
    kind, said = fields.text("model_type"), fields.text("architecture_class")
    classes = _architectures(fields.outer)
    outer = _outer_kind(fields)
    found = [
        f"architecture {name!r} is not known; a plain decoder was assumed"
        for name in dict.fromkeys((outer, kind))
        if name and name not in _KNOWN
    ]
    if said and said not in _CLASSES:
        found.append(f"architecture_class {said!r} is not known; a plain decoder was assumed")
    if classes and _NOT_TEXT.search(classes[0]):
        found.append(f"architecture {classes[0]!r} does not generate text")
    elif classes and not class_family(classes):
        # vLLM goes by the class, whatever the model_type says (registry.py).
        found.append(f"architecture {classes[0]!r} is not known; a plain decoder was assumed")
    return found


def _architectures(config: Mapping[str, Any]) -> list[str]:
    listed = config.get("architectures")
    if listed is None:
        return []
    if not isinstance(listed, list | tuple) or not all(isinstance(name, str) for name in listed):
        raise ValueError("config.architectures is not a list of names")
    return list(listed)


def _unknown_parts(fields: Fields) -> list[str]:
    return [
        f"config.{name}: {part} are not counted"
        for name, part in _PARTS.items()
        if fields.get(name) not in (None, 0, [], False)
    ]
