# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The GPUs of stages, and what those have left."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.plan.seal import shown_plan
from ansible_collections.llmops.vllm.plugins.module_utils.report.stages import (
    free_gib,
    gpu_labels,
    missing_cache_gib,
    stage_names,
    taken_gib,
)
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.memory_plan import GpuMemory

SIZES = {
    "weights_gib": 10.0, "activation_gib": 2.0, "cuda_graph_gib": 1.0, "non_torch_gib": 1.0,
    "kv_cache_gib": 4.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("tensor", "pipeline", "data", "labels"),
    [
        (1, 1, 1, ("GPU 0",)),
        (4, 1, 1, ("GPU 0-3",)),
        (2, 2, 1, ("GPU 0-1", "GPU 2-3")),
        (2, 2, 2, ("GPU 0-1, 4-5", "GPU 2-3, 6-7")),
        (1, 2, 3, ("GPU 0, 2, 4", "GPU 1, 3, 5")),
    ],
)
def test_copies_come_one_after_the_other(
    tensor: int, pipeline: int, data: int, labels: tuple[str, ...]
) -> None:
    stages = [{"gpus": tensor * data}] * pipeline
    sizes = {"tensor_parallel_size": tensor, "pipeline_parallel_size": pipeline}
    plan = shown_plan({"stages": stages, "data_parallel_size": data, **sizes})
    assert gpu_labels(plan) == labels


def test_stages_of_other_sizes_than_the_models_follow_each_other() -> None:
    plan = shown_plan({"stages": [{"gpus": 1}, {"gpus": 3}, {"gpus": 2}]})
    assert stage_names(plan) == ("GPU 0", "GPU 1-3", "GPU 4-5")


def test_what_is_taken_and_what_is_left() -> None:
    assert taken_gib(GpuMemory(**SIZES)) == 18
    assert free_gib(GpuMemory(total_gib=22.0, **SIZES)) == 4
    assert free_gib(GpuMemory(total_gib=16.0, **SIZES)) == -2
    assert free_gib(GpuMemory(total_gib=0.0, **SIZES)) is None
    assert taken_gib(GpuMemory(**{**SIZES, "kv_cache_gib": None})) is None


@pytest.mark.parametrize(
    ("request_gib", "cache", "missing"),
    [(6.0, 4.0, 2.0), (4.0, 4.0, None), (6.0, 0.0, None), (None, 4.0, None), (6.0, None, None)],
)
def test_the_cache_that_one_request_lacks(
    request_gib: Any, cache: Any, missing: float | None
) -> None:
    stage = {**SIZES, "kv_cache_gib": cache}
    keys = {"kv_cache": {"request_gib": request_gib}}
    assert missing_cache_gib(shown_plan({"stages": [stage], **keys})) == missing
    assert missing_cache_gib(shown_plan({"stages": [stage, stage], **keys})) is None
