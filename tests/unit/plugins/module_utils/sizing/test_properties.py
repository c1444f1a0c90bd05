# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What holds for every shape and every split, on shapes drawn from a fixed seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan

ROUNDS = 25
GDN = {"linear_key_head_dim": 128, "linear_value_head_dim": 128, "linear_conv_kernel_dim": 4}


def dense(rng: random.Random) -> dict[str, Any]:
    return {
        "model_type": "llama",
        "hidden_size": rng.choice([2048, 4096, 8192]),
        "num_hidden_layers": rng.choice([16, 32, 40, 64]),
        "num_attention_heads": 64,
        "num_key_value_heads": rng.choice([8, 16, 64]),
        "head_dim": rng.choice([64, 128]),
        "intermediate_size": rng.choice([8192, 14336]),
        "vocab_size": 32768,
        "max_position_embeddings": 131072,
    }


def moe(rng: random.Random) -> dict[str, Any]:
    experts = {"num_experts": rng.choice([8, 64]), "moe_intermediate_size": 1024}
    return {**dense(rng), **experts, "model_type": "qwen3_moe", "num_experts_per_tok": 4}


def latent(rng: random.Random) -> dict[str, Any]:
    ranks = {"kv_lora_rank": 512, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128}
    config = {**moe(rng), **ranks, "v_head_dim": 128, "model_type": "deepseek_v3"}
    config |= {"q_lora_rank": None, "n_shared_experts": 1}
    return {**config, "num_key_value_heads": 64, "first_k_dense_replace": rng.choice([1, 3])}


def hybrid(rng: random.Random) -> dict[str, Any]:
    heads = {"linear_num_key_heads": 16, "linear_num_value_heads": rng.choice([32, 64])}
    interval = {"full_attention_interval": rng.choice([2, 4])}
    return {**dense(rng), **GDN, **heads, **interval, "model_type": "qwen3_5_text"}


def sliding(rng: random.Random) -> dict[str, Any]:
    window = {"sliding_window": rng.choice([128, 1024, 4096])}
    kind = rng.choice(["gemma2", "gemma3_text"])
    return {**dense(rng), **window, "model_type": kind}


KINDS = [dense, moe, latent, hybrid, sliding]


def drawn(kind: Any, seed: int) -> tuple[random.Random, dict[str, Any]]:
    rng = random.Random(seed)
    model = {
        "config": kind(rng),
        "gpu": {"product": rng.choice(["H100-80GB", "L40S", "B200", "A100-80GB"])},
        "max_model_len": rng.choice([2048, 16384, 131072]),
        "max_num_batched_tokens": rng.choice([2048, 8192]),
        "max_num_seqs": rng.choice([16, 256]),
        "vllm_version": rng.choice(["0.32.0", "0.27.0", "0.19.0", "0.10.0"]),
    }
    return rng, model


@pytest.mark.parametrize("kind", KINDS)
def test_sizes_are_never_negative(kind: Any) -> None:
    for seed in range(ROUNDS):
        rng, model = drawn(kind, seed)
        model["tensor_parallel_size"] = rng.choice([1, 2, 4, 8])
        model["pipeline_parallel_size"] = rng.choice([1, 2, 4])
        model["data_parallel_size"] = rng.choice([1, 2])
        model["enable_expert_parallel"] = rng.choice([True, False])
        plan = memory_plan(model)
        assert len(plan["stages"]) == model["pipeline_parallel_size"]
        for stage in plan["stages"]:
            assert min(stage.values()) >= 0
        assert {**plan["per_gpu"], "gpus": plan["stages"][0]["gpus"]} == plan["stages"][0]
        assert min(plan["kv_cache"].values()) >= 0
        assert min(plan["host"].values()) > 0
        assert plan["storage"]["claim_gib"] > 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["tensor_parallel_size", "pipeline_parallel_size"])
def test_more_gpus_with_the_same_cache_hold_no_fewer_tokens(kind: Any, key: str) -> None:
    for seed in range(ROUNDS):
        dummy, model = drawn(kind, seed)
        model["kv_cache_memory_gib"] = 20
        plans = [memory_plan({**model, key: number}) for number in (1, 2, 4, 8)]
        tokens = [plan["kv_cache"]["tokens"] for plan in plans]
        assert tokens == sorted(tokens), seed


@pytest.mark.parametrize("kind", [dense, sliding, hybrid])
def test_more_gpus_never_shrink_the_cache_until_heads_are_copied(kind: Any) -> None:
    for seed in range(ROUNDS):
        dummy, model = drawn(kind, seed)
        plans = [memory_plan({**model, "tensor_parallel_size": tp}) for tp in (1, 2, 4, 8)]
        tokens = [plan["kv_cache"]["tokens"] for plan in plans]
        assert tokens == sorted(tokens), seed


@pytest.mark.parametrize("kind", KINDS)
def test_a_longer_context_never_raises_concurrency_nor_fits_better(kind: Any) -> None:
    for seed in range(ROUNDS):
        rng, model = drawn(kind, seed)
        lengths = sorted(rng.randrange(64, 131072) for dummy in range(5))
        plans = [memory_plan({**model, "max_model_len": length}) for length in lengths]
        many = [plan["kv_cache"]["max_concurrency"] for plan in plans]
        assert many == sorted(many, reverse=True), seed
        fits = [plan["fits"] for plan in plans]
        assert fits == sorted(fits, reverse=True), seed


@pytest.mark.parametrize("kind", KINDS)
def test_the_longest_context_fits_and_one_token_more_does_not(kind: Any) -> None:
    for seed in range(ROUNDS):
        dummy, model = drawn(kind, seed)
        model |= {"kv_cache_memory_gib": 1.5, "gpu": {}}
        # A hybrid model with more requests than blocks is refused with any length.
        model["max_num_seqs"] = 1
        longest = memory_plan(model)["max_model_len_that_fits"]
        rules = []
        for length in (longest, longest + 1):
            plan = memory_plan({**model, "max_model_len": max(1, length)})
            rules.append([reason["rule"] for reason in plan["reasons"]])
        if longest:
            assert "kv_cache" not in rules[0], seed
        if longest < 131072:
            assert "kv_cache" in rules[1], seed


# Releases whose rules differ: activations that depend on the context, a check that takes all
# layers for one stage's, graphs outside the share, and the newest.
RELEASES = ["0.6.6", "0.7.3", "0.15.1", "0.19.0", "0.32.0"]
CARDS = [14.56, 39.5, 79.19]


def small_cards(kind: Any, version: str) -> Iterator[dict[str, Any]]:
    """Models that are asked for more than many of their cards hold."""
    for seed in range(ROUNDS):
        rng, model = drawn(kind, seed)
        model |= {"vllm_version": version, "gpu": {"memory_gib": rng.choice(CARDS)}}
        model["tensor_parallel_size"] = rng.choice([1, 2, 8])
        model["pipeline_parallel_size"] = rng.choice([1, 2, 4])
        model["gpu_memory_utilization"] = rng.choice([0.9, 0.9, 0.97])
        model["max_model_len"] = rng.choice([16384, 30000, 131072])
        if rng.choice([True, False]):
            del model["max_num_seqs"], model["max_num_batched_tokens"]
        yield model


@pytest.mark.parametrize("version", RELEASES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_length_that_is_proposed_is_not_refused(kind: Any, version: str) -> None:
    for model in small_cards(kind, version):
        longest = memory_plan(model)["max_model_len_that_fits"]
        if longest:
            again = memory_plan({**model, "max_model_len": longest})
            assert again["reasons"] == [], model
            assert again["kv_cache"]["max_concurrency"] >= 1


@pytest.mark.parametrize("version", RELEASES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_number_of_gpus_that_is_proposed_is_not_refused(kind: Any, version: str) -> None:
    found = 0
    for model in small_cards(kind, version):
        plan = memory_plan(model)
        gpus = plan["minimum_gpus"]
        own = model["tensor_parallel_size"] * model["pipeline_parallel_size"]
        assert gpus is None or not plan["fits"] or gpus <= own
        if gpus in (None, own):
            continue
        found += 1
        sizes = {"tensor_parallel_size": min(gpus, 8), "pipeline_parallel_size": max(1, gpus // 8)}
        assert memory_plan({**model, **sizes})["reasons"] == [], model
    assert found


@pytest.mark.parametrize("kind", KINDS)
def test_no_fewer_gpus_than_proposed_are_enough(kind: Any) -> None:
    """What is sorted out beforehand would not have fitted."""
    for model in small_cards(kind, "0.32.0"):
        gpus = memory_plan(model)["minimum_gpus"] or 128
        for tensor, pipeline in ((1, 1), (2, 1), (4, 1), (8, 1), (8, 2), (8, 4), (8, 8)):
            sizes = {"tensor_parallel_size": tensor, "pipeline_parallel_size": pipeline}
            if tensor * pipeline < gpus:
                assert memory_plan({**model, **sizes})["reasons"], (model, gpus)
