# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What is known about a namespace: the last state of each object, and what must not be forgotten.

Each object is filed under the keys by which it is looked up, and taking in an observation returns
the keys under which something has changed: whoever looked there must look again, nobody else.

No input or output and no clock below this line of the package: time comes with each observation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..api.objects import Object, uid

PULL_REASONS = frozenset({"ErrImagePull", "ImagePullBackOff"})


class Key(NamedTuple):
    """A place where objects of one kind are looked up: by what, and its value."""

    kind: str
    by: str
    value: str


def named(kind: str, name: str) -> Key:
    """The object with a name."""
    return Key(kind, "name", name)


def owned_by(kind: str, owner: Object) -> Key:
    """The objects that another one controls."""
    return Key(kind, "owner", uid(owner))


def about(item: Object) -> Key:
    """The events about an object."""
    return Key("Event", "about", uid(item))


def of_service(name: str) -> Key:
    """The EndpointSlices of a Service."""
    return Key("EndpointSlice", "service", name)


def listed(kind: str) -> Key:
    """Whether objects of a kind have been listed."""
    return Key(kind, "listed", "")


# There are few, and each matters to all.
NODES = Key("Node", "any", "")


@dataclass(frozen=True)
class Observation:
    """One thing seen at ``t`` (seconds): type ADDED, MODIFIED, DELETED, LISTED or DENIED.

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
    index: dict[Key, dict[str, Object]] = field(default_factory=dict)
    containers: dict[tuple[str, str], ContainerMemory] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    # UIDs of objects that came or changed after their kind was first listed.
    changed: set[str] = field(default_factory=set)
    # Under which keys there has ever been an object.
    known: set[Key] = field(default_factory=set)

    def all(self, kind: str) -> list[Object]:
        """Return the objects of one kind."""
        return list(self.objects.get(kind, {}).values())

    def find(self, key: Key) -> list[Object]:
        """Return the objects at one place."""
        return list(self.index.get(key, {}).values())

    def memory(self, pod: Object, container: str) -> ContainerMemory:
        """Return what is remembered of a container."""
        return self.containers.get((uid(pod), container), ContainerMemory())


def fold(store: Store, seen: Observation) -> set[Key]:
    """Take in one observation; return where something changed.

    The same observation a second time, and a list of what is known already, change nothing.
    """
    kind = seen.object["kind"]
    if seen.type == "DENIED":
        touched = set() if kind in store.denied else {listed(kind)}
        store.denied.add(kind)
        return touched
    if seen.type == "LISTED":
        return _replace_all(store, kind, seen.object["items"])
    if seen.type == "DELETED":
        return _remove(store, kind, uid(seen.object))
    return _put(store, seen.object)


def _replace_all(store: Store, kind: str, items: Iterable[Object]) -> set[Key]:
    present = {uid(item): {**item, "kind": kind} for item in items}
    touched: set[Key] = set()
    for gone in store.objects.get(kind, {}).keys() - present.keys():
        touched |= _remove(store, kind, gone)
    for item in present.values():
        touched |= _put(store, item)
    if kind not in store.listed:
        store.listed.add(kind)
        touched.add(listed(kind))
    return touched


def _put(store: Store, item: Object) -> set[Key]:
    kind, name = item["kind"], uid(item)
    before = store.objects.setdefault(kind, {}).get(name)
    if before == item:
        return set()
    if kind in store.listed:
        store.changed.add(name)
    store.objects[kind][name] = item
    old, new = set(_keys(before) if before else ()), set(_keys(item))
    for key in old - new:
        _unfile(store, key, name)
    for key in new:
        store.index.setdefault(key, {})[name] = item
    store.known |= new
    if kind == "Pod":
        for status in container_statuses(item):
            _remember(store, item, status)
    return old | new


def _remove(store: Store, kind: str, name: str) -> set[Key]:
    before = store.objects.get(kind, {}).pop(name, None)
    touched = set(_keys(before)) if before else set()
    for key in touched:
        _unfile(store, key, name)
    return touched


def _unfile(store: Store, key: Key, name: str) -> None:
    place = store.index[key]
    del place[name]
    if not place:
        del store.index[key]


def _keys(item: Object) -> Iterator[Key]:
    """Yield the places where an object is looked up."""
    kind, metadata = item["kind"], item["metadata"]
    if kind == "Event":
        yield Key(kind, "about", str(item["involvedObject"].get("uid")))
        return
    if kind == "Node":
        yield NODES
        return
    yield named(kind, str(metadata.get("name")))
    for reference in metadata.get("ownerReferences") or []:
        if reference.get("controller"):
            yield Key(kind, "owner", str(reference["uid"]))
    if kind == "EndpointSlice":
        yield of_service(str((metadata.get("labels") or {}).get("kubernetes.io/service-name")))


class Reader:
    """Looks things up in the store for one target, and remembers where it looked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.keys: set[Key] = set()

    def find(self, key: Key) -> list[Object]:
        """Return the objects at one place."""
        self.keys.add(key)
        return self._store.find(key)

    def named(self, kind: str, name: str) -> Object | None:
        """Return one object by its name."""
        return next(iter(self.find(named(kind, name))), None)

    def owned(self, kind: str, owner: Object) -> list[Object]:
        """Return the objects of one kind that ``owner`` controls."""
        return self.find(owned_by(kind, owner))

    def events(self, item: Object) -> list[Object]:
        """Return the events about one object, oldest first."""
        return sorted(self.find(about(item)), key=event_time)

    def listed(self, kind: str) -> bool:
        """Tell whether the objects of a kind are known."""
        self.keys.add(listed(kind))
        return kind in self._store.listed

    def removed(self, kind: str, name: str) -> bool:
        """Tell whether there was such an object and is none any more."""
        key = named(kind, name)
        return not self.find(key) and key in self._store.known

    def memory(self, pod: Object, container: str) -> ContainerMemory:
        """Return what is remembered of a container; it changes with its pod only."""
        return self._store.memory(pod, container)

    def changed(self, item: Object) -> bool:
        """Tell whether an object came or changed after the first look."""
        return uid(item) in self._store.changed


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
