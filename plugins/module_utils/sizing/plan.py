# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Whether a model fits, with what cache, and what to ask for around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from ..checkpoint.result import Tensor
from ..spec.model import Gpu, Model
from ..units import GIB
from .advice import fewest_gpus, longest_context
from .case import Case, read_case
from .host import HostNeeds, host_needs
from .memory_plan import GpuMemory, Host, KvCache, MemoryPlan, PipelineStage
from .rules import Budget
from .verdict import Verdict, decide


@dataclass(frozen=True)
class _Stage:
    """One pipeline stage as it was computed: its GPUs, and the memory of each of them."""

    gpus: int
    budget: Budget


def plan_memory(
    model: Model,
    *,
    gpu: Gpu | None = None,
    vllm_version: str | None = None,
    tensors: Sequence[Tensor] = (),
) -> MemoryPlan:
    """Size a model. ``gpu`` and ``vllm_version`` win over the model's own.

    ``tensors``: of the checkpoint, as far as they are known; they tell what is not loaded.

    Raises ValueError for a configuration whose fields are impossible or contradict each other;
    fields that are absent make the answer ``unknown`` and are named in it.
    """
    verdict = decide(read_case(model, gpu, vllm_version, tensors))
    case, longest = verdict.case, longest_context(verdict)
    confidence, notes = verdict.confidence, [*verdict.notes, *_shortage(verdict, longest)]
    stages = _stages(verdict)
    needs = _host(case, stages)
    return MemoryPlan(
        fits=verdict.fits,
        confidence="estimate" if confidence == "exact" and notes else confidence,
        reasons=verdict.reasons,
        notes=(*notes, *_fewer_seqs(verdict)),
        missing=case.shape.missing_fields,
        stages=tuple(PipelineStage(stage.gpus, _memory(stage.budget)) for stage in stages),
        kv_cache=_kv_cache(verdict),
        max_model_len_that_fits=longest,
        minimum_gpus=fewest_gpus(verdict),
        max_num_seqs=verdict.max_num_seqs if verdict.knows_cache else None,
        host=Host(needs.memory_request_gib, needs.memory_limit_gib, needs.shm_gib, needs.cpu),
        claim_gib=needs.claim_gib,
    )


def _memory(budget: Budget) -> GpuMemory:
    """One GPU's memory to four places; how much is missing is in the reasons."""
    found = {entry.name: getattr(budget, entry.name) for entry in fields(GpuMemory)}
    return GpuMemory(
        **{name: None if v is None else max(0.0, round(v, 4)) for name, v in found.items()}
    )


def _kv_cache(verdict: Verdict) -> KvCache:
    if not verdict.knows_cache:
        return KvCache()
    cache = verdict.tightest.kv_cache
    requests = cache.max_concurrency
    return replace(cache, max_concurrency=None if requests is None else round(requests, 2))


def _shortage(verdict: Verdict, longest: int | None) -> list[str]:
    """What lacks where a plan fits only because the estimate may be wrong."""
    length, budget = verdict.case.settings.length, verdict.tightest.budget
    if not (verdict.fits and length and longest is not None and longest < length):
        return []
    why = "the server starts only if it takes a little less memory than was computed"
    if verdict.confidence == "unknown":
        why = "what is not known decides whether it starts"
    rest = f"by these figures up to {longest} tokens fit" if longest else "no length fits for sure"
    short = (
        f"one request of {length} tokens needs {budget.needed_gib or 0.0:.2f} GiB of cache, and"
        f" {max(0.0, budget.kv_cache_gib or 0.0):.2f} GiB are computed: {why}; {rest}"
    )
    return [short]


def _fewer_seqs(verdict: Verdict) -> list[str]:
    """Say that the server is given fewer requests than it would take by itself."""
    if verdict.max_num_seqs is None or not verdict.knows_cache:
        return []
    blocks = verdict.tightest.kv_cache.num_blocks
    note = (
        f"each request needs a block of the Mamba cache, and there are about {blocks}:"
        f" max_num_seqs {verdict.max_num_seqs} is set instead of vLLM's default"
    )
    return [note]


def _stages(verdict: Verdict) -> tuple[_Stage, ...]:
    """Each stage; what is left for the cache is not known where the server's flags are not."""
    split, budgets = verdict.case.settings.split, [stage.budget for stage in verdict.stages]
    if verdict.case.blind:
        budgets = [replace(budget, requested_gib=None, kv_cache_gib=None) for budget in budgets]
    return tuple(_Stage(split.tp * split.dp, budget) for budget in budgets)


def _host(case: Case, stages: Sequence[_Stage]) -> HostNeeds:
    settings = case.settings
    resident: float | None = settings.host_gib + sum(
        stage.gpus * stage.budget.offloaded_gib for stage in stages
    )
    if settings.cpu:
        resident = None if case.blind else _on_cpu(case, stages)
    shape_known = not (case.shape.missing_fields or case.shape.doubts)
    # The size of the files is computed from a shape that is not this model's.
    computed_in_doubt = case.weights_bytes is None and bool(case.shape.doubts)
    files = None if computed_in_doubt else case.files_bytes
    return host_needs(
        settings.split.gpus,
        checkpoint_gib=None if files is None else files / GIB,
        processor_cache_gib=0.0
        if settings.text_only
        else settings.processor_cache_gib * (1 + settings.split.dp),
        resident_gib=resident,
        is_bounded=shape_known and not case.blind and not settings.hides_host_use,
    )


def _on_cpu(case: Case, stages: Sequence[_Stage]) -> float | None:
    """Weights as they are loaded, copied for each data parallel rank, and the cache."""
    cache = case.settings.kv_given_gib
    weights = [stage.budget.weights_gib for stage in stages]
    known = [size for size in weights if size is not None]
    if cache is None or len(known) < len(weights):
        return None
    loaded = sum(stage.gpus * size for stage, size in zip(stages, known, strict=True))
    return loaded + cache * case.settings.split.gpus + case.settings.host_gib
