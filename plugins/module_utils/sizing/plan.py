# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Whether a model fits, with what cache, and what to ask for around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..checkpoint.result import Tensor
from ..spec.model import Gpu, Model
from .cards import LARGEST
from .case import Case, read_case
from .confidence import judge, margin_gib
from .figures import Figures, KvCache, all_stages, evaluate, with_fewer_seqs
from .host import HostNeeds, host_needs
from .kv_cache import KV_DTYPES, longest
from .rules import (
    Budget,
    Reason,
    mamba_reasons,
    memory_reasons,
    shape_reasons,
    startup_reasons,
)
from .units import GIB, SETTLED_TOKENS
from .weights import Split

_GPU_COUNTS = (1, 2, 4, 8)
_STAGE_COUNTS = (2, 4, 8)
# A context that nobody limits is looked for up to here.
_UNLIMITED = 2**27


@dataclass(frozen=True)
class Stage:
    """One pipeline stage: the GPUs of a pod that carry it, and the memory of each of them."""

    gpus: int
    budget: Budget


@dataclass(frozen=True)
class MemoryPlan:
    """The answer. ``notes`` say why ``confidence`` is not ``exact``.

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
    return {name: _rounded(getattr(budget, name), 4) for name in names}


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
    case, figures, suggested = _settle(read_case(model, gpu, vllm_version, tensors))
    confidence, notes = judge(case, figures.budget)
    reasons = [] if case.blind else find_reasons(case, figures)
    if confidence == "unknown":
        reasons = [reason for reason in reasons if _is_certain(reason, case)]
        reasons += _beyond_any_card(case, reasons)
    stages = _stages(case)
    return MemoryPlan(
        fits=not reasons,
        confidence=confidence,
        reasons=tuple(reasons),
        notes=tuple(notes),
        missing=case.shape.missing,
        stages=stages,
        kv_cache=KvCache() if case.blind else figures.kv_cache,
        max_model_len_that_fits=None if case.blind else _longest(case, figures),
        minimum_gpus=None if case.blind else _minimum_gpus(case, fits=not reasons),
        max_num_seqs=suggested,
        host=_host(case, stages),
    )


def _settle(case: Case) -> tuple[Case, Figures, int | None]:
    """The case with the numbers that depend on its own figures, and the requests to ask for."""
    figures, suggested = evaluate(case), None
    if case.shape.is_hybrid and not case.settings.seqs_given and not case.blind:
        case, figures, suggested = with_fewer_seqs(case, figures)
    if case.settings.fit_length:
        case, figures = _with_fitting_length(case, figures)
    return case, figures, suggested


def _stages(case: Case) -> tuple[Stage, ...]:
    """Each stage; what is left for the cache is not known where the server's flags are not."""
    split = case.settings.split
    budgets = [figures.budget for figures in all_stages(case)]
    if case.blind:
        budgets = [replace(budget, requested_gib=None, kv_cache_gib=None) for budget in budgets]
    return tuple(Stage(split.tp * split.dp, budget) for budget in budgets)


def _with_fitting_length(case: Case, figures: Figures) -> tuple[Case, Figures]:
    """The longest context that fits in place of the checkpoint's own (max_model_len ``auto``)."""
    length = _longest(case, figures)
    if length is None:
        return case, figures
    shorter = replace(case, settings=replace(case.settings, length=max(1, length)))
    return shorter, evaluate(shorter)


def find_reasons(case: Case, figures: Figures) -> list[Reason]:
    """All rules that fail, in vLLM's order."""
    shape, quant, settings, budget = case.shape, case.quant, case.settings, figures.budget
    margin = margin_gib(case, budget)
    reasons = shape_reasons(shape, quant, settings)
    reasons += memory_reasons(budget, settings, margin, is_sure=not case.quant.doubt)
    reasons += mamba_reasons(shape, budget, settings, margin)
    return reasons + startup_reasons(budget, settings, shape, quant)


def _is_certain(reason: Reason, case: Case) -> bool:
    """What holds although something else about the model is not known."""
    if reason.rule == "tensor_parallel_shape":
        return True
    if case.shape.doubts:
        return False
    if reason.rule == "kv_cache" and case.settings.kv_given_gib is not None:
        return True
    if case.settings.card is not None and case.settings.card.unified:
        # The margin already grants all that is not weights.
        return reason.rule in ("weights", "no_kv_memory", "kv_cache") and not case.quant.doubt
    return reason.rule in ("free_memory", "weights")


def _beyond_any_card(case: Case, found: list[Reason]) -> list[Reason]:
    """Without a known card: what would not fit the largest one either."""
    settings = case.settings
    known = settings.card is not None or settings.cpu or settings.kv_given_gib is not None
    if known or found or case.blind or case.shape.doubts or case.shape.missing or case.quant.doubt:
        return []
    largest = replace(case, settings=replace(settings, card=LARGEST))
    reasons = [
        reason
        for reason in find_reasons(largest, evaluate(largest))
        if reason.rule in ("weights", "kv_cache")
    ]
    return [replace(reason, message=f"on the largest GPU: {reason.message}") for reason in reasons]


def _longest(case: Case, figures: Figures) -> int | None:
    """The longest context that fits, within what the checkpoint allows."""
    cut, blocks = figures.layout, figures.kv_cache.num_blocks
    if cut is None or blocks is None:
        return None
    if case.settings.release.since(*SETTLED_TOKENS):
        blocks -= 1
    limit = case.settings.longest or _UNLIMITED
    found = longest(case.shape, case.settings.cache, cut, max(0, blocks), limit)
    return None if found == _UNLIMITED else found


def _minimum_gpus(case: Case, *, fits: bool) -> int | None:
    """The smallest number of GPUs of this kind that carries the model, None when unknown."""
    settings, own = case.settings, case.settings.split
    is_known = not case.shape.missing and settings.cache.kv_dtype in KV_DTYPES
    if settings.card is None or settings.card.unified or not is_known:
        return None
    for split in _splits(own):
        if split == own and fits:
            return own.gpus
        if fits and split.gpus >= own.gpus:
            continue
        other = replace(case, settings=replace(settings, split=split))
        if not case.shape.layers or split.pp > len(case.shape.layers):
            continue
        if shape_reasons(case.shape, case.quant, other.settings):
            continue
        if not find_reasons(other, _with_room(other)):
            return split.gpus
    return own.gpus if fits else None


def _with_room(case: Case) -> Figures:
    figures = evaluate(case)
    if case.shape.is_hybrid and not case.settings.seqs_given:
        return with_fewer_seqs(case, figures)[1]
    return figures


def _splits(own: Split) -> list[Split]:
    """Tensor parallelism within a node first, then pipeline stages over nodes."""
    within = [replace(own, tp=tp, pp=1) for tp in _GPU_COUNTS]
    across = [replace(own, tp=_GPU_COUNTS[-1], pp=pp) for pp in _STAGE_COUNTS]
    found = [*within, *across]
    if own not in found:
        found.append(own)
    return sorted(found, key=lambda split: (split.gpus, split.pp))


def _host(case: Case, stages: Sequence[Stage]) -> HostNeeds:
    settings = case.settings
    resident: float | None = settings.host_gib + sum(
        stage.gpus * stage.budget.offloaded_gib for stage in stages
    )
    if settings.cpu:
        resident = None if case.blind else _on_cpu(case, stages)
    shape_known = not (case.shape.missing or case.shape.doubts)
    return host_needs(
        settings.split.gpus,
        checkpoint_gib=None if case.files_bytes is None else case.files_bytes / GIB,
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
