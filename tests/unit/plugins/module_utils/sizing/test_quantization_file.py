# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Plans of ModelOpt's checkpoints: with the content of hf_quant_config.json, and without it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.checkpoint_size import stored_bytes
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.quantization import (
    read_quantization,
)
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.shape.reader import read_shape

# The fields of Llama 3.1 and 3.3 with 70 billion parameters.
LLAMA = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 8192,
    "intermediate_size": 28672, "num_hidden_layers": 80, "num_attention_heads": 64,
    "num_key_value_heads": 8, "vocab_size": 128256, "max_position_embeddings": 131072,
    "torch_dtype": "bfloat16",
}  # fmt: skip
NAME = "nvidia/Llama-3.1-70B-Instruct-FP8"
# Bytes of all tensors of nvidia/Llama-3.3-70B-Instruct-NVFP4, by its index.
PUBLISHED_BYTES = 42_709_045_632


def beside(algo: str, **said: Any) -> dict[str, Any]:
    """As ModelOpt writes it into hf_quant_config.json."""
    return {
        "producer": {"name": "modelopt", "version": "0.33.0"},
        "quantization": {
            "quant_algo": algo,
            "kv_cache_quant_algo": "FP8",
            "exclude_modules": ["lm_head"],
            **said,
        },
    }


def plan(config: Mapping[str, Any], name: str = NAME, **keys: Any) -> dict[str, Any]:
    told = {"model": name, "config": config, "gpu": {"product": "H200"}}
    return memory_plan({**told, "vllm_version": "0.32.0", **keys})


def test_fp8_beside_the_config_halves_weights_and_cache() -> None:
    found = plan(LLAMA | {"quantization_config": beside("FP8")})
    # 68.45 billion parameters of one byte, 2.1 billion of two.
    assert found["per_gpu"]["weights_gib"] == pytest.approx(67.7, rel=0.001)
    assert found["kv_cache"]["bytes_per_token"] == 80 * 2 * 8 * 128
    assert (found["fits"], found["confidence"]) == (True, "exact")


def test_nvfp4_beside_the_config_gives_the_published_size() -> None:
    config = LLAMA | {"quantization_config": beside("NVFP4", group_size=16)}
    size = stored_bytes(read_shape(config), read_quantization(config))
    assert size == pytest.approx(PUBLISHED_BYTES, rel=0.0005)


def test_the_layers_of_a_mixed_checkpoint_may_lie_deeper() -> None:
    """config.json says how, and the file beside it which layers."""
    listed = {
        f"model.layers.{layer}.{part}": {"quant_algo": algo}
        for layer in range(80)
        for part, algo in (("mlp.up_proj", "NVFP4"), ("self_attn.o_proj", "FP8"))
    }
    own = {"quant_method": "modelopt", "quant_algo": "MIXED_PRECISION"}
    deeper = beside("MIXED_PRECISION", quantized_layers=listed)
    quant = read_quantization(LLAMA | {"quantization_config": deeper | own})
    assert quant.layer_bytes(7, "mlp.up_proj") == 0.5 + 1 / 16
    assert quant.layer_bytes(7, "self_attn.o_proj") == 1.0
    assert quant.layer_bytes(7, "mlp.down_proj") == 2.0
    assert (quant.kv_dtype, quant.doubt) == ("fp8", "")


@pytest.mark.parametrize(
    "name",
    [NAME, "a/b-NVFP4", "a/b-FP4", "a/b_fp8", "a/b-NVFP4-FP8KV", "a/b-FP8-dynamic"],
)
def test_a_name_that_says_more_than_the_config_is_in_doubt(name: str) -> None:
    found = plan(LLAMA, name, tensor_parallel_size=2)
    assert found["confidence"] == "estimate"
    assert any("hf_quant_config.json" in note for note in found["notes"])


def test_a_refusal_for_the_cache_needs_more_than_a_config_that_the_name_contradicts() -> None:
    assert [reason["rule"] for reason in plan(LLAMA, "a/b")["reasons"]] == [
        "no_kv_memory",
        "kv_cache",
    ]
    assert plan(LLAMA)["reasons"] == []


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("nvidia/Llama-3.1-70B-Instruct", {}),
        ("a/FP8-study", {}),
        ("a/b-FP80", {}),
        (NAME, {"quantization": "fp8"}),
        (NAME, {"config": LLAMA | {"quantization_config": beside("FP8")}}),
        (NAME, {"weights_bytes": 141_107_412_992}),
    ],
)
def test_other_names_and_what_is_said_leave_no_doubt(name: str, keys: dict[str, Any]) -> None:
    found = plan(**{"config": LLAMA, "name": name, "tensor_parallel_size": 2, **keys})
    assert found["confidence"] == "exact", found["notes"]
