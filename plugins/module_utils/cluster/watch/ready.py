# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""How far a model's rollout is, and when it is really done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from ..api.objects import Object
from .facts import Facts, Pod, condition, pod_ids


class Stage(IntEnum):
    """The way of one pod, and of a model (that of its slowest pod)."""

    APPLIED = 0
    OBSERVED = 1
    CREATED = 2
    SCHEDULED = 3
    PULLING = 4
    STARTING = 5
    LOADING = 6
    READY = 7


class PodState(NamedTuple):
    """How far a pod is, on which node ("" for none yet), and how often it has restarted."""

    stage: Stage
    node: str
    restarts: int


@dataclass(frozen=True)
class Readiness:
    """The state of a rollout; ``pods`` holds the new pods by name."""

    ready: bool
    stage: Stage
    have: int
    want: int
    pods: dict[str, PodState]
    text: str
    queued: bool = False


def readiness(facts: Facts) -> Readiness:
    """Judge one model's rollout.

    Ready means: the controller has seen the present generation, exactly the wanted number of pods
    exists, all of the new revision and all ready, and the Service sends requests to one of them.
    """
    pods = {pod.name: PodState(pod_stage(pod), pod.node, _restarts(pod)) for pod in facts.pods}
    have = sum(pod.ready for pod in facts.pods)
    missing = _missing(facts, have)
    return Readiness(
        ready=not missing,
        stage=Stage.READY if not missing else _slowest(facts, pods),
        have=have,
        want=facts.wanted,
        pods=pods,
        text=missing,
        queued=any(_gated(pod) for pod in facts.pods),
    )


def pod_stage(pod: Pod) -> Stage:
    """Tell how far one pod is."""
    if pod.ready:
        return Stage.READY
    if not pod.node:
        return Stage.CREATED
    main = [container for container in pod.containers if container.running]
    if main:
        return Stage.LOADING
    if any(c.waiting.get("reason") in {"ErrImagePull", "ImagePullBackOff"} for c in pod.containers):
        return Stage.PULLING
    last = pod.latest("Pulling", "Pulled", "Created", "Started")
    if last is None:
        return Stage.SCHEDULED
    return Stage.PULLING if last["reason"] == "Pulling" else Stage.STARTING


def _missing(facts: Facts, have: int) -> str:
    """Return what is still missing, "" when nothing is."""
    deployment = facts.deployment
    if deployment is None:
        return "the Deployment does not exist"
    if deployment["spec"].get("paused"):
        return "the Deployment is paused"
    if not _observed(deployment):
        return "the controller has not seen the last change yet"
    return _missing_replicas(facts, have, _counts(deployment))


def _missing_replicas(facts: Facts, have: int, counts: dict[str, int]) -> str:
    """Return what the Deployment's own counts still miss."""
    if facts.replica_set is None:
        return "the new ReplicaSet does not exist yet"
    if any(count != facts.wanted for count in counts.values()):
        return ", ".join(f"{name} {count}" for name, count in counts.items())
    return _missing_pods(facts, have)


def _missing_pods(facts: Facts, have: int) -> str:
    """Return what the new pods and the way to them still miss."""
    if have != facts.wanted or len(facts.pods) != facts.wanted:
        return f"{have} of {facts.wanted} new pods are ready"
    if facts.wanted and facts.served_by is not None and not facts.served_by & pod_ids(facts.pods):
        return "the Service sends no requests to the new pods yet"
    return ""


def _observed(deployment: Object) -> bool:
    status = deployment.get("status") or {}
    return int(status.get("observedGeneration", 0)) >= int(deployment["metadata"]["generation"])


def _counts(deployment: Object) -> dict[str, int]:
    status = deployment.get("status") or {}
    fields = {
        "total": "replicas",
        "updated": "updatedReplicas",
        "ready": "readyReplicas",
        "available": "availableReplicas",
    }
    return {name: int(status.get(key, 0)) for name, key in fields.items()}


def _slowest(facts: Facts, pods: dict[str, PodState]) -> Stage:
    if facts.deployment is None or not _observed(facts.deployment):
        return Stage.APPLIED
    if not pods:
        return Stage.OBSERVED
    return min([pod.stage for pod in pods.values()] + [Stage.LOADING])


def _restarts(pod: Pod) -> int:
    return sum(int(container.status.get("restartCount", 0)) for container in pod.containers)


def _gated(pod: Pod) -> bool:
    scheduled = condition(pod.item, "PodScheduled") or {}
    return scheduled.get("reason") == "SchedulingGated"
