# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Whether a model fits, with what cache, and what to ask for around it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from ..spec.model import Gpu, Model
from .cards import Card
from .host import HostNeeds, host_needs
from .kv_cache import Layout, layout, longest, printed_tokens, request_blocks
from .overheads import activation_gib, cuda_graph_gib, non_torch_gib
from .quantization import Quantization, read_quantization
from .rules import (
    Budget,
    Reason,
    mamba_reasons,
    memory_reasons,
    safe_seqs,
    shape_reasons,
    startup_reasons,
)
from .settings import (
    Settings,
    is_first_mla,
    model_dtype,
    pick_card,
    read_settings,
    resolve_release,
)
from .shape import ModelShape, read_shape
from .units import GIB, GRAPHS_IN_BUDGET
from .weights import Split, checkpoint_bytes, mtp_layer_bytes, stage_weights_bytes, stages

# Above these a figure is an estimate: layouts and libraries there were seen too seldom.
_LARGE_MOE_PARAMS, _MANY_RANKS = 200e9, 8
_GPU_COUNTS = (1, 2, 4, 8)
_STAGE_COUNTS = (2, 4, 8)
# A context that nobody limits is looked for up to here.
_UNLIMITED = 2**27
_NO_LENGTH = "max_model_len is not known"


@dataclass(frozen=True)
class Case:
    """One model with its settings, and what the checkpoint's real size says about the formulas.

    ``scale``: bytes of the checkpoint as given, over those that the shape would give.
    """

    shape: ModelShape
    quant: Quantization
    settings: Settings
    weights_bytes: int | None
    scale: float = 1.0


@dataclass(frozen=True)
class KvCache:
    """The cache of one replica. ``bytes_per_token``: per GPU, all layers."""

    block_size: int | None = None
    num_blocks: int | None = None
    tokens: int | None = None
    max_concurrency: float | None = None
    bytes_per_token: int | None = None


@dataclass(frozen=True)
class Figures:
    """One rank's memory (the one with the least room), and the cache that follows."""

    budget: Budget
    kv_cache: KvCache
    layout: Layout | None


@dataclass(frozen=True)
class MemoryPlan:
    """The answer. ``notes`` say why ``confidence`` is not ``exact``.

    ``max_num_seqs``: what to give the server where a hybrid model needs less than its default.
    """

    fits: bool
    confidence: str
    reasons: tuple[Reason, ...]
    notes: tuple[str, ...]
    missing: tuple[str, ...]
    budget: Budget
    kv_cache: KvCache
    max_model_len_that_fits: int | None
    minimum_gpus: int | None
    max_num_seqs: int | None
    host: HostNeeds

    def as_dict(self) -> dict[str, Any]:
        """The plan as the filter ``memory_plan`` gives it: plain values, GiB to 3 places."""
        budget = self.budget
        names = (
            "total_gib", "requested_gib", "weights_gib", "activation_gib", "non_torch_gib",
            "cuda_graph_gib", "kv_cache_gib",
        )  # fmt: skip
        return {
            "fits": self.fits,
            "confidence": self.confidence,
            "reasons": [dict(vars(reason)) for reason in self.reasons],
            "notes": list(self.notes),
            "missing": list(self.missing),
            "per_gpu": {name: _rounded(getattr(budget, name), 4) for name in names},
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


def _rounded(value: float | None, places: int) -> float | None:
    return None if value is None else round(value, places)


def plan_memory(
    model: Model, *, gpu: Gpu | None = None, vllm_version: str | None = None
) -> MemoryPlan:
    """Size a model. ``gpu`` and ``vllm_version`` win over the model's own.

    Raises ValueError for a configuration whose fields are impossible or contradict each other;
    fields that are absent make the answer ``unknown`` and are named in it.
    """
    case = _case(model, gpu, vllm_version)
    figures = evaluate(case)
    suggested = None
    if case.shape.is_hybrid and not case.settings.seqs_given:
        case, figures, suggested = _with_fewer_seqs(case, figures)
    confidence, notes = judge(case)
    reasons = find_reasons(case, figures, confidence)
    # Without a known shape only what is certain counts: a cut that does not come out even.
    if confidence == "unknown":
        reasons = [reason for reason in reasons if _is_certain(reason, case)]
    return MemoryPlan(
        fits=not reasons,
        confidence=confidence,
        reasons=tuple(reasons),
        notes=tuple(notes),
        missing=case.shape.missing,
        budget=_first_rank(case),
        kv_cache=figures.kv_cache,
        max_model_len_that_fits=_longest(case, figures),
        minimum_gpus=_minimum_gpus(case, fits=not reasons),
        max_num_seqs=suggested,
        host=_host(case),
    )


def _case(model: Model, gpu: Gpu | None, version: str | None) -> Case:
    shape = read_shape(model.config)
    if shape.mla and is_first_mla(resolve_release(model, version)):
        shape = replace(shape, mla=replace(shape.mla, fused=True))
    dtype = model_dtype(model)
    quant = read_quantization(model.config, model.quantization, dtype)
    given, own = gpu or Gpu(product=None, memory_gib=None, count=None), model.gpu
    # A card that is given replaces the model's as a whole: half of each would be a third card.
    chosen = given if given.product or given.memory_gib else own
    card = pick_card(model, chosen.product, chosen.memory_gib)
    settings = read_settings(model, shape, quant, version=version, card=card)
    return Case(shape, quant, settings, model.weights_bytes, _scale(shape, quant, model))


def _scale(shape: ModelShape, quant: Quantization, model: Model) -> float:
    """What the checkpoint's real size says about the computed one."""
    if model.weights_bytes is None or shape.missing_for_weights:
        return 1.0
    computed = checkpoint_bytes(shape, quant)
    return model.weights_bytes / computed if computed > 0 else 1.0


def evaluate(case: Case) -> Figures:
    """Memory and cache of the stage that has the least room."""
    ranges = stages(len(case.shape.layers), case.settings.split.pp)
    results: dict[tuple[bool, bool, tuple[str, ...]], Figures] = {}
    for stage, which in enumerate(ranges):
        mixers = tuple(case.shape.layers[index].mixer for index in which)
        key = (stage == 0, stage == len(ranges) - 1, mixers)
        if key not in results:
            results[key] = _stage_figures(case, stage, mixers)
    return min(results.values(), key=_room)


def _first_rank(case: Case) -> Budget:
    """The memory of rank 0, whose lines vLLM's log shows; rules and cache go by the tightest."""
    which = stages(len(case.shape.layers), case.settings.split.pp)[0]
    return _stage_figures(case, 0, tuple(case.shape.layers[index].mixer for index in which)).budget


def _room(figures: Figures) -> tuple[float, float]:
    blocks, budget = figures.kv_cache.num_blocks, figures.budget
    return (math.inf if blocks is None else blocks, -(budget.weights_gib or 0.0))


def _stage_figures(case: Case, stage: int, mixers: tuple[str, ...]) -> Figures:
    shape, settings = case.shape, case.settings
    weights = _stage_weights_gib(case, stage)
    parts = _stage_budget(case, stage, weights)
    if shape.missing_for_kv or not mixers:
        return Figures(parts, KvCache(), None)
    cut = layout(shape, settings.cache, settings.split.tp, mixers)
    if cut is None:
        return Figures(parts, KvCache(), None)
    needed = None
    if settings.length:
        blocks = request_blocks(shape, settings.cache, cut, settings.length, 2)
        needed = blocks * cut.bytes_per_block / GIB
    budget = replace(parts, needed_gib=needed, block_gib=cut.bytes_per_block / GIB)
    cache = _kv_cache(case, budget, cut)
    return Figures(replace(budget, blocks=cache.num_blocks), cache, cut)


def _stage_weights_gib(case: Case, stage: int) -> float | None:
    shape, split = case.shape, case.settings.split
    unknown = _has_unknown_format(case) and case.weights_bytes is None
    if shape.missing_for_weights or unknown:
        # The size alone, evenly: better than nothing, and never more than an estimate.
        given = case.weights_bytes
        return None if given is None else given / (split.tp * split.pp) / GIB
    size = stage_weights_bytes(shape, case.quant, split, stage) * case.scale
    if case.settings.speculative and stage == split.pp - 1:
        size += shape.mtp_layers * mtp_layer_bytes(shape, case.quant, split)
    return size / GIB - case.settings.offload_gib


def _stage_budget(case: Case, stage: int, weights: float | None) -> Budget:
    """What one rank's memory goes to, as far as it is known."""
    settings, shape = case.settings, case.shape
    if settings.cpu:
        return Budget(weights_gib=weights, kv_cache_gib=settings.kv_given_gib)
    activation = graphs = None
    if not shape.missing_for_weights:
        activation = activation_gib(
            shape,
            case.quant,
            settings.split,
            settings.release,
            tokens=settings.tokens,
            seqs=settings.seqs,
            last_stage=stage == settings.split.pp - 1,
        )
        graphs = cuda_graph_gib(shape, settings.seqs, eager=settings.eager)
    budget = Budget(
        weights_gib=weights,
        activation_gib=activation,
        cuda_graph_gib=graphs,
        kv_cache_gib=settings.kv_given_gib,
    )
    return budget if settings.card is None else _on_card(budget, settings, settings.card)


def _on_card(budget: Budget, settings: Settings, card: Card) -> Budget:
    """requested = total x utilization; what is left of it is the cache (gpu_worker.py)."""
    other = non_torch_gib(settings.split, card, settings.release)
    requested = card.memory_gib * settings.utilization
    available = budget.kv_cache_gib
    if available is None and budget.weights_gib is not None and budget.activation_gib is not None:
        available = requested - budget.weights_gib - budget.activation_gib - other
        if settings.release.since(*GRAPHS_IN_BUDGET):
            available -= budget.cuda_graph_gib or 0.0
    return replace(
        budget,
        total_gib=card.memory_gib,
        requested_gib=requested,
        non_torch_gib=other,
        kv_cache_gib=available,
    )


def _kv_cache(case: Case, budget: Budget, cut: Layout) -> KvCache:
    """Blocks and tokens of a known amount of memory."""
    settings = case.settings
    known = KvCache(block_size=cut.block_size, bytes_per_token=round(cut.bytes_per_token))
    if budget.kv_cache_gib is None:
        return known
    blocks = max(0, int(budget.kv_cache_gib * GIB // cut.bytes_per_block))
    concurrency = None
    if settings.length:
        per_request = request_blocks(case.shape, settings.cache, cut, settings.length, 2)
        concurrency = blocks / per_request
    elif cut.group_count > 1 and settings.release.since(*GRAPHS_IN_BUDGET):
        return replace(known, num_blocks=blocks)
    tokens = printed_tokens(cut, settings.cache, blocks, concurrency, settings.length or 0)
    return replace(known, num_blocks=blocks, tokens=tokens, max_concurrency=concurrency)


def _with_fewer_seqs(case: Case, figures: Figures) -> tuple[Case, Figures, int | None]:
    """A hybrid model with as many requests as it has blocks for.

    Fewer requests also shrink the sampler's memory, so the figures are solved a second time.
    """
    blocks = figures.kv_cache.num_blocks
    if blocks is None or case.settings.eager or safe_seqs(blocks) >= case.settings.seqs:
        return case, figures, None
    for dummy in range(2):
        seqs = min(case.settings.seqs, safe_seqs(figures.kv_cache.num_blocks or 0))
        figures = evaluate(replace(case, settings=replace(case.settings, seqs=seqs)))
    return replace(case, settings=replace(case.settings, seqs=seqs)), figures, seqs


def judge(case: Case) -> tuple[str, list[str]]:
    """How far the figures can be trusted, and why not further."""
    unknown = _why_unknown(case)
    estimate = _why_estimate(case)
    if unknown:
        return "unknown", unknown + estimate
    return ("estimate" if estimate else "exact"), estimate


def _why_unknown(case: Case) -> list[str]:
    shape, settings = case.shape, case.settings
    why = list(shape.doubts)
    if shape.missing:
        why.append(f"config lacks {', '.join(shape.missing)}")
    if _has_unknown_format(case):
        why.append(case.quant.doubt)
    if settings.card is not None and settings.card.unified:
        why.append("the GPU shares memory with its host: what is free is not known beforehand")
    if settings.card is None and settings.kv_given_gib is None:
        if settings.cpu:
            why.append("kv_cache_memory_gib (VLLM_CPU_KVCACHE_SPACE) is not given")
        else:
            why.append("the GPU is not known; give gpu.memory_gib or gpu.product")
    return why


def _why_estimate(case: Case) -> list[str]:
    shape, settings, split = case.shape, case.settings, case.settings.split
    why = _why_card(settings)
    if shape.moe and shape.total_params > _LARGE_MOE_PARAMS:
        why.append("a mixture of experts above 200 billion parameters")
    if split.tp >= _MANY_RANKS:
        why.append(f"tensor_parallel_size {split.tp}: the libraries' buffers vary")
    if shape.sparse_index:
        why.append("sparse attention: the cache of its index is not included")
    if case.quant.doubt:
        why.append(case.quant.doubt)
    return list(dict.fromkeys(why + _why_settings(settings)))


def _why_card(settings: Settings) -> list[str]:
    why = []
    if settings.cpu:
        why.append("accelerator cpu: only the cache is computed")
    elif settings.card is None:
        why.append("the GPU is not known: only weights and cache are computed")
    elif not settings.card.listed:
        why.append("the card's memory follows from its catalogue size")
    if not settings.text_only:
        why.append("multimodal: what its encoder takes while profiling is not included")
    return why


def _why_settings(settings: Settings) -> list[str]:
    why = []
    if not settings.release.known:
        why.append("the version of vLLM is not known; 0.32 was assumed")
    if settings.speculative:
        why.append("speculative decoding: a draft model's weights and cache are not included")
    if settings.length is None:
        why.append(_NO_LENGTH)
    return why


def find_reasons(case: Case, figures: Figures, confidence: str) -> list[Reason]:
    """All rules that fail, in vLLM's order."""
    shape, quant, settings, budget = case.shape, case.quant, case.settings, figures.budget
    # A context that nobody named does not make the memory less certain.
    if confidence == "estimate" and _why_estimate(case) == [_NO_LENGTH]:
        confidence = "exact"
    reasons = shape_reasons(shape, quant, settings)
    reasons += memory_reasons(budget, settings, confidence)
    reasons += mamba_reasons(shape, budget, settings, confidence)
    return reasons + startup_reasons(budget, settings, quant)


def _is_certain(reason: Reason, case: Case) -> bool:
    """What holds although something else about the model is not known."""
    if reason.rule == "tensor_parallel_shape":
        return True
    if reason.rule == "kv_cache" and not case.shape.doubts:
        return case.settings.kv_given_gib is not None
    if case.shape.doubts or (case.settings.card is not None and case.settings.card.unified):
        return False
    return reason.rule in ("free_memory", "weights")


def _longest(case: Case, figures: Figures) -> int | None:
    """The longest context that fits, within what the checkpoint allows."""
    cut, blocks = figures.layout, figures.kv_cache.num_blocks
    if cut is None or blocks is None:
        return None
    if case.settings.release.since(*GRAPHS_IN_BUDGET):
        blocks -= 1
    limit = case.settings.longest or _UNLIMITED
    found = longest(case.shape, case.settings.cache, cut, max(0, blocks), limit)
    return None if found == _UNLIMITED else found


def _minimum_gpus(case: Case, *, fits: bool) -> int | None:
    """The smallest number of GPUs of this kind that carries the model, None when unknown."""
    settings, own = case.settings, case.settings.split
    if settings.card is None or settings.card.unified or case.shape.missing:
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
        if not find_reasons(other, _with_room(other), judge(other)[0]):
            return split.gpus
    return own.gpus if fits else None


def _with_room(case: Case) -> Figures:
    figures = evaluate(case)
    if case.shape.is_hybrid and not case.settings.seqs_given:
        return _with_fewer_seqs(case, figures)[1]
    return figures


def _splits(own: Split) -> list[Split]:
    """Tensor parallelism within a node first, then pipeline stages over nodes."""
    within = [replace(own, tp=tp, pp=1) for tp in _GPU_COUNTS]
    across = [replace(own, tp=_GPU_COUNTS[-1], pp=pp) for pp in _STAGE_COUNTS]
    found = [*within, *across]
    if own not in found:
        found.append(own)
    return sorted(found, key=lambda split: (split.gpus, split.pp))


def _host(case: Case) -> HostNeeds:
    shape, settings = case.shape, case.settings
    size: float | None = None
    if case.weights_bytes is not None:
        size = case.weights_bytes / GIB
    elif not shape.missing_for_weights and not _has_unknown_format(case):
        size = checkpoint_bytes(shape, case.quant) / GIB
    resident = 0.0
    if settings.cpu:
        resident = (size or 0.0) + (settings.kv_given_gib or 0.0) * settings.split.gpus
    return host_needs(
        settings.split.gpus,
        checkpoint_gib=size,
        processor_cache_gib=0.0
        if settings.text_only
        else settings.processor_cache_gib * (1 + settings.split.dp),
        offload_gib=settings.offload_gib,
        resident_gib=resident,
    )


def _has_unknown_format(case: Case) -> bool:
    """A format whose bytes per parameter are not known (a mixed NVFP4 one is roughly known)."""
    return bool(case.quant.doubt) and case.quant.name != "nvfp4"
