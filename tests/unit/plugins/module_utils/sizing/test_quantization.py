# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Quantized checkpoints: formats, and what their lists leave alone."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.releases import Release
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.quantization import (
    Quantization,
    on_card,
    read_quantization,
)

FP8 = {"num_bits": 8, "type": "float", "strategy": "channel"}
NVFP4 = {"num_bits": 4, "type": "float", "group_size": 16}
NVFP4_BYTES = 0.5 + 1 / 16
ATTENTION = "self_attn.q_proj"
EXPERTS = "mlp.experts"
DENSE = "mlp.down_proj"


def read(settings: dict[str, Any], **config: Any) -> Quantization:
    return read_quantization({"num_hidden_layers": 4, "quantization_config": settings, **config})


def sizes(quant: Quantization, name: str) -> list[float]:
    return [quant.layer_bytes(layer, name) for layer in range(4)]


@pytest.mark.parametrize(
    ("settings", "size"),
    [
        ({"quant_method": "fp8"}, 1.0),
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, 1 + 4 / 128**2),
        ({"quant_method": "awq", "bits": 4, "group_size": 128}, 0.5 + 2.5 / 128),
        ({"quant_method": "gptq", "bits": 4, "group_size": 128, "sym": True}, 0.5 + 2 / 128),
        ({"quant_method": "gptq", "bits": 4, "group_size": 32, "sym": False}, 0.5 + 2.5 / 32),
        ({"quant_method": "gptq", "bits": 4, "group_size": -1}, 0.5005),
        ({"quant_method": "gptq", "bits": 3, "group_size": 128}, 0.375 + 2 / 128),
        ({"quant_method": "gptq", "bits": 8, "group_size": -1}, 1.0005),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, 0.516),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True}, 1.0005),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4", "group_size": 16}, NVFP4_BYTES),
        ({"quantization": {"quant_algo": "FP8"}}, 1.0),
        ({"quant_method": "modelopt", "quant_algo": "FP8_PB_WO"}, 1 + 4 / 128**2),
        ({"quant_method": "compressed-tensors", "config_groups": {"a": {"weights": FP8}}}, 1.0),
        ({"quant_method": "compressed-tensors", "config_groups": {"a": {"weights": NVFP4}}},
         NVFP4_BYTES),
        ({"quant_method": "compressed-tensors", "config_groups": {"a": {"weights": {
            "num_bits": 4, "type": "float", "group_size": 32}}}}, 0.5 + 1 / 32),
        ({"quant_method": "compressed-tensors", "config_groups": {"a": {"weights": {
            "num_bits": 8, "type": "float", "group_size": 32}}}}, 1 + 1 / 32),
        ({"quant_method": "compressed-tensors", "config_groups": {"a": {"weights": {
            "num_bits": 4, "type": "int", "group_size": 128, "symmetric": True}}}}, 0.5 + 2 / 128),
        ({"quant_method": "compressed-tensors", "config_groups": {"a": {"weights": {
            "num_bits": 8, "type": "float", "strategy": "block"}}}}, 1 + 4 / 128**2),
        ({"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp8_e4m3"}}}, 1.0),
        ({"quant_method": "quark", "global_quant_config": {"weight": {
            "dtype": "fp4", "group_size": 32}}}, 0.5 + 1 / 32),
    ],
)  # fmt: skip
def test_bytes_of_the_formats(settings: dict[str, Any], size: float) -> None:
    quant = read(settings)
    assert quant.doubt == ""
    assert quant.module_bytes(DENSE) == size


@pytest.mark.parametrize(
    ("settings", "flag"),
    [
        ({"quant_method": "zipped"}, None),
        ({"quant_method": "gguf"}, None),
        ({"quant_method": "torchao"}, None),
        ({"quant_method": "fp_quant"}, None),
        ({"quant_method": "compressed-tensors"}, None),
        ({"quant_method": "compressed-tensors", "config_groups": {
            "a": {"weights": NVFP4}, "b": {"weights": {"num_bits": 6, "type": "float"}}}}, None),
        ({"quant_method": "gptq", "bits": 5}, None),
        ({"quant_method": "quark"}, None),
        ({"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp8_e4m3"}},
          "layer_quant_config": {"*k_proj": {}}}, None),
        ({"weights": "small"}, None),
        ({}, "incredible"),
        ({"quant_method": "modelopt", "quant_algo": "MIXED_PRECISION"}, None),
    ],
)  # fmt: skip
def test_what_is_not_known_is_a_doubt(settings: dict[str, Any], flag: str | None) -> None:
    config = {"quantization_config": settings} if settings else {}
    assert read_quantization(config, flag).doubt


@pytest.mark.parametrize(
    ("settings", "whole", "packed"),
    [
        ({"quant_method": "compressed-tensors", "config_groups": {"a": {"weights": FP8}},
          "ignore": ["lm_head", "re:.*self_attn.*"]}, ATTENTION, DENSE),
        ({"quant_method": "compressed-tensors", "config_groups": {"a": {"weights": FP8}},
          "ignore": [r"re:model\.layers\.\d+\.mlp\.(gate|up|down)_proj"]}, DENSE, ATTENTION),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4",
          "exclude_modules": ["*self_attn*", "lm_head"]}, ATTENTION, EXPERTS),
        ({"quant_algo": "NVFP4", "exclude_modules": ["*.mlp.shared_expert.*"]},
         "mlp.shared_experts", EXPERTS),
        ({"quantization": {"quant_algo": "FP8", "exclude_modules": ["*self_attn.k_proj*"]}},
         "self_attn.k_proj", ATTENTION),
        ({"quant_method": "awq", "modules_to_not_convert": ["self_attn"]}, ATTENTION, DENSE),
        ({"quant_method": "fp8", "ignored_layers": ["mlp.down_proj"]}, DENSE, ATTENTION),
        ({"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp8_e4m3"}},
          "exclude": ["*self_attn*"]}, ATTENTION, DENSE),
        ({"quant_method": "mxfp4", "modules_to_not_convert": [
            "model.layers.*.self_attn", "model.layers.*.mlp.router", "lm_head"]},
         ATTENTION, EXPERTS),
        ({"quant_method": "mxfp4"}, ATTENTION, EXPERTS),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True,
          "llm_int8_skip_modules": ["self_attn", "lm_head"]}, ATTENTION, DENSE),
        ({"quant_method": "gptq", "bits": 4, "dynamic": {"-:.*self_attn.*": {}}}, ATTENTION, DENSE),
    ],
)  # fmt: skip
def test_lists_that_mean_all_layers(settings: dict[str, Any], whole: str, packed: str) -> None:
    quant = read(settings)
    assert quant.doubt == ""
    assert sizes(quant, whole) == [2.0] * 4
    assert max(sizes(quant, packed)) <= 1.01


@pytest.mark.parametrize(
    ("entry", "layers"),
    [
        ("model.layers.1.self_attn.q_proj", [1]),
        ("model.layers.1.self_attn", [1]),
        ("language_model.model.layers.2.self_attn*", [2]),
        ("model.layers.0*", [0]),
        ("model.layers.3.*", [3]),
        (r"re:.*layers\.(0|3)\..*", [0, 3]),
        (r"re:model\.layers\.[12]\.self_attn\..*", [1, 2]),
        # Layers of other parts, and what only looks alike.
        ("mtp.layers.0*", []),
        ("model.vision_tower.encoder.layers.0.self_attn.q_proj", []),
        ("model.layers.1.mlp.gate", []),
        ("model.layers.1.self_attn.q_proj_norm", []),
        # An expression begins at the beginning of the path.
        ("re:self_attn.*", []),
        ("re:(", []),
    ],
)
def test_lists_that_mean_single_layers(entry: str, layers: list[int]) -> None:
    quant = read({"quant_algo": "NVFP4", "exclude_modules": [entry]})
    expected = [2.0 if layer in layers else NVFP4_BYTES for layer in range(4)]
    assert sizes(quant, ATTENTION) == expected


def test_gemma_4_experts_lie_beside_the_feed_forward_part() -> None:
    ignore = [f"model.language_model.layers.{layer}.mlp*" for layer in range(4)]
    quant = read({"quant_algo": "NVFP4", "ignore": ignore})
    assert sizes(quant, "experts") == [NVFP4_BYTES] * 4
    assert sizes(quant, DENSE) == [2.0] * 4


def test_groups_with_targets_of_their_own() -> None:
    groups = {
        "group_0": {"targets": ["re:.*self_attn.*"], "weights": FP8},
        "group_1": {"targets": ["re:.*mlp.*"], "weights": NVFP4},
    }
    quant = read({"quant_method": "compressed-tensors", "config_groups": groups})
    assert sizes(quant, ATTENTION) == [1.0] * 4
    assert sizes(quant, EXPERTS) == [NVFP4_BYTES] * 4
    # No group is for it.
    assert sizes(quant, "linear_attn.out_proj") == [2.0] * 4
    groups["group_2"] = {"targets": ["Linear"], "weights": FP8}
    quant = read({"quant_method": "compressed-tensors", "config_groups": groups})
    assert sizes(quant, "linear_attn.out_proj") == [1.0] * 4
    assert sizes(quant, EXPERTS) == [NVFP4_BYTES] * 4


def test_what_is_ignored_is_ignored_whatever_group_it_is_in() -> None:
    path = "model.layers.1.self_attn.q_proj"
    groups = {"group_0": {"targets": [path, "re:.*k_proj"], "weights": FP8}}
    settings = {"quant_method": "compressed-tensors", "config_groups": groups}
    assert sizes(read(settings), ATTENTION) == [2.0, 1.0, 2.0, 2.0]
    ignored = {**settings, "ignore": [path, "re:.*self_attn.*"]}
    assert sizes(read(ignored), ATTENTION) == [2.0] * 4
    assert sizes(read(ignored), "self_attn.k_proj") == [2.0] * 4


def test_mixed_precision_by_layer() -> None:
    listed = {
        "model.layers.0.self_attn.q_proj": {"quant_algo": "FP8"},
        "model.layers.1.mlp.experts.0.gate_proj": {"quant_algo": "W4A16_NVFP4"},
        "model.layers.1.mlp.experts.1.gate_proj": {"quant_algo": "W4A16_NVFP4"},
        "lm_head": {"quant_algo": "NVFP4"},
    }
    quant = read({"quant_algo": "MIXED_PRECISION", "quantized_layers": listed})
    assert quant.doubt == ""
    assert sizes(quant, ATTENTION) == [1.0, 2.0, 2.0, 2.0]
    assert sizes(quant, EXPERTS) == [2.0, NVFP4_BYTES, 2.0, 2.0]
    assert quant.head_bytes(tied=False) == NVFP4_BYTES


def test_overrides_of_single_modules() -> None:
    quant = read(
        {"quant_method": "gptq", "bits": 4, "group_size": 128,
         "dynamic": {r"+:.*\.(?:1|2)\..*down_proj.*": {"bits": 8, "group_size": 64}}}
    )  # fmt: skip
    four, eight = 0.5 + 2 / 128, 1 + 2.5 / 64
    assert sizes(quant, DENSE) == [four, eight, eight, four]
    quant = read(
        {"quant_method": "auto-round", "bits": 4, "group_size": 128,
         "extra_config": {"model.layers.0.mlp.down_proj": {"bits": 16}}}
    )  # fmt: skip
    assert sizes(quant, DENSE) == [2.0] + [0.5 + 2.5 / 128] * 3


@pytest.mark.parametrize(
    ("settings", "head"),
    [
        ({"quant_method": "gptq", "bits": 4, "group_size": 128, "lm_head": True}, 0.5 + 2 / 128),
        ({"quant_method": "gptq", "bits": 4, "group_size": 128}, 2.0),
        ({"quant_method": "awq", "bits": 4, "group_size": 128, "lm_head": True}, 0.5 + 2.5 / 128),
        ({"quant_method": "modelopt", "quant_algo": "FP8"}, 1.0),
        ({"quant_method": "modelopt", "quant_algo": "FP8", "ignore": ["lm_head"]}, 2.0),
        ({"quant_method": "modelopt", "quant_algo": "FP8",
          "ignore": ["language_model.lm_head"]}, 2.0),
        ({"quant_method": "fp8"}, 2.0),
    ],
)  # fmt: skip
def test_the_output_matrix(settings: dict[str, Any], head: float) -> None:
    quant = read(settings)
    assert quant.head_bytes(tied=False) == head
    assert quant.head_bytes(tied=True) == 2.0


@pytest.mark.parametrize(
    ("settings", "kv_dtype"),
    [
        ({"quant_method": "fp8"}, ""),
        ({"quant_algo": "FP8", "kv_cache_quant_algo": "FP8"}, "fp8"),
        ({"quant_algo": "FP8", "kv_cache_quant_algo": None}, ""),
        ({"quantization": {"quant_algo": "NVFP4", "kv_cache_quant_algo": "NVFP4"}}, "nvfp4"),
        ({"quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": "fp8"}}, "fp8"),
        # vLLM takes the model's type for what it does not know.
        ({"quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": "INT8"}}, ""),
        ({"quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": "auto"}}, ""),
        ({"quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": 8}}, ""),
        ({"quant_algo": "NVFP4", "kv_cache_scheme": {"num_bits": 8, "type": "float"}}, "fp8"),
        ({"quant_algo": "NVFP4", "kv_cache_scheme": {"num_bits": 4, "type": "float"}}, "nvfp4"),
    ],
)
def test_what_the_checkpoint_asks_of_the_cache(settings: dict[str, Any], kv_dtype: str) -> None:
    assert read(settings).kv_dtype == kv_dtype


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"quant_method": 5}, "quant_method"),
        ({"quant_method": "fp8", "ignore": "lm_head"}, "ignore"),
        ({"quant_method": "fp8", "weight_block_size": [0, 128]}, "weight_block_size"),
        ({"quant_method": "fp8", "weight_block_size": 128}, "weight_block_size"),
        ({"quant_method": "gptq", "dynamic": []}, None),
        ({"quant_method": "gptq", "dynamic": [1]}, "dynamic"),
        ({"quant_algo": "MIXED_PRECISION", "quantized_layers": ["a"]}, "quantized_layers"),
        ({"quant_algo": "MIXED_PRECISION", "quantized_layers": {"a": {"quant_algo": "odd"}}},
         "quantized_layers"),
    ],
)  # fmt: skip
def test_entries_of_the_wrong_kind(settings: dict[str, Any], word: str | None) -> None:
    if word is None:
        assert read(settings).name == "gptq4"
        return
    with pytest.raises(ValueError, match=word):
        read(settings)


def test_a_float32_model_keeps_its_own_bytes() -> None:
    assert read_quantization({}, dtype="float32").module_bytes(DENSE) == 4.0
    quant = read_quantization({}, "fp8", "float32")
    assert (quant.module_bytes(DENSE), quant.head_bytes(tied=False)) == (1.0, 4.0)


BLOCKS = {"quant_method": "fp8", "weight_block_size": [128, 128]}
BLOCK_BYTES, REPEATED_BYTES = 1 + 4 / 128**2, 1 + 2 / 128
NEWEST = Release()


def both(quant: Quantization) -> tuple[float, float]:
    return quant.module_bytes(DENSE), quant.module_bytes(EXPERTS)


@pytest.mark.parametrize(
    ("capability", "release", "dense", "experts"),
    [
        (75, NEWEST, REPEATED_BYTES, REPEATED_BYTES),
        (80, NEWEST, REPEATED_BYTES, REPEATED_BYTES),
        (86, Release((0, 9, 0)), REPEATED_BYTES, REPEATED_BYTES),
        (86, Release((0, 8, 5)), BLOCK_BYTES, BLOCK_BYTES),
        (89, Release((0, 29, 0)), REPEATED_BYTES, BLOCK_BYTES),
        (89, Release((0, 28, 0)), BLOCK_BYTES, BLOCK_BYTES),
        (90, NEWEST, BLOCK_BYTES, BLOCK_BYTES),
        (120, NEWEST, BLOCK_BYTES, BLOCK_BYTES),
        (0, NEWEST, BLOCK_BYTES, BLOCK_BYTES),
    ],
)
def test_scales_of_blocks_are_repeated_where_the_card_has_no_kernel_for_blocks(
    capability: int, release: Release, dense: float, experts: float
) -> None:
    found = on_card(read(BLOCKS), capability, release)
    assert both(found) == (dense, experts)
    assert found.linear_bytes == dense


def test_smaller_blocks_repeat_more_scales() -> None:
    found = on_card(read({**BLOCKS, "weight_block_size": [64, 64]}), 80, NEWEST)
    assert both(found) == (1 + 2 / 64, 1 + 2 / 64)


@pytest.mark.parametrize("capability", [80, 89, 90])
@pytest.mark.parametrize(
    "settings",
    [
        {"quant_method": "fp8"},
        {"quant_method": "compressed-tensors", "config_groups": {"a": {"weights": FP8}}},
        {"quant_method": "awq", "bits": 4, "group_size": 128},
        {"quant_method": "modelopt", "quant_algo": "NVFP4", "group_size": 16},
        {},
    ],
)
def test_other_formats_are_the_same_on_all_cards(settings: dict[str, Any], capability: int) -> None:
    plain = read(settings)
    found = on_card(plain, capability, NEWEST)
    assert both(found) == both(plain)
    assert found.head_bytes(tied=False) == plain.head_bytes(tied=False)


def test_what_the_lists_of_a_checkpoint_with_blocks_leave_alone_stays_whole() -> None:
    ignored = ["lm_head", "model.layers.1.mlp.down_proj", "re:.*self_attn.*"]
    found = on_card(read({**BLOCKS, "ignored_layers": ignored}), 80, NEWEST)
    assert sizes(found, DENSE) == [REPEATED_BYTES, 2.0, REPEATED_BYTES, REPEATED_BYTES]
    assert sizes(found, ATTENTION) == [2.0] * 4
    assert found.head_bytes(tied=False) == 2.0


def test_single_groups_of_blocks_are_repeated() -> None:
    groups = {
        "a": {"weights": NVFP4, "targets": ["Linear"]},
        "b": {"weights": {"num_bits": 8, "type": "float", "strategy": "block"},
              "targets": ["re:.*self_attn.*", "model.layers.2.mlp.experts"]},
    }  # fmt: skip
    plain = read({"quant_method": "compressed-tensors", "config_groups": groups})
    found = on_card(plain, 80, NEWEST)
    assert found.module_bytes(ATTENTION) == REPEATED_BYTES
    assert sizes(found, EXPERTS) == [NVFP4_BYTES, NVFP4_BYTES, REPEATED_BYTES, NVFP4_BYTES]
    ada = on_card(plain, 89, NEWEST)
    assert ada.module_bytes(ATTENTION) == REPEATED_BYTES
    assert sizes(ada, EXPERTS) == sizes(plain, EXPERTS)
