# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The pipeline stages of a plan as they are shown: their GPUs, and what those have left."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from ..plan.model_plan import ModelPlan
from ..sizing.memory_plan import GpuMemory

# What a GPU's memory goes to, in the order in which it is shown.
PARTS = ("weights", "activations", "CUDA graphs", "other", "KV cache")
# More of a stage's GPUs would fill a table.
LABEL_WIDTH = 12


def parts(memory: GpuMemory) -> tuple[float | None, ...]:
    """The sizes of ``PARTS``; None where one is not known.

    The last one, the cache, is zero when the others leave no room for it.
    """
    return (
        memory.weights_gib,
        memory.activation_gib,
        memory.cuda_graph_gib,
        memory.non_torch_gib,
        memory.kv_cache_gib,
    )


def card_gib(memory: GpuMemory) -> float | None:
    """What the card has; None when it is not known."""
    return memory.total_gib or None


def taken_gib(memory: GpuMemory) -> float | None:
    """What all parts take together, None when one of them is not known."""
    known = [max(0.0, part) for part in parts(memory) if part is not None]
    return sum(known) if len(known) == len(PARTS) else None


def free_gib(memory: GpuMemory) -> float | None:
    """What the card has left; negative when it is too small."""
    card, taken = card_gib(memory), taken_gib(memory)
    return None if card is None or taken is None else card - taken


def missing_cache_gib(plan: ModelPlan) -> float | None:
    """What one request of the full length lacks on each GPU; None if nothing or not known.

    With several stages it is not known which of them lacks how much.
    """
    stages, request = plan.memory.stages, plan.memory.kv_cache.request_gib
    cache = stages[0].memory.kv_cache_gib if len(stages) == 1 else None
    if request is None or cache is None or not 0 < cache < request:
        return None
    return request - cache


def gpu_labels(plan: ModelPlan) -> tuple[str, ...]:
    """The GPUs of each stage: ``GPU 0``, ``GPU 0-1``, ``GPU 0-1, 4-5``."""
    return tuple(f"GPU {_ranges(numbers)}" for numbers in _gpu_numbers(plan))


def stage_names(plan: ModelPlan) -> tuple[str, ...]:
    """What to call the stages: their GPUs, or numbers where copies scatter those too far."""
    labels = gpu_labels(plan)
    if max(map(len, labels), default=0) <= LABEL_WIDTH:
        return labels
    return tuple(f"stage {number}" for number in range(1, len(labels) + 1))


def _gpu_numbers(plan: ModelPlan) -> list[Sequence[int]]:
    """The GPUs of each stage. vLLM numbers the ranks of one data parallel copy after the other."""
    counts = [stage.gpus for stage in plan.memory.stages]
    sources = plan.sources
    tensor, pipeline = sources.tensor_parallel_size, sources.pipeline_parallel_size
    data = sources.data_parallel_size
    if len(counts) == pipeline and set(counts) == {tensor * data}:
        return [
            [
                (copy * pipeline + stage) * tensor + rank
                for copy in range(data)
                for rank in range(tensor)
            ]
            for stage in range(pipeline)
        ]
    ends = accumulate(counts)
    return [range(end - count, end) for end, count in zip(ends, counts, strict=True)]


def _ranges(numbers: Sequence[int]) -> str:
    """Numbers in ascending order as ``0-1, 4``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{low}-{high}" if high > low else f"{low}" for low, high in runs)
