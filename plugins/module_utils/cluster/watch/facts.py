# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""One target's view of the store: its workload, the pods of the newest revision, their claims."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..api.objects import Object, condition, uid
from .store import NODES, ContainerMemory, Reader, container_statuses, of_service
from .workloads.questions import WorkloadKind, observed
from .workloads.table import workload_kind


class Workload(NamedTuple):
    """Which workload: its kind and name."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Target:
    """A workload to wait for, at most ``timeout_seconds`` after ``started`` (watcher's clock).

    ``service``: the Service that must send requests to its pods, "" for none.
    """

    workload: Workload
    timeout_seconds: float
    service: str = ""
    started: float = 0.0

    @property
    def ends(self) -> float:
        """Return the moment at which its time is up."""
        return self.started + self.timeout_seconds


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
    """What the rules look at. ``nodes`` is None when they may not be read.

    ``makers`` are the objects that make the pods, ``missing`` is what the workload's own status
    still lacks. ``removed``: it was there and is no more. ``steady``: no pod of it has come or
    changed since the first look.
    """

    target: Target
    workload: Object | None
    makers: tuple[Object, ...]
    missing: str
    wanted: int
    pods: tuple[Pod, ...]
    events: tuple[Object, ...]
    claims: tuple[tuple[Object, tuple[Object, ...]], ...]
    nodes: tuple[Object, ...] | None
    # UIDs of the pods that the Service sends requests to; None when that is not asked or known.
    served_by: frozenset[str] | None
    removed: bool
    steady: bool

    @property
    def observed(self) -> bool:
        """Tell whether the controller has seen the present generation."""
        return self.workload is not None and observed(self.workload)

    def containers(self) -> Iterator[tuple[Pod, Container]]:
        """Yield each container of each pod that is not ready yet."""
        for pod in self.pods:
            if not pod.ready:
                yield from ((pod, container) for container in pod.containers)


def facts(reader: Reader, target: Target) -> Facts:
    """Collect what the store knows about one target."""
    kind, name = target.workload
    row = workload_kind(kind)
    item = reader.named(kind, name)
    makers = row.makers(reader, item) if item else []
    living = _living_pods(reader, row, item, makers) if item else []
    about = {uid(entry): entry for entry in [item, *makers] if entry}
    return Facts(
        target=target,
        workload=item,
        makers=tuple(makers),
        missing=row.missing(item, makers) if item else f"the {kind} does not exist",
        wanted=row.wanted(item) if item else 0,
        pods=tuple(_pod(reader, pod) for pod in living),
        events=tuple(event for entry in about.values() for event in reader.events(entry)),
        claims=tuple(_claims(reader, living)),
        nodes=tuple(reader.find(NODES)) if reader.listed("Node") else None,
        served_by=_served_by(reader, target.service),
        removed=reader.removed(kind, name),
        steady=not any(reader.changed(pod) for pod in living),
    )


def _living_pods(
    reader: Reader, row: WorkloadKind, item: Object, makers: list[Object]
) -> list[Object]:
    """Return the pods of the newest revision that nobody is removing, by name."""
    made = [pod for maker in makers for pod in reader.owned("Pod", maker)]
    living = [
        pod
        for pod in made
        if not pod["metadata"].get("deletionTimestamp") and row.is_newest(item, pod)
    ]
    return sorted(living, key=lambda pod: str(pod["metadata"]["name"]))


def _pod(reader: Reader, item: Object) -> Pod:
    containers = tuple(
        Container(status["name"], status, reader.memory(item, status["name"]))
        for status in container_statuses(item)
    )
    return Pod(item, containers, tuple(reader.events(item)))


def _claims(reader: Reader, pods: list[Object]) -> Iterator[tuple[Object, tuple[Object, ...]]]:
    """Yield the claims that the pods mount, each once, with their events."""
    volumes = [volume for pod in pods for volume in pod["spec"].get("volumes") or []]
    names = [(volume.get("persistentVolumeClaim") or {}).get("claimName") for volume in volumes]
    for name in dict.fromkeys(name for name in names if name):
        claim = reader.named("PersistentVolumeClaim", name)
        if claim is not None:
            yield claim, tuple(reader.events(claim))


def _served_by(reader: Reader, service: str) -> frozenset[str] | None:
    if not service or not reader.listed("EndpointSlice"):
        return None
    endpoints = [
        endpoint
        for item in reader.find(of_service(service))
        for endpoint in item.get("endpoints") or []
        if (endpoint.get("conditions") or {}).get("ready", True)
    ]
    return frozenset(str((entry.get("targetRef") or {}).get("uid", "")) for entry in endpoints)


def pod_ids(pods: tuple[Pod, ...]) -> frozenset[str]:
    """Return the UIDs of pods."""
    return frozenset(uid(pod.item) for pod in pods)
