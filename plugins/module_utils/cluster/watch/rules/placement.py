# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Pods that no node takes."""

from __future__ import annotations

import re

from ....units import quantity_or_zero
from ...api.objects import Object, condition
from ..facts import Facts, Pod
from .rule import Evidence

_NO_CLAIM = re.compile(r'persistentvolumeclaim "([^"]+)" not found')


def never_fits(facts: Facts) -> Evidence | None:
    """No node could hold the pod even if it were empty."""
    pod = _unschedulable_pod(facts)
    if pod is None or not facts.nodes or pod.latest("TriggeredScaleUp"):
        return None
    for resource, wanted in sorted(_requests(pod.item).items()):
        most = max(_allocatable(node, resource) for node in facts.nodes)
        if wanted > most:
            have = f"the largest node has {most:g}" if most else "no node has any"
            cause = f"no node can hold it: it asks for {wanted:g} {resource}, {have}"
            return Evidence(f"Pod {pod.name}", cause, (_scheduler_says(pod),))
    return None


def claim_missing(facts: Facts) -> Evidence | None:
    """The pod mounts a claim that does not exist, so no node is even looked for."""
    pod = _unschedulable_pod(facts)
    if pod is None:
        return None
    says = _scheduler_says(pod)
    found = _NO_CLAIM.search(says)
    if found is None:
        return None
    name = found[1]
    fix = (
        f"correct the model's storage.claim_name, or create the claim: PersistentVolumeClaim "
        f"{name} in namespace {pod.item['metadata'].get('namespace', '')}"
    )
    return Evidence(f"Pod {pod.name}", f"its claim {name} does not exist", (says,), fix=fix)


def unschedulable(facts: Facts) -> Evidence | None:
    """The scheduler finds no node at present."""
    pod = _unschedulable_pod(facts)
    if pod is None or pod.latest("TriggeredScaleUp"):
        return None
    return Evidence(f"Pod {pod.name}", "no node has room for it", (_scheduler_says(pod),))


def _unschedulable_pod(facts: Facts) -> Pod | None:
    for pod in facts.pods:
        scheduled = condition(pod.item, "PodScheduled") or {}
        if not pod.node and scheduled.get("reason") == "Unschedulable":
            return pod
    return None


def _scheduler_says(pod: Pod) -> str:
    message = str((condition(pod.item, "PodScheduled") or {}).get("message", ""))
    return message.partition(" preemption:")[0].rstrip(", ")


def _requests(pod: Object) -> dict[str, float]:
    """Add up what the containers of a pod ask for."""
    total: dict[str, float] = {}
    for container in pod["spec"].get("containers") or []:
        resources = container.get("resources") or {}
        asked = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
        for name, value in asked.items():
            total[name] = total.get(name, 0.0) + quantity_or_zero(value)
    return total


def _allocatable(node: Object, resource: str) -> float:
    return quantity_or_zero(((node.get("status") or {}).get("allocatable") or {}).get(resource, 0))
