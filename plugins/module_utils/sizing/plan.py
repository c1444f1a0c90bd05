# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Whether a model fits, with what cache, and what to ask for around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..checkpoint.result import Tensor
from ..spec.model import Gpu, Model
from .advice import fewest_gpus, longest_context
from .case import Case, read_case
from .figures import KvCache
from .host import HostNeeds, host_needs
from .rules import Budget, Reason
from .units import GIB
from .verdict import Verdict, decide


@dataclass(frozen=True)
class Stage:
    """One pipeline stage: the GPUs of a pod that carry it, and the memory of each of them."""

    gpus: int
    budget: Budget


@dataclass(frozen=True)
class MemoryPlan:
    """The answer. ``notes`` say why ``confidence`` is not ``exact``, and what the plan changes.

    ``stages``: each pipeline stage in order; rank 0 belongs to the first one.
    ``max_num_seqs``: what to give the server where a hybrid model needs less than its default.
    """

    fits: bool
    confidence: str
    reasons: tuple[Reason, ...]
    notes: tuple[str, ...]
    missing: tuple[str, ...]
    stages: tuple[Stage, ...]
    kv_cache: KvCache
    max_model_len_that_fits: int | None
    minimum_gpus: int | None
    max_num_seqs: int | None
    host: HostNeeds

    @property
    def budget(self) -> Budget:
        """The memory of rank 0, whose lines vLLM's log shows; rules go by the tightest stage."""
        return self.stages[0].budget

    def as_dict(self) -> dict[str, Any]:
        """The plan as the filter ``memory_plan`` gives it: plain values, GiB to 4 places."""
        return {
            "fits": self.fits,
            "confidence": self.confidence,
            "reasons": [dict(vars(reason)) for reason in self.reasons],
            "notes": list(self.notes),
            "missing": list(self.missing),
            "per_gpu": _memory(self.budget),
            "stages": [{"gpus": stage.gpus, **_memory(stage.budget)} for stage in self.stages],
            "kv_cache": {
                **vars(self.kv_cache),
                "max_concurrency": _rounded(self.kv_cache.max_concurrency, 2),
            },
            "max_model_len_that_fits": self.max_model_len_that_fits,
            "minimum_gpus": self.minimum_gpus,
            "max_num_seqs": self.max_num_seqs,
            "host": {
                "memory_request_gib": self.host.memory_request_gib,
                "memory_limit_gib": self.host.memory_limit_gib,
                "shm_gib": self.host.shm_gib,
                "cpu": self.host.cpu,
            },
            "storage": {"claim_gib": self.host.claim_gib},
        }


def _memory(budget: Budget) -> dict[str, float | None]:
    """One GPU's memory as plain values."""
    names = (
        "total_gib", "requested_gib", "weights_gib", "activation_gib", "non_torch_gib",
        "cuda_graph_gib", "kv_cache_gib",
    )  # fmt: skip
    values = {name: _rounded(getattr(budget, name), 4) for name in names}
    # How much is missing is in the reasons; a size is never below zero.
    return {name: None if value is None else max(0.0, value) for name, value in values.items()}


def _rounded(value: float | None, places: int) -> float | None:
    return None if value is None else round(value, places)


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
    return MemoryPlan(
        fits=verdict.fits,
        confidence="estimate" if confidence == "exact" and notes else confidence,
        reasons=verdict.reasons,
        notes=(*notes, *_fewer_seqs(verdict)),
        missing=case.shape.missing,
        stages=stages,
        kv_cache=verdict.tightest.kv_cache if verdict.knows_cache else KvCache(),
        max_model_len_that_fits=longest,
        minimum_gpus=fewest_gpus(verdict),
        max_num_seqs=verdict.max_num_seqs if verdict.knows_cache else None,
        host=_host(case, stages),
    )


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


def _stages(verdict: Verdict) -> tuple[Stage, ...]:
    """Each stage; what is left for the cache is not known where the server's flags are not."""
    split, budgets = verdict.case.settings.split, [stage.budget for stage in verdict.stages]
    if verdict.case.blind:
        budgets = [replace(budget, requested_gib=None, kv_cache_gib=None) for budget in budgets]
    return tuple(Stage(split.tp * split.dp, budget) for budget in budgets)


def _host(case: Case, stages: Sequence[Stage]) -> HostNeeds:
    settings = case.settings
    resident: float | None = settings.host_gib + sum(
        stage.gpus * stage.budget.offloaded_gib for stage in stages
    )
    if settings.cpu:
        resident = None if case.blind else _on_cpu(case, stages)
    shape_known = not (case.shape.missing or case.shape.doubts)
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


def _on_cpu(case: Case, stages: Sequence[Stage]) -> float | None:
    """Weights as they are loaded, copied for each data parallel rank, and the cache."""
    cache = case.settings.kv_given_gib
    weights = [stage.budget.weights_gib for stage in stages]
    known = [size for size in weights if size is not None]
    if cache is None or len(known) < len(weights):
        return None
    loaded = sum(stage.gpus * size for stage, size in zip(stages, known, strict=True))
    return loaded + cache * case.settings.split.gpus + case.settings.host_gib
