# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Parameters of a vision tower and of its projector.

The large matrices of qwen2_vl.py, qwen2_5_vl.py, qwen3_vl.py, siglip.py, pixtral.py and
mistral3.py (vllm/model_executor/models, 0.32); a tower of another kind is taken for one of these.
"""

from __future__ import annotations

from collections.abc import Mapping

from .fields import Fields

_TOWERS = ("vision_config", "audio_config", "vision_tower", "mm_vision_tower", "visual")
_GATED = ("gemma4_vision", "pixtral")
# What PixtralVisionConfig of transformers 5.23 has where config.json is silent.
_PIXTRAL = {
    "hidden_size": 1024, "num_hidden_layers": 24, "intermediate_size": 4096, "patch_size": 16,
}  # fmt: skip


def is_multimodal(fields: Fields) -> bool:
    """Whether something beside the language model is loaded."""
    return any(fields.outer.get(name) is not None for name in _TOWERS) or bool(
        fields.get("extra_params")
    )


def vision_params(fields: Fields, hidden: int) -> int:
    """Parameters of ``vision_config``'s tower and its projector (0 without one)."""
    tower = fields.outer.get("vision_config")
    if not isinstance(tower, Mapping) or not tower:
        return 0
    is_glm = _is_glm(fields)
    inner = Fields({**_PIXTRAL, **tower} if tower.get("model_type") == "pixtral" else tower)
    # Qwen2-VL calls the tower's width embed_dim, and what it hands over hidden_size.
    width = inner.integer("embed_dim", "hidden_size", "width", "vt_hidden_size", minimum=0) or 0
    depth = inner.integer(
        "num_hidden_layers", "depth", "layers", "vt_num_hidden_layers", minimum=0
    ) or 0  # fmt: skip
    wide = inner.integer("intermediate_size", "vt_intermediate_size", minimum=0) or 4 * width
    handed_over = inner.integer("out_hidden_size", minimum=0)
    if is_glm and handed_over:
        # The other width is that of the merger.
        wide = handed_over
    gated = is_glm or inner.text("hidden_act") == "silu" or inner.text("model_type") in _GATED
    blocks = depth * (4 * width * width + (3 if gated else 2) * width * wide)
    patch = inner.integer("patch_size", minimum=0) or 14
    pixels = 3 * patch * patch * (inner.integer("temporal_patch_size", minimum=0) or 1)
    return (
        blocks
        + pixels * width
        + _positions(inner, patch) * width
        + _projector(fields, inner, width, hidden)
    )


def _is_glm(fields: Fields) -> bool:
    """Whether it is a tower of glm4_1v.py, whose widths mean something else."""
    return str(fields.outer.get("model_type")).startswith("glm4v")


def _positions(inner: Fields, patch: int) -> int:
    """Rows of the table of positions; towers with rotary positions have none."""
    rows = inner.integer("num_position_embeddings", minimum=0)
    if inner.text("model_type") == "gemma4_vision":
        # One table for each axis.
        rows = 2 * (inner.integer("position_embedding_size", minimum=0) or 0)
    if rows is None and inner.text("model_type").startswith(("siglip", "clip")):
        rows = ((inner.integer("image_size", minimum=0) or 0) // max(1, patch)) ** 2
    return rows or 0


def _projector(fields: Fields, inner: Fields, width: int, hidden: int) -> int:
    kind = fields.outer.get("model_type")
    merge = inner.integer("spatial_merge_size", minimum=0)
    out = inner.integer("out_hidden_size", minimum=0)
    if _is_glm(fields) and merge and out:
        narrow = inner.integer("intermediate_size", minimum=0) or 0
        return out * out + 3 * out * narrow + merge**2 * width * out
    if merge:
        deep = inner.get("deepstack_visual_indexes")
        mergers = 1 + (len(deep) if isinstance(deep, list) else 0)
        merged = width * merge * merge
        return mergers * merged * (merged + hidden)
    if kind in ("gemma3", "gemma4"):
        return width * hidden
    merge = fields.integer("spatial_merge_size", minimum=0) if kind == "mistral3" else 0
    return (merge or 0) ** 2 * width * width + width * hidden + hidden * hidden


def deepstack_levels(fields: Fields) -> int:
    """How many levels of the tower are added to the language model (qwen3_vl.py)."""
    tower = fields.outer.get("vision_config")
    if not isinstance(tower, Mapping):
        return 0
    levels = tower.get("deepstack_visual_indexes")
    return len(levels) if isinstance(levels, list | tuple) else 0
