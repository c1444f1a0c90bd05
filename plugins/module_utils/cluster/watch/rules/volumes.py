# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Claims without a volume, and volumes that do not mount."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..facts import Facts
from ..store import event_count
from .rule import Evidence

_MISSING = re.compile(r'(secret|configmap|persistentvolumeclaim) "([^"]+)" not found')
_SOURCES = {
    "secret": ("Secret", "the name of the secret"),
    "configmap": ("ConfigMap", "the name of the config map"),
    "persistentvolumeclaim": ("PersistentVolumeClaim", "storage.claim_name"),
}


def claim_lost(facts: Facts) -> Evidence | None:
    """The volume of a claim is gone."""
    for claim in (entry[0] for entry in facts.claims):
        if (claim.get("status") or {}).get("phase") == "Lost":
            name = claim["metadata"]["name"]
            volume = claim["spec"].get("volumeName", "")
            return Evidence(f"PersistentVolumeClaim {name}", f"its volume {volume} does not exist")
    return None


def claim_pending(facts: Facts) -> Evidence | None:
    """A claim gets no volume: no storage class, no fitting volume, or the provisioner fails."""
    for claim, events in facts.claims:
        if (claim.get("status") or {}).get("phase") != "Pending":
            continue
        telling = [e for e in events if e.get("reason") in {"ProvisioningFailed", "FailedBinding"}]
        if telling:
            subject = f"PersistentVolumeClaim {claim['metadata']['name']}"
            message = str(telling[-1].get("message", ""))
            return Evidence(subject, "gets no volume", (message,), event_count(telling[-1]))
    return None


def host_path_missing(facts: Facts) -> Evidence | None:
    """A hostPath volume is not there, or not a directory, on the node."""
    return _mount_failure(facts, lambda text: "hostPath type check failed" in text)


def mount_source_missing(facts: Facts) -> Evidence | None:
    """A Secret, ConfigMap or claim that a volume names does not exist."""
    return _mount_failure(facts, lambda text: "not found" in text)


def mount_failed(facts: Facts) -> Evidence | None:
    """Any other volume that does not mount."""
    return _mount_failure(facts, lambda text: "hostPath type" not in text)


def _mount_failure(facts: Facts, telling: Callable[[str], bool]) -> Evidence | None:
    for pod in facts.pods:
        event = pod.latest("FailedMount", "FailedAttachVolume")
        started = any(container.running for container in pod.containers)
        if event is None or pod.ready or started or not telling(str(event.get("message", ""))):
            continue
        cause, message = f"a volume cannot be mounted on node {pod.node}", str(event["message"])
        count, fix = event_count(event), _create(message)
        return Evidence(f"Pod {pod.name}", cause, (message,), count, fix=fix)
    return None


def _create(message: str) -> str:
    """Return what must be created, "" when the message does not name it."""
    found = _MISSING.search(message)
    if found is None:
        return ""
    kind, option = _SOURCES[found[1]]
    return f"create {kind} {found[2].rpartition('/')[2]}, or correct {option} of the model"
