# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Follows the pods that look, from their creation to their reports."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ....checkpoint.result import CheckpointError
from ...api.kinds import known
from ...api.objects import Object, uid
from ...api.parallel import each
from ...api.say import Say
from .checkpoint import read_checkpoint
from .pod import checkpoint_place, inspection_pod, pod_name, read_report
from .state import Look

if TYPE_CHECKING:
    from ...api.connection import Client

MOUNT_SECONDS = 30.0
PULL_SECONDS = 600.0
POLL_SECONDS = 0.3
# Time for a transient pull error to go away.
PULL_ERROR_SECONDS = 20.0


def follow(client: Client, namespace: str, looks: Sequence[Look], say: Say) -> None:
    """Run one pod per look in a namespace and wait until all of them are done."""
    path = known("Pod").path(namespace)
    each(partial(_create_pod, client, path), looks)
    _wait(client, namespace, looks, say)
    each(partial(_take_checkpoint, client, path), looks)


def _create_pod(client: Client, path: str, look: Look) -> None:
    client.request("POST", path, body=inspection_pod(look.model, look.node))


def _wait(client: Client, namespace: str, looks: Sequence[Look], say: Say) -> None:
    """Poll the pods and their events until each look is done or its time is up."""
    by_pod = {pod_name(look.model, look.node): look for look in looks}
    start = time.monotonic()
    while not all(look.done for look in looks):
        time.sleep(POLL_SECONDS)
        pods, events = each(
            lambda kind: client.get(known(kind).path(namespace))["items"], ["Pod", "Event"]
        )
        waited = time.monotonic() - start
        for pod in pods:
            look = by_pod.get(pod["metadata"]["name"])
            if look is not None and not look.done:
                mine = [e for e in events if e["involvedObject"].get("uid") == uid(pod)]
                _update(look, pod, mine, waited, say)


def _update(look: Look, pod: Object, events: list[Object], waited: float, say: Say) -> None:
    """Take in the state of one pod, ``waited`` seconds after it was made."""
    look.report = read_report(pod)
    if look.report is not None:
        look.mounted = True
        return
    texts = [str(event.get("message", "")) for event in events]
    failed = [text for text in texts if "hostPath type check failed" in text]
    if failed:
        look.mounted = False
        return
    status = pod.get("status") or {}
    if status.get("phase") in {"Failed", "Succeeded"}:
        look.mounted = True
        look.problem = _end(pod)
        return
    _update_pull(look, pod, [e["reason"] for e in events], waited, say)
    if not look.done and look.pulling_since is None and waited > MOUNT_SECONDS:
        look.problem = "; ".join(texts[-1:]) or "its kubelet did not start the pod that looks"


def _update_pull(look: Look, pod: Object, reasons: list[str], waited: float, say: Say) -> None:
    """Follow the pull of the image; a kubelet pulls only after it has mounted the directory."""
    if not {"Pulling", "Pulled", "BackOff"} & set(reasons):
        return
    look.mounted = True
    if look.pulling_since is None:
        look.pulling_since = waited
        if "Pulled" not in reasons:
            say(f"{look.model.name}: pulling the image on {look.node} to look at the directory")
    for status in (pod.get("status") or {}).get("containerStatuses") or []:
        waiting = (status.get("state") or {}).get("waiting") or {}
        reason = str(waiting.get("reason", ""))
        hopeless = reason in {"InvalidImageName", "ErrImageNeverPull", "RunContainerError"}
        backing_off = reason in {"ErrImagePull", "ImagePullBackOff", "CreateContainerError"}
        if hopeless or (backing_off and waited - look.pulling_since > PULL_ERROR_SECONDS):
            look.problem = f"{reason}: {waiting.get('message', '')}"
    if waited - look.pulling_since > PULL_SECONDS:
        look.problem = f"the image was not pulled within {PULL_SECONDS:.0f} s"


def _take_checkpoint(client: Client, pods_path: str, look: Look) -> None:
    """Take in what a report says about the checkpoint; its config may be in the pod's log."""
    place = checkpoint_place(look.model)
    seen = look.report.checkpoint if look.report else None
    if place is None or seen is None:
        return
    look.faults, look.fault_count = list(seen.faults), seen.fault_count
    if not (seen.config or seen.config_in_log):
        return
    pod_path = f"{pods_path}/{pod_name(look.model, look.node)}"
    try:
        look.checkpoint = read_checkpoint(client, pod_path, seen, place.on_node, look.node)
    except CheckpointError as error:
        look.faults.append(str(error))
        look.fault_count += 1


def _end(pod: Object) -> str:
    """Tell why a pod ended without a report."""
    status = pod.get("status") or {}
    for entry in status.get("containerStatuses") or []:
        ended = (entry.get("state") or {}).get("terminated") or {}
        text = ended.get("message") or ended.get("reason") or ""
        return f"python3 of the image ended with {ended.get('exitCode')} {text}".strip()
    return str(status.get("message") or status.get("reason") or "the pod failed")
