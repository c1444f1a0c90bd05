# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Memory plans as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from unicodedata import east_asian_width

from . import words
from .read import PARTS, Plan, Stage, by_cluster, read_plans

WIDTH = 80
_NAME_WIDTH, _LEAST_NAME = 24, 5
_INDENT, _LABEL = 2, 7
_LEGEND = (
    "Sizes are GiB. What is not known is -. The columns tokens and requests (of the",
    "full length) say what the cache holds, host is memory request/limit.",
)
_ANSWERS = {"fits": "yes", "does not fit": "NO", "not known": "unknown"}
_GPU_TITLES = ("GPUs", "weights", "act.", "graphs", "other", "KV", "free")
_POD_TITLES = ("tokens", "requests", "host", "cpu", "shm", "disk", "fits")


def plan_lines(plans: Any) -> list[str]:
    """The plans as lines of at most 80 columns: two tables and the details for each cluster.

    ``plans`` is a list with one mapping for each model: the keys of the filter ``memory_plan``,
    and what the model runs on. Sizes are GiB. What is not known is ``-``. Raises ValueError that
    names the path of a value that cannot be shown.
    """
    read = read_plans(plans)
    if not read:
        return ["No models to plan."]
    lines = [*_LEGEND]
    for cluster, group in by_cluster(read).items():
        lines += ["", *_cluster(cluster, group)]
    return lines


def _cluster(cluster: str, plans: Sequence[Plan]) -> Iterator[str]:
    title = f"{cluster} - {words.summary(plans)}" if cluster else words.summary(plans)
    yield from wrap(title, WIDTH)
    yield ""
    yield from _rows("GiB on each GPU", _GPU_TITLES, list(_gpu_rows(plans)))
    yield ""
    yield from _rows("for each pod", _POD_TITLES, [(p.name, _pod_cells(p)) for p in plans])
    for plan in plans:
        yield ""
        yield from _details(plan)


def _gpu_rows(plans: Sequence[Plan]) -> Iterator[tuple[str, list[str]]]:
    """A row for each model, or for each of its stages."""
    for plan in plans:
        if not plan.stages:
            gpus = words.count(plan.gpus_per_pod)
            unknown = [words.UNKNOWN] * (len(PARTS) + 1)
            yield plan.name, ["cpu" if plan.accelerator == "cpu" else gpus, *unknown]
        names = plan.stage_names
        for index, stage in enumerate(plan.stages):
            parts = [*map(words.gib, stage.parts[:-1]), words.cache_gib(stage.parts[-1])]
            gpus = _gpus(plan, stage, names[index])
            yield "" if index else plan.name, [gpus, *parts, words.cache_gib(stage.free)]


def _gpus(plan: Plan, stage: Stage, name: str) -> str:
    if plan.accelerator == "cpu":
        return "cpu"
    return name if len(plan.stages) > 1 else str(len(stage.gpus))


def _pod_cells(plan: Plan) -> list[str]:
    request, limit = words.plain(plan.host.memory_request), words.plain(plan.host.memory_limit)
    return [
        words.count(plan.tokens),
        words.times(plan.concurrency),
        words.UNKNOWN if request == limit == words.UNKNOWN else f"{request}/{limit}",
        words.plain(plan.host.cpu),
        words.plain(plan.host.shm),
        words.plain(plan.host.claim),
        _ANSWERS[plan.verdict],
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
    short = _fitted(name, left)
    line = short + " " * (left - columns(short))
    for cell, width in zip(cells, widths, strict=True):
        line += f"{cell:>{width}}"
    return line


def _details(plan: Plan) -> Iterator[str]:
    """What the tables have no room for: sources, lengths, reasons with their fixes, notes."""
    confidence = f" ({plan.confidence})" if plan.confidence != "unknown" else ""
    yield from wrap(f"{plan.name}: {plan.verdict}{confidence}", WIDTH)
    texts: list[tuple[str, str]] = []
    for reason in plan.reasons:
        texts += [("why", reason.message), ("fix", reason.fix)]
    texts += [
        ("room", words.way_out(plan)),
        ("sets", words.will_set(plan)),
        ("cache", words.requests(plan) if plan.concurrency else ""),
        ("runs", words.where(plan)),
        ("model", ", vLLM ".join(part for part in (plan.model, plan.vllm_version) if part)),
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


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most so many columns; a word that is longer is broken."""
    lines = [""]
    for word in text.split():
        rest = word
        if lines[-1] and columns(lines[-1]) + 1 + columns(rest) > width:
            lines.append("")
        while columns(rest) > width:
            head = _head(rest, width)
            lines[-1:] = [head, ""]
            rest = rest[len(head) :]
        lines[-1] = f"{lines[-1]} {rest}" if lines[-1] else rest
    return [line for line in lines if line]


def columns(text: str) -> int:
    """How many columns of a terminal a text takes; East Asian characters take two."""
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


def _head(text: str, width: int) -> str:
    end = len(text)
    while columns(text[:end]) > width:
        end -= 1
    return text[:end]


def _fitted(text: str, width: int) -> str:
    """The text without its middle if it is too long: names differ at their ends."""
    if columns(text) <= width:
        return text
    half = (width - 3) // 2
    end = _head(text[::-1], half)[::-1]
    return _head(text, width - 3 - columns(end)).rstrip() + "..." + end.lstrip()
