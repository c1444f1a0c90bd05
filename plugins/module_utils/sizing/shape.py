# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The shape of a model: what of its ``config.json`` decides how much memory it takes.

All sizes are counts of elements. ``missing`` names fields without which a figure cannot be known;
nothing is assumed for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .fields import Fields
from .layers import Layer, read_layers
from .state import LinearState, read_state

# Feed-forward parts without a gate have two matrices instead of three.
_UNGATED = frozenset(
    "bloom falcon gpt2 gpt_bigcode gpt_neox gptj mpt nemotron nemotron_h opt phi starcoder2".split()
)
# Families whose shape follows the formulas here. Others may have parts that nobody counted.
_KNOWN = _UNGATED | frozenset(
    """
    apertus aquila arcee baichuan bamba chatglm cohere cohere2 command_a dbrx deepseek_v2
    deepseek_v3 deepseek_v32 deepseek_vl_v2 ernie4_5 ernie4_5_moe exaone exaone4 falcon_h1
    gemma gemma2 gemma3 gemma3_text gemma4 gemma4_text glm glm4 glm4_moe glm4_moe_lite glm4v
    glm_moe_dsa gpt_oss granite granitemoe granitemoehybrid granitemoeshared hunyuan_v1_dense
    hunyuan_v1_moe internlm2 internlm3 internvl_chat kimi_k2 kimi_k25 kimi_vl llama llama4
    llama4_text llava llava_next mimo minicpm minicpmv minimax_m2 mistral mistral3 mistral4
    mixtral olmo olmo2 olmo3 olmoe orion phi3 phi3_v phimoe pixtral qwen2 qwen2_5_vl
    qwen2_5_vl_text qwen2_moe qwen2_vl qwen3 qwen3_5 qwen3_5_moe qwen3_5_moe_text qwen3_5_text
    qwen3_6 qwen3_6_moe qwen3_8 qwen3_8_text qwen3_moe qwen3_next qwen3_vl qwen3_vl_moe
    qwen3_vl_moe_text qwen3_vl_text qwen seed_oss smollm3 solar stablelm yi
    """.split()
)
_CLASSES = ("dense", "moe", "mla_moe", "mla_dense", "hybrid_linear_moe", "hybrid_linear_dense")
_QKV_BIAS = frozenset("qwen qwen2 qwen2_moe qwen2_vl qwen2_5_vl gpt_oss".split())


@dataclass(frozen=True)
class Mla:
    """Multi-head latent attention (vllm/model_executor/layers/attention/mla_attention.py).

    ``fused``: v0.7 to v0.8.0 kept products of the projections beside the projections.
    """

    kv_lora_rank: int
    rope_dim: int
    nope_dim: int
    v_head_dim: int
    q_lora_rank: int
    fused: bool = False

    @property
    def entry(self) -> int:
        """Elements that one token leaves in the cache of one layer."""
        return self.kv_lora_rank + self.rope_dim


@dataclass(frozen=True)
class Moe:
    """A mixture of experts; ``shared`` is the width of the experts that always run."""

    experts: int
    top_k: int
    intermediate: int
    shared: int


@dataclass(frozen=True)
class ModelShape:
    """What decides memory. Zero where the configuration does not say (see ``missing``)."""

    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocab: int
    layers: tuple[Layer, ...]
    tied: bool
    dtype: str
    mla: Mla | None
    moe: Moe | None
    state: LinearState | None
    window: int
    chunk: int
    global_heads: int
    global_head_dim: int
    k_is_v: bool
    output_gate: bool
    qkv_bias: bool
    expert_bias: bool
    gated: bool
    max_positions: int
    extra_params: int
    vision: bool
    mtp_layers: int
    sparse_index: bool
    missing_for_kv: tuple[str, ...]
    missing_for_weights: tuple[str, ...]
    doubts: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the fields that are not there, each once."""
        return tuple(dict.fromkeys(self.missing_for_kv + self.missing_for_weights))

    @cached_property
    def is_hybrid(self) -> bool:
        """Whether some layers keep a state of fixed size instead of keys and values."""
        return any(layer.mixer == "state" for layer in self.layers)

    @cached_property
    def model_class(self) -> str:
        """The word under which accuracy is reported."""
        parts = ["hybrid" if self.is_hybrid else "mla" if self.mla else ""]
        parts.append("moe" if self.moe else "dense")
        return " ".join(part for part in parts if part)

    @cached_property
    def total_params(self) -> int:
        """Rough number of parameters: enough to tell a small model from a large one."""
        experts = 0
        if self.moe:
            sparse = sum(layer.ffn == "moe" for layer in self.layers)
            experts = sparse * self.moe.experts * 3 * self.hidden * self.moe.intermediate
        dense = 4 * self.hidden**2 + 3 * self.hidden * self.intermediate
        return experts + len(self.layers) * dense + 2 * self.vocab * self.hidden

    def attention(self, mixer: str) -> tuple[int, int]:
        """KV heads and head dimension of one kind of attention layer, before any split."""
        if mixer == "full" and self.global_head_dim:
            return self.global_heads or self.kv_heads, self.global_head_dim
        return self.kv_heads, self.head_dim


def read_shape(config: Mapping[str, Any]) -> ModelShape:
    """Read a ``config.json`` (or the plain keys of one) as a shape.

    Fields that are absent are named in ``missing``. Raises ValueError with the field for values
    that are negative, zero, no numbers, or contradict each other.
    """
    fields = Fields(config)
    count = fields.same_integer("num_hidden_layers", "n_layer", "n_layers", "num_layers") or 0
    hidden = fields.same_integer("hidden_size", "n_embd", "d_model", "dim") or 0
    mla, moe = _mla(fields), _moe(fields)
    state = read_state(fields)
    layers = read_layers(fields, count, is_moe=moe is not None, has_state=state is not None)
    heads, kv_heads, head_dim = _attention(fields, hidden, is_mla=mla is not None)
    intermediate = _intermediate(fields, hidden)
    vocab = fields.integer("vocab_size", "padded_vocab_size") or 0
    kv_names, weight_names = _missing(
        fields,
        {
            "num_hidden_layers": count,
            "hidden_size": hidden,
            "num_attention_heads": heads,
            "num_key_value_heads": kv_heads,
            "head_dim": head_dim,
            "vocab_size": vocab,
            "intermediate_size": intermediate or not any(la.ffn == "dense" for la in layers),
        },
        moe,
        mla,
    )
    kind = fields.text("model_type")
    return ModelShape(
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        intermediate=intermediate,
        vocab=vocab,
        layers=layers,
        tied=fields.flag("tie_word_embeddings", default=kind.startswith("gemma")),
        dtype=fields.text("dtype", "torch_dtype") or "bfloat16",
        mla=mla,
        moe=moe,
        state=state,
        window=fields.integer("sliding_window", minimum=0) or 0,
        chunk=fields.integer("attention_chunk_size", minimum=0) or 0,
        global_heads=fields.integer("num_global_key_value_heads") or 0,
        global_head_dim=fields.integer("global_head_dim") or 0,
        k_is_v=fields.flag("attention_k_eq_v"),
        output_gate=fields.flag("attn_output_gate", default=kind == "qwen3_next"),
        qkv_bias=fields.flag("attention_bias", "qkv_bias", default=kind in _QKV_BIAS),
        expert_bias=fields.flag("expert_bias", default=kind == "gpt_oss"),
        gated=kind not in _UNGATED,
        max_positions=max_positions(fields),
        extra_params=fields.integer("extra_params", minimum=0) or _vision_params(fields, hidden),
        vision=_is_multimodal(fields),
        mtp_layers=fields.integer(
            "num_nextn_predict_layers",
            "mtp_num_hidden_layers",
            "mtp_layers_not_loaded_by_default",
            minimum=0,
        )
        or 0,
        sparse_index=fields.get("index_topk") is not None,
        missing_for_kv=kv_names,
        missing_for_weights=weight_names,
        doubts=_doubts(fields),
    )


def _attention(fields: Fields, hidden: int, *, is_mla: bool) -> tuple[int, int, int]:
    """Heads, KV heads and head dimension (zero where unknown)."""
    heads = fields.same_integer("num_attention_heads", "n_head", "n_heads", "num_heads") or 0
    kv_heads = fields.integer("num_key_value_heads", "num_kv_heads", "multi_query_group_num") or 0
    if fields.flag("multi_query") and not kv_heads:
        kv_heads = 1
    kv_heads = kv_heads or heads
    head_dim = fields.integer("head_dim", "kv_channels", "attention_head_dim") or 0
    if heads and kv_heads and not is_mla and heads % kv_heads:
        raise ValueError(
            f"config contradicts itself: num_attention_heads {heads} is no multiple of"
            f" num_key_value_heads {kv_heads}"
        )
    if not head_dim and heads and hidden and not is_mla:
        if hidden % heads:
            raise ValueError(
                f"config contradicts itself: hidden_size {hidden} is no multiple of"
                f" num_attention_heads {heads}, and there is no head_dim"
            )
        head_dim = hidden // heads
    return heads, kv_heads, head_dim


def _intermediate(fields: Fields, hidden: int) -> int:
    """Width of a dense feed-forward part; GPT-2 and friends leave the factor 4 unsaid."""
    width = fields.integer(
        "intermediate_size_mlp", "intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size",
        minimum=0,
    )  # fmt: skip
    if width is None and fields.text("model_type") in _UNGATED:
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


def _moe(fields: Fields) -> Moe | None:
    """Experts, under the names of the families (None for a dense model)."""
    experts = fields.integer(
        "num_experts", "n_routed_experts", "num_local_experts", "moe_num_experts", minimum=0
    )
    if not experts:
        return None
    top_k = fields.integer("num_experts_per_tok", "moe_topk", "moe_top_k", "top_k_experts") or 0
    if top_k > experts:
        raise ValueError(
            f"config contradicts itself: num_experts_per_tok {top_k} is above {experts} experts"
        )
    width = fields.integer("moe_intermediate_size", "expert_ffn_hidden_size", minimum=0)
    width = width or fields.integer("intermediate_size", minimum=0) or 0
    shared = fields.integer(
        "shared_expert_intermediate_size", "moe_shared_expert_intermediate_size",
        "shared_intermediate_size", minimum=0,
    )  # fmt: skip
    if shared is None:
        always = fields.integer("n_shared_experts", "num_shared_experts", minimum=0) or 0
        shared = always * width
        if fields.text("model_type").startswith("llama4"):
            shared = width
    return Moe(experts, top_k or 1, width, shared)


def _missing(
    fields: Fields, found: Mapping[str, Any], moe: Moe | None, mla: Mla | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names without which the cache, and without which the weights, cannot be known."""
    absent = [name for name, value in found.items() if not value]
    said = fields.text("architecture_class")
    if moe and not moe.intermediate:
        absent.append("moe_intermediate_size")
    if not moe and "moe" in said:
        absent.append("num_experts")
    if mla:
        absent = [name for name in absent if name not in ("num_key_value_heads", "head_dim")]
        absent += [
            name
            for name, value in (("qk_rope_head_dim", mla.rope_dim), ("v_head_dim", mla.v_head_dim))
            if not value
        ]
    elif said.startswith("mla"):
        absent.append("kv_lora_rank")
    needed = ("num_hidden_layers", "num_key_value_heads", "head_dim", "qk_rope_head_dim")
    for_kv = tuple(name for name in absent if name in (*needed, "kv_lora_rank"))
    return for_kv, tuple(absent)


def max_positions(fields: Fields) -> int:
    """The longest context that the checkpoint allows (vllm/config/model.py), 0 when unsaid."""
    longest = fields.integer(
        "max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "model_max_length",
        "max_sequence_length", "max_target_positions",
    )  # fmt: skip
    rope = fields.get("rope_scaling", "rope_parameters")
    if longest is None or not isinstance(rope, Mapping):
        return longest or 0
    kind = rope.get("rope_type") or rope.get("type")
    factor = rope.get("factor")
    if not isinstance(factor, int | float) or kind in ("su", "longrope", "llama3", "default"):
        return longest
    if kind == "yarn":
        original = rope.get("original_max_position_embeddings")
        longest = original if isinstance(original, int) else longest
    return int(longest * factor)


def _is_multimodal(fields: Fields) -> bool:
    towers = ("vision_config", "audio_config", "vision_tower", "mm_vision_tower", "visual")
    return any(fields.outer.get(name) for name in towers) or bool(fields.get("extra_params"))


def _vision_params(fields: Fields, hidden: int) -> int:
    """Parameters of a vision tower and its projector, from ``vision_config`` (0 without one)."""
    tower = fields.outer.get("vision_config")
    if not isinstance(tower, Mapping):
        return 0
    inner = Fields(tower)
    width = inner.integer("hidden_size", "embed_dim", "width", minimum=0) or 0
    depth = inner.integer("num_hidden_layers", "depth", "layers", minimum=0) or 0
    wide = inner.integer("intermediate_size", minimum=0) or 4 * width
    matrices = 3 if inner.text("hidden_act") == "silu" else 2
    patch = inner.integer("patch_size", minimum=0) or 14
    blocks = depth * (4 * width * width + matrices * width * wide)
    return blocks + 3 * patch * patch * width + width * hidden + hidden * hidden


def _doubts(fields: Fields) -> tuple[str, ...]:
    """Why the formulas here may not be this model's."""
    kind = fields.text("model_type")
    said = fields.text("architecture_class")
    doubts = []
    if kind and kind not in _KNOWN:
        doubts.append(f"architecture {kind!r} is not known; a plain decoder was assumed")
    if said and said not in _CLASSES:
        doubts.append(f"architecture_class {said!r} is not known; a plain decoder was assumed")
    names = fields.outer.get("architectures")
    if not kind and not said and isinstance(names, list) and names:
        family = str(names[0]).lower().replace("_", "")
        if not any(family.startswith(known.replace("_", "")) for known in _KNOWN):
            doubts.append(f"architecture {names[0]!r} is not known; a plain decoder was assumed")
    return tuple(doubts)
