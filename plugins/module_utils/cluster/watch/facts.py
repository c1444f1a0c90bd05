# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""One model's view of the store: its Deployment, the pods of the newest revision, their claims."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..api.objects import Object, uid
from .store import ContainerMemory, Store, container_statuses


@dataclass(frozen=True)
class Target:
    """One model to wait for, at most ``timeout_seconds`` after ``started`` (watcher's clock)."""

    name: str
    timeout_seconds: float
    started: float = 0.0


@dataclass(frozen=True)
class Container:
    """A container of a pod: its status and what is remembered of it."""

    name: str
    status: dict[str, Any]
    memory: ContainerMemory

    @property
    def waiting(self) -> dict[str, Any]:
        """Return the ``waiting`` state, empty when it does not wait."""
        return (self.status.get("state") or {}).get("waiting") or {}

    @property
    def running(self) -> bool:
        """Tell whether it runs."""
        return "running" in (self.status.get("state") or {})


@dataclass(frozen=True)
class Pod:
    """A pod of the newest revision."""

    item: Object
    containers: tuple[Container, ...]
    events: tuple[Object, ...]

    @property
    def name(self) -> str:
        """Return the pod's name."""
        return str(self.item["metadata"]["name"])

    @property
    def node(self) -> str:
        """Return the node that it was given, "" while it has none."""
        return str((self.item.get("spec") or {}).get("nodeName") or "")

    @property
    def ready(self) -> bool:
        """Tell whether its Ready condition is true."""
        return (condition(self.item, "Ready") or {}).get("status") == "True"

    def latest(self, *reasons: str) -> Object | None:
        """Return its newest event with one of these reasons."""
        found = [event for event in self.events if event.get("reason") in reasons]
        return found[-1] if found else None


@dataclass(frozen=True)
class Facts:
    """What the rules look at. ``nodes`` is None when they may not be read."""

    target: Target
    deployment: Object | None
    replica_set: Object | None
    pods: tuple[Pod, ...]
    events: tuple[Object, ...]
    claims: tuple[tuple[Object, tuple[Object, ...]], ...]
    nodes: tuple[Object, ...] | None
    # UIDs of the pods that the Service sends requests to; None when that cannot be read.
    served_by: frozenset[str] | None

    @property
    def wanted(self) -> int:
        """Return the number of replicas that the Deployment asks for."""
        if self.deployment is None:
            return 0
        return int(self.deployment["spec"].get("replicas", 1))

    def containers(self) -> Iterator[tuple[Pod, Container]]:
        """Yield each container of each pod that is not ready yet."""
        for pod in self.pods:
            if not pod.ready:
                yield from ((pod, container) for container in pod.containers)


def condition(item: Object, kind: str) -> dict[str, Any] | None:
    """Return a status condition by its type."""
    found: list[dict[str, Any]] = (item.get("status") or {}).get("conditions") or []
    return next((entry for entry in found if entry.get("type") == kind), None)


def facts(store: Store, target: Target) -> Facts:
    """Collect what the store knows about one model."""
    deployment = store.named("Deployment", target.name)
    replica_set = _newest_replica_set(store, deployment)
    pods = tuple(_pod(store, item) for item in _living_pods(store, replica_set))
    owners = [item for item in (deployment, replica_set) if item is not None]
    return Facts(
        target=target,
        deployment=deployment,
        replica_set=replica_set,
        pods=pods,
        events=tuple(event for item in owners for event in store.events(item)),
        claims=tuple(_claims(store, deployment)),
        nodes=tuple(store.all("Node")) if "Node" in store.listed else None,
        served_by=_served_by(store, target.name),
    )


def _newest_replica_set(store: Store, deployment: Object | None) -> Object | None:
    """Return the ReplicaSet with the Deployment's present pod template.

    A Deployment that its controller has not looked at yet has no such ReplicaSet: the ones there
    are old.
    """
    if deployment is None:
        return None
    wanted = _template(deployment)
    owned = store.owned("ReplicaSet", deployment)
    same = [item for item in owned if _template(item) == wanted]
    return min(same, key=lambda item: item["metadata"].get("creationTimestamp", ""), default=None)


def _template(item: Object) -> Object:
    """Return the pod template without the label that the controller adds."""
    template: Object = copy.deepcopy(item["spec"]["template"])
    metadata = template.get("metadata") or {}
    (metadata.get("labels") or {}).pop("pod-template-hash", None)
    return template


def _living_pods(store: Store, replica_set: Object | None) -> list[Object]:
    if replica_set is None:
        return []
    pods = store.owned("Pod", replica_set)
    living = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
    return sorted(living, key=lambda pod: str(pod["metadata"]["name"]))


def _pod(store: Store, item: Object) -> Pod:
    containers = tuple(
        Container(status["name"], status, store.memory(item, status["name"]))
        for status in container_statuses(item)
    )
    return Pod(item, containers, tuple(store.events(item)))


def _claims(store: Store, deployment: Object | None) -> Iterator[tuple[Object, tuple[Object, ...]]]:
    """Yield the claims that the pods mount, with their events."""
    spec = deployment["spec"]["template"]["spec"] if deployment else {}
    for volume in spec.get("volumes") or []:
        name = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        claim = store.named("PersistentVolumeClaim", name) if name else None
        if claim is not None:
            yield claim, tuple(store.events(claim))


def _served_by(store: Store, service: str) -> frozenset[str] | None:
    if "EndpointSlice" not in store.listed:
        return None
    found = set()
    for item in store.all("EndpointSlice"):
        labels = item["metadata"].get("labels") or {}
        if labels.get("kubernetes.io/service-name") != service:
            continue
        for endpoint in item.get("endpoints") or []:
            if (endpoint.get("conditions") or {}).get("ready", True):
                found.add(str((endpoint.get("targetRef") or {}).get("uid", "")))
    return frozenset(found)


def pod_ids(pods: tuple[Pod, ...]) -> frozenset[str]:
    """Return the UIDs of pods."""
    return frozenset(uid(pod.item) for pod in pods)
