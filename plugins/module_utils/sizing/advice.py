# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What would fit: the longest context and the fewest GPUs.

Each value that is proposed is judged as the plan itself would be, so that nobody is sent from one
refusal to the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .case import Case, retold
from .confidence import margin_gib
from .figures import Figures
from .kv_cache import KV_DTYPES
from .rules import Budget, memory_reasons, shape_reasons
from .settings import MOST_RANKS, Settings
from .verdict import Verdict, decide, is_held, longest_held
from .weights import Split

_GPU_COUNTS = (1, 2, 4, 8)
_STAGE_COUNTS = (2, 4, 8)
# How much of a request's cache is left at least where blocks are cut in another way.
_ROUNDING = 0.95


def longest_context(verdict: Verdict) -> int | None:
    """The longest context with which the server starts, counting on nothing that is in doubt.

    None if it is not known, or if no length helps; 0 if the cache holds none.
    """
    case = verdict.case
    most = longest_held(case, verdict.stages) if verdict.knows_cache else None
    if not most or (most == case.settings.length and not verdict.failing):
        return most
    if _starts(verdict, most):
        return most
    if not _starts(verdict, 1):
        return None
    # Before v0.8 a longer context took more memory for activations.
    low, high = 1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _starts(verdict, middle) else (low, middle)
    return low


def _starts(verdict: Verdict, length: int) -> bool:
    """Whether the same model is not refused with another context, and its cache holds it."""
    case, other = verdict.case, retold(verdict.case, max_model_len=length)
    if (other.settings.tokens, other.settings.cache) == (case.settings.tokens, case.settings.cache):
        # Nothing but the size of a request changes.
        others = [reason for reason in verdict.failing if reason.rule != "kv_cache"]
        return not others and is_held(case, verdict.stages, length)
    changed = decide(other)
    return not changed.failing and is_held(changed.case, changed.stages, length)


def fewest_gpus(verdict: Verdict) -> int | None:
    """The smallest number of GPUs of this kind that carries the model, None when unknown."""
    case, own = verdict.case, verdict.case.settings.split
    if not _can_count(verdict):
        return None
    single = replace(own, tp=1, pp=1)
    whole = verdict if own == single else decide(_cut(case, single))
    if not whole.failing:
        return single.gpus
    for split in _splits(own):
        if not verdict.failing and split.gpus >= own.gpus:
            break
        if split not in (own, single) and _carries(case, split, whole.tightest):
            return split.gpus
    return None if verdict.failing else own.gpus


def _cut(case: Case, split: Split) -> Case:
    return retold(case, tensor_parallel_size=split.tp, pipeline_parallel_size=split.pp)


def _can_count(verdict: Verdict) -> bool:
    shape, settings = verdict.case.shape, verdict.case.settings
    if not verdict.knows_cache or settings.card is None or settings.card.unified:
        return False
    if shape.missing_fields or not shape.layers or settings.cache.kv_dtype not in KV_DTYPES:
        return False
    return all(stage.budget.weights_gib is not None for stage in verdict.stages)


def _carries(case: Case, split: Split, whole: Figures) -> bool:
    """Whether the model fits so; ``whole`` are its figures when it is not cut."""
    other = replace(case, settings=replace(case.settings, split=split))
    if shape_reasons(case.shape, case.quant, other.settings):
        return False
    least = _least(other.settings, whole)
    margin = margin_gib(other, least)
    if memory_reasons(least, other.settings, margin, is_sure=not case.quant.doubt):
        return False
    return not decide(_cut(case, split)).failing


def _least(settings: Settings, whole: Figures) -> Budget:
    """What some rank takes at least: its share of weights and cache, and nothing else.

    What is copied comes on top. It is far cheaper than the figures of all stages.
    """
    split, budget, card = settings.split, whole.budget, settings.card
    ranks, total = split.tp * split.pp, card.memory_gib if card else 0.0
    weights = ((budget.weights_gib or 0.0) + budget.offloaded_gib) / ranks - settings.offload_gib
    left = settings.kv_given_gib
    needed = None
    if whole.layout is not None and budget.needed_gib is not None:
        # How a request is rounded up to whole blocks differs from cut to cut.
        rounded = whole.layout.group_count * budget.block_gib
        needed = max(0.0, budget.needed_gib - rounded) / ranks * _ROUNDING
    return Budget(
        total_gib=total,
        requested_gib=total * settings.utilization,
        weights_gib=max(0.0, weights),
        cuda_graph_gib=budget.cuda_graph_gib,
        kv_cache_gib=total * settings.utilization - max(0.0, weights) if left is None else left,
        needed_gib=needed,
    )


def _splits(own: Split) -> Iterator[Split]:
    """Tensor parallelism within a node first, then pipeline stages over nodes."""
    counts = [*((tp, 1) for tp in _GPU_COUNTS), *((_GPU_COUNTS[-1], pp) for pp in _STAGE_COUNTS)]
    for tp, pp in counts:
        split = replace(own, tp=tp, pp=pp)
        if split.gpus <= MOST_RANKS:
            yield split
