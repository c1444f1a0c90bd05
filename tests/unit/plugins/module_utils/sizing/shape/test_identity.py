# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What a config calls itself: families that are known, and those that are not."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.reader import read_shape

from ..allocated import CONFIGS

LLAMA = CONFIGS["llama"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"model_type": "brand_new"}, "brand_new"),
        ({"model_type": "odd_vl", "text_config": {"model_type": "llama"}}, "odd_vl"),
        ({"model_type": "falcon_h1", "mamba_d_ssm": 512}, "falcon_h1"),
        ({"model_type": "jamba"}, "jamba"),
        ({"model_type": "minicpm3"}, "minicpm3"),
        ({"model_type": "lfm2", "layer_types": ["conv"] * 4}, "conv"),
        (
            {"layer_types": ["full_attention", "lightning", "full_attention", "lightning"]},
            "lightning",
        ),
        ({"model_type": None, "architectures": ["Phi4FlashForCausalLM"]}, "Phi4Flash"),
        ({"model_type": None, "architectures": ["BrandNewForCausalLM"]}, "BrandNew"),
        ({"architectures": ["LlamaForSequenceClassification"]}, "does not generate"),
        ({"num_key_value_heads": [1, 2, 4, 8]}, "num_key_value_heads differ"),
        ({"model_type": "gemma4_text", "num_kv_shared_layers": 2}, "num_kv_shared_layers"),
        ({"block_configs": [{}]}, "block_configs"),
        ({"architecture_class": "diffusion"}, "diffusion"),
    ],
)
def test_what_is_not_known_is_a_doubt_and_the_plan_unknown(
    change: dict[str, Any], word: str
) -> None:
    config = {key: value for key, value in {**LLAMA, **change}.items() if value is not None}
    assert word in " ".join(read_shape(config).doubts)
    plan = memory_plan({"config": config, "gpu": {"product": "H100-80GB"}})
    assert plan["confidence"] == "unknown"
    assert word in " ".join(plan["notes"])


@pytest.mark.parametrize(
    "name", ["LlamaForCausalLM", "Qwen3MoeForCausalLM", "GptOssForCausalLM", "ChatGLMModel"]
)
def test_a_class_name_is_enough_for_a_known_family(name: str) -> None:
    config = {key: LLAMA[key] for key in LLAMA if key != "model_type"}
    assert read_shape({**config, "architectures": [name]}).doubts == ()
