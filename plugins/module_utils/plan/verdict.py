# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What a plan means for the user: a refusal, or one sentence about the cache."""

from __future__ import annotations

import textwrap

from ..findings import WIDTH, Finding
from .model_plan import ModelPlan

ALL_THE_SAME = "to try it all the same, set vllm_preflight=false"


def refusals(plan: ModelPlan) -> list[Finding]:
    """The error for a model that does not fit: each rule that fails, and what would fit."""
    memory, gpu = plan.memory, plan.sources.gpu
    if memory.fits is not False or not memory.reasons:
        return []
    first, *others = memory.reasons
    evidence = [reason.message for reason in others]
    if memory.max_model_len_that_fits:
        longest = memory.max_model_len_that_fits
        evidence.append(f"the longest context that fits: max_model_len {longest}")
    if memory.minimum_gpus:
        evidence.append(f"GPUs of this kind that carry it as asked: {memory.minimum_gpus}")
    evidence += [f"planned for: {_basis(plan)}", *gpu.notes]
    fixes = dict.fromkeys(reason.fix for reason in memory.reasons)
    return [
        Finding.error(
            "does_not_fit",
            f"{plan.sources.name}: does not fit ({first.rule})",
            first.message,
            evidence=evidence,
            fix="; ".join([*fixes, ALL_THE_SAME]),
        )
    ]


def _basis(plan: ModelPlan) -> str:
    """What a plan was made from, so that a wrong input shows."""
    sources, total = plan.sources, plan.memory.per_gpu.total_gib
    shape = f"shape of the checkpoint from {sources.checkpoint.source}"
    if sources.accelerator == "cpu":
        return f"the CPU, {shape}"
    card = sources.gpu.product or "a GPU"
    size = f" with {total:.2f} GiB" if total else ""
    return f"{card}{size} (from {sources.gpu.source}), {shape}, {plan.memory.confidence}"


def summary(plan: ModelPlan) -> list[str]:
    """What the memory plan says about a model, in lines for a terminal."""
    return textwrap.wrap(
        f"{plan.sources.name}: {_told(plan)}",
        WIDTH,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _told(plan: ModelPlan) -> str:
    cache = plan.memory.kv_cache
    if cache.tokens is None:
        return f"memory is not known beforehand: {_why_unknown(plan)}"
    told = f"room for {cache.tokens:,} tokens of cache"
    if cache.max_concurrency:
        told += f", {cache.max_concurrency:.1f} full requests at once"
    return f"{told} ({plan.memory.confidence})"


def _why_unknown(plan: ModelPlan) -> str:
    """The reason nearest to what the user can change."""
    checkpoint, gpu = plan.sources.checkpoint, plan.sources.gpu
    if checkpoint.source == "none":
        return (checkpoint.notes or ("the checkpoint's shape was not found",))[-1]
    if gpu.source == "none" and gpu.notes:
        return gpu.notes[0]
    return (plan.memory.notes or ("no figures",))[0]
