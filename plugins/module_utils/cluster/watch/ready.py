# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""How far a rollout is, and when it is really done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from ..api.objects import condition
from .facts import Facts, Pod, pod_ids


class Progress(IntEnum):
    """How far one pod is, and a workload: as far as its slowest pod."""

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

    progress: Progress
    node: str
    restarts: int


@dataclass(frozen=True)
class Readiness:
    """The state of a rollout; ``pods`` holds the new pods by name."""

    ready: bool
    progress: Progress
    have: int
    want: int
    pods: dict[str, PodState]
    text: str
    queued: bool = False


def readiness(facts: Facts) -> Readiness:
    """Judge one rollout.

    Ready means: the controller has seen the present generation, exactly the wanted number of pods
    exists, all of the new revision and all ready, and the Service, if there is to be one, sends
    requests to one of them.
    """
    pods = {pod.name: PodState(pod_progress(pod), pod.node, _restarts(pod)) for pod in facts.pods}
    have = sum(pod.ready for pod in facts.pods)
    missing = _missing(facts, have)
    return Readiness(
        ready=not missing,
        progress=Progress.READY if not missing else _slowest(facts, pods),
        have=have,
        want=facts.wanted,
        pods=pods,
        text=missing,
        queued=any(_gated(pod) for pod in facts.pods),
    )


def pod_progress(pod: Pod) -> Progress:
    """Tell how far one pod is."""
    if pod.ready:
        return Progress.READY
    if not pod.node:
        return Progress.CREATED
    main = [container for container in pod.containers if container.running]
    if main:
        return Progress.LOADING
    if any(c.waiting.get("reason") in {"ErrImagePull", "ImagePullBackOff"} for c in pod.containers):
        return Progress.PULLING
    last = pod.latest("Pulling", "Pulled", "Created", "Started")
    if last is None:
        return Progress.SCHEDULED
    return Progress.PULLING if last["reason"] == "Pulling" else Progress.STARTING


def _missing(facts: Facts, have: int) -> str:
    """Return what is still missing, "" when nothing is."""
    return facts.missing or _missing_pods(facts, have)


def _missing_pods(facts: Facts, have: int) -> str:
    """Return what the new pods and the way to them still miss."""
    if have != facts.wanted or len(facts.pods) != facts.wanted:
        return f"{have} of {facts.wanted} new pods are ready"
    if facts.wanted and facts.served_by is not None and not facts.served_by & pod_ids(facts.pods):
        return "the Service sends no requests to the new pods yet"
    return ""


def _slowest(facts: Facts, pods: dict[str, PodState]) -> Progress:
    if not facts.observed:
        return Progress.APPLIED
    if not pods:
        return Progress.OBSERVED
    return min([pod.progress for pod in pods.values()] + [Progress.LOADING])


def _restarts(pod: Pod) -> int:
    return sum(int(container.status.get("restartCount", 0)) for container in pod.containers)


def _gated(pod: Pod) -> bool:
    scheduled = condition(pod.item, "PodScheduled") or {}
    return scheduled.get("reason") == "SchedulingGated"
