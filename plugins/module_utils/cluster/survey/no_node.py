# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Why no node takes a model's pods: one line of evidence for each reason, and the way out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ...findings import WIDTH, Finding
from ..api.objects import Object
from .gpu_labels import in_ascii
from .node_names import MOST_NAMES, nodes_in_words
from .placement import Barrier, Obstacle, obstacles

if TYPE_CHECKING:
    from ...spec.model import Model

MOST_VALUES = 5
# What a message puts before a line of evidence.
_ROOM = WIDTH - len("  | ")


def no_node(subject: str, nodes: Sequence[Object], model: Model, *, fix: str) -> Finding:
    """Return the error for a model whose pods none of the nodes takes.

    ``fix``: what else helps where the model is asked for.
    """
    if not nodes:
        return Finding.error("no_node", subject, "the cluster has no nodes", fix="add a node")
    kept_off = _kept_off(nodes, model)
    behind = {barrier: _behind(kept_off, barrier) for barrier in Barrier}
    fixes = [_fix(barrier, names) for barrier, names in behind.items() if names]
    return Finding.error(
        "no_node",
        subject,
        f"none of the {len(nodes)} nodes is ready and takes the model's pods",
        evidence=[_line(obstacle, names, nodes) for obstacle, names in kept_off.items()],
        fix=f"{'; '.join(fixes)}, or {fix}",
    )


def _kept_off(nodes: Iterable[Object], model: Model) -> dict[Obstacle, list[str]]:
    """Return the names of the nodes that each obstacle keeps the pods off, kind by kind."""
    found: dict[Obstacle, list[str]] = {}
    for node in nodes:
        for obstacle in obstacles(node, model):
            found.setdefault(obstacle, []).append(str(node["metadata"]["name"]))
    order = list(Barrier)
    return dict(sorted(found.items(), key=lambda entry: order.index(entry[0].barrier)))


def _behind(kept_off: Mapping[Obstacle, list[str]], barrier: Barrier) -> list[str]:
    """Return the names of the nodes behind all obstacles of a kind."""
    found = [names for obstacle, names in kept_off.items() if obstacle.barrier is barrier]
    return sorted({name for names in found for name in names})


def _line(obstacle: Obstacle, names: Sequence[str], nodes: Sequence[Object]) -> str:
    """Return one reason with the nodes that it keeps off; of many nodes as many as fit."""
    if obstacle.barrier is Barrier.SELECTOR and len(names) == len(nodes):
        return _missing_label(obstacle.detail, nodes)
    lines = [
        f"{_text(obstacle)}: {nodes_in_words(names, most)}" for most in range(MOST_NAMES, 0, -1)
    ]
    return next((line for line in lines if len(line) <= _ROOM), lines[-1])


def _missing_label(wanted: str, nodes: Iterable[Object]) -> str:
    """Tell which label no node has, and what the nodes have under its key."""
    key = wanted.partition("=")[0]
    labels = [node["metadata"].get("labels") or {} for node in nodes]
    values = sorted({in_ascii(found[key]) for found in labels if key in found})
    if not values:
        return f"no node has the label {wanted}, nor another one of the key {key}"
    more = ", …" if len(values) > MOST_VALUES else ""
    return f"no node has the label {wanted}; {key} is: {', '.join(values[:MOST_VALUES])}{more}"


def _text(obstacle: Obstacle) -> str:
    detail = obstacle.detail
    match obstacle.barrier:
        case Barrier.NOT_READY:
            return f"not ready ({detail})" if detail else "not ready"
        case Barrier.CORDONED:
            return "cordoned"
        case Barrier.SELECTOR:
            return f"without the label {detail}"
        case Barrier.AFFINITY:
            return f"not in the node affinity ({detail})"
        case Barrier.TAINT:
            return f"taint {detail}"


def _fix(barrier: Barrier, names: Sequence[str]) -> str:
    some = " ".join(names) if len(names) <= MOST_NAMES else "NODE"
    match barrier:
        case Barrier.NOT_READY:
            return f"kubectl describe node {some} (it tells why it is not ready)"
        case Barrier.CORDONED:
            return f"kubectl uncordon {some}"
        case Barrier.SELECTOR:
            return "correct node_selector"
        case Barrier.AFFINITY:
            return "correct affinity"
        case Barrier.TAINT:
            return "give tolerations for the taint"
