# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The memory of each pipeline stage of one model, and the cache that it leaves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .. import releases
from ..units import GIB
from .cards import Card
from .case import Case
from .checkpoint_size import has_unknown_format
from .kv_cache import KV_DTYPES, CacheLayout, layout, printed_tokens, request_blocks, stage_layers
from .memory_plan import KvCache
from .overheads import activation_gib, adapters_gib, cuda_graph_gib, non_torch_gib
from .rules import Budget, has_block_limit, safe_seqs
from .settings import Settings
from .weights import buffers_bytes, mtp_layer_bytes, stage_weights_bytes


@dataclass(frozen=True)
class Figures:
    """One rank's memory (the one with the least room), and the cache that follows."""

    budget: Budget
    kv_cache: KvCache
    layout: CacheLayout | None


def evaluate(case: Case) -> list[Figures]:
    """The figures of each pipeline stage in order; stages that are alike are computed once."""
    cached = stage_layers(case.shape, case.settings.cache, case.settings.split.pp)
    if len(cached) == 1:
        return [_stage_figures(case, 0, cached[0])]
    results: dict[Any, Figures] = {}
    found = []
    for stage, which in enumerate(cached):
        layers = case.shape.layers[which.start : which.stop]
        # With several kinds of layers the groups may fall differently on stages that look alike.
        key: Any = which
        if len({layer.mixer for layer in layers}) == 1:
            formats = tuple(case.quant.layer_formats.get(index, ()) for index in which)
            key = (stage == 0, stage == len(cached) - 1, layers, formats)
        if key not in results:
            results[key] = _stage_figures(case, stage, which)
        found.append(results[key])
    return found


def by_room(stages: Sequence[Figures]) -> list[Figures]:
    """Stages that differ, the one with the least room first."""
    return sorted({id(figures): figures for figures in stages}.values(), key=_room)


def _room(figures: Figures) -> tuple[float, float]:
    blocks, budget = figures.kv_cache.num_blocks, figures.budget
    return (math.inf if blocks is None else blocks, -(budget.weights_gib or 0.0))


def _stage_figures(case: Case, stage: int, which: range) -> Figures:
    shape, settings = case.shape, case.settings
    weights = _stage_weights_gib(case, stage, which)
    # No more than the weights can lie in host memory (--cpu-offload-gb).
    offloaded = min(settings.offload_gib, weights or 0.0)
    on_card = None if weights is None else weights - offloaded
    parts = _stage_budget(case, stage, on_card, offloaded)
    if shape.missing_kv_fields or not which or settings.cache.kv_dtype not in KV_DTYPES:
        return Figures(parts, KvCache(), None)
    cut = layout(shape, settings.cache, settings.split.tp, which)
    if cut is None:
        return Figures(parts, KvCache(), None)
    needed = None
    if settings.length:
        blocks = request_blocks(shape, settings.cache, cut, settings.length)
        needed = blocks * _checked_block_bytes(cut, settings) / GIB
    cache = _kv_cache(case, parts.kv_cache_gib, needed, cut)
    budget = replace(
        parts,
        needed_gib=needed,
        block_gib=cut.bytes_per_block / GIB,
        blocks=cache.num_blocks,
    )
    return Figures(budget, cache, cut)


def _checked_block_bytes(cut: CacheLayout, settings: Settings) -> int:
    """What the server's check takes for one block."""
    ignored = settings.release.within(releases.STAGES_IGNORED)
    return cut.whole_model_block if ignored else cut.bytes_per_block


def checked_blocks(case: Case, figures: Figures) -> int | None:
    """Blocks that one request may take on a stage by the server's check; None if not known."""
    cut, available = figures.layout, figures.budget.kv_cache_gib
    if cut is None or available is None:
        return None
    blocks = int(available * GIB // _checked_block_bytes(cut, case.settings))
    # The pool keeps one block back, which the check leaves out.
    return max(0, blocks - case.settings.release.since(releases.NULL_BLOCK_LEFT_OUT))


def _stage_weights_gib(case: Case, stage: int, which: range) -> float | None:
    shape, settings, split = case.shape, case.settings, case.settings.split
    unknown = has_unknown_format(case.quant) or bool(shape.doubts)
    if shape.missing_weight_fields or (unknown and case.weights_bytes is None):
        # The size alone, evenly: better than nothing, and never more than an estimate.
        given = case.weights_bytes
        return None if given is None else given / (split.tp * split.pp) / GIB
    size = stage_weights_bytes(shape, case.quant, split, stage) * case.scale
    seen = 0 if settings.text_only else settings.tokens
    size += buffers_bytes(shape, settings.release, seen)
    if stage == split.pp - 1:
        size += _draft_bytes(case)
    slots, rank = settings.adapters
    layers = shape.layers[which.start : which.stop]
    adapters = adapters_gib(shape, split, layers, slots=slots, rank=rank)
    return size / GIB + adapters


def _draft_bytes(case: Case) -> float:
    """Weights of the layers that draft tokens, on one rank."""
    layers, split = case.settings.cache.draft_layers, case.settings.split
    if case.draft_bytes is None:
        return layers * mtp_layer_bytes(case.shape, case.quant, split)
    return case.draft_bytes / split.tp * layers / max(1, case.shape.mtp_layers)


def _stage_budget(case: Case, stage: int, weights: float | None, offloaded: float) -> Budget:
    """What one rank's memory goes to, as far as it is known."""
    settings, shape = case.settings, case.shape
    if settings.cpu:
        return Budget(
            weights_gib=weights, kv_cache_gib=settings.kv_given_gib, offloaded_gib=offloaded
        )
    activation = graphs = None
    if not shape.missing_weight_fields:
        activation = activation_gib(
            shape,
            case.quant,
            settings.split,
            settings.release,
            tokens=settings.tokens,
            seqs=settings.seqs,
            # A pooling model samples nothing.
            last_stage=stage == settings.split.pp - 1 and not case.told.pools,
        )
        graphs = cuda_graph_gib(shape, settings.seqs, settings.release, eager=settings.eager)
    budget = Budget(
        weights_gib=weights,
        activation_gib=activation,
        cuda_graph_gib=graphs,
        kv_cache_gib=settings.kv_given_gib,
        offloaded_gib=offloaded,
    )
    return budget if settings.card is None else _on_card(budget, settings, settings.card)


def _on_card(budget: Budget, settings: Settings, card: Card) -> Budget:
    """requested = total x utilization; what is left of it is the cache (gpu_worker.py)."""
    other = non_torch_gib(settings.split, card, settings.release)
    requested = card.memory_gib * settings.utilization
    available = budget.kv_cache_gib
    if available is None and budget.weights_gib is not None and budget.activation_gib is not None:
        available = requested - budget.weights_gib - budget.activation_gib - other
        if settings.release.since(releases.GRAPHS_IN_BUDGET):
            available -= budget.cuda_graph_gib or 0.0
    return replace(
        budget,
        total_gib=card.memory_gib,
        requested_gib=requested,
        non_torch_gib=other,
        kv_cache_gib=available,
    )


def _kv_cache(
    case: Case, available: float | None, needed: float | None, cut: CacheLayout
) -> KvCache:
    """Blocks and tokens of a known amount of memory; sizes are GiB."""
    settings = case.settings
    known = KvCache(
        block_size=cut.block_size,
        bytes_per_token=round(cut.bytes_per_token),
        request_tokens=settings.length,
        request_gib=None if needed is None else round(needed, 4),
    )
    if available is None:
        return known
    blocks = max(0, int(available * GIB // cut.bytes_per_block))
    concurrency = None
    if settings.length:
        per_request = request_blocks(case.shape, settings.cache, cut, settings.length)
        concurrency = blocks / per_request
    elif cut.group_count > 1 and settings.release.since(releases.CACHE_LINE_BY_LENGTH):
        return replace(known, num_blocks=blocks)
    tokens = printed_tokens(cut, settings.cache, blocks, concurrency, settings.length or 0)
    return replace(known, num_blocks=blocks, tokens=tokens, max_concurrency=concurrency)


def with_fewer_seqs(case: Case, stages: list[Figures]) -> tuple[Case, list[Figures], int | None]:
    """A hybrid model with as many requests as it has blocks for.

    Fewer requests also shrink the sampler's memory, so the figures are solved a second time.
    """
    blocks = _fewest_blocks(stages)
    limited = has_block_limit(case.settings)
    if blocks is None or not limited or safe_seqs(blocks) >= case.settings.seqs:
        return case, stages, None
    for dummy in range(2):
        seqs = min(case.settings.seqs, safe_seqs(_fewest_blocks(stages) or 0))
        stages = evaluate(replace(case, settings=replace(case.settings, seqs=seqs)))
    return replace(case, settings=replace(case.settings, seqs=seqs)), stages, seqs


def _fewest_blocks(stages: Sequence[Figures]) -> int | None:
    return by_room(stages)[0].kv_cache.num_blocks
