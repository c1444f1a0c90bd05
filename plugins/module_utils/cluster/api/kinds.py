# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""One table of the kinds that are sent and read: names, place, order, and what a removal keeps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from .objects import ObjectId


class Phase(IntEnum):
    """What others stand on comes first: the order in which objects are sent."""

    CLUSTER = 0
    CONFIG = 1
    WORKLOADS = 2
    ROUTES = 3


@dataclass(frozen=True)
class Kind:
    """How a kind is addressed, when it is sent, and whether its data outlives a removal.

    ``built_in``: every Kubernetes has it under this name, so no server is asked about it.
    ``usable_phases``: the values of ``status.phase`` with which others can stand on an object.
    """

    group: str
    version: str
    kind: str
    plural: str
    phase: Phase = Phase.ROUTES
    namespaced: bool = True
    keep_on_removal: bool = False
    built_in: bool = True
    usable_phases: tuple[str, ...] = ()

    def path(self, namespace: str = "", name: str = "") -> str:
        """Return the URL path of one object, or of all objects of the kind in a place."""
        group = f"/apis/{self.group}" if self.group else "/api"
        place = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{group}/{self.version}{place}/{self.plural}" + (f"/{name}" if name else "")


_CLUSTER, _CONFIG, _WORKLOADS = Phase.CLUSTER, Phase.CONFIG, Phase.WORKLOADS

KINDS: tuple[Kind, ...] = (
    Kind("", "v1", "Namespace", "namespaces", _CLUSTER, namespaced=False, keep_on_removal=True),
    Kind("", "v1", "Node", "nodes", _CLUSTER, namespaced=False, keep_on_removal=True),
    Kind(
        "", "v1", "PersistentVolume", "persistentvolumes", _CLUSTER,
        namespaced=False, keep_on_removal=True, usable_phases=("Available", "Bound"),
    ),
    Kind(
        "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions",
        _CLUSTER, namespaced=False, keep_on_removal=True,
    ),
    Kind("storage.k8s.io", "v1", "StorageClass", "storageclasses", _CLUSTER, namespaced=False),
    Kind("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", _CLUSTER, namespaced=False),
    Kind("node.k8s.io", "v1", "RuntimeClass", "runtimeclasses", _CLUSTER, namespaced=False),
    Kind(
        "rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles",
        _CLUSTER, namespaced=False,
    ),
    Kind(
        "rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings",
        _CLUSTER, namespaced=False,
    ),
    Kind("", "v1", "ServiceAccount", "serviceaccounts", _CONFIG),
    Kind("rbac.authorization.k8s.io", "v1", "Role", "roles", _CONFIG),
    Kind("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", _CONFIG),
    Kind("", "v1", "ResourceQuota", "resourcequotas", _CONFIG),
    Kind("", "v1", "LimitRange", "limitranges", _CONFIG),
    Kind("", "v1", "ConfigMap", "configmaps", _CONFIG),
    Kind("", "v1", "Secret", "secrets", _CONFIG),
    Kind(
        "", "v1", "PersistentVolumeClaim", "persistentvolumeclaims",
        _CONFIG, keep_on_removal=True, usable_phases=("Bound",),
    ),
    Kind("apps", "v1", "Deployment", "deployments", _WORKLOADS),
    Kind("apps", "v1", "StatefulSet", "statefulsets", _WORKLOADS),
    Kind("apps", "v1", "DaemonSet", "daemonsets", _WORKLOADS),
    Kind("apps", "v1", "ReplicaSet", "replicasets", _WORKLOADS),
    Kind("batch", "v1", "Job", "jobs", _WORKLOADS),
    Kind("batch", "v1", "CronJob", "cronjobs", _WORKLOADS),
    Kind("", "v1", "Pod", "pods", _WORKLOADS),
    # An operator brings it: where it is not installed, discovery says so.
    Kind(
        "leaderworkerset.x-k8s.io", "v1", "LeaderWorkerSet", "leaderworkersets",
        _WORKLOADS, built_in=False,
    ),
    Kind("", "v1", "Service", "services"),
    Kind("", "v1", "Event", "events"),
    Kind("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"),
    Kind("networking.k8s.io", "v1", "Ingress", "ingresses"),
    Kind("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
    Kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"),
    Kind("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
)  # fmt: skip

# A group may come in several versions; phase and retention go by group and kind.
_BY_GROUP = {(kind.group, kind.kind): kind for kind in KINDS}
_BUILT_IN = {(kind.group, kind.version, kind.kind): kind for kind in KINDS if kind.built_in}
Item = TypeVar("Item")


def built_in(group: str, version: str, kind: str) -> Kind | None:
    """Return the row of a kind that every Kubernetes has; None for others."""
    return _BUILT_IN.get((group, version, kind))


def known(kind: str) -> Kind:
    """Return the row of a kind of ours by its name alone. Raises KeyError for another one."""
    return next(row for row in KINDS if row.kind == kind)


def phase(group: str, kind: str) -> Phase:
    """Return the phase of a kind; routes, policies and unknown kinds come last."""
    row = _BY_GROUP.get((group, kind))
    return row.phase if row else Phase.ROUTES


def keeps_data(group: str, kind: str) -> bool:
    """Tell whether a removal keeps objects of the kind unless the user asks for them to go too."""
    row = _BY_GROUP.get((group, kind))
    return row is not None and row.keep_on_removal


def in_phases(items: Iterable[tuple[ObjectId, Item]]) -> list[list[tuple[ObjectId, Item]]]:
    """Group items by phase, first phase first; empty phases are left out."""
    groups: dict[Phase, list[tuple[ObjectId, Item]]] = {}
    for name, item in items:
        groups.setdefault(phase(name.group, name.kind), []).append((name, item))
    return [groups[number] for number in sorted(groups)]
