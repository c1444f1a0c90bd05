# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Fields that are not there, although what a model calls itself promises them.

What the classes of transformers 5.23 take for an absent field fits one checkpoint of the family,
mostly the smallest; a config without it is not a whole one, so the field is named as missing.
Where null is a value (no window, no shared experts), null is an answer.
"""

from __future__ import annotations

from .family import (
    ALWAYS,
    CHOSEN,
    EXPERTS,
    FIRST_DENSE,
    LAYER_TYPES,
    SHARED,
    SHARED_WIDTHS,
    WITH_EXPERTS,
    Family,
)
from .fields import Fields
from .identity import named_families, names_experts, takes_images
from .layers import has_pattern
from .model_shape import ModelShape
from .state import missing_state_fields
from .vision import is_multimodal

# Where the names of a config disagree, the first of these counts.
_EXPERTS_NAMES = ("n_routed_experts", "num_local_experts", "moe_num_experts", "num_experts")
_INDEX = ("index_topk", "index_n_heads", "index_head_dim")
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
    if fields.text("architecture_class").startswith("mla"):
        return True
    if any(family.mla for family in named_families(fields)):
        return True
    return bool(widths[0] or fields.integer("q_lora_rank", minimum=0))


def missing_fields(fields: Fields, shape: ModelShape) -> list[str]:
    """Names of the fields that belong to a part which is announced and not described."""
    families = named_families(fields)
    absent = _of_experts(fields, shape, families) + _of_attention(fields, shape, families)
    absent += _of_state(fields, shape)
    absent += [
        names[0]
        for names in ALWAYS
        if any(names in family.requires for family in families) and not fields.says(*names)
    ]
    has_dense = any(layer.ffn == "dense" for layer in shape.layers)
    if has_dense and any(family.own_dense_width for family in families):
        absent += _unsaid(fields, "intermediate_size_mlp")
    if takes_images(fields) and not is_multimodal(fields):
        absent.append("vision_config")
    return list(dict.fromkeys(absent))


def _of_experts(fields: Fields, shape: ModelShape, families: tuple[Family, ...]) -> list[str]:
    said = fields.text("architecture_class")
    if shape.moe is None:
        name = _experts_name(fields, shape, families, said)
        return [name] if name and fields.get(*EXPERTS) is None else []
    absent = []
    if not shape.moe.intermediate:
        of_dense = any(family.experts_of_dense_width for family in families)
        absent.append("intermediate_size" if of_dense else "moe_intermediate_size")
    if fields.get(*CHOSEN) is None:
        absent.append("num_experts_per_tok")
    needed = [
        names
        for names in WITH_EXPERTS
        if any(names in family.requires_with_experts for family in families)
    ]
    if not families and "moe" in said:
        # Such a list of plain keys says zero for what the model does not have.
        needed += [(*SHARED_WIDTHS, *SHARED), ("dense_layers", *FIRST_DENSE)]
    return absent + [names[0] for names in needed if not fields.says(*names)]


def _experts_name(
    fields: Fields, shape: ModelShape, families: tuple[Family, ...], said: str
) -> str:
    """What the number of the experts is called, "" where nothing announces any."""
    own = {family.experts_field for family in families}
    named = next((name for name in _EXPERTS_NAMES if name in own), "")
    if named:
        return named
    if any(layer.ffn == "moe" for layer in shape.layers):
        return "n_routed_experts"
    if any(family.experts_switch for family in families):
        return "num_experts" if fields.flag("enable_moe_block") else ""
    return "num_experts" if "moe" in said or names_experts(fields) else ""


def _of_attention(fields: Fields, shape: ModelShape, families: tuple[Family, ...]) -> list[str]:
    absent = []
    if announces_mla(fields):
        absent += [] if shape.mla else ["kv_lora_rank"]
        has_queries = any(family.mla_queries for family in families)
        absent += _unsaid(fields, "q_lora_rank") if has_queries else []
    mixers = {layer.mixer for layer in shape.layers}
    if "sliding" in mixers and fields.get("sliding_window") is None:
        absent.append("sliding_window")
    if has_pattern(fields) and fields.get(*LAYER_TYPES) is None:
        absent += _unsaid(fields, "sliding_window")
    if "chunked" in mixers and fields.get("attention_chunk_size") is None:
        absent.append("attention_chunk_size")
    if fields.get("num_global_key_value_heads") is not None:
        absent += _unsaid(fields, "global_head_dim")
    if shape.k_is_v:
        absent += _unsaid(fields, "num_global_key_value_heads")
    has_index = any(family.sparse_index for family in families)
    if has_index or fields.get(*_INDEX[1:]) is not None:
        absent += [name for name in _INDEX if fields.get(name) is None]
    return absent


def _of_state(fields: Fields, shape: ModelShape) -> list[str]:
    if not shape.is_hybrid:
        return []
    if shape.state is None:
        listed = fields.get(*LAYER_TYPES)
        is_linear = isinstance(listed, list) and "linear_attention" in listed
        plain = "linear_num_value_heads" if is_linear else "mamba_num_heads"
        return missing_state_fields(fields) or [plain]
    absent = [name for name in fields.family.requires_with_state if not fields.says(name)]
    is_named = bool(fields.text("model_type"))
    if not is_named and fields.text("architecture_class").startswith("hybrid_linear"):
        absent = _unsaid(fields, "attn_output_gate")
    return absent


def _unsaid(fields: Fields, name: str) -> list[str]:
    """The name, where nothing says the field."""
    return [] if fields.says(name) else [name]
