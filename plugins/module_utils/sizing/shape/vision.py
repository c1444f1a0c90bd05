# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Parameters of a vision tower and of its projector.

The large matrices of qwen2_vl.py, qwen2_5_vl.py, qwen3_vl.py, siglip.py, pixtral.py and
mistral3.py (vllm/model_executor/models, 0.32); a tower of another kind is taken for one of these.
"""

from __future__ import annotations

from collections.abc import Mapping

from .family import ONE_MATRIX, PATCH_MERGER, Family, Tower
from .fields import Fields
from .identity import outer_family
from .towers import tower_of

_TOWERS = ("vision_config", "audio_config", "vision_tower", "mm_vision_tower", "visual")


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
    family, kind = outer_family(fields), tower_of(Fields(tower).text("model_type"))
    inner = Fields({**kind.defaults, **tower})
    # Qwen2-VL calls the tower's width embed_dim, and what it hands over hidden_size.
    width = inner.integer("embed_dim", "hidden_size", "width", "vt_hidden_size", minimum=0) or 0
    depth = inner.integer(
        "num_hidden_layers", "depth", "layers", "vt_num_hidden_layers", minimum=0
    ) or 0  # fmt: skip
    wide = inner.integer("intermediate_size", "vt_intermediate_size", minimum=0) or 4 * width
    handed_over = inner.integer("out_hidden_size", minimum=0)
    if family.glm_tower and handed_over:
        # The other width is that of the merger.
        wide = handed_over
    gated = family.glm_tower or inner.text("hidden_act") == "silu" or kind.gated
    blocks = depth * (4 * width * width + (3 if gated else 2) * width * wide)
    patch = inner.integer("patch_size", minimum=0) or 14
    pixels = 3 * patch * patch * (inner.integer("temporal_patch_size", minimum=0) or 1)
    return (
        blocks
        + pixels * width
        + _positions(inner, kind, patch) * width
        + _projector(fields, family, inner, width, hidden)
    )


def _positions(inner: Fields, tower: Tower, patch: int) -> int:
    """Rows of the table of positions; towers with rotary positions have none."""
    rows = inner.integer("num_position_embeddings", minimum=0)
    if tower.axis_positions:
        rows = 2 * (inner.integer("position_embedding_size", minimum=0) or 0)
    if rows is None and tower.patch_positions:
        rows = ((inner.integer("image_size", minimum=0) or 0) // max(1, patch)) ** 2
    return rows or 0


def _projector(fields: Fields, family: Family, inner: Fields, width: int, hidden: int) -> int:
    merge = inner.integer("spatial_merge_size", minimum=0)
    out = inner.integer("out_hidden_size", minimum=0)
    if family.glm_tower and merge and out:
        narrow = inner.integer("intermediate_size", minimum=0) or 0
        return out * out + 3 * out * narrow + merge**2 * width * out
    if merge:
        deep = inner.get("deepstack_visual_indexes")
        mergers = 1 + (len(deep) if isinstance(deep, list) else 0)
        merged = width * merge * merge
        return mergers * merged * (merged + hidden)
    if family.projector == ONE_MATRIX:
        return width * hidden
    is_merger = family.projector == PATCH_MERGER
    merge = fields.integer("spatial_merge_size", minimum=0) if is_merger else 0
    return (merge or 0) ** 2 * width * width + width * hidden + hidden * hidden


def deepstack_levels(fields: Fields) -> int:
    """How many levels of the tower are added to the language model (qwen3_vl.py)."""
    tower = fields.outer.get("vision_config")
    if not isinstance(tower, Mapping):
        return 0
    levels = tower.get("deepstack_visual_indexes")
    return len(levels) if isinstance(levels, list | tuple) else 0
