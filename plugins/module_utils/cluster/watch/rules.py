# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The ways in which a deployment fails, one short function and one table row for each.

A rule looks at the facts of one model and returns the evidence when its class of failure shows.
That makes a suspicion; it is confirmed when it has lasted for the rule's grace, or has been
counted often enough. Each rule has recordings of a failure and of a recovery in the unit tests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ...units import quantity_or_zero
from ..api.objects import Object
from .facts import Container, Facts, Pod, condition
from .store import PULL_REASONS, event_count

NEVER = None
_REFUSED_PULL = re.compile(
    r"not found|manifest unknown|does not exist|denied|unauthorized|forbidden|no match for platform"
    r"|no matching manifest|invalid reference|unsupported protocol",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Evidence:
    """What shows a failure: the object, the cause, the telling lines, how often it was seen.

    ``pod`` and ``container`` are set where a log would tell more.
    """

    subject: str
    cause: str
    lines: tuple[str, ...] = ()
    count: int = 1
    pod: str = ""
    container: str = ""


@dataclass(frozen=True)
class Rule:
    """A class of failure: confirmed after ``grace_seconds`` or at ``count`` occurrences.

    None for either one means that it does not confirm.
    """

    id: str
    match: Callable[[Facts], Evidence | None]
    grace_seconds: float | None
    count: int | None
    fix: str


def image_invalid(facts: Facts) -> Evidence | None:
    """The image name cannot be parsed, or the image may not be pulled and is not on the node."""
    for pod, container in facts.containers():
        reason = container.waiting.get("reason")
        if reason in {"InvalidImageName", "ErrImageNeverPull"}:
            cause = f"image cannot be used: {_image(pod, container)} ({reason})"
            return _of_pod(pod, cause, _message(container))
    return None


def image_refused(facts: Facts) -> Evidence | None:
    """The registry says that there is no such image, or not for us."""
    return _pull_failure(facts, refused=True)


def image_unreachable(facts: Facts) -> Evidence | None:
    """The registry cannot be reached, or is too busy."""
    return _pull_failure(facts, refused=False)


def rejected(facts: Facts) -> Evidence | None:
    """No pod is made: Pod Security, quota, a missing service account, a webhook."""
    item = facts.replica_set
    if item is None or len(facts.pods) >= facts.wanted:
        return None
    failure = condition(item, "ReplicaFailure") or {}
    message = failure.get("message") if failure.get("status") == "True" else None
    events = [event for event in facts.events if event.get("reason") == "FailedCreate"]
    if not message and events and not facts.pods:
        message = events[-1].get("message")
    if not message:
        return None
    subject = f"Deployment {facts.target.name}"
    return Evidence(subject, "the API server rejects its pods", (str(message),))


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


def unschedulable(facts: Facts) -> Evidence | None:
    """The scheduler finds no node at present."""
    pod = _unschedulable_pod(facts)
    if pod is None or pod.latest("TriggeredScaleUp"):
        return None
    return Evidence(f"Pod {pod.name}", "no node has room for it", (_scheduler_says(pod),))


def host_path_missing(facts: Facts) -> Evidence | None:
    """A hostPath volume is not there, or not a directory, on the node."""
    return _mount_failure(facts, lambda text: "hostPath type check failed" in text)


def mount_source_missing(facts: Facts) -> Evidence | None:
    """A Secret, ConfigMap or claim that a volume names does not exist."""
    return _mount_failure(facts, lambda text: "not found" in text)


def mount_failed(facts: Facts) -> Evidence | None:
    """Any other volume that does not mount."""
    return _mount_failure(facts, lambda text: "hostPath type" not in text)


def container_config(facts: Facts) -> Evidence | None:
    """The container cannot be made from its definition, such as a key missing in a Secret."""
    wanted = {"CreateContainerConfigError", "CreateContainerError"}
    for pod, container in facts.containers():
        reason = container.waiting.get("reason")
        message = _message(container)
        if reason in wanted and "failed to sync" not in message:
            return _of_pod(pod, f"the container cannot be made ({reason})", message)
    return None


def startup_budget(facts: Facts) -> Evidence | None:
    """The kubelet killed the container because its startup probe never passed."""
    for pod in facts.pods:
        for event in pod.events:
            if not pod.ready and "failed startup probe" in str(event.get("message", "")):
                cause = f"was not ready within its startup budget{_budget(pod)} and was killed"
                lines = (str(event["message"]), _probe_says(pod))
                return Evidence(
                    f"Pod {pod.name}",
                    cause,
                    tuple(line for line in lines if line),
                    event_count(event),
                    pod=pod.name,
                    container=_main_container(pod),
                )
    return None


def crash_loop(facts: Facts) -> Evidence | None:
    """The container ends again and again."""
    for pod, container in facts.containers():
        exits = [e for e in container.memory.exits if not _finished_well(pod, container, e.code)]
        restarts = int(container.status.get("restartCount", 0))
        if not exits:
            continue
        last = max(exits, key=lambda e: e.finished)
        reason = f" ({last.reason})" if last.reason not in {"", "Error"} else ""
        times = max(len(exits), restarts)
        cause = f"container {container.name} ended with exit code {last.code}{reason}"
        cause += f", {times} times" if times > 1 else ""
        return Evidence(
            f"Pod {pod.name}",
            cause,
            tuple(last.message.splitlines()[-10:]),
            times,
            pod=pod.name,
            container=container.name,
        )
    return None


# The most telling rule comes first: one model shows one finding.
RULES: tuple[Rule, ...] = (
    Rule("image_invalid", image_invalid, 0, 1, "correct the model's image (image:)"),
    Rule(
        "image_refused",
        image_refused,
        30,
        2,
        "check the image's name and tag (image:) and, for a private registry, image_pull_secrets",
    ),
    Rule(
        "image_unreachable",
        image_unreachable,
        150,
        NEVER,
        "check that the nodes can reach the registry, or load the image onto them",
    ),
    Rule(
        "rejected",
        rejected,
        10,
        NEVER,
        "correct what the message names: the pod's security settings or the namespace's Pod "
        "Security level, the quota, the service account",
    ),
    Rule("claim_lost", claim_lost, 0, 1, "restore the volume, or delete the claim to start anew"),
    Rule(
        "claim_pending",
        claim_pending,
        60,
        NEVER,
        "set storage.storage_class to a class of this cluster (kubectl get storageclass), "
        "or storage.host_path",
    ),
    Rule(
        "never_fits",
        never_fits,
        15,
        NEVER,
        "ask for less (resources, tensor_parallel_size, accelerator), or add such a node; "
        "for GPUs check that the device plugin runs",
    ),
    Rule(
        "unschedulable",
        unschedulable,
        120,
        NEVER,
        "free or add nodes, or correct node_selector, tolerations and storage of the model",
    ),
    Rule(
        "host_path_missing",
        host_path_missing,
        15,
        NEVER,
        "put the model into that directory on that node, or correct storage.host_path",
    ),
    Rule("mount_source_missing", mount_source_missing, 60, NEVER, "create what the message names"),
    Rule("mount_failed", mount_failed, 180, NEVER, "see the message; check the storage driver"),
    Rule("container_config", container_config, 15, NEVER, "create or correct what it names"),
    Rule(
        "startup_budget",
        startup_budget,
        0,
        1,
        "see in the log how far it came; if it was still loading, raise startup.max_seconds",
    ),
    Rule("crash_loop", crash_loop, NEVER, 2, "see the last lines of the log above"),
)


def _pull_failure(facts: Facts, *, refused: bool) -> Evidence | None:
    for pod, container in facts.containers():
        if container.waiting.get("reason") not in PULL_REASONS:
            continue
        failed = pod.latest("Failed")
        events = [
            event
            for event in pod.events
            if event.get("reason") == "Failed" and "Failed to pull" in str(event.get("message"))
        ]
        text = container.memory.pull_error or str((events or [{}])[-1].get("message", ""))
        if failed is None and not text:
            continue
        if bool(_REFUSED_PULL.search(text)) is refused:
            cause = f"image cannot be pulled: {_image(pod, container)}"
            count = max([container.memory.pull_failures, *map(event_count, events)])
            return _of_pod(pod, cause, text, count=count)
    return None


def _mount_failure(facts: Facts, telling: Callable[[str], bool]) -> Evidence | None:
    for pod in facts.pods:
        event = pod.latest("FailedMount", "FailedAttachVolume")
        started = any(container.running for container in pod.containers)
        if event is None or pod.ready or started or not telling(str(event.get("message", ""))):
            continue
        cause = f"a volume cannot be mounted on node {pod.node}"
        return Evidence(f"Pod {pod.name}", cause, (str(event["message"]),), event_count(event))
    return None


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


def _of_pod(pod: Pod, cause: str, message: str, *, count: int = 1) -> Evidence:
    lines = (message,) if message else ()
    return Evidence(f"Pod {pod.name}", cause, lines, count)


def _message(container: Container) -> str:
    return str(container.waiting.get("message", ""))


def _image(pod: Pod, container: Container) -> str:
    spec = pod.item["spec"]
    for item in _all_containers(spec):
        if item["name"] == container.name:
            return str(item.get("image", ""))
    return str(container.status.get("image", ""))


def _all_containers(spec: Object) -> Iterable[Object]:
    return [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]


def _main_container(pod: Pod) -> str:
    return str(pod.item["spec"]["containers"][0]["name"])


def _finished_well(pod: Pod, container: Container, code: int) -> bool:
    """Tell whether an end is no failure: an init container that did its work."""
    init = {item["name"] for item in pod.item["spec"].get("initContainers") or []}
    return code == 0 and container.name in init


def _budget(pod: Pod) -> str:
    """Return " of N s" from the startup probe: the time that it surely leaves."""
    probe = pod.item["spec"]["containers"][0].get("startupProbe")
    if not probe:
        return ""
    delay, period = int(probe.get("initialDelaySeconds", 0)), int(probe.get("periodSeconds", 10))
    return f" of {delay + (int(probe.get('failureThreshold', 3)) - 1) * period} s"


def _probe_says(pod: Pod) -> str:
    event = pod.latest("Unhealthy")
    return str(event.get("message", "")) if event else ""
