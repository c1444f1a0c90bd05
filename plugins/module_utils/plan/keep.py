# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Keeps what the last deployment knew where less is known now.

Otherwise a Hub that does not answer today, or nodes that are gone for the night, would change the
pods of a server that runs.
"""

from __future__ import annotations

from dataclasses import replace

from .model_plan import ModelPlan, Sources

_KEPT = "the figures of the last deployment are kept: less is known now"

# How much a source of the shape knows: the catalogue may lack the exact size, and what lies on
# the node is what will be served.
_RANKS = {"none": 0, "": 0, "catalogue": 1, "node": 3}
_OTHER_RANK = 2


def keep_known(plan: ModelPlan, last: ModelPlan) -> ModelPlan:
    """The plan, with the memory of the last one where that knew more.

    The last one counts only if it was made for the same words.
    """
    if last.sources.inputs != plan.sources.inputs or not (_is_sound(last) and _knew(last, plan)):
        return plan
    now = plan.sources
    return replace(
        plan,
        memory=replace(last.memory, reasons=(), fits=True),
        sources=replace(
            now,
            checkpoint=replace(
                last.sources.checkpoint,
                notes=(_KEPT, *now.checkpoint.notes, *now.gpu.notes),
            ),
            gpu=replace(last.sources.gpu, notes=()),
        ),
    )


def _knew(last: ModelPlan, now: ModelPlan) -> bool:
    """Whether the last plan knew more, and of nothing less."""
    before, today = _knowledge(last.sources), _knowledge(now.sources)
    return before != today and all(b >= n for b, n in zip(before, today, strict=True))


def _knowledge(sources: Sources) -> tuple[int, int]:
    shape = _RANKS.get(sources.checkpoint.source, _OTHER_RANK)
    return shape, int(sources.gpu.source not in ("none", ""))


def _is_sound(last: ModelPlan) -> bool:
    """Whether its sizes are sizes."""
    memory = last.memory
    host = memory.host
    sizes = (
        host.memory_request_gib, host.memory_limit_gib, host.shm_gib, host.cpu, memory.claim_gib,
        memory.max_num_seqs,
    )  # fmt: skip
    return host.shm_gib is not None and all(size is None or size > 0 for size in sizes)
