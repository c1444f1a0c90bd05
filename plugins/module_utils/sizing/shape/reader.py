# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Reads the shape of a model from its ``config.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypedDict

from .experts import read_moe
from .fields import Fields
from .identity import doubts, takes_images, with_model_type
from .layers import listed_layers, read_layers
from .missing_fields import announces_mla, is_for_cache, missing_fields
from .model_shape import Mla, ModelShape
from .rotary import read_rotary
from .state import missing_state_fields, read_state
from .vision import deepstack_levels, is_multimodal, vision_params

_COUNTS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
_MOST_MTP_LAYERS = 100


@dataclass(frozen=True)
class Attention:
    """Query heads, KV heads and the elements of one, before any split; zero where unknown."""

    heads: int
    kv_heads: int
    head_dim: int


class _Switches(TypedDict):
    tied: bool
    k_is_v: bool
    output_gate: bool
    qkv_bias: bool
    expert_bias: bool
    gated: bool
    vision: bool
    sparse_index: bool


class _Counts(TypedDict):
    window: int
    chunk: int
    global_heads: int
    global_head_dim: int
    extra_params: int
    mtp_layers: int
    index_heads: int
    index_dim: int
    norms: int


def read_shape(config: Mapping[str, Any]) -> ModelShape:
    """Read a ``config.json`` (or the plain keys of one) as a shape.

    Fields that are absent are named in ``missing_fields``. Raises ValueError with the field for
    values that are negative, zero, no numbers, or contradict each other.
    """
    fields = Fields(_flat(with_model_type(config)))
    count = fields.same_integer(*_COUNTS) or listed_layers(fields)
    hidden = fields.same_integer("hidden_size", "n_embd", "n_embed", "d_model", "dim") or 0
    mla, moe, state = _mla(fields), read_moe(fields), read_state(fields)
    has_state = state is not None or bool(missing_state_fields(fields))
    layers = read_layers(fields, count, is_moe=moe is not None, has_state=has_state)
    attention = _attention(fields, hidden, is_mla=mla is not None)
    rotary = read_rotary(fields, attention.head_dim, fields.integer("global_head_dim") or 0)
    shape = ModelShape(
        hidden=hidden,
        heads=attention.heads,
        kv_heads=attention.kv_heads,
        head_dim=attention.head_dim,
        intermediate=_intermediate(fields, hidden),
        vocab=fields.integer("vocab_size", "padded_vocab_size") or 0,
        layers=layers,
        dtype=fields.text("dtype", "torch_dtype") or "bfloat16",
        mla=mla,
        moe=moe,
        state=state,
        **_switches(fields),
        **_counts(fields, hidden, rotary.longest),
        rotary=rotary,
        deepstack_levels=deepstack_levels(fields),
        missing_kv_fields=(),
        missing_weight_fields=(),
        doubts=doubts(fields),
    )
    for_kv, for_weights = _missing(fields, shape)
    assumed = tuple(sorted(fields.assumed))
    return replace(
        shape, missing_kv_fields=for_kv, missing_weight_fields=for_weights, assumed=assumed
    )


def _flat(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """DBRX keeps its widths in two mappings of their own (dbrx.py)."""
    flat = dict(config)
    for name in ("attn_config", "ffn_config"):
        inner = config.get(name)
        if inner is None:
            continue
        if not isinstance(inner, Mapping):
            raise ValueError(f"config.{name} is not a mapping")
        flat = {**inner, **flat}
    return flat


def _switches(fields: Fields) -> _Switches:
    family = fields.family
    return {
        "tied": fields.flag("tie_word_embeddings", default=family.tied),
        "k_is_v": fields.flag("attention_k_eq_v"),
        "output_gate": fields.flag("attn_output_gate", default=family.gated_queries),
        "qkv_bias": fields.flag(
            "attention_bias", "qkv_bias", "add_qkv_bias", "use_qkv_bias",
            default=family.qkv_bias,
        ),
        "expert_bias": fields.flag("expert_bias", default=family.expert_bias),
        "gated": family.gated,
        "vision": is_multimodal(fields) or takes_images(fields),
        "sparse_index": fields.get("index_topk") is not None,
    }  # fmt: skip


def _counts(fields: Fields, hidden: int, positions: int) -> _Counts:
    family = fields.family
    extra = fields.integer("extra_params", minimum=0) or vision_params(fields, hidden)
    extra += positions * hidden if family.position_table else 0
    return {
        "window": fields.integer("sliding_window", minimum=0) or 0,
        "chunk": fields.integer("attention_chunk_size", minimum=0) or 0,
        "global_heads": fields.integer("num_global_key_value_heads") or 0,
        "global_head_dim": fields.integer("global_head_dim") or 0,
        "extra_params": extra,
        "mtp_layers": _mtp_layers(fields),
        "index_heads": fields.integer("index_n_heads", minimum=0) or 0,
        "index_dim": fields.integer("index_head_dim", minimum=0) or 0,
        "norms": family.norms_per_layer,
    }  # fmt: skip


def _mtp_layers(fields: Fields) -> int:
    """Layers for multi-token prediction, few in every checkpoint."""
    count = fields.integer(
        "num_nextn_predict_layers", "mtp_num_hidden_layers",
        "mtp_layers_not_loaded_by_default", minimum=0,
    ) or 0  # fmt: skip
    if count > _MOST_MTP_LAYERS:
        raise ValueError(
            f"config.num_nextn_predict_layers is {count}; it must be at most {_MOST_MTP_LAYERS}"
        )
    return count


def _attention(fields: Fields, hidden: int, *, is_mla: bool) -> Attention:
    heads = fields.same_integer("num_attention_heads", "n_head", "n_heads", "num_heads") or 0
    kv_heads = _kv_heads(fields)
    if not kv_heads and _has_as_many_kv_heads(fields):
        kv_heads = heads
    head_dim = fields.integer("head_dim", "kv_channels", "attention_head_dim") or 0
    if is_mla:
        return Attention(heads, kv_heads, head_dim)
    if heads and kv_heads and heads % kv_heads:
        # A default that contradicts what is said is not this model's.
        known = 0 if "num_attention_heads" in fields.assumed else heads
        known_kv = 0 if "num_key_value_heads" in fields.assumed else kv_heads
        if known and known_kv:
            raise ValueError(
                f"config contradicts itself: num_attention_heads {heads} is no multiple of"
                f" num_key_value_heads {kv_heads}"
            )
        heads, kv_heads = known, known_kv
    if not head_dim and heads and hidden and _divides_heads(fields):
        if hidden % heads:
            raise ValueError(
                f"config contradicts itself: hidden_size {hidden} is no multiple of"
                f" num_attention_heads {heads}, and there is no head_dim"
            )
        head_dim = hidden // heads
    return Attention(heads, kv_heads, head_dim)


def _has_as_many_kv_heads(fields: Fields) -> bool:
    """Whether KV heads that nobody counts are as many as heads."""
    by_null = fields.family.null_divides and fields.says("num_key_value_heads")
    return fields.family.kv_heads_as_heads or by_null


def _divides_heads(fields: Fields) -> bool:
    """Whether a head that has no width of its own is a share of the hidden size."""
    by_null = fields.family.null_divides and fields.says("head_dim")
    return fields.family.divides_heads or by_null


def _kv_heads(fields: Fields) -> int:
    """KV heads under the names of the families; zero where no field says a number."""
    family = fields.family
    if family.kv_heads_of_new and not fields.flag("new_decoder_architecture"):
        return 1 if fields.flag("multi_query", default=True) else 0
    names = ("num_key_value_heads", "num_kv_heads", "multi_query_group_num", "kv_n_heads")
    found = fields.integer(*names) or 0
    if not found and fields.flag("multi_query", default=family.multi_query):
        return 1
    return found


def _intermediate(fields: Fields, hidden: int) -> int:
    """Width of a dense feed-forward part; GPT-2 and friends leave the factor 4 unsaid."""
    family = fields.family
    width = fields.integer(
        "intermediate_size_mlp", "intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size",
        minimum=0,
    )  # fmt: skip
    if family.shared_is_dense:
        width = fields.integer("shared_intermediate_size", minimum=0) or width
    if width is None and family.fourfold_width:
        return 4 * hidden
    return width or 0


def _mla(fields: Fields) -> Mla | None:
    rank = fields.integer("kv_lora_rank")
    if rank is None:
        return None
    return Mla(
        kv_lora_rank=rank,
        rope_dim=fields.integer("qk_rope_head_dim", minimum=0) or 0,
        nope_dim=fields.integer("qk_nope_head_dim", minimum=0) or 0,
        v_head_dim=fields.integer("v_head_dim", minimum=0) or 0,
        q_lora_rank=fields.integer("q_lora_rank", minimum=0) or 0,
    )


def _missing(fields: Fields, shape: ModelShape) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names without which the cache, and without which the weights, cannot be known."""
    needs_dense = any(layer.ffn == "dense" for layer in shape.layers)
    found: dict[str, int] = {
        "num_hidden_layers": len(shape.layers),
        "hidden_size": shape.hidden,
        "num_attention_heads": shape.heads,
        "vocab_size": shape.vocab,
        "intermediate_size": shape.intermediate or not needs_dense,
    }
    if shape.mla:
        found["qk_rope_head_dim"] = shape.mla.rope_dim
        found["qk_nope_head_dim"] = shape.mla.nope_dim
        found["v_head_dim"] = shape.mla.v_head_dim
    elif not announces_mla(fields):
        found["num_key_value_heads"] = shape.kv_heads
        found["head_dim"] = shape.head_dim
    absent = [name for name, value in found.items() if not value]
    absent = list(dict.fromkeys(absent + missing_fields(fields, shape)))
    return tuple(name for name in absent if is_for_cache(name)), tuple(absent)
