# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What is refused and why, what is not, and what the rest of the plan says beside it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from shapes import LLAMA_8B as LLAMA

from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.plan import plan_memory
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_model

HYBRID = {
    "model_type": "qwen3_5_text",
    "hidden_size": 5120,
    "num_hidden_layers": 64,
    "num_attention_heads": 24,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "intermediate_size": 17408,
    "vocab_size": 248320,
    "max_position_embeddings": 262144,
    "full_attention_interval": 4,
    "linear_num_key_heads": 16,
    "linear_num_value_heads": 48,
    "linear_key_head_dim": 128,
    "linear_value_head_dim": 128,
    "linear_conv_kernel_dim": 4,
    "mamba_ssm_dtype": "float32",
}
H100, L4 = {"product": "H100-80GB"}, {"product": "L4"}


def plan(config: dict[str, Any] | None = None, **model: Any) -> dict[str, Any]:
    return memory_plan({"gpu": H100, "max_model_len": 8192, **model, "config": config or LLAMA})


def rules(found: dict[str, Any]) -> list[str]:
    return [reason["rule"] for reason in found["reasons"]]


def test_each_stage_has_its_memory_and_its_gpus() -> None:
    found = plan(tensor_parallel_size=2, pipeline_parallel_size=2, data_parallel_size=2)
    first, last = found["stages"]
    assert first == {"gpus": 4, **found["per_gpu"]}
    assert last["gpus"] == 4
    # Only the last stage samples, over the whole vocabulary.
    assert last["activation_gib"] > first["activation_gib"]
    assert last["kv_cache_gib"] < first["kv_cache_gib"]
    assert plan()["stages"] == [{"gpus": 1, **plan()["per_gpu"]}]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"gpu_memory_utilization": 1.0}, ["free_memory"]),
        ({"gpu": L4, "tensor_parallel_size": 1, "max_model_len": 131072}, ["kv_cache"]),
        ({"gpu": {"memory_gib": 12}}, ["weights", "no_kv_memory", "kv_cache"]),
        ({"gpu": {"memory_gib": 16.5}}, ["no_kv_memory", "kv_cache"]),
        ({"tensor_parallel_size": 3}, ["tensor_parallel_shape"]),
        ({"kv_cache_memory_gib": 70}, ["startup_oom"]),
        ({"kv_cache_memory_gib": 60}, []),
        ({}, []),
    ],
)
def test_rules_come_in_vllms_order(change: dict[str, Any], expected: list[str]) -> None:
    found = plan(**change)
    assert rules(found) == expected
    assert found["fits"] == (not expected)
    assert all(reason["message"] and reason["fix"] for reason in found["reasons"])


@pytest.mark.parametrize(
    ("version", "share", "eager", "refused"),
    [
        ("0.19.0", 0.99, False, True),
        ("0.19.0", 0.95, False, False),
        ("0.19.0", 0.99, True, False),
        ("0.21.0", 0.99, False, False),
        ("0.7.3", 0.99, False, False),
    ],
)
def test_graphs_outside_the_share_need_room(
    version: str, share: float, eager: bool, refused: bool
) -> None:
    found = plan(vllm_version=version, gpu_memory_utilization=share, enforce_eager=eager)
    assert rules(found) == (["startup_oom"] if refused else [])
    if refused:
        fixed = float(found["reasons"][0]["fix"].split()[2])
        assert fixed < share
        assert plan(vllm_version=version, gpu_memory_utilization=fixed)["fits"]


def test_a_small_card_with_a_small_context_is_not_refused() -> None:
    """A desktop card of 12 GiB served one request at a time with 95 % of it (v0.8.5)."""
    small: dict[str, Any] = {"gpu_memory_utilization": 0.95, "vllm_version": "0.8.5"}
    tiny: dict[str, Any] = {"max_num_seqs": 1, "quantization": "fp8", "max_model_len": 2048}
    assert plan(gpu={"memory_gib": 12.0}, **small, **tiny)["fits"]
    many = {**tiny, "max_num_seqs": 256}
    assert rules(plan(gpu={"memory_gib": 12.0}, **small, **many)) == ["startup_oom"]


GPT_OSS = {
    "model_type": "gpt_oss",
    "hidden_size": 2880,
    "num_hidden_layers": 24,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "intermediate_size": 2880,
    "num_local_experts": 32,
    "num_experts_per_tok": 4,
    "vocab_size": 201088,
    "max_position_embeddings": 131072,
    "sliding_window": 128,
    "quantization_config": {"quant_method": "mxfp4"},
}


@pytest.mark.parametrize(
    ("product", "version", "change", "refused"),
    [
        ("H100", "0.19.0", {}, True),
        ("H100", "0.19.0", {"tensor_parallel_size": 2}, True),
        ("H100", "0.19.0", {"gpu_memory_utilization": 0.9}, False),
        ("H100", "0.19.0", {"max_num_seqs": 256}, False),
        ("H100", "0.19.0", {"enforce_eager": True}, False),
        ("H100", "0.18.0", {}, False),
        ("H100", "0.32.0", {}, False),
        ("H200", "0.19.0", {}, False),
        ("L40S", "0.19.0", {}, False),
        ("B200", "0.19.0", {}, False),
        ("A100-80GB", "0.19.0", {}, False),
    ],
)
def test_mxfp4_is_refused_only_where_its_warm_up_was_seen_to_fail(
    product: str, version: str, change: dict[str, Any], refused: bool
) -> None:
    model = {"gpu_memory_utilization": 0.95, **change}
    found = plan(GPT_OSS, gpu={"product": product}, vllm_version=version, **model)
    assert rules(found) == (["startup_oom"] if refused else [])
    if refused:
        fixed = float(found["reasons"][0]["fix"].split()[2])
        model["gpu_memory_utilization"] = fixed
        assert 0.85 < fixed < 0.95
        assert plan(GPT_OSS, gpu={"product": product}, vllm_version=version, **model)["fits"]


def test_a_warm_up_that_may_fail_is_a_note() -> None:
    model: dict[str, Any] = {"vllm_version": "0.18.0", "gpu_memory_utilization": 0.95}
    found = plan(GPT_OSS, **model)
    assert found["confidence"] == "estimate"
    assert any("sampler's warm-up" in note for note in found["notes"])
    assert plan(GPT_OSS, **{**model, "gpu_memory_utilization": 0.9})["confidence"] == "exact"
    # The same flags ran with v0.11.
    assert plan(GPT_OSS, **{**model, "vllm_version": "0.11.2"})["confidence"] == "exact"


def test_the_guides_command_for_gpt_oss_120b() -> None:
    """It left 1.71 GiB for the cache with v0.11 (vLLM issue 27508)."""
    large = {**GPT_OSS, "num_hidden_layers": 36, "num_local_experts": 128}
    model: dict[str, Any] = {"gpu_memory_utilization": 0.95, "max_num_batched_tokens": 1024}
    for version in ("0.11.0", "0.32.0"):
        assert plan(large, vllm_version=version, **model)["fits"]
    old = plan(large, vllm_version="0.11.0", **model)
    assert old["per_gpu"]["kv_cache_gib"] == pytest.approx(1.71, abs=0.15)
    assert plan(large, vllm_version="0.32.0", **model, max_model_len=131072)["fits"]


def test_more_stages_than_layers_name_their_key() -> None:
    (reason,) = plan(pipeline_parallel_size=40)["reasons"]
    assert reason["rule"] == "tensor_parallel_shape"
    assert "pipeline_parallel_size 40" in reason["message"]
    assert "pipeline_parallel_size 32" in reason["fix"]
    assert "tensor_parallel_size" not in reason["message"] + reason["fix"]


def test_graphs_are_inside_the_share_since_0_21() -> None:
    old, new = (plan(vllm_version=version)["per_gpu"] for version in ("0.20.0", "0.21.0"))
    parts = "weights_gib", "activation_gib", "non_torch_gib"
    for memory, inside in ((old, False), (new, True)):
        left = memory["requested_gib"] - sum(memory[part] for part in parts)
        left -= memory["cuda_graph_gib"] if inside else 0
        assert memory["kv_cache_gib"] == pytest.approx(left, abs=0.001)
        assert memory["cuda_graph_gib"] > 1


def test_a_hybrid_model_gets_as_many_requests_as_it_has_blocks() -> None:
    unsaid = plan(HYBRID)
    number = unsaid["max_num_seqs"]
    assert unsaid["fits"]
    blocks = unsaid["kv_cache"]["num_blocks"]
    assert 16 < number < blocks < 1024
    assert f"about {blocks}: max_num_seqs {number} is set" in unsaid["notes"][-1]
    said = plan(HYBRID, max_num_seqs=1024)
    assert rules(said) == ["mamba_blocks"]
    assert said["max_num_seqs"] is None
    assert not any("is set instead" in note for note in said["notes"])
    again = plan(HYBRID, max_num_seqs=number)
    assert again["fits"]
    assert again["max_num_seqs"] is None
    assert again["per_gpu"] == unsaid["per_gpu"]


@pytest.mark.parametrize("change", [{"enforce_eager": True}, {"vllm_version": "0.16.0"}])
def test_without_full_graphs_requests_need_no_block_each(change: dict[str, Any]) -> None:
    found = plan(HYBRID, max_num_seqs=1024, **change)
    assert "mamba_blocks" not in rules(found)
    assert plan(HYBRID, **change)["max_num_seqs"] is None


def test_shared_memory_is_judged_only_where_nothing_else_is_possible() -> None:
    gb10 = {"product": "GB10"}
    assert plan(gpu=gb10)["fits"]
    assert plan(gpu=gb10)["confidence"] == "unknown"
    assert plan(gpu=gb10, gpu_memory_utilization=0.2, max_model_len=65536)["fits"]
    assert rules(plan(gpu=gb10, gpu_memory_utilization=0.1)) == ["no_kv_memory", "kv_cache"]
    found = plan(gpu=gb10, gpu_memory_utilization=0.15, max_model_len=131072)
    assert rules(found) == ["kv_cache"]
    large = {**LLAMA, "num_hidden_layers": 640}
    assert "weights" in rules(plan(large, gpu=gb10))


def test_without_a_card_only_what_fits_none_is_refused() -> None:
    long = {**LLAMA, "max_position_embeddings": 10_000_000}
    found = plan(long, gpu={}, max_model_len=10_000_000)
    assert rules(found) == ["kv_cache"]
    assert "largest GPU" in found["reasons"][0]["message"]
    assert plan(long, gpu={}, max_model_len=1_000_000)["fits"]
    huge = {**LLAMA, "num_hidden_layers": 1280}
    assert "weights" in rules(plan(huge, gpu={}))
    assert plan(huge, accelerator="cpu", gpu={})["fits"]


def test_two_releases_asked_one_stage_for_the_cache_of_all() -> None:
    model: dict[str, Any] = {"gpu": L4, "max_model_len": 131072, "pipeline_parallel_size": 4}
    assert rules(plan(**model, vllm_version="0.15.1")) == ["kv_cache"]
    assert plan(**model, vllm_version="0.16.0")["fits"]
    assert plan(**model, vllm_version="0.13.0")["fits"]


def test_a_card_known_by_its_catalogue_size_leaves_more_doubt() -> None:
    near: dict[str, Any] = {"max_model_len": 42000, "max_num_seqs": 16, "enforce_eager": True}
    product = {"product": "some 21.5 GB card"}
    listed = plan(gpu=product, **near)
    assert listed["confidence"] == "estimate"
    assert listed["fits"]
    # The same figure as the driver's own leaves no doubt.
    assert rules(plan(gpu={"memory_gib": listed["per_gpu"]["total_gib"]}, **near)) == ["kv_cache"]
    assert not plan(gpu={"product": "some 19 GB card"}, **near)["fits"]


def test_host_memory_that_cannot_be_known_is_not_made_up() -> None:
    nothing = memory_plan({"gpu": H100})["host"]
    assert nothing["memory_limit_gib"] is None
    assert nothing["memory_request_gib"] > 0
    cpu = memory_plan({"accelerator": "cpu", "config": LLAMA})
    assert cpu["host"]["memory_request_gib"] is None
    assert cpu["host"]["memory_limit_gib"] is None
    assert cpu["host"]["shm_gib"] == 1
    assert any("NUMA node" in note and "0.92" in note for note in cpu["notes"])
    known = memory_plan({"accelerator": "cpu", "config": LLAMA, "kv_cache_memory_gib": 4})["host"]
    assert known["memory_request_gib"] > 4 + 14.9
    assert known["memory_limit_gib"] > known["memory_request_gib"]
    no_shape = memory_plan({"accelerator": "cpu", "kv_cache_memory_gib": 4})["host"]
    assert no_shape["memory_request_gib"] is None


def test_the_checkpoints_size_scales_the_weights() -> None:
    plain = plan()["per_gpu"]["weights_gib"]
    size = int(plan(tensor_parallel_size=1)["per_gpu"]["weights_gib"] * 2**30)
    larger = plan(weights_bytes=size * 6 // 5)["per_gpu"]["weights_gib"]
    assert larger == pytest.approx(1.2 * plain, 0.01)
    gap = {key: value for key, value in LLAMA.items() if key != "vocab_size"}
    found = plan(gap, weights_bytes=2**34, tensor_parallel_size=2)
    assert found["per_gpu"]["weights_gib"] == 8


def test_lora_slots_take_memory_with_the_weights() -> None:
    plain = plan()["per_gpu"]["weights_gib"]
    # Inputs and outputs of q, k, v, o, gate, up and down of each of the 32 layers.
    width = 32 * (3 * 4096 + 4096 + 2 * 1024 + 8192 + 2 * (4096 + 14336) + 14336 + 4096)
    module = {"name": "a", "path": "/adapters/a"}
    for change, slots, rank in (
        ({"lora_modules": [module]}, 1, 16),
        ({"extra_args": ["--enable-lora", "--max-loras=4", "--max-lora-rank", "64"]}, 4, 64),
    ):
        found = plan(**change)
        more = found["per_gpu"]["weights_gib"] - plain
        assert more == pytest.approx(slots * rank * width * 2 / 2**30, abs=0.001)
        assert found["confidence"] == "estimate"
        assert any("LoRA" in note for note in found["notes"])


def test_speculative_decoding_is_noted_and_its_layers_are_counted() -> None:
    plain = plan(HYBRID, max_num_seqs=64)
    mtp = {"method": "mtp", "num_speculative_tokens": 2}
    found = plan(HYBRID, max_num_seqs=64, speculative_config=mtp)
    assert found["per_gpu"]["weights_gib"] > plain["per_gpu"]["weights_gib"]
    assert found["kv_cache"]["bytes_per_token"] == plain["kv_cache"]["bytes_per_token"] * 17 / 16
    assert any("drafting" in note for note in found["notes"])
    eagle = plan(speculative_config={"method": "eagle3", "model": "some/draft"})
    assert eagle["confidence"] == "estimate"
    assert any("draft model" in note for note in eagle["notes"])


def test_a_config_that_nests_without_end_is_one_error_for_every_caller() -> None:
    nested: list[Any] = []
    for dummy in range(5000):
        nested = [nested]
    model = parse_model({"name": "a", "model": "a/b", "config": LLAMA})
    deep = dataclasses.replace(model, config={**LLAMA, "hidden_size": nested})
    with pytest.raises(ValueError, match="config"):
        plan_memory(deep)


@pytest.mark.parametrize("kv_dtype", ["turboquant_k8v4", "fp8_per_token_head", "fp7"])
def test_a_type_of_cache_that_is_not_known_leaves_the_cache_out(kv_dtype: str) -> None:
    found = plan(kv_cache_dtype=kv_dtype)
    assert found["confidence"] == "unknown"
    assert kv_dtype in found["notes"][0]
    assert found["kv_cache"]["tokens"] is None
    assert found["minimum_gpus"] is None
    assert found["per_gpu"]["weights_gib"] > 14
    assert found["fits"]
    assert not plan(gpu={"memory_gib": 8}, kv_cache_dtype=kv_dtype)["fits"]
