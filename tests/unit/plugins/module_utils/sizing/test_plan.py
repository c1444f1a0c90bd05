# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Memory plans: observed runs, properties that always hold, and bad input."""

from __future__ import annotations

import importlib.util
import re
import statistics
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from shapes import LLAMA_8B as LLAMA
from shapes import TINY_LLAMA as TINY

from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.catalogue import CATALOGUE

ROOT = Path(__file__).resolve().parents[5]
H100 = {"product": "H100-80GB"}


@pytest.fixture(scope="module")
def accuracy() -> ModuleType:
    spec = importlib.util.spec_from_file_location("accuracy", ROOT / "tests/bench/accuracy.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["accuracy"] = module
    spec.loader.exec_module(module)
    return module


def test_observed_runs_are_met(accuracy: ModuleType) -> None:
    results = accuracy.measure()
    weights, tokens, cache = (results.all(q) for q in ("weights", "KV tokens", "KV GiB"))
    assert statistics.median(weights) <= 0.5
    assert accuracy.p90(weights) <= 3
    assert statistics.median(tokens) <= 0.02
    assert max(tokens) <= 1.2
    assert statistics.median(cache) <= 3
    judged = len(results.right) + len(results.wrong)
    assert len(results.right) >= 0.6 * judged
    assert results.false_refusals == []


def test_the_page_on_accuracy_is_up_to_date(accuracy: ModuleType) -> None:
    page = (ROOT / "docs/accuracy.md").read_text(encoding="utf-8")
    found = re.search(r" on (\d{4}-\d\d-\d\d) from ", page)
    assert found is not None
    assert accuracy.report(accuracy.measure(), found.group(1)) == page


@pytest.mark.parametrize("words", [["--help"], ["today"], []])
def test_without_a_date_no_page_is_written(
    accuracy: ModuleType, words: list[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit):
        accuracy.main(words, tmp_path / "page.md")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("kv_heads", "tokens"), [(4, 1_048_576), (2, 2_097_152)])
def test_the_tiny_model_on_cpu(kv_heads: int, tokens: int) -> None:
    plan = memory_plan(
        {
            "accelerator": "cpu",
            "kv_cache_memory_gib": 1,
            "config": {**TINY, "num_key_value_heads": kv_heads},
        }
    )
    assert plan["kv_cache"]["tokens"] == tokens
    assert plan["kv_cache"]["bytes_per_token"] == 256 * kv_heads
    assert plan["fits"]


def test_what_does_not_fit_names_length_and_gpus() -> None:
    plan = memory_plan({"config": LLAMA, "gpu": {"product": "L4"}})
    assert not plan["fits"]
    assert "kv_cache" in [reason["rule"] for reason in plan["reasons"]]
    assert 0 < plan["max_model_len_that_fits"] < 131072
    assert plan["minimum_gpus"] == 2
    shorter = {"config": LLAMA, "max_model_len": plan["max_model_len_that_fits"]}
    assert memory_plan(shorter, gpu={"product": "L4"})["fits"]


def test_a_shape_with_gaps_is_unknown_with_their_names() -> None:
    for gap in ("num_hidden_layers", "vocab_size", "num_attention_heads"):
        config = {k: v for k, v in LLAMA.items() if k != gap}
        plan = memory_plan({"config": config, "gpu": H100})
        assert plan["confidence"] == "unknown"
        assert gap in plan["missing"]
        assert plan["fits"]
    assert memory_plan({}, gpu=H100)["per_gpu"]["weights_gib"] is None


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"hidden_size": -1}, "hidden_size"),
        ({"num_hidden_layers": 0}, "num_hidden_layers"),
        ({"vocab_size": "many"}, "vocab_size"),
        ({"num_hidden_layers": float("nan")}, "num_hidden_layers"),
        ({"num_hidden_layers": float("inf")}, "num_hidden_layers"),
        ({"num_key_value_heads": 7}, "num_key_value_heads"),
        ({"n_layer": 12}, "contradicts"),
        ({"layer_types": ["full_attention"]}, "layer_types"),
        ({"text_config": 5}, "text_config"),
        ({"quantization_config": 5}, "quantization_config"),
        ({"num_experts": 4, "num_experts_per_tok": 9}, "num_experts_per_tok"),
    ],
)
def test_impossible_fields_are_errors(change: dict[str, Any], word: str) -> None:
    with pytest.raises(AnsibleFilterError, match=word):
        memory_plan({"config": {**LLAMA, **change}, "gpu": H100})


def test_a_config_that_nests_without_end_is_an_error_or_unknown() -> None:
    config: dict[str, Any] = {}
    inner = config
    for dummy in range(5000):
        inner["text_config"] = {}
        inner = inner["text_config"]
    with pytest.raises(AnsibleFilterError, match="nests"):
        memory_plan({"config": config})


def test_unknown_words_make_the_plan_unknown() -> None:
    for change in ({"quantization_config": {"quant_method": "zipped"}}, {"model_type": "odd"}):
        plan = memory_plan({"config": {**LLAMA, **change}, "gpu": H100})
        assert plan["confidence"] == "unknown"
        assert plan["notes"]


def test_keywords_win_and_confidence_is_exact_for_a_known_case() -> None:
    model = {"config": LLAMA, "gpu": {"product": "L4"}, "vllm_version": "0.19.0"}
    plan = memory_plan(model, gpu={"memory_gib": 79.19}, vllm_version="0.32.0")
    assert plan["per_gpu"]["total_gib"] == 79.19
    assert plan["confidence"] == "exact"
    assert plan["fits"]


UNKNOWN: dict[str, dict[str, Any]] = {
    "an architecture": {"model_type": "rwkv"},
    "a kind of layers": {"layer_types": ["quantum_attention"] * 32},
    "another model's bytes": {},
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_an_unknown_shape_decides_is_null(name: str) -> None:
    size = 3 * 10**9 if name == "another model's bytes" else 16_060_522_496
    model = {"config": {**LLAMA, **UNKNOWN[name]}, "gpu": H100, "max_model_len": 8192}
    plan = memory_plan({**model, "weights_bytes": size})
    assert plan["confidence"] == "unknown"
    assert set(plan["kv_cache"].values()) == {None}
    assert plan["max_model_len_that_fits"] is plan["minimum_gpus"] is None
    # The files' size is known.
    assert plan["per_gpu"]["weights_gib"] is not None
    assert plan["storage"]["claim_gib"] is not None
    if UNKNOWN[name]:
        without = memory_plan(model)
        assert without["per_gpu"]["weights_gib"] is without["storage"]["claim_gib"] is None


def test_an_unknown_quantization_says_so_once_and_counts_no_gpus() -> None:
    config = {**LLAMA, "quantization_config": {"quant_method": "zipped"}}
    plan = memory_plan({"config": config, "gpu": H100})
    assert plan["per_gpu"]["weights_gib"] is plan["minimum_gpus"] is None
    assert [note for note in plan["notes"] if "zipped" in note] == plan["notes"]
    known = memory_plan({"config": config, "gpu": {"product": "L4"}, "weights_bytes": 9 * 10**9})
    # One card would do if nothing but what is certain counted.
    assert known["fits"]
    assert known["minimum_gpus"] == 2


def test_a_shortage_is_in_the_message_and_no_size_is_negative() -> None:
    plan = memory_plan({"config": LLAMA, "gpu": {"memory_gib": 12}, "vllm_version": "0.32.0"})
    message = next(r["message"] for r in plan["reasons"] if r["rule"] == "no_kv_memory")
    found = re.search(r"([\d.]+) GiB are missing", message)
    assert found is not None
    memory = plan["per_gpu"]
    parts = ("weights_gib", "activation_gib", "non_torch_gib", "cuda_graph_gib")
    missing = sum(memory[part] for part in parts) - memory["requested_gib"]
    assert float(found.group(1)) == pytest.approx(missing, abs=0.01)
    assert memory["kv_cache_gib"] == plan["stages"][0]["kv_cache_gib"] == 0


@pytest.mark.parametrize(
    ("change", "confidence"),
    [
        ({}, "estimate"),
        ({"env": {"VLLM_ALLOW_LONG_MAX_MODEL_LEN": "0"}}, "estimate"),
        ({"env": {"VLLM_ALLOW_LONG_MAX_MODEL_LEN": "1"}}, "exact"),
        ({"extra_args": ["--rope-scaling", "{}"]}, "exact"),
        ({"config": {**LLAMA, "model_max_length": 200_000}}, "exact"),
        ({"max_model_len": 131_072}, "exact"),
    ],
)
def test_a_context_beyond_the_positions_is_an_estimate(
    change: dict[str, Any], confidence: str
) -> None:
    model = {"config": LLAMA, "max_model_len": 200_000, "vllm_version": "0.32.0", **change}
    plan = memory_plan({**model, "gpu": {"memory_gib": 79.19}})
    assert plan["fits"]
    assert plan["confidence"] == confidence
    assert [note for note in plan["notes"] if "131072 positions" in note] == plan["notes"]
    assert plan["max_model_len_that_fits"] == model["max_model_len"]


def test_what_fits_only_within_the_margin_is_an_estimate_that_says_so() -> None:
    model = {"config": LLAMA, "gpu": {"memory_gib": 23.66}, "vllm_version": "0.32.0"}
    surely = memory_plan({**model, "max_model_len": 32768})["max_model_len_that_fits"]
    assert memory_plan({**model, "max_model_len": surely})["confidence"] == "exact"
    plan = memory_plan({**model, "max_model_len": surely + 512})
    assert plan["fits"]
    assert plan["confidence"] == "estimate"
    assert plan["kv_cache"]["max_concurrency"] < 1
    [note] = plan["notes"]
    assert f"up to {surely} tokens fit" in note
    found = re.search(r"needs ([\d.]+) GiB of cache, and ([\d.]+) GiB are computed", note)
    assert found is not None
    assert float(found.group(1)) == pytest.approx(plan["kv_cache"]["request_gib"], abs=0.01)
    assert float(found.group(2)) == pytest.approx(plan["per_gpu"]["kv_cache_gib"], abs=0.01)


def test_before_v08_a_shorter_context_leaves_more_room() -> None:
    """Activations are those of one whole context there, so that the first guess is too long."""
    model = {"config": LLAMA, "gpu": {"memory_gib": 21.0}, "vllm_version": "0.7.3"}
    plan = memory_plan({**model, "max_model_len": 40_000})
    longest = plan["max_model_len_that_fits"]
    for length, is_short in ((longest, False), (longest + 1, True)):
        again = memory_plan({**model, "max_model_len": length})
        room = again["kv_cache"]["num_blocks"] * again["kv_cache"]["block_size"]
        assert (bool(again["reasons"]) or room < length) == is_short


def test_no_length_helps_against_what_no_length_changes() -> None:
    plan = memory_plan({"config": LLAMA, "gpu": H100, "gpu_memory_utilization": 1.0})
    assert [reason["rule"] for reason in plan["reasons"]] == ["free_memory"]
    assert plan["max_model_len_that_fits"] is plan["minimum_gpus"] is None
    given = {"config": LLAMA, "kv_cache_memory_gib": 2, "tensor_parallel_size": 3}
    assert memory_plan(given)["max_model_len_that_fits"] is None


def test_each_stage_is_judged() -> None:
    """v0.14 and v0.15 ask each stage for the cache of all; the last one, which samples, lacks it.

    By blocks of its own the first stage is the tightest, and it would pass.
    """
    model = {"config": CATALOGUE["Qwen/Qwen3-8B"].config, "max_model_len": 131072}
    card = {"gpu": {"memory_gib": 23.66}, "vllm_version": "0.15.1"}
    plan = memory_plan({**model, **card, "pipeline_parallel_size": 8})
    assert plan["stages"][0]["kv_cache_gib"] > plan["stages"][-1]["kv_cache_gib"]
    assert [reason["rule"] for reason in plan["reasons"]] == ["kv_cache"]
