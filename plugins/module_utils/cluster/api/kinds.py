# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The order in which objects are sent: what others stand on comes first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from .objects import ObjectId

CLUSTER, CONFIG, WORKLOADS, ROUTES = range(4)

_PHASE_OF_KIND = {
    "Namespace": CLUSTER,
    "CustomResourceDefinition": CLUSTER,
    "StorageClass": CLUSTER,
    "PersistentVolume": CLUSTER,
    "PriorityClass": CLUSTER,
    "RuntimeClass": CLUSTER,
    "ClusterRole": CLUSTER,
    "ClusterRoleBinding": CLUSTER,
    "ServiceAccount": CONFIG,
    "Role": CONFIG,
    "RoleBinding": CONFIG,
    "ResourceQuota": CONFIG,
    "LimitRange": CONFIG,
    "ConfigMap": CONFIG,
    "Secret": CONFIG,
    "PersistentVolumeClaim": CONFIG,
    "Deployment": WORKLOADS,
    "StatefulSet": WORKLOADS,
    "DaemonSet": WORKLOADS,
    "ReplicaSet": WORKLOADS,
    "Job": WORKLOADS,
    "CronJob": WORKLOADS,
    "Pod": WORKLOADS,
}
Item = TypeVar("Item")


def phase(kind: str) -> int:
    """Return the phase of a kind; routes, policies and unknown kinds come last."""
    return _PHASE_OF_KIND.get(kind, ROUTES)


def in_phases(items: Iterable[tuple[ObjectId, Item]]) -> list[list[tuple[ObjectId, Item]]]:
    """Group items by phase, first phase first; empty phases are left out."""
    groups: dict[int, list[tuple[ObjectId, Item]]] = {}
    for name, item in items:
        groups.setdefault(phase(name.kind), []).append((name, item))
    return [groups[number] for number in sorted(groups)]
