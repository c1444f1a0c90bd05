# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Whether one case fits: its figures, how far they can be trusted, and what vLLM refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .cards import LARGEST
from .case import Case
from .confidence import judge, margin_gib
from .figures import Figures, by_room, checked_blocks, evaluate, with_fewer_seqs
from .kv_cache import longest, request_blocks
from .memory_plan import Reason
from .rules import (
    mamba_reasons,
    memory_reasons,
    shape_reasons,
    startup_reasons,
)

# The order in which vLLM finds them.
_ORDER = ("free_memory", "weights", "no_kv_memory", "kv_cache", "mamba_blocks", "startup_oom")
# A context that nobody limits is looked for up to here.
_UNLIMITED = 2**27


@dataclass(frozen=True)
class Verdict:
    """A case with the numbers that depend on its own figures, and what is to be said of it.

    ``stages``: the figures of each pipeline stage in order. ``max_num_seqs``: what to give the
    server where a hybrid model needs less than its default. ``doubted``: rules that fail by these
    figures, and are no reason to refuse, because something is not known.
    """

    case: Case
    stages: tuple[Figures, ...]
    max_num_seqs: int | None
    confidence: str
    notes: tuple[str, ...]
    reasons: tuple[Reason, ...]
    doubted: tuple[Reason, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether nothing is refused."""
        return not self.reasons

    @property
    def failing(self) -> tuple[Reason, ...]:
        """All rules that fail, those in doubt too: nothing that fails is to be advised."""
        return self.reasons + self.doubted

    @property
    def tightest(self) -> Figures:
        """The stage with the least room."""
        return by_room(self.stages)[0]

    @property
    def knows_cache(self) -> bool:
        """Whether the formulas are this model's, and the flags those of its server."""
        return not (self.case.blind or self.case.shape.doubts)


def decide(case: Case) -> Verdict:
    """Judge a case by all rules."""
    stages, suggested = evaluate(case), None
    if case.shape.is_hybrid and not case.settings.seqs_given and not case.blind:
        case, stages, suggested = with_fewer_seqs(case, stages)
    if case.settings.fit_length:
        case, stages = _with_fitting_length(case, stages)
    confidence, notes = judge(case, by_room(stages)[0].budget)
    reasons, doubted = [] if case.blind else find_reasons(case, stages), []
    if confidence == "unknown":
        doubted = [reason for reason in reasons if not _is_certain(reason, case)]
        reasons = [reason for reason in reasons if _is_certain(reason, case)]
        reasons += _beyond_any_card(case, reasons)
    return Verdict(
        case, tuple(stages), suggested, confidence, tuple(notes), tuple(reasons), tuple(doubted)
    )


def _with_fitting_length(case: Case, stages: list[Figures]) -> tuple[Case, list[Figures]]:
    """The longest context that fits in place of the checkpoint's own (max_model_len ``auto``)."""
    length = longest_held(case, stages)
    if length is None:
        return case, stages
    shorter = replace(case, settings=replace(case.settings, length=max(1, length)))
    return shorter, evaluate(shorter)


def find_reasons(case: Case, stages: Sequence[Figures]) -> list[Reason]:
    """All rules that fail, in vLLM's order; each once, as it fails on the tightest stage."""
    found: dict[str, Reason] = {}
    for figures in by_room(stages):
        for reason in _stage_reasons(case, figures):
            found.setdefault(reason.rule, reason)
    ordered = sorted(found.values(), key=lambda reason: _ORDER.index(reason.rule))
    return shape_reasons(case.shape, case.quant, case.settings) + ordered


def _stage_reasons(case: Case, figures: Figures) -> list[Reason]:
    shape, quant, settings, budget = case.shape, case.quant, case.settings, figures.budget
    margin = margin_gib(case, budget)
    reasons = memory_reasons(budget, settings, margin, is_sure=not quant.doubt)
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
    if (
        known
        or found
        or case.blind
        or case.shape.doubts
        or case.shape.missing_fields
        or case.quant.doubt
    ):
        return []
    largest = replace(case, settings=replace(settings, card=LARGEST))
    reasons = [
        reason
        for reason in find_reasons(largest, evaluate(largest))
        if reason.rule in ("weights", "kv_cache")
    ]
    return [replace(reason, message=f"on the largest GPU: {reason.message}") for reason in reasons]


def longest_held(case: Case, stages: Sequence[Figures]) -> int | None:
    """The longest context, within what the checkpoint allows, that the cache of all stages holds.

    None if the cache is not known, or if nothing limits the context.
    """
    limit = case.settings.longest or _UNLIMITED
    found = limit
    for figures in by_room(stages):
        blocks = checked_blocks(case, figures)
        if figures.layout is None or blocks is None:
            return None
        found = longest(case.shape, case.settings.cache, figures.layout, blocks, found)
    return None if found == _UNLIMITED else found


def is_held(case: Case, stages: Sequence[Figures], length: int) -> bool:
    """Whether the cache of all stages holds a request of so many tokens, without any margin."""
    for figures in by_room(stages):
        blocks = checked_blocks(case, figures)
        if figures.layout is None or blocks is None:
            return False
        if request_blocks(case.shape, case.settings.cache, figures.layout, length) > blocks:
            return False
    return True
