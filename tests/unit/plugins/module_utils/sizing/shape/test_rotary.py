# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Positions: the longest context, and the tables that are made when a model is loaded."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan
from ansible_collections.llmops.vllm.plugins.module_utils.releases import Release
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.fields import Fields
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.reader import read_shape
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.rotary import (
    Rotary,
    read_rotary,
)
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.weights import buffers_bytes

OLD, V31, NEW = Release((0, 29, 0)), Release((0, 31, 0)), Release((0, 32, 0))
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}


def rotary(head_dim: int = 128, **config: Any) -> Rotary:
    return read_rotary(Fields(config), head_dim, 0)


@pytest.mark.parametrize(
    ("config", "longest", "before"),
    [
        ({}, 0, 0),
        ({"max_position_embeddings": 40960}, 40960, 40960),
        # The smallest counts, and model_max_length takes the place of all (Command R).
        ({"max_position_embeddings": 40960, "seq_length": 2048}, 2048, 2048),
        ({"max_position_embeddings": 8192, "model_max_length": 131072}, 131072, 131072),
        ({"max_position_embeddings": 8192, "model_max_length": 10**30}, 8192, 8192),
        ({"model_type": "falcon"}, 2048, 2048),
        ({"max_position_embeddings": 4096, "rope_scaling": {"rope_type": "default"}}, 4096, 4096),
        # v0.30 takes what stands in the file; before, the original length was multiplied.
        ({"max_position_embeddings": 32768, "rope_scaling": YARN}, 32768, 131072),
        ({"max_position_embeddings": 131072, "rope_scaling": YARN}, 131072, 131072),
        ({"max_position_embeddings": 4096, "rope_scaling": {"type": "linear", "factor": 2}},
         8192, 8192),
        ({"max_position_embeddings": 8192, "rope_scaling": {"rope_type": "llama3", "factor": 8.0}},
         8192, 8192),
        # Gemma 3 says its length after scaling.
        ({"model_type": "gemma3_text", "max_position_embeddings": 131072,
          "rope_scaling": {"rope_type": "linear", "factor": 8.0}}, 131072, 131072),
        ({"max_position_embeddings": 8192, "rope_parameters": {
            "full_attention": {"rope_type": "linear", "factor": 2.0},
            "sliding_attention": {"rope_type": "default"}}}, 16384, 16384),
    ],
)  # fmt: skip
def test_the_longest_context(config: dict[str, Any], longest: int, before: int) -> None:
    found = rotary(**config)
    assert found.longest_context(NEW) == longest
    assert found.longest_context(OLD) == before


@pytest.mark.parametrize("kind", ["longrope", "su"])
def test_longrope_serves_its_original_length_unless_told_otherwise(kind: str) -> None:
    found = rotary(
        max_position_embeddings=131072,
        original_max_position_embeddings=4096,
        rope_scaling={"type": kind, "short_factor": [1.0], "long_factor": [1.0]},
    )
    assert found.longest_context(NEW) == 131072
    assert found.default_context(NEW) == 4096
    assert found.default_context(Release((0, 11, 0))) == 131072
    assert found.table_values(NEW) == (131072 + 4096) * 128


@pytest.mark.parametrize(
    ("config", "values"),
    [
        ({}, 1000 * 128),
        ({"partial_rotary_factor": 0.5}, 1000 * 64),
        ({"rotary_pct": 0.25}, 1000 * 32),
        ({"rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.25}}, 1000 * 32),
        ({"qk_rope_head_dim": 64}, 1000 * 64),
        ({"rope_scaling": {"rope_type": "linear", "factor": 8.0}}, 8000 * 128),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 40.0,
                           "original_max_position_embeddings": 25}}, 1000 * 128),
        # Sliding and full layers of Gemma 3 turn differently.
        ({"model_type": "gemma3_text", "rope_local_base_freq": 10000.0,
          "rope_scaling": {"rope_type": "linear", "factor": 8.0}}, 9000 * 128),
        ({"position_embedding_type": "nope"}, 0),
        ({"model_type": "nemotron_h"}, 0),
        ({"model_type": "opt"}, 0),
    ],
)  # fmt: skip
def test_the_tables(config: dict[str, Any], values: int) -> None:
    assert rotary(max_position_embeddings=1000, **config).table_values(NEW) == values


@pytest.mark.parametrize(
    ("kind", "release", "times"),
    [("glm4v", NEW, 4), ("qwen3_vl", V31, 4), ("qwen3_vl_text", NEW, 1), ("qwen3_5", NEW, 0.25)],
)
def test_positions_of_images_run_ahead(kind: str, release: Release, times: float) -> None:
    rope = {"rope_type": "default", "mrope_section": [24, 20, 20]}
    found = rotary(model_type=kind, max_position_embeddings=1000, rope_scaling=rope)
    assert found.table_values(release) == times * 1000 * 128
    unsaid = rotary(model_type=kind, max_position_embeddings=1000)
    assert kind == "glm4v" or unsaid.table_values(release) == found.table_values(release)


def test_levels_of_a_tower_take_room_for_a_step() -> None:
    config = {
        "model_type": "qwen3_vl",
        "vision_config": {"deepstack_visual_indexes": [5, 11, 17]},
        "text_config": {
            "model_type": "qwen3_vl_text", "hidden_size": 4096, "num_hidden_layers": 36,
            "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128,
            "intermediate_size": 12288, "vocab_size": 151936, "max_position_embeddings": 262144,
        },
    }  # fmt: skip
    shape = read_shape(config)
    more = buffers_bytes(shape, NEW, 8192) - buffers_bytes(shape, NEW, 0)
    assert more == 3 * 8192 * 4096 * 2


@pytest.mark.parametrize(
    "rope", [{"factor": 0}, {"factor": "many"}, {"factor": True}, {"partial_rotary_factor": 1.5}]
)
def test_an_impossible_number_is_named(rope: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(rope))):
        rotary(max_position_embeddings=1000, rope_scaling={"rope_type": "yarn", **rope})


@pytest.mark.parametrize("kind", ["fp8_ds_mla", "nvfp4_ds_mla"])
def test_a_cache_for_latent_attention_is_for_no_other_model(kind: str) -> None:
    config = {
        "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 14336,
        "vocab_size": 128256, "max_position_embeddings": 8192,
    }  # fmt: skip
    with pytest.raises(AnsibleFilterError, match=f"kv_cache_dtype {kind} is for models with"):
        memory_plan({"name": "a", "config": config, "kv_cache_dtype": kind})
