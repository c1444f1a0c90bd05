# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What is impossible in a model's own words: all of it at once, with its path."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from shapes import LLAMA_8B as LLAMA

from ansible_collections.llmops.vllm.plugins.filter.memory_plan import memory_plan
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.mistakes import find_mistakes
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_model

H100 = {"memory_gib": 79.19}


def mistakes(**keys: Any) -> list[tuple[str, str]]:
    config = {**LLAMA, **keys.pop("config", {})}
    return find_mistakes(parse_model({"name": "a", "model": "b/c", "config": config, **keys}))


def planned(config: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return memory_plan({"config": {**LLAMA, **config}, "gpu": H100, **keys})


def test_a_good_model_has_none() -> None:
    assert mistakes() == []


def test_all_bad_values_of_a_config_are_found() -> None:
    assert mistakes(config={"num_hidden_layers": -1, "hidden_size": "x", "vocab_size": 0}) == [
        ("config.num_hidden_layers", "is -1; it must be at least 1"),
        ("config.hidden_size", "is 'x'; it must be a whole number"),
        ("config.vocab_size", "is 0; it must be at least 1"),
    ]


def test_a_nested_value_is_found_too() -> None:
    nested = {"text_config": {"hidden_size": -1, "num_hidden_layers": -2}}
    assert [key for key, dummy in mistakes(config=nested)] == [
        "config.num_hidden_layers", "config.hidden_size",
    ]  # fmt: skip


def test_a_contradiction_is_one_mistake() -> None:
    (mistake,) = mistakes(config={"n_layer": 7})
    assert mistake[0] == "config"
    assert mistake[1].startswith("contradicts itself: num_hidden_layers 32, n_layer 7")


def test_a_contradiction_that_may_follow_from_a_bad_value_is_not_told() -> None:
    bad = {"num_hidden_layers": -1, "layer_types": ["full_attention"], "n_layer": 7}
    assert mistakes(config=bad) == [
        ("config.num_hidden_layers", "is -1; it must be at least 1"),
    ]


@pytest.mark.parametrize(
    ("keys", "path", "message"),
    [
        ({"extra_args": ["--cpu-offload-gb", "x"]}, "extra_args", "--cpu-offload-gb is 'x'"),
        ({"tensor_parallel_size": 10**6}, "", "it must be at most 10000"),
    ],
)
def test_other_keys(keys: dict[str, Any], path: str, message: str) -> None:
    ((found, text),) = mistakes(**keys)
    assert found == path
    assert message in text


def test_the_filter_tells_bad_keys_and_a_bad_config_at_once() -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        planned({"num_hidden_layers": -1}, max_model_len=10**400)
    assert "model.max_model_len: 1000" in str(caught.value)
    assert "model.config.num_hidden_layers: is -1; it must be at least 1" in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "word"),
    [
        ({"gpu": {"product": "Foo 9000"}}, "gpu.product 'Foo 9000' is not in the table of cards"),
        ({"gpu": {}}, "the GPU is not known; give gpu.memory_gib or gpu.product"),
        ({"gpu": {**H100, "count": 1}, "tensor_parallel_size": 2},
         "gpu.count is 1, and a pod takes 2 GPUs"),
        ({"vllm_version": "0.1.0"}, "vLLM 0.1.0: the formulas were compared with releases since"),
        ({"block_size": 7}, "block_size 7: most attention kernels take multiples of 16"),
    ],
)  # fmt: skip
def test_what_makes_a_plan_less_than_exact(keys: dict[str, Any], word: str) -> None:
    plan = planned({}, **keys)
    assert plan["confidence"] != "exact"
    assert len([note for note in plan["notes"] if word in note]) == 1


@pytest.mark.parametrize(
    "keys",
    [
        {"gpu": {**H100, "count": 2}, "tensor_parallel_size": 2},
        {"vllm_version": "0.7.0"},
        {"block_size": 64},
    ],
)
def test_what_leaves_a_plan_exact(keys: dict[str, Any]) -> None:
    plan = planned({}, **keys)
    assert (plan["confidence"], plan["notes"]) == ("exact", [])


@pytest.mark.parametrize("value", [5e-324, 1e-6, 1e300, float("nan")])
@pytest.mark.parametrize("key", ["memory_gib", "kv_cache_memory_gib"])
def test_memory_that_no_card_has(key: str, value: float) -> None:
    keys: dict[str, Any] = {"gpu": {key: value}} if key == "memory_gib" else {key: value}
    with pytest.raises(AnsibleFilterError, match=rf"{key}: .* is not allowed; give a number above"):
        planned({}, **keys)


@pytest.mark.parametrize("value", [2e-6, 10**6])
def test_the_smallest_and_the_largest_memory(value: float) -> None:
    assert planned({}, gpu={"memory_gib": value})["fits"] is (value > 1)
    assert planned({}, gpu={}, kv_cache_memory_gib=value)["fits"] is (value > 1)
