# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Words about number formats that are impossible, or that vLLM refuses."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.sizing.quantization import (
    Quantization,
    read_quantization,
)


def read(settings: dict[str, Any], flag: str | None = None) -> Quantization:
    return read_quantization({"num_hidden_layers": 4, "quantization_config": settings}, flag)


def gptq(**keys: Any) -> dict[str, Any]:
    return {"quant_method": "gptq", "bits": 4, "group_size": 128, **keys}


@pytest.mark.parametrize(
    ("method", "flag"),
    [
        ("awq", "fp8"), ("awq", "gptq"), ("gptq", "awq_marlin"), ("fp8", "awq"), ("fp8", "mxfp4"),
        ("compressed-tensors", "fp8"), ("AWQ", "FP8"), ("bitsandbytes", "fp8"),
    ],
)  # fmt: skip
def test_a_flag_that_vllm_refuses(method: str, flag: str) -> None:
    settings = gptq(quant_method=method)
    with pytest.raises(ValueError, match=rf"quantization is '{flag}', .* with {method.lower()} "):
        read(settings, flag)
    assert read(settings).name


@pytest.mark.parametrize(
    ("settings", "flag"),
    [
        (gptq(), "gptq_marlin"), (gptq(), "marlin"), (gptq(), "moe_wna16"),
        (gptq(quant_method="awq"), "awq_marlin"), (gptq(quant_method="awq"), "auto_awq"),
        ({"quant_method": "fp8"}, "fp8"),
        # What the checkpoint says takes the flag's place.
        ({"quant_method": "modelopt", "quant_algo": "FP8"}, "fp8"),
        ({"quant_method": "auto-round", "bits": 4, "group_size": 128}, "gptq"),
        # People's own words.
        (gptq(), "gptq-int4 g128"),
    ],
)  # fmt: skip
def test_a_flag_that_vllm_takes(settings: dict[str, Any], flag: str) -> None:
    assert read(settings, flag) == read(settings)


@pytest.mark.parametrize("method", ["gptq", "awq"])
@pytest.mark.parametrize("size", [0, -5, -2, "128", True, 1.5, [128]])
def test_an_impossible_group(method: str, size: Any) -> None:
    with pytest.raises(ValueError, match=r"config\.quantization_config\.group_size is .*-1 for"):
        read(gptq(quant_method=method, group_size=size))


@pytest.mark.parametrize(
    "settings",
    [
        {"quant_method": "fp8", "group_size": -5},
        {"quant_method": "fp8", "group_size": 10**400},
        gptq(dynamic={"+:a": {"bits": 8, "group_size": -5}}),
        {"quant_method": "compressed-tensors",
         "config_groups": {"a": {"weights": {"num_bits": 4, "type": "int", "group_size": -7}}}},
    ],
)  # fmt: skip
def test_an_impossible_group_elsewhere(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"group_size is [-1][^;]*; it must be"):
        read(settings)


@pytest.mark.parametrize(
    "settings",
    [
        gptq(group_size=-1), gptq(group_size=None),
        {"quant_method": "auto-round", "bits": 8, "group_size": 0},
        {"quant_method": "auto-round", "bits": 8, "group_size": [128, 128]},
    ],
)  # fmt: skip
def test_a_possible_group(settings: dict[str, Any]) -> None:
    assert read(settings).doubt == ""


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        (gptq(bits=0), "'gptq' with bits 0 is not known"),
        (gptq(bits=-4), "bits -4"),
        (gptq(bits=1000), "bits 1000"),
        (gptq(bits="4"), "bits '4'"),
        ({"quant_method": "compressed-tensors",
          "config_groups": {"a": {"weights": {"num_bits": 1000, "type": "int"}}}}, "num_bits 1000"),
    ],
)  # fmt: skip
def test_a_number_of_bits_that_is_not_known_is_named(settings: dict[str, Any], word: str) -> None:
    assert word in read(settings).doubt


@pytest.mark.parametrize("bits", [0, -4, True, "8"])
@pytest.mark.parametrize("key", ["dynamic", "extra_config"])
def test_impossible_bits_of_single_matrices(key: str, bits: Any) -> None:
    with pytest.raises(ValueError, match=rf"{key} has bits .*; it must be a whole number above 0"):
        read(gptq(**{key: {"a": {"bits": bits}}}))


@pytest.mark.parametrize("name", ["dtype", "torch_dtype"])
def test_a_type_that_there_is_not(name: str) -> None:
    for more in ({}, {"quantization_config": gptq()}):
        with pytest.raises(ValueError, match=rf"config\.{name} is 'foo16'; it must be a type"):
            read_quantization({name: "foo16", **more})


@pytest.mark.parametrize("said", ["int8", "float8_e4m3fn", "torch.uint8"])
def test_a_type_that_vllm_takes_another_for(said: str) -> None:
    assert said.removeprefix("torch.") in read_quantization({"torch_dtype": said}).doubt
    stored = {"torch_dtype": said, "quantization_config": {"quant_method": "fp8"}}
    assert read_quantization(stored).doubt == ""


@pytest.mark.parametrize("said", ["bfloat16", "float16", "float32", "torch.bfloat16", None])
def test_a_type_that_vllm_takes(said: str | None) -> None:
    assert read_quantization({"torch_dtype": said}).doubt == ""
