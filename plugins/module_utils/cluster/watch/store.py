# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What is known about a namespace: the last state of each object, and what must not be forgotten.

No input or output and no clock below this line of the package: time comes with each observation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..api.objects import Object, uid

PULL_REASONS = frozenset({"ErrImagePull", "ImagePullBackOff"})


@dataclass(frozen=True)
class Observation:
    """One thing seen at ``t`` (seconds): type ADDED, MODIFIED, DELETED, or LISTED.

    The object of LISTED is ``{"kind": K, "items": [...]}``: all objects of that kind.
    """

    t: float
    type: str
    object: Object


@dataclass(frozen=True)
class Exit:
    """One end of a container; times are as the kubelet wrote them."""

    code: int
    reason: str
    message: str
    started: str
    finished: str


@dataclass
class ContainerMemory:
    """What happened to one container so far, even if its status shows something newer."""

    pull_error: str = ""
    pull_failures: int = 0
    waiting: str = ""
    exits: list[Exit] = field(default_factory=list)


@dataclass
class Store:
    """Everything known; changed only by ``fold``."""

    objects: dict[str, dict[str, Object]] = field(default_factory=dict)
    containers: dict[tuple[str, str], ContainerMemory] = field(default_factory=dict)
    first_seen: dict[str, float] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    # UIDs of objects that have changed since they were first listed.
    changed: set[str] = field(default_factory=set)

    def all(self, kind: str) -> list[Object]:
        """Return the objects of one kind."""
        return list(self.objects.get(kind, {}).values())

    def named(self, kind: str, name: str) -> Object | None:
        """Return one object by its name."""
        return next((o for o in self.all(kind) if o["metadata"]["name"] == name), None)

    def owned(self, kind: str, owner: Object) -> list[Object]:
        """Return the objects of one kind that ``owner`` controls."""
        wanted = uid(owner)
        return [item for item in self.all(kind) if wanted in _owners(item)]

    def events(self, item: Object) -> list[Object]:
        """Return the events about one object, oldest first."""
        wanted = uid(item)
        about = [e for e in self.all("Event") if e["involvedObject"].get("uid") == wanted]
        return sorted(about, key=event_time)

    def memory(self, pod: Object, container: str) -> ContainerMemory:
        """Return what is remembered of a container."""
        return self.containers.get((uid(pod), container), ContainerMemory())


def fold(store: Store, seen: Observation) -> Store:
    """Take in one observation; the same one a second time changes nothing."""
    kind = seen.object["kind"]
    if seen.type == "DENIED":
        store.denied.add(kind)
    elif seen.type == "LISTED":
        _replace_all(store, kind, seen.object["items"], seen.t)
    elif seen.type == "DELETED":
        store.objects.get(kind, {}).pop(uid(seen.object), None)
    else:
        store.changed.add(uid(seen.object))
        _put(store, seen.object, seen.t)
    return store


def event_time(event: Object) -> str:
    """Return the moment of an event's last occurrence; RFC 3339 text sorts by time."""
    series = event.get("series") or {}
    for value in (series.get("lastObservedTime"), event.get("lastTimestamp")):
        if value:
            return str(value)
    return str(event.get("eventTime") or event["metadata"].get("creationTimestamp") or "")


def event_count(event: Object) -> int:
    """Return how often an event occurred."""
    series = event.get("series") or {}
    return int(series.get("count") or event.get("count") or 1)


def _replace_all(store: Store, kind: str, items: Iterable[Object], t: float) -> None:
    store.objects[kind] = {}
    store.listed.add(kind)
    for item in items:
        _put(store, {**item, "kind": kind}, t)


def _put(store: Store, item: Object, t: float) -> None:
    store.objects.setdefault(item["kind"], {})[uid(item)] = item
    store.first_seen.setdefault(uid(item), t)
    if item["kind"] == "Pod":
        for status in container_statuses(item):
            _remember(store, item, status)


def container_statuses(pod: Object) -> list[dict[str, Any]]:
    """Return the statuses of all containers of a pod, init containers first."""
    status = pod.get("status") or {}
    init: list[dict[str, Any]] = status.get("initContainerStatuses") or []
    return init + (status.get("containerStatuses") or [])


def _remember(store: Store, pod: Object, status: dict[str, Any]) -> None:
    """Keep pull errors and exits, which the kubelet overwrites within seconds."""
    memory = store.containers.setdefault((uid(pod), status["name"]), ContainerMemory())
    waiting = (status.get("state") or {}).get("waiting") or {}
    reason, message = str(waiting.get("reason", "")), str(waiting.get("message", ""))
    if reason == "ErrImagePull" and memory.waiting != reason:
        memory.pull_failures += 1
    memory.waiting = reason
    # "Back-off pulling image" alone would hide why; newer kubelets append the error to it.
    if reason in PULL_REASONS and (reason == "ErrImagePull" or "Err" in message):
        memory.pull_error = message
    for state in (status.get("lastState") or {}, status.get("state") or {}):
        if "terminated" in state:
            _remember_exit(memory, state["terminated"])


def _remember_exit(memory: ContainerMemory, ended: dict[str, Any]) -> None:
    found = Exit(
        code=int(ended.get("exitCode", 0)),
        reason=str(ended.get("reason", "")),
        message=str(ended.get("message", "")),
        started=str(ended.get("startedAt", "")),
        finished=str(ended.get("finishedAt", "")),
    )
    if found not in memory.exits:
        memory.exits.append(found)


def _owners(item: Object) -> list[str]:
    references = item["metadata"].get("ownerReferences") or []
    return [reference["uid"] for reference in references if reference.get("controller")]
