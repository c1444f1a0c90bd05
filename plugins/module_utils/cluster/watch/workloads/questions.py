# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What the watch asks about a workload; each kind answers in a file of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ...api.objects import Object
from ..store import Reader


@dataclass(frozen=True)
class WorkloadKind:
    """The answers of one kind.

    ``between``: the kinds that stand between it and its pods.
    ``wanted``: how many pods it wants now.
    ``makers``: the objects that make the pods of its newest revision; none while its controller
    has not made them yet.
    ``is_newest``: whether a pod of such a maker is of the newest revision.
    ``missing``: what its own status, with its makers, still lacks, "" when nothing.
    """

    kind: str
    between: tuple[str, ...]
    wanted: Callable[[Object], int]
    makers: Callable[[Reader, Object], list[Object]]
    is_newest: Callable[[Object, Object], bool]
    missing: Callable[[Object, list[Object]], str]


UNSEEN = "the controller has not seen the last change yet"


# The counts of a status whose pods are replicas, by the names to show.
REPLICA_COUNTS = {
    "total": "replicas",
    "updated": "updatedReplicas",
    "ready": "readyReplicas",
    "available": "availableReplicas",
}


def wanted_replicas(item: Object) -> int:
    """Return how many replicas a workload wants."""
    return int(item["spec"].get("replicas", 1))


def observed(item: Object) -> bool:
    """Tell whether the controller has seen the present generation of a workload."""
    status = item.get("status") or {}
    return int(status.get("observedGeneration", 0)) >= int(item["metadata"]["generation"])


def counted(item: Object, fields: Mapping[str, str], wanted: int) -> str:
    """Return the counts of a status, by the names to show, unless all are as wanted."""
    status = item.get("status") or {}
    counts = {name: int(status.get(key, 0)) for name, key in fields.items()}
    if all(count == wanted for count in counts.values()):
        return ""
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def label(pod: Object, name: str) -> str:
    """Return a label of a pod, "" when it has none of this name."""
    return str((pod["metadata"].get("labels") or {}).get(name, ""))
