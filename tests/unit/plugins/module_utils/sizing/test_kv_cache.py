# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The cache's layout: vLLM's own answers, and the defaults of its releases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan

REFERENCE = yaml.safe_load(Path(__file__).with_name("kv_reference.yml").read_text("utf-8"))
CASES = {case["name"]: case for case in REFERENCE["cases"]}


def model_of(name: str, **changes: Any) -> dict[str, Any]:
    case = CASES[name]
    config = {
        **REFERENCE["configs"][case["config"]],
        "max_position_embeddings": case["model"]["max_model_len"],
    }
    return {"vllm_version": "0.32.0", **case["model"], "config": config, **changes}


@pytest.mark.parametrize("name", CASES)
def test_vllm_and_the_plan_agree(name: str) -> None:
    case, plan = CASES[name], memory_plan(model_of(name))
    found = {key: plan["kv_cache"][key] for key in case["kv_cache"]}
    assert found == case["kv_cache"]
    assert plan["max_model_len_that_fits"] == case["longest"]
    rules = [reason["rule"] for reason in plan["reasons"]]
    assert ("kv_cache" not in rules) == case["fits"]


def concurrency(name: str, **changes: Any) -> float:
    found = memory_plan(model_of(name, **changes))["kv_cache"]["max_concurrency"]
    assert isinstance(found, float)
    return found


@pytest.mark.parametrize(
    ("version", "flags", "kept"),
    [
        ("0.32.0", [], 6),
        ("0.28.0", [], 6),
        ("0.27.1", [], 3),
        ("0.27.1", ["--enable-prefix-caching"], 6),
        ("0.32.0", ["--no-enable-prefix-caching"], 3),
    ],
)
def test_gated_delta_models_keep_two_states_with_prefix_caching(
    version: str, flags: list[str], kept: int
) -> None:
    # 7162 blocks; a request takes 482 of full attention, and its states in three groups.
    model = model_of("qwen3_next_tp2_align", vllm_version=version, extra_args=flags)
    assert memory_plan(model)["kv_cache"]["max_concurrency"] == round(7162 / (482 + kept), 2)


def test_mamba_2_kept_a_state_for_each_block_before_0_28() -> None:
    flags = {"extra_args": ["--enable-prefix-caching"], "vllm_version": "0.27.0"}
    plan = memory_plan(model_of("granite_h", **flags))["kv_cache"]
    # Blocks are a multiple of the scan's step (2048 where the checkpoint does not say).
    assert plan["block_size"] == 2048
    assert plan["max_concurrency"] == round(plan["num_blocks"] / (10 * 64), 2)


@pytest.mark.parametrize(
    ("version", "steps"), [("0.32.0", 2), ("0.26.0", 2), ("0.25.1", 1), ("0.19.0", 1)]
)
def test_windows_are_held_for_the_steps_in_flight(version: str, steps: int) -> None:
    sliding = -(-(1023 + steps * 8192) // 16) + 1
    blocks = CASES["gemma3"]["kv_cache"]["num_blocks"]
    expected = round(blocks / (8192 + 6 * sliding), 2)
    assert concurrency("gemma3", vllm_version=version) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"extra_args": ["--no-async-scheduling"]},
        {"speculative_config": {"method": "ngram", "num_speculative_tokens": 3}},
        {"accelerator": "cpu", "block_size": 16},
    ],
)
def test_one_step_is_in_flight_without_asynchronous_scheduling(change: dict[str, Any]) -> None:
    sliding = -(-(1023 + 8192) // 16) + 1
    expected = round(CASES["gemma3"]["kv_cache"]["num_blocks"] / (8192 + 6 * sliding), 2)
    assert concurrency("gemma3", **change) == expected


@pytest.mark.parametrize(
    ("version", "setting", "full"),
    [
        ("0.32.0", None, False),
        ("0.32.0", "0", True),
        ("0.11.0", None, True),
        ("0.11.0", "1", False),
        ("0.10.0", None, False),
        ("0.9.1", None, True),
    ],
)
def test_chunks_count_as_full_attention_in_some_releases(
    version: str, setting: str | None, full: bool
) -> None:
    name = "VLLM_ALLOW_CHUNKED_LOCAL_ATTN_WITH_HYBRID_KV_CACHE"
    env = {} if setting is None else {name: setting}
    found = memory_plan(model_of("llama4_tp4", vllm_version=version, env=env))["kv_cache"]
    # One group of 48 layers, or four of 12.
    assert found["num_blocks"] == 245760 // (4 if full else 1)


@pytest.mark.parametrize(
    ("gpu", "kv_dtype", "version", "block"),
    [
        ("H100-80GB", "auto", "0.32.0", 16),
        ("H100-80GB", "fp8", "0.32.0", 64),
        ("H100-80GB", "auto", "0.11.0", 64),
        ("B200", "auto", "0.32.0", 32),
        ("A100-80GB", "auto", "0.32.0", 16),
        ("GB10", "auto", "0.32.0", 16),
    ],
)
def test_latent_attention_takes_the_blocks_of_its_kernel(
    gpu: str, kv_dtype: str, version: str, block: int
) -> None:
    model = model_of("deepseek", vllm_version=version, kv_cache_dtype=kv_dtype)
    assert memory_plan(model, gpu={"product": gpu})["kv_cache"]["block_size"] == block


def test_the_index_of_sparse_attention_lies_in_the_cache() -> None:
    plain = model_of("deepseek")
    sparse = {**plain, "config": {**plain["config"], "index_topk": 2048}}
    sizes = [memory_plan(model)["kv_cache"]["bytes_per_token"] for model in (plain, sparse)]
    assert sizes[1] - sizes[0] == 132 * 61
    assert memory_plan(sparse, gpu={"product": "H100-80GB"})["kv_cache"]["block_size"] == 64


@pytest.mark.parametrize(("gpu", "size"), [("H200", 656 + 132), ("B200", 576 + 132)])
def test_sparse_attention_packs_an_fp8_cache_before_blackwell(gpu: str, size: int) -> None:
    model = model_of("deepseek", kv_cache_dtype="fp8")
    model["config"] = {**model["config"], "index_topk": 2048}
    found = memory_plan(model, gpu={"product": gpu})["kv_cache"]
    assert found["bytes_per_token"] == size * 61


def test_states_can_be_held_in_fewer_bytes() -> None:
    flags = {"extra_args": ["--mamba-ssm-cache-dtype", "bfloat16"]}
    assert memory_plan(model_of("nemotron_h", **flags))["kv_cache"]["block_size"] < 1040
