# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Towers for images: what they add, and where they are missing."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.reader import read_shape

from ..allocated import CONFIGS

LLAMA = CONFIGS["llama"]


def test_a_vision_tower_is_counted_beside_the_language_model() -> None:
    nested = CONFIGS["qwen3_vl"]
    shape = read_shape(nested)
    assert shape.vision
    assert shape.extra_params > 0
    without = read_shape({key: nested[key] for key in nested if key != "vision_config"})
    assert without.vision
    assert without.missing_fields == ("vision_config",)
    assert without.extra_params == 0
    assert without.layers == shape.layers


def test_qwen2_vl_calls_its_towers_width_embed_dim() -> None:
    tower = {"depth": 32, "embed_dim": 1280, "hidden_size": 3584, "mlp_ratio": 4, "patch_size": 14,
             "spatial_merge_size": 2, "temporal_patch_size": 2}  # fmt: skip
    config = {**LLAMA, "model_type": "qwen2_vl", "hidden_size": 3584, "vision_config": tower}
    # 0.63 to 0.68 billion parameters, by the model card.
    assert 0.6e9 < read_shape(config).extra_params < 0.7e9


TEXT = {
    "num_hidden_layers": 2, "num_attention_heads": 32, "num_key_value_heads": 2, "head_dim": 128,
    "intermediate_size": 13696, "vocab_size": 151552, "hidden_size": 4096,
}  # fmt: skip


@pytest.mark.parametrize(
    ("config", "billions"),
    [
        # GLM-4.1V-9B: 10.29 billion parameters, less 9.40 of its language model (GLM-4-9B-0414).
        ({"model_type": "glm4v", **TEXT, "vision_config": {
            "hidden_size": 1536, "depth": 24, "intermediate_size": 13696, "out_hidden_size": 4096,
            "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2,
            "hidden_act": "silu"}}, 0.89),
        # Pixtral's tower of 0.4 billion parameters, all by default, and its projector.
        ({"model_type": "llava", "text_config": {**TEXT, "hidden_size": 5120},
          "vision_config": {"model_type": "pixtral", "image_size": 1024}}, 0.43),
        # Kimi-K2.5 names its fields in a way of its own.
        ({"model_type": "kimi_k25", "text_config": TEXT,
          "vision_config": {"vt_hidden_size": 1152, "vt_intermediate_size": 4304,
                            "vt_num_hidden_layers": 27, "patch_size": 14}}, 0.43),
    ],
)  # fmt: skip
def test_towers_of_images(config: dict[str, Any], billions: float) -> None:
    assert read_shape(config).extra_params / 1e9 == pytest.approx(billions, abs=0.02)
