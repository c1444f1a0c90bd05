# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Nested language models that leave fields unsaid, and flat ones, which may not."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.quantization import (
    read_quantization,
)
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.families import FAMILIES
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.fields import (
    Fields,
    language_defaults,
)
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.reader import read_shape
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.weights import checkpoint_bytes

KINDS = sorted(name for name, family in FAMILIES.items() if family.nested_defaults)
SIGLIP = {
    "hidden_size": 1152, "image_size": 896, "intermediate_size": 4304,
    "model_type": "siglip_vision_model", "num_attention_heads": 16, "num_hidden_layers": 27,
    "patch_size": 14, "vision_use_head": False,
}  # fmt: skip
CLIP = {
    "hidden_size": 1024, "image_size": 336, "intermediate_size": 4096,
    "model_type": "clip_vision_model", "num_attention_heads": 16, "num_hidden_layers": 24,
    "patch_size": 14, "projection_dim": 768, "vocab_size": 32000,
}  # fmt: skip


def gemma3(**text: Any) -> dict[str, Any]:
    """A Gemma 3 config as it is on the Hub; all sizes share these fields."""
    scaling = {"factor": 8.0, "rope_type": "linear"}
    shared = {"model_type": "gemma3_text", "rope_scaling": scaling, "sliding_window": 1024}
    return {
        "architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3",
        "torch_dtype": "bfloat16", "mm_tokens_per_image": 256,
        "text_config": {**shared, **text}, "vision_config": SIGLIP,
    }  # fmt: skip


GEMMA_4B = gemma3(hidden_size=2560, intermediate_size=10240, num_hidden_layers=34)
GEMMA_12B = gemma3(
    hidden_size=3840, intermediate_size=15360, num_hidden_layers=48, num_attention_heads=16,
    num_key_value_heads=8,
)  # fmt: skip
GEMMA_27B = gemma3(
    hidden_size=5376, intermediate_size=21504, num_hidden_layers=62, num_attention_heads=32,
    num_key_value_heads=16, head_dim=128, query_pre_attn_scalar=168,
)  # fmt: skip
LLAVA = {
    "architectures": ["LlavaForConditionalGeneration"], "model_type": "llava",
    "torch_dtype": "float16", "tie_word_embeddings": False, "vocab_size": 32064,
    "text_config": {
        "architectures": ["LlamaForCausalLM"], "max_position_embeddings": 4096,
        "model_type": "llama", "rms_norm_eps": 1e-05, "vocab_size": 32064,
    },
    "vision_config": CLIP,
}  # fmt: skip
LLAVA_NEXT = {
    "architectures": ["LlavaNextForConditionalGeneration"], "model_type": "llava_next",
    "torch_dtype": "float16",
    "text_config": {
        "architectures": ["MistralForCausalLM"], "intermediate_size": 14336,
        "max_position_embeddings": 32768, "model_type": "mistral", "num_key_value_heads": 8,
        "rms_norm_eps": 1e-05, "rope_theta": 1000000.0, "sliding_window": None,
        "vocab_size": 32064,
    },
    "vision_config": CLIP,
}  # fmt: skip
# The number of parameters that the Hub shows, from the headers of the checkpoint's files.
REAL = {
    "google/gemma-3-4b-it": (GEMMA_4B, 4_300_079_472),
    "google/gemma-3-12b-it": (GEMMA_12B, 12_187_325_040),
    "google/gemma-3-27b-it": (GEMMA_27B, 27_432_406_640),
    "llava-hf/llava-1.5-7b-hf": (LLAVA, 7_063_427_072),
    "llava-hf/llava-v1.6-mistral-7b-hf": (LLAVA_NEXT, 7_566_747_648),
}


def nested(**text: Any) -> dict[str, Any]:
    """A config of a known outer family around a language model."""
    return {"model_type": "llava", "text_config": text, "vision_config": {}}


@pytest.mark.parametrize("name", REAL)
def test_minimal_configs_of_the_hub_have_their_known_size(name: str) -> None:
    config, params = REAL[name]
    shape = read_shape(config)
    assert shape.missing_fields == ()
    assert shape.doubts == ()
    counted = checkpoint_bytes(shape, read_quantization(config)) / 2
    assert counted == pytest.approx(params, rel=2e-4)


@pytest.mark.parametrize(
    ("config", "heads", "longest"),
    [
        (GEMMA_4B, (8, 4, 256), 131072),
        (GEMMA_12B, (16, 8, 256), 131072),
        (GEMMA_27B, (32, 16, 128), 131072),
        (LLAVA, (32, 32, 128), 4096),
        (LLAVA_NEXT, (32, 8, 128), 32768),
    ],
)
def test_such_a_model_is_planned(
    config: dict[str, Any], heads: tuple[int, int, int], longest: int
) -> None:
    shape = read_shape(config)
    assert (shape.heads, shape.kv_heads, shape.head_dim) == heads
    plan = memory_plan(
        {"config": config, "gpu": {"product": "H200"}, "vllm_version": "0.32.0"},
    )
    assert plan["confidence"] == "estimate"
    assert plan["missing"] == []
    assert any("unsaid: what is usual for its model_type" in note for note in plan["notes"])
    assert plan["max_model_len_that_fits"] == longest


def test_gemma_3_has_five_windows_before_each_full_layer() -> None:
    shape = read_shape(GEMMA_4B)
    assert (shape.window, shape.vocab) == (1024, 262208)
    full = [index for index, layer in enumerate(shape.layers) if layer.mixer == "full"]
    assert full == [5, 11, 17, 23, 29]
    assert {layer.mixer for layer in shape.layers} == {"full", "sliding"}
    # Without a window of its own it has the one of its class.
    assert read_shape(gemma3(sliding_window=None)).window == 0
    assert read_shape(nested(model_type="gemma3_text")).window == 4096


@pytest.mark.parametrize("kind", KINDS)
def test_a_flat_config_with_missing_fields_is_not_completed(kind: str) -> None:
    fields = Fields({"model_type": kind, "vision_config": SIGLIP})
    assert fields.integer("hidden_size") is None
    assert fields.get("max_position_embeddings") is None
    shape = read_shape({"model_type": kind})
    assert "num_hidden_layers" in shape.missing_fields
    assert "hidden_size" in shape.missing_fields
    assert memory_plan({"config": {"model_type": kind}})["confidence"] == "unknown"


@pytest.mark.parametrize("kind", KINDS)
def test_a_nested_config_that_names_a_known_type_lacks_nothing(kind: str) -> None:
    shape = read_shape(nested(model_type=kind))
    assert shape.missing_fields == ()
    assert len(shape.layers) == language_defaults({"model_type": kind})[
        "num_hidden_layers"
    ]  # fmt: skip


@pytest.mark.parametrize("kind", [None, "", "brand_new", 5, [], {"llama": 1}])
def test_other_types_have_no_defaults(kind: Any) -> None:
    assert language_defaults({"model_type": kind}) == {}


def test_a_nested_config_without_a_type_is_not_completed() -> None:
    shape = read_shape({"model_type": "gemma3", "text_config": {"hidden_size": 2560}})
    assert {"num_hidden_layers", "num_attention_heads", "vocab_size"} <= set(shape.missing_fields)


def test_what_the_config_says_wins_also_outside_the_nest() -> None:
    shape = read_shape({**nested(model_type="llama", num_hidden_layers=3), "vocab_size": 77})
    assert (len(shape.layers), shape.vocab, shape.hidden) == (3, 77, 4096)


def test_another_name_for_the_same_thing_wins_too() -> None:
    fields = Fields(nested(model_type="llama", n_layer=4, n_inner=64))
    assert fields.same_integer("num_hidden_layers", "n_layer") == 4
    assert fields.integer("intermediate_size", "n_inner") == 64
    assert fields.assumed == {}


def test_null_is_not_given_except_where_it_is_a_value() -> None:
    shape = read_shape(nested(model_type="mistral", hidden_size=None, num_hidden_layers=None))
    assert (shape.hidden, len(shape.layers), shape.kv_heads) == (4096, 32, 8)
    assert read_shape(nested(model_type="mistral", num_key_value_heads=None)).kv_heads == 32
    assert read_shape(nested(model_type="gemma2", sliding_window=None)).window == 0
    assert read_shape(nested(model_type="qwen3", head_dim=None, hidden_size=2048)).head_dim == 64


def test_counts_that_differ_from_layer_to_layer_are_not_replaced() -> None:
    config = nested(model_type="mistral", num_key_value_heads=[1, 2, 4, 8])
    assert "num_key_value_heads differ" in " ".join(read_shape(config).doubts)
    assert Fields(config).integer("num_key_value_heads") is None


def test_a_model_that_is_nested_twice_is_completed_too() -> None:
    shape = read_shape({"thinker_config": {"text_config": {"model_type": "qwen2_5_omni_text"}}})
    assert (len(shape.layers), shape.hidden, shape.heads, shape.kv_heads) == (28, 3584, 28, 4)


def test_the_defaults_that_were_used_can_be_told() -> None:
    fields = Fields(nested(model_type="llama", hidden_size=2048))
    assert fields.integer("hidden_size") == 2048
    assert fields.integer("num_attention_heads") == 32
    assert fields.get("intermediate_size") == 11008
    assert fields.integer("head_dim") is None
    assert fields.assumed == {"num_attention_heads": 32, "intermediate_size": 11008}
