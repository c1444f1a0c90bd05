# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The memory of a GPU as a drawn bar: one for each pipeline stage, to scale."""

from __future__ import annotations

from collections.abc import Iterator

from ..plan.model_plan import ModelPlan
from ..sizing.memory_plan import GpuMemory
from . import words
from .stages import PARTS, card_gib, free_gib, gpu_labels, missing_cache_gib, parts, taken_gib
from .tree import Element, el

# The classes of the parts, in the order of PARTS.
STYLES = ("weights", "activations", "graphs", "other", "cache")
_TOP, _HEIGHT, _ALL = 7, 22, 36


def can_draw(plan: ModelPlan) -> bool:
    """Whether every figure of every stage is known."""
    stages = plan.memory.stages
    return bool(stages) and all(free_gib(stage.memory) is not None for stage in stages)


def bars(plan: ModelPlan) -> Element:
    """All bars of a model; figures must be known (``can_draw``)."""
    stages, labels = plan.memory.stages, gpu_labels(plan)
    lacking = missing_cache_gib(plan) or 0.0
    figure = el("figure")
    for number, (stage, label) in enumerate(zip(stages, labels, strict=True), 1):
        name = label if len(stages) == 1 else f"{label} (stage {number} of {len(stages)})"
        figure.append(_stage(stage.memory, name, lacking))
    return figure


def patterns() -> Element:
    """The fillings that all bars share: told apart by their lines too, not by colour alone."""
    lines = {
        "weights": "",
        "activations": "M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4",
        "graphs": "",
        "other": "M0,4 h8 M4,0 v8",
        "cache": "M0,4 h8",
    }
    found = [_pattern(name, el("path", d=path, class_="ink")) for name, path in lines.items()]
    found[2].append(el("circle", cx="4", cy="4", r="1.6", class_="dot"))
    over = el("path", d="M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4", class_="alarm")
    found.append(_pattern("over", over))
    defs = el("defs", *found)
    return el("svg", defs, class_="defs", aria_hidden="true", focusable="false")


def swatch(name: str) -> Element:
    """A piece of a filling for the legend; ``asked`` is the mark, ``card`` room only."""
    svg = el("svg", class_="swatch", aria_hidden="true", focusable="false")
    if name == "asked":
        svg.extend(_mark("50%", 0, 15))
        return svg
    if name == "card":
        return svg
    size = {"width": "100%", "height": "100%"}
    if name in ("over", "lacking"):
        svg.append(el("rect", fill="url(#over)", class_=name, **size))
    elif name == "free":
        svg.append(el("rect", class_="outline f-free", **size))
    else:
        svg.append(el("rect", fill=f"url(#{name})", **size))
    return svg


def _pattern(name: str, *lines: Element) -> Element:
    back = el("rect", width="8", height="8", class_=f"f-{name}")
    pattern = el("pattern", back, *lines, id=name, width="8", height="8")
    pattern.set("patternUnits", "userSpaceOnUse")
    return pattern


def _stage(memory: GpuMemory, name: str, lacking: float) -> Element:
    total, taken = card_gib(memory) or 0.0, taken_gib(memory) or 0.0
    size = f"{words.gib(total)} GiB"
    if lacking:
        size += f", needs about {taken + lacking:.1f} GiB"
    elif taken > total:
        size += f", needs {words.gib(taken)} GiB"
    svg = el("svg", class_="bar", role="img", aria_label=f"{name}: {_spoken(memory, lacking)}")
    svg.extend(_drawing(memory, lacking))
    ends = el("div", el("strong", name), el("span", size), class_="ends")
    return el("div", ends, svg, class_="stage")


def _spoken(memory: GpuMemory, lacking: float) -> str:
    told = [
        f"{name} {words.gib(max(0.0, part or 0.0))}"
        for name, part in zip(PARTS, parts(memory), strict=True)
    ]
    free = free_gib(memory) or 0.0
    told.append(f"free {words.gib(free)}" if free >= 0 else f"too much {words.gib(-free)}")
    if lacking:
        told.append(f"missing cache about {words.gib(lacking)}")
    return f"{', '.join(told)}, of {words.gib(card_gib(memory))} GiB"


def _drawing(memory: GpuMemory, lacking: float) -> Iterator[Element]:
    """Rectangles in percent of the widest thing that is drawn: the card, or what is needed."""
    total, taken = card_gib(memory) or 0.0, taken_gib(memory) or 0.0
    scale = max(total, taken + lacking)
    start = 0.0
    for style, part in zip(STYLES, parts(memory), strict=True):
        size = max(0.0, part or 0.0)
        yield _rect(start, size, scale, f"part {style}", fill=f"url(#{style})")
        start += size
    if taken < total:
        yield _rect(taken, total - taken, scale, "part free f-free")
    if lacking:
        yield _rect(taken, lacking, scale, "lacking", fill="url(#over)")
    elif taken > total:
        yield _rect(total, taken - total, scale, "over", fill="url(#over)")
    yield _rect(0.0, total, scale, "outline")
    if memory.requested_gib is not None:
        yield from _mark(_percent(memory.requested_gib, scale), 0, _ALL)


def _rect(start: float, size: float, scale: float, style: str, fill: str | None = None) -> Element:
    place = {"x": _percent(start, scale), "width": _percent(size, scale)}
    return el("rect", class_=style, fill=fill, y=str(_TOP), height=str(_HEIGHT), **place)


def _mark(place: str, top: int, bottom: int) -> tuple[Element, Element]:
    """The share of the card that is asked for: a line with a head."""
    line = el("line", class_="mark", x1=place, x2=place, y1=str(top), y2=str(bottom))
    # A path knows no percent; a nested svg at that place does.
    head = el("path", d="M-5,0 h10 l-5,6 z", class_="mark-head")
    return line, el("svg", head, x=place, y=str(top), overflow="visible")


def _percent(size: float, scale: float) -> str:
    return f"{size / scale * 100:.4f}%" if scale > 0 else "0%"
