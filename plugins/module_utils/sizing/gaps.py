# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Fields that are not there, although what a model calls itself promises them.

What the classes of transformers 5.23 take for an absent field fits one checkpoint of the family,
mostly the smallest; a config without it is not a whole one, so the field is named as missing.
Where null is a value (no window, no shared experts), null is an answer.
"""

from __future__ import annotations

from . import families
from .experts import CHOSEN, EXPERTS, SHARED
from .fields import Fields
from .layers import has_pattern
from .shape import ModelShape
from .state import state_gaps
from .vision import is_multimodal

# Small models of DeepSeek-V2's family have queries that are not latent.
_LATENT_QUERY = frozenset(
    "deepseek_v3 deepseek_v32 glm4_moe_lite glm_moe_dsa kimi_k2 kimi_k25".split()
)
_MLA = _LATENT_QUERY | {"deepseek_v2", "kimi_vl"}
_LIKE_DEEPSEEK = _MLA | frozenset("deepseek glm4_moe glm4v_moe glm4v_moe_text".split())
_SPARSE = frozenset({"deepseek_v32", "glm_moe_dsa"})
_LLAMA_4 = frozenset({"llama4", "llama4_text"})
_QWEN_3_5_MOE = frozenset({"qwen3_5_moe", "qwen3_5_moe_text"})
_GEMMA_4 = frozenset({"gemma4", "gemma4_text"})
# Families with experts, by the name that each has for their number.
_EXPERTS = {
    "n_routed_experts": _LIKE_DEEPSEEK,
    "num_local_experts": _LLAMA_4 | frozenset(
        "gpt_oss granitemoe granitemoehybrid granitemoeshared minimax_m2 mixtral phimoe".split()
    ),
    "moe_num_experts": frozenset({"dbrx", "ernie4_5_moe"}),
    "num_experts": _QWEN_3_5_MOE | frozenset(
        """
        bailing_moe bailing_moe_v2 exaone_moe flex_olmo hunyuan_v1_moe olmoe qwen2_moe qwen3_moe
        qwen3_next qwen3_vl_moe qwen3_vl_moe_text
        """.split()
    ),
}  # fmt: skip
_FIRST_DENSE = (
    "first_k_dense_replace", "dense_layers", "mlp_layer_types", "is_moe_layer", "moe_layers",
)  # fmt: skip
_SHARED_WIDTHS = ("shared_expert_intermediate_size", "shared_intermediate_size")
_INDEX = ("index_topk", "index_n_heads", "index_head_dim")
_LAYER_LISTS = ("layer_types", "layers_block_type")
# What a family with experts needs beside their number; the first name is the one to give.
_BESIDE_EXPERTS: tuple[tuple[frozenset[str], tuple[str, ...]], ...] = (
    (_LIKE_DEEPSEEK, (*SHARED, *_SHARED_WIDTHS)),
    (_LIKE_DEEPSEEK | {"bailing_moe", "bailing_moe_v2", "exaone_moe"}, _FIRST_DENSE),
    (frozenset({"bailing_moe", "bailing_moe_v2", "exaone_moe"}), ("num_shared_experts",)),
    (frozenset({"ernie4_5_moe"}), ("moe_num_shared_experts",)),
    (frozenset({"ernie4_5_moe"}), ("moe_layer_start_index",)),
    (frozenset({"hunyuan_v1_moe"}), ("num_shared_expert",)),
    (_QWEN_3_5_MOE | {"qwen2_moe", "qwen3_next"}, ("shared_expert_intermediate_size",)),
    (frozenset({"nemotron_h"}), ("moe_shared_expert_intermediate_size",)),
)
# What a family needs with or without experts.
_NEEDED: tuple[tuple[frozenset[str], tuple[str, ...]], ...] = (
    (frozenset({"granitemoehybrid"}), (*_LAYER_LISTS, "attn_layer_indices")),
    (frozenset({"granitemoehybrid", "granitemoeshared"}), ("shared_intermediate_size",)),
    (frozenset({"nemotron_h"}), ("hybrid_override_pattern", *_LAYER_LISTS)),
    (_GEMMA_4, ("global_head_dim",)),
    (_LLAMA_4, ("attention_chunk_size",)),
)
# Without these the cache is not known either.
_FOR_CACHE = frozenset(
    """
    num_hidden_layers num_key_value_heads head_dim qk_rope_head_dim kv_lora_rank sliding_window
    attention_chunk_size global_head_dim num_global_key_value_heads index_topk index_head_dim
    layer_types hybrid_override_pattern n_groups mamba_expand
    linear_num_value_heads linear_num_key_heads linear_key_head_dim linear_value_head_dim
    linear_conv_kernel_dim mamba_num_heads mamba_n_heads mamba_head_dim mamba_d_head
    ssm_state_size mamba_d_state conv_kernel mamba_d_conv
    """.split()
)


def is_for_cache(name: str) -> bool:
    """Whether the cache depends on a field that is missing."""
    return name in _FOR_CACHE


def announces_mla(fields: Fields) -> bool:
    """Whether keys and values are latent, by the family or by fields that belong to it."""
    widths = [fields.integer(name, minimum=0) for name in ("qk_rope_head_dim", "qk_nope_head_dim")]
    if widths == [0, 0]:
        # DeepseekV2DecoderLayer's use_mha: the smallest DeepSeek-VL2 has plain attention.
        return False
    if fields.text("architecture_class").startswith("mla") or _MLA & families.kinds(fields):
        return True
    return bool(widths[0] or fields.integer("q_lora_rank", minimum=0))


def promised(fields: Fields, shape: ModelShape) -> list[str]:
    """Names of the fields that belong to a part which is announced and not described."""
    kinds = families.kinds(fields)
    absent = _of_experts(fields, shape, kinds) + _of_attention(fields, shape, kinds)
    absent += _of_state(fields, shape)
    absent += [
        names[0] for owners, names in _NEEDED if owners & kinds and not families.says(fields, names)
    ]
    if _LLAMA_4 & kinds and any(layer.ffn == "dense" for layer in shape.layers):
        absent += _unsaid(fields, "intermediate_size_mlp")
    if families.takes_images(fields) and not is_multimodal(fields):
        absent.append("vision_config")
    return list(dict.fromkeys(absent))


def _of_experts(fields: Fields, shape: ModelShape, kinds: frozenset[str]) -> list[str]:
    said = fields.text("architecture_class")
    if shape.moe is None:
        name = _experts_name(fields, shape, kinds, said)
        return [name] if name and fields.get(*EXPERTS) is None else []
    absent = []
    if not shape.moe.intermediate:
        is_plain = kinds & families.PLAIN_EXPERTS
        absent.append("intermediate_size" if is_plain else "moe_intermediate_size")
    if fields.get(*CHOSEN) is None:
        absent.append("num_experts_per_tok")
    needed = [names for owners, names in _BESIDE_EXPERTS if owners & kinds]
    if not kinds and "moe" in said:
        # Such a list of plain keys says zero for what the model does not have.
        needed += [(*_SHARED_WIDTHS, *SHARED), ("dense_layers", *_FIRST_DENSE)]
    return absent + [names[0] for names in needed if not families.says(fields, names)]


def _experts_name(fields: Fields, shape: ModelShape, kinds: frozenset[str], said: str) -> str:
    """What the number of the experts is called, "" where nothing announces any."""
    for name, owners in _EXPERTS.items():
        if owners & kinds:
            return name
    if any(layer.ffn == "moe" for layer in shape.layers):
        return "n_routed_experts"
    if _GEMMA_4 & kinds:
        return "num_experts" if fields.flag("enable_moe_block") else ""
    return "num_experts" if "moe" in said or families.names_experts(fields) else ""


def _of_attention(fields: Fields, shape: ModelShape, kinds: frozenset[str]) -> list[str]:
    absent = []
    if announces_mla(fields):
        absent += [] if shape.mla else ["kv_lora_rank"]
        absent += _unsaid(fields, "q_lora_rank") if _LATENT_QUERY & kinds else []
    mixers = {layer.mixer for layer in shape.layers}
    if "sliding" in mixers and fields.get("sliding_window") is None:
        absent.append("sliding_window")
    if has_pattern(fields) and fields.get(*_LAYER_LISTS) is None:
        absent += _unsaid(fields, "sliding_window")
    if "chunked" in mixers and fields.get("attention_chunk_size") is None:
        absent.append("attention_chunk_size")
    if fields.get("num_global_key_value_heads") is not None:
        absent += _unsaid(fields, "global_head_dim")
    if shape.k_is_v:
        absent += _unsaid(fields, "num_global_key_value_heads")
    if _SPARSE & kinds or fields.get(*_INDEX[1:]) is not None:
        absent += [name for name in _INDEX if fields.get(name) is None]
    return absent


def _of_state(fields: Fields, shape: ModelShape) -> list[str]:
    if not shape.is_hybrid:
        return []
    if shape.state is None:
        listed = fields.get(*_LAYER_LISTS)
        is_linear = isinstance(listed, list) and "linear_attention" in listed
        return state_gaps(fields) or ["linear_num_value_heads" if is_linear else "mamba_num_heads"]
    kind, absent = fields.text("model_type"), []
    if kind == "nemotron_h":
        absent = _unsaid(fields, "n_groups")
    if not kind and fields.text("architecture_class").startswith("hybrid_linear"):
        absent = _unsaid(fields, "attn_output_gate")
    return absent


def _unsaid(fields: Fields, *names: str) -> list[str]:
    """The first name, where none of them is said."""
    return [] if families.says(fields, names) else [names[0]]
