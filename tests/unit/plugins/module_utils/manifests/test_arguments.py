# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The command line and the environment of a server, word by word."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from rendered import planned

from ansible_collections.llmops.vllm.plugins.module_utils.manifests.arguments import (
    arguments,
    command,
    environment,
)
from ansible_collections.llmops.vllm.plugins.module_utils.plan.decide import probes_of
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_model

EVERY_FLAG = {
    "name": "every-flag",
    "model": "Qwen/Qwen3-8B",
    "revision": "b968826",
    "served_model_names": ["qwen", "chat"],
    "tensor_parallel_size": 2,
    "pipeline_parallel_size": 2,
    "data_parallel_size": 2,
    "enable_expert_parallel": True,
    "max_model_len": 8192,
    "max_num_seqs": 64,
    "max_num_batched_tokens": 4096,
    "gpu_memory_utilization": 0.8,
    "kv_cache_memory_gib": 2.5,
    "kv_cache_dtype": "fp8",
    "block_size": 32,
    "dtype": "bfloat16",
    "quantization": "fp8",
    "enforce_eager": True,
    "enable_prefix_caching": False,
    "speculative_config": {"num_speculative_tokens": 3, "method": "ngram"},
    "lora_modules": [{"name": "sql", "path": "/l/sql"}, {"path": "/l/b", "name": "b"}],
    "extra_args": ["--trust-remote-code", "--seed", "7"],
    "probes": {"drain_seconds": 40},
}


def words_of(raw: dict[str, Any]) -> list[str]:
    model = parse_model({"name": "a", "model": "a/b", **raw})
    return arguments(model, planned(model))


def variables_of(raw: dict[str, Any]) -> dict[str, Any]:
    model = parse_model({"name": "a", "model": "a/b", **raw})
    listed = environment(model, probes_of(model))
    return {entry["name"]: entry.get("value") for entry in listed}


def test_every_flag_has_its_place_and_its_text() -> None:
    assert words_of(EVERY_FLAG) == shlex.split(
        "Qwen/Qwen3-8B --port 8000 --served-model-name qwen chat --tensor-parallel-size 2"
        " --pipeline-parallel-size 2 --data-parallel-size 2 --revision b968826"
        " --max-model-len 8192 --max-num-seqs 64 --max-num-batched-tokens 4096"
        " --gpu-memory-utilization 0.8 --kv-cache-dtype fp8 --block-size 32 --dtype bfloat16"
        " --quantization fp8 --enable-expert-parallel --enforce-eager --no-enable-prefix-caching"
        " --kv-cache-memory-bytes 2684354560"
        """ --speculative-config '{"method": "ngram", "num_speculative_tokens": 3}'"""
        """ --enable-lora --lora-modules '{"name": "sql", "path": "/l/sql"}'"""
        """ '{"name": "b", "path": "/l/b"}' --shutdown-timeout 40 --trust-remote-code --seed 7"""
    )


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({}, ["a/b", "--port", "8000"]),
        (
            {"tensor_parallel_size": 1, "enforce_eager": False, "enable_prefix_caching": None},
            ["a/b", "--port", "8000"],
        ),
        (
            {"model": "/m/x", "storage": {"claim_name": "c"}},
            ["/m/x", "--port", "8000", "--served-model-name", "a"],
        ),
        ({"enable_prefix_caching": True}, ["a/b", "--port", "8000", "--enable-prefix-caching"]),
        ({"max_model_len": "4e3"}, ["a/b", "--port", "8000", "--max-model-len", "4000"]),
        (
            {"gpu_memory_utilization": 1},
            ["a/b", "--port", "8000", "--gpu-memory-utilization", "1.0"],
        ),
        (
            {"kv_cache_memory_gib": 0.1},
            ["a/b", "--port", "8000", "--kv-cache-memory-bytes", "107374182"],
        ),
        ({"kv_cache_memory_gib": 4, "accelerator": "cpu"}, ["a/b", "--port", "8000"]),
        (
            {"kv_cache_memory_gib": 1.5, "accelerator": "cpu"},
            ["a/b", "--port", "8000", "--kv-cache-memory-bytes", "1610612736"],
        ),
        ({**EVERY_FLAG, "command": ["python3"]}, []),
    ],
)
def test_what_is_passed(raw: dict[str, Any], words: list[str]) -> None:
    assert words_of(raw) == words


def test_a_command_of_ones_own_stands_in_for_ours() -> None:
    assert command(parse_model({"name": "a", "model": "a/b"})) == ["vllm", "serve"]
    assert command(parse_model({"name": "a", "model": "a/b", "command": ["x"]})) == ["x"]


def test_the_environment_in_its_order() -> None:
    found = variables_of({"env": {"ONE": 1, "HOME": "/elsewhere"}, "hf_token_secret": "hf"})
    assert found == {
        "HOME": "/elsewhere",
        "USER": "vllm",
        "HF_HOME": "/cache/huggingface",
        "XDG_CACHE_HOME": "/cache/xdg",
        "XDG_CONFIG_HOME": "/cache/config",
        "VLLM_CACHE_ROOT": "/cache/vllm",
        "VLLM_CONFIG_ROOT": "/cache/vllm-config",
        "TRITON_CACHE_DIR": "/cache/triton",
        "TORCHINDUCTOR_CACHE_DIR": "/cache/inductor",
        "NUMBA_CACHE_DIR": "/cache/numba",
        "OUTLINES_CACHE_DIR": "/cache/outlines",
        "FLASHINFER_WORKSPACE_BASE": "/cache/flashinfer",
        "CUDA_CACHE_PATH": "/cache/cuda",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_ENGINE_READY_TIMEOUT_S": "600",
        "HF_TOKEN": None,
        "ONE": "1",
    }
    assert list(found)[-2:] == ["HF_TOKEN", "ONE"]


@pytest.mark.parametrize(
    ("size", "accelerator", "value"),
    [(4, "cpu", "4"), (4, "nvidia", None), (1.5, "cpu", None), (None, "cpu", None)],
)
def test_whole_gib_of_cache_go_by_the_environment_on_a_cpu(
    size: float | None, accelerator: str, value: str | None
) -> None:
    found = variables_of({"kv_cache_memory_gib": size, "accelerator": accelerator})
    assert found.get("VLLM_CPU_KVCACHE_SPACE") == value
