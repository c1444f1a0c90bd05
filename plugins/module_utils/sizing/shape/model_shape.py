# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The shape of a model: what decides how much memory it takes.

All sizes are counts of elements. ``missing_fields`` names those without which a figure cannot be
known; nothing is assumed for them. reader.py reads it from a ``config.json``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from .experts import Moe
from .layers import Layer
from .rotary import Rotary
from .state import LinearState


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
class ModelShape:
    """What decides memory. Zero where the configuration does not say (see ``missing_fields``).

    ``assumed``: fields of a nested language model that follow from its kind. ``norms``: those of
    the hidden size in one layer. ``extra_params``: what is neither a layer nor a matrix of the
    vocabulary: a vision tower, a table of positions.
    """

    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocab: int
    layers: tuple[Layer, ...]
    dtype: str
    mla: Mla | None
    moe: Moe | None
    state: LinearState | None
    tied: bool
    k_is_v: bool
    output_gate: bool
    qkv_bias: bool
    expert_bias: bool
    gated: bool
    vision: bool
    sparse_index: bool
    window: int
    chunk: int
    global_heads: int
    global_head_dim: int
    rotary: Rotary
    deepstack_levels: int
    extra_params: int
    mtp_layers: int
    index_heads: int
    index_dim: int
    norms: int
    missing_kv_fields: tuple[str, ...]
    missing_weight_fields: tuple[str, ...]
    doubts: tuple[str, ...]
    assumed: tuple[str, ...] = ()

    @property
    def missing_fields(self) -> tuple[str, ...]:
        """Names of the fields that are not there, each once."""
        return tuple(dict.fromkeys(self.missing_kv_fields + self.missing_weight_fields))

    @cached_property
    def is_hybrid(self) -> bool:
        """Whether some layers keep a state of fixed size instead of keys and values."""
        return any(layer.mixer == "state" for layer in self.layers)

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
