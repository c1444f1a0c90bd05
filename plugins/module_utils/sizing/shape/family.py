# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The record of a model family: what its models do without saying so in config.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# The names of the families for how many experts there are, are chosen for a token, and always run.
EXPERTS = ("num_experts", "n_routed_experts", "num_local_experts", "moe_num_experts")
CHOSEN = (
    "num_experts_per_tok", "moe_topk", "moe_top_k", "moe_k", "top_k_experts",
    "num_experts_per_token",
)  # fmt: skip
SHARED = ("n_shared_experts", "num_shared_experts", "moe_num_shared_experts", "num_shared_expert")
SHARED_WIDTHS = ("shared_expert_intermediate_size", "shared_intermediate_size")
FIRST_DENSE = (
    "first_k_dense_replace", "dense_layers", "mlp_layer_types", "is_moe_layer", "moe_layers",
)  # fmt: skip
LAYER_TYPES = ("layer_types", "layers_block_type")

# Fields of which a config has to say one; the first name is the one to give.
Requirement = tuple[str, ...]

SHARED_EXPERTS: Requirement = (*SHARED, *SHARED_WIDTHS)
BAILING_SHARED: Requirement = ("num_shared_experts",)
ERNIE_SHARED: Requirement = ("moe_num_shared_experts",)
ERNIE_FIRST_MOE: Requirement = ("moe_layer_start_index",)
HUNYUAN_SHARED: Requirement = ("num_shared_expert",)
QWEN_SHARED: Requirement = ("shared_expert_intermediate_size",)
NEMOTRON_SHARED: Requirement = ("moe_shared_expert_intermediate_size",)
# In the order in which a message names them.
WITH_EXPERTS = (
    SHARED_EXPERTS, FIRST_DENSE, BAILING_SHARED, ERNIE_SHARED, ERNIE_FIRST_MOE, HUNYUAN_SHARED,
    QWEN_SHARED, NEMOTRON_SHARED,
)  # fmt: skip

GRANITE_LAYERS: Requirement = (*LAYER_TYPES, "attn_layer_indices")
GRANITE_SHARED: Requirement = ("shared_intermediate_size",)
NEMOTRON_LAYERS: Requirement = ("hybrid_override_pattern", *LAYER_TYPES)
GLOBAL_HEADS: Requirement = ("global_head_dim",)
CHUNKS: Requirement = ("attention_chunk_size",)
ALWAYS = (GRANITE_LAYERS, GRANITE_SHARED, NEMOTRON_LAYERS, GLOBAL_HEADS, CHUNKS)

# Kinds of recurrent state, and of what hands a vision tower's output to the language model.
GATED_DELTA, MAMBA_2 = "gated_delta", "mamba_2"
ONE_MATRIX, PATCH_MERGER = "one_matrix", "patch_merger"


@dataclass(frozen=True)
class Family:
    """One family; the defaults are those of a plain decoder such as Llama's.

    What the model is:
    ``known``: its weights follow the formulas here; others may have parts that nobody counted.
    ``class_names``: its class is not called like its ``model_type``. ``multimodal``: something
    beside the language model is loaded, ``multimodal_class`` even by this class, whose name is
    that of a language model.

    Matrices:
    ``gated``: feed-forward parts have three matrices, not two. ``fourfold_width``: they are four
    times as wide as the hidden size where no width is said. ``tied``: the embeddings serve as the
    output matrix, too. ``qkv_bias``, ``expert_bias``. ``position_table``: positions are a table
    of the checkpoint. ``norms_per_layer``. ``single_parts``: a layer is attention, state or
    feed-forward part alone. ``shared_is_dense``: the width of the shared experts is that of a
    dense feed-forward part.

    Heads, where config.json does not say a number (absent, or ``null`` for ``null_divides``):
    ``kv_heads_as_heads``: as many KV heads as query heads; ``divides_heads``: a head is a share
    of the hidden size. Other families have a constant, which fits their smallest model only.
    ``multi_query``: one KV head. ``kv_heads_of_new``: KV heads are read only with
    ``new_decoder_architecture``. ``gated_queries``: queries carry a gate of their own size.

    Attention:
    ``full_every``: each n-th layer is a full one, the others have a window. ``window_off``: the
    window is unused unless ``use_sliding_window`` is true; ``window_after``: then the first
    ``max_window_layers`` are full ones. ``mla``: keys and values are latent (MLA),
    ``mla_queries`` queries, too; ``sparse_index``: an index picks the tokens.

    State: ``state``: its kind. ``granite_words``: its widths have the names of Granite's config;
    ``float32_state``: it is float32 unless config.json says otherwise.

    Experts:
    ``experts_field``: what their number is called; a config without it is not a whole one.
    ``experts_switch``: there are none unless ``enable_moe_block`` is true.
    ``experts_of_dense_width``: they are as wide as ``intermediate_size`` says.
    ``dense_beside_experts``: a feed-forward part of that width runs beside them in each layer;
    ``experts_outside``: it is the module ``mlp``, which they lie beside.
    ``shared_like_expert``: one expert always runs. ``own_dense_width``: dense layers have a width
    of their own, ``intermediate_size_mlp``.

    Positions:
    ``rotary``: they are turned into keys and queries. ``positions``: how many there are where
    config.json is silent. ``positions_scaled``: ``rope_scaling`` is in their number already.
    ``mrope``: they have three dimensions, and ``mrope_ahead``: run ahead of the tokens since v0.32,
    too. ``partial_rotary_factor``: the part of a head that is turned, unless said.

    Vision: ``glm_tower``: its fields mean something else (glm4_1v.py). ``projector``: its kind.

    ``requires_with_experts``, ``requires``, ``requires_with_state``: fields without which a
    config is not a whole one. ``nested_defaults``: what a nested ``text_config`` leaves unsaid,
    because transformers knows it by the ``model_type``.

    """

    known: bool = True
    class_names: tuple[str, ...] = ()
    multimodal: bool = False
    multimodal_class: str = ""

    gated: bool = True
    fourfold_width: bool = False
    tied: bool = False
    qkv_bias: bool = False
    expert_bias: bool = False
    position_table: bool = False
    norms_per_layer: int = 2
    single_parts: bool = False
    shared_is_dense: bool = False

    kv_heads_as_heads: bool = False
    divides_heads: bool = False
    null_divides: bool = False
    multi_query: bool = False
    kv_heads_of_new: bool = False
    gated_queries: bool = False

    full_every: int = 0
    window_off: bool = False
    window_after: bool = False
    mla: bool = False
    mla_queries: bool = False
    sparse_index: bool = False

    state: str = ""
    granite_words: bool = False
    float32_state: bool = False

    experts_field: str = ""
    experts_switch: bool = False
    experts_of_dense_width: bool = False
    dense_beside_experts: bool = False
    experts_outside: bool = False
    shared_like_expert: bool = False
    own_dense_width: bool = False

    rotary: bool = True
    positions: int = 0
    positions_scaled: bool = False
    mrope: bool = False
    mrope_ahead: bool = True
    partial_rotary_factor: float = 1.0

    glm_tower: bool = False
    projector: str = ""

    requires_with_experts: tuple[Requirement, ...] = ()
    requires: tuple[Requirement, ...] = ()
    requires_with_state: tuple[str, ...] = ()
    nested_defaults: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Tower:
    """A kind of vision tower, by the ``model_type`` of its ``vision_config``.

    ``gated``: three matrices in a feed-forward part. ``patch_positions``: a table with a row for
    each patch of an image; ``axis_positions``: one table for each axis. ``defaults``: what its
    config leaves unsaid.
    """

    gated: bool = False
    patch_positions: bool = False
    axis_positions: bool = False
    defaults: Mapping[str, int] = field(default_factory=dict)
