# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The kinds of vision towers, one record each, by the ``model_type`` of their vision_config."""

from __future__ import annotations

from .family import Tower

TOWERS: dict[str, Tower] = {
    "gemma4_vision": Tower(gated=True, axis_positions=True),
    # The defaults are those of PixtralVisionConfig in transformers 5.23.
    "pixtral": Tower(
        gated=True,
        defaults={
            "hidden_size": 1024,
            "num_hidden_layers": 24,
            "intermediate_size": 4096,
            "patch_size": 16,
        },
    ),
}
# Towers whose names begin like this (siglip_vision_model, siglip2_vision_model, clip_vision_model).
TOWER_LINES: dict[str, Tower] = {
    "siglip": Tower(patch_positions=True),
    "clip": Tower(patch_positions=True),
}
_PLAIN = Tower()


def tower_of(name: str) -> Tower:
    """The record of a tower; that of a plain one with rotary positions for any other name."""
    found = TOWERS.get(name)
    if found is not None:
        return found
    return next((line for start, line in TOWER_LINES.items() if name.startswith(start)), _PLAIN)
