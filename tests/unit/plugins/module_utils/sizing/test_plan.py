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
