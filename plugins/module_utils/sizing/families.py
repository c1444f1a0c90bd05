# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Families of models by their ``model_type``: what each does without saying so in config.json.

Checked against the parameters that vLLM 0.32's own model classes allocate
(vllm/model_executor/models) and the defaults of transformers 5.19's config classes.
"""

from __future__ import annotations

import re

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
    gemma4_text gpt2 gpt_bigcode opt smollm3 starcoder2
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
_CLASSES = ("dense", "moe", "mla_moe", "mla_dense", "hybrid_linear_moe", "hybrid_linear_dense")
# Tasks whose models have no output matrix, or another one.
_NOT_TEXT = re.compile(r"For(Sequence|Token)Classification|ForMaskedLM|RewardModel|ForQuestion")
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
}


def gates_attention(kind: str) -> bool:
    """Whether queries carry a gate when config.json is silent about it."""
    return kind.startswith(_GATED_ATTENTION)


def doubts(fields: Fields) -> tuple[str, ...]:
    """Why the formulas here may not be this model's."""
    found = [*_unknown_names(fields), *_unknown_parts(fields)]
    found += [f"layers of type {word!r} are not known" for word in unknown_types(fields)]
    if fields.uneven:
        found.append(f"{', '.join(sorted(fields.uneven))} differ from layer to layer")
    return tuple(found)


def _unknown_names(fields: Fields) -> list[str]:
    kind, said = fields.text("model_type"), fields.text("architecture_class")
    classes = _architectures(fields)
    outer = Fields({"model_type": fields.outer.get("model_type")}).text("model_type")
    found = [
        f"architecture {name!r} is not known; a plain decoder was assumed"
        for name in dict.fromkeys((outer, kind))
        if name and name not in _KNOWN
    ]
    if said and said not in _CLASSES:
        found.append(f"architecture_class {said!r} is not known; a plain decoder was assumed")
    if not kind and not said and classes and not _is_known_class(classes[0]):
        found.append(f"architecture {classes[0]!r} is not known; a plain decoder was assumed")
    if classes and _NOT_TEXT.search(classes[0]):
        found.append(f"architecture {classes[0]!r} does not generate text")
    return found


def _architectures(fields: Fields) -> list[str]:
    listed = fields.outer.get("architectures")
    if listed is None:
        return []
    if not isinstance(listed, list | tuple) or not all(isinstance(name, str) for name in listed):
        raise ValueError("config.architectures is not a list of names")
    return list(listed)


def _is_known_class(name: str) -> bool:
    """Whether a class of transformers, such as ``Qwen3MoeForCausalLM``, is of a known family."""
    family = _TASK.sub("", name).lower().replace("_", "")
    return family in {known.replace("_", "") for known in _KNOWN}


def _unknown_parts(fields: Fields) -> list[str]:
    return [
        f"config.{name}: {part} are not counted"
        for name, part in _PARTS.items()
        if fields.get(name) not in (None, 0, [], False)
    ]
