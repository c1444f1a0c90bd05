# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Memory plans as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..findings import WIDTH
from ..plan.model_plan import ModelPlan
from ..sizing.memory_plan import PipelineStage
from . import words
from .stages import PARTS, free_gib, parts, stage_names
from .text import columns, shorten_middle, wrap

_NAME_WIDTH, _LEAST_NAME = 24, 5
_INDENT, _LABEL = 2, 7
_LEGEND = (
    "Sizes are GiB. What is not known is -. The columns tokens and requests (of the",
    "full length) say what the cache holds, host is memory request/limit.",
)
_ANSWERS = {"fits": "yes", "does not fit": "NO", "not known": "unknown"}
_GPU_TITLES = ("GPUs", "weights", "act.", "graphs", "other", "KV", "free")
_POD_TITLES = ("tokens", "requests", "host", "cpu", "shm", "disk", "fits")


def plan_lines(plans: Sequence[ModelPlan]) -> list[str]:
    """The plans as lines of at most 80 columns: two tables and the details for each cluster."""
    if not plans:
        return ["No models to plan."]
    lines = [*_LEGEND]
    for cluster, group in words.by_cluster(plans).items():
        lines += ["", *_cluster(cluster, group)]
    return lines


def _cluster(cluster: str, plans: Sequence[ModelPlan]) -> Iterator[str]:
    title = f"{cluster} - {words.summary(plans)}" if cluster else words.summary(plans)
    yield from wrap(title, WIDTH)
    yield ""
    yield from _rows("GiB on each GPU", _GPU_TITLES, list(_gpu_rows(plans)))
    yield ""
    pods = [(plan.sources.name, _pod_cells(plan)) for plan in plans]
    yield from _rows("for each pod", _POD_TITLES, pods)
    for plan in plans:
        yield ""
        yield from _details(plan)


def _gpu_rows(plans: Sequence[ModelPlan]) -> Iterator[tuple[str, list[str]]]:
    """A row for each model, or for each of its stages."""
    for plan in plans:
        model = plan.sources.name
        if not plan.memory.stages:
            is_cpu = plan.sources.accelerator == "cpu"
            gpus = "cpu" if is_cpu else words.count(plan.sources.gpus_per_pod)
            yield model, [gpus, *[words.UNKNOWN] * (len(PARTS) + 1)]
        named = zip(plan.memory.stages, stage_names(plan), strict=True)
        for index, (stage, name) in enumerate(named):
            *others, cache = parts(stage.memory)
            sizes = [*map(words.gib, others), words.cache_gib(cache)]
            free = words.cache_gib(free_gib(stage.memory))
            yield "" if index else model, [_gpus(plan, stage, name), *sizes, free]


def _gpus(plan: ModelPlan, stage: PipelineStage, name: str) -> str:
    if plan.sources.accelerator == "cpu":
        return "cpu"
    return name if len(plan.memory.stages) > 1 else str(stage.gpus)


def _pod_cells(plan: ModelPlan) -> list[str]:
    cache, host = plan.memory.kv_cache, plan.memory.host
    request, limit = words.plain(host.memory_request_gib), words.plain(host.memory_limit_gib)
    return [
        words.count(cache.tokens),
        words.times(cache.max_concurrency),
        words.UNKNOWN if request == limit == words.UNKNOWN else f"{request}/{limit}",
        words.plain(host.cpu),
        words.plain(host.shm_gib),
        words.plain(plan.memory.claim_gib),
        _ANSWERS[words.verdict(plan)],
    ]


def _rows(
    title: str, titles: Sequence[str], rows: Sequence[tuple[str, list[str]]]
) -> Iterator[str]:
    """A table; the column of the names takes what the others leave."""
    cells = [titles, *[cells for dummy, cells in rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    longest = min(_NAME_WIDTH, max(columns(name) for name in (title, *dict(rows))))
    # Two columns of space where the terminal has them.
    gap = 2 if longest + sum(widths) + 2 * len(widths) <= WIDTH else 1
    widths = [width + gap for width in widths]
    rest = sum(widths)
    left = max(_LEAST_NAME, min(longest, WIDTH - rest))
    yield _row(title, left, titles, widths)
    yield "-" * (left + rest)
    for name, found in rows:
        yield _row(name, left, found, widths)


def _row(name: str, left: int, cells: Sequence[str], widths: Sequence[int]) -> str:
    """One line; cells stand at the right of their column."""
    short = shorten_middle(name, left)
    line = short + " " * (left - columns(short))
    for cell, width in zip(cells, widths, strict=True):
        line += f"{cell:>{width}}"
    return line


def _details(plan: ModelPlan) -> Iterator[str]:
    """What the tables have no room for: sources, lengths, reasons with their fixes, notes."""
    memory, sources = plan.memory, plan.sources
    confidence = f" ({memory.confidence})" if memory.confidence != "unknown" else ""
    yield from wrap(f"{sources.name}: {words.verdict(plan)}{confidence}", WIDTH)
    texts: list[tuple[str, str]] = []
    for reason in memory.reasons:
        texts += [("why", reason.message), ("fix", reason.fix)]
    texts += [
        ("room", words.way_out(plan)),
        ("sets", words.will_set(plan)),
        ("cache", words.requests(plan) if memory.kv_cache.max_concurrency else ""),
        ("runs", words.where(plan)),
        ("model", ", vLLM ".join(text for text in (sources.model, sources.vllm_version) if text)),
        ("shape", words.checkpoint_source(plan)),
        ("GPU", words.gpu_source(plan)),
    ]
    texts += [("note", note) for note in words.all_notes(plan)]
    for label, text in texts:
        if text:
            yield from _labelled(label, text)


def _labelled(label: str, text: str) -> Iterator[str]:
    start = " " * _INDENT + f"{label:<{_LABEL}}"
    for line in wrap(text, WIDTH - len(start)):
        yield start + line
        start = " " * len(start)
