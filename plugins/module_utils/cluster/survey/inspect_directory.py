# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Finds the node that has a model's directory, and proves that the server can use it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from ...checkpoint.result import Checkpoint, CheckpointError
from ...findings import Finding, FindingsError
from ...manifests.common import MANAGER
from ..api.errors import ApiError
from ..api.objects import Object, uid
from ..api.parallel import each
from .candidates import Candidates, live_node, read_nodes
from .inspect_checkpoint import read_checkpoint
from .inspect_pod import Report, checkpoint_place, inspection_pod, pod_name, read_report

if TYPE_CHECKING:
    from ...spec.model import Model
    from ..api.connection import Client

LABELS = {
    "app.kubernetes.io/managed-by": MANAGER,
    "app.kubernetes.io/component": "preflight",
    "pod-security.kubernetes.io/enforce": "privileged",
}
LEFTOVER_AGE = timedelta(minutes=10)
MOUNT_SECONDS = 30.0
PULL_SECONDS = 600.0
POLL_SECONDS = 0.3
# Time for a transient pull error to go away.
PULL_ERROR_SECONDS = 20.0
DELETE = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
Say = Callable[[str], None]


@dataclass
class Found:
    """What was found: ``nodes`` maps a model to the hostname label of its node.

    ``checkpoints`` has the models whose directory holds the checkpoint and was looked at: their
    source is ``node``, or ``none`` when config.json could not be brought here.
    """

    nodes: dict[str, str] = field(default_factory=dict)
    checkpoints: dict[str, Checkpoint] = field(default_factory=dict)
    errors: list[Finding] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass
class Look:
    """One model's directory on one node; ``report`` or ``problem`` is set when it is done.

    ``mounted`` tells whether the directory was there, even if nobody could look inside.
    ``checkpoint`` is what the report says about the model, ``faults`` why the server will not
    take that, the first of all ``fault_count``.
    """

    model: Model
    node: str
    report: Report | None = None
    mounted: bool | None = None
    problem: str = ""
    pulling_since: float | None = None
    checkpoint: Checkpoint | None = None
    faults: list[str] = field(default_factory=list)
    fault_count: int = 0

    @property
    def done(self) -> bool:
        """Tell whether nothing more will come."""
        return self.report is not None or self.mounted is False or bool(self.problem)


def find_directories(client: Client, namespace: str, models: Sequence[Model], say: Say) -> Found:
    """Look for the ``storage.host_path`` of each model that has one; leaves nothing behind."""
    found = Found()
    wanted = []
    for model in models:
        if model.storage.host_path is None:
            continue
        proven = live_node(client, namespace, model, served=True)
        if proven:
            found.nodes[model.name] = proven
        else:
            wanted.append(model)
    if not wanted:
        return found
    candidates = read_nodes(client)
    looks = [look for model in wanted for look in _looks(model, candidates, found)]
    if looks:
        _look(client, looks, say, found)
    for model in wanted:
        mine = [look for look in looks if look.model is model]
        if mine:
            bound_to = live_node(client, namespace, model, served=False)
            _judge(model, mine, bound_to, candidates, found)
    return found


def _looks(model: Model, candidates: Candidates, found: Found) -> list[Look]:
    """Return the looks that a model needs; none when its only candidate is a simulated node."""
    try:
        names = candidates.of(model)
    except FindingsError as error:
        found.errors += error.findings
        return []
    real = [name for name in names if name not in candidates.simulated]
    if not real:
        if len(names) == 1:
            found.nodes[model.name] = candidates.hostname(names[0])
            found.warnings.append(
                f"{model.name}: node {names[0]} is simulated; {model.storage.host_path} "
                "was taken for there without a look"
            )
        else:
            found.errors.append(
                Finding.error(
                    "no_node",
                    f"{model.name}: storage.host_path",
                    f"all {len(names)} possible nodes are simulated, none has directories",
                    fix="set storage.node to the node that is meant to have it",
                )
            )
        return []
    return [Look(model, name) for name in real]


def _look(client: Client, looks: list[Look], say: Say, found: Found) -> None:
    """Run one pod per look in a namespace of its own and wait for all of them."""
    try:
        with _temporary_namespace(client) as namespace:
            path = f"/api/v1/namespaces/{namespace}/pods"
            each(partial(_create_pod, client, path), looks)
            _wait(client, namespace, looks, say)
            each(partial(_take_checkpoint, client, path), looks)
    except ApiError as error:
        if error.status != 403:
            raise
        for look in looks:
            look.problem = "this user may not make a temporary namespace to look at it"
        found.warnings.append(f"storage.host_path was not looked at: {error.message}")


@contextmanager
def _temporary_namespace(client: Client) -> Iterator[str]:
    """Make a namespace and remove it again, whatever happens; remove old leftovers too."""
    _remove_leftovers(client)
    body = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"generateName": "llmops-vllm-preflight-", "labels": LABELS},
    }
    name = str(client.request("POST", "/api/v1/namespaces", body=body)["metadata"]["name"])
    try:
        _create_account(client, name)
        yield name
    finally:
        _delete_namespace(client, name)


def _create_account(client: Client, namespace: str) -> None:
    """Make the account that every pod needs, which its controller would make a moment later."""
    body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    try:
        client.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", body=body)
    except ApiError as error:
        if error.status not in {403, 409}:
            raise


def _delete_namespace(client: Client, name: str) -> None:
    try:
        client.request("DELETE", f"/api/v1/namespaces/{name}", body=DELETE)
    except ApiError as error:
        if error.status not in {404, 409}:
            raise


def _remove_leftovers(client: Client) -> None:
    """Remove namespaces of runs that were killed before they could tidy up."""
    keys = ("app.kubernetes.io/managed-by", "app.kubernetes.io/component")
    query = {"labelSelector": ",".join(f"{key}={LABELS[key]}" for key in keys)}
    try:
        answer = client.get("/api/v1/namespaces", query=query)
    except ApiError:
        return  # not allowed to list them; the next run of someone who is will remove them
    for item in answer.get("items") or []:
        metadata = item["metadata"]
        age = datetime.now(UTC) - datetime.fromisoformat(metadata["creationTimestamp"])
        if age > LEFTOVER_AGE and not metadata.get("deletionTimestamp"):
            _delete_namespace(client, metadata["name"])


def _create_pod(client: Client, path: str, look: Look) -> None:
    client.request("POST", path, body=inspection_pod(look.model, look.node))


def _wait(client: Client, namespace: str, looks: list[Look], say: Say) -> None:
    """Poll the pods and their events until each look is done or its time is up."""
    by_pod = {pod_name(look.model, look.node): look for look in looks}
    start = time.monotonic()
    while not all(look.done for look in looks):
        time.sleep(POLL_SECONDS)
        pods, events = each(
            lambda kind: client.get(f"/api/v1/namespaces/{namespace}/{kind}")["items"],
            ["pods", "events"],
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


def _judge(
    model: Model, looks: list[Look], bound_to: str | None, candidates: Candidates, found: Found
) -> None:
    """Choose the node among those that have the directory, or say what is wrong."""
    there = [look for look in looks if look.mounted]
    if not there:
        blind = [look for look in looks if look.mounted is None]
        found.errors.append(_not_seen(model, blind) if blind else _missing(looks))
        return
    errors = {look.node: _problems(look) for look in there}
    good = [node for node, problems in errors.items() if not problems]
    if not good:
        found.errors += [error for problems in errors.values() for error in problems]
        return
    # The volume of an earlier run cannot move to another node.
    node = next((name for name in good if candidates.hostname(name) == bound_to), good[0])
    found.nodes[model.name] = candidates.hostname(node)
    chosen = next(look for look in there if look.node == node)
    if chosen.checkpoint is not None:
        found.checkpoints[model.name] = chosen.checkpoint
    if chosen.problem:
        found.warnings.append(
            f"{model.name}: {model.storage.host_path} is on node {chosen.node}, "
            f"but its files were not looked at: {chosen.problem}"
        )


def _missing(looks: list[Look], path: str | None = None) -> Finding:
    """Return the error for a ``path`` that no node has, by default that of the directory."""
    model = looks[0].model
    nodes = ", ".join(look.node for look in looks)
    place = f"node {nodes}" if len(looks) == 1 else f"none of the nodes {nodes}"
    verb = "is not on" if len(looks) == 1 else "is on"
    return Finding.error(
        "directory_missing",
        f"{model.name}: missing model directory",
        f"{path or model.storage.host_path} {verb} {place}",
        fix="put the model there, or correct storage.host_path (and storage.node)",
    )


def _not_seen(model: Model, looks: list[Look]) -> Finding:
    return Finding.error(
        "directory_not_seen",
        f"{model.name}: storage.host_path",
        f"nobody could look for {model.storage.host_path}",
        evidence=[f"node {look.node}: {look.problem}" for look in looks],
        fix="correct what is named, or set storage.node and vllm_preflight=false",
    )


def _problems(look: Look) -> list[Finding]:
    """Return what would stop the server from using the directory that was looked at."""
    report, model = look.report, look.model
    if report is None:
        return []
    path, who = model.storage.host_path, f"uid {model.run_as_user}"
    if report.bad_count:
        return [_unreadable(look, report)]
    subject = f"{model.name}: model directory"
    place = checkpoint_place(model)
    if place is not None:
        return _checkpoint_problems(look, report, place.on_node)
    if not model.volume_is_read_only and not report.writable:
        return [
            Finding.error(
                "directory_not_writable",
                subject,
                f"{path} is not writable by {who} (mode {report.mode:04o}, owner {report.owner})",
                fix=f"chown {model.run_as_user} {path} on node {look.node}",
            )
        ]
    return []


def _checkpoint_problems(look: Look, report: Report, path: str) -> list[Finding]:
    """Return what would stop the server from loading the checkpoint in ``path``."""
    if not report.there:
        return [_missing([look], path)]
    if not (report.config and report.weights):
        missing = "config.json" if not report.config else "weights (*.safetensors)"
        return [
            Finding.error(
                "checkpoint_incomplete",
                f"{look.model.name}: model directory",
                f"{path} on node {look.node} has no {missing} among its {report.files} files",
                fix="copy the whole checkpoint there, or correct storage.host_path",
            )
        ]
    if not look.faults:
        return []
    more = look.fault_count - len(look.faults)
    return [
        Finding.error(
            "checkpoint_broken",
            f"{look.model.name}: broken model file",
            f"in {path} on node {look.node}: {look.faults[0]}",
            evidence=look.faults[1:] + ([f"and {more} more"] if more else []),
            fix=f"copy what is named from the checkpoint to {path} on node {look.node} again",
        )
    ]


def _unreadable(look: Look, report: Report) -> Finding:
    model = look.model
    top = str(model.storage.host_path).rstrip("/")
    rows = []
    for name, mode, owner, error in report.bad:
        place = top if name == "." else f"{top}/{name}"
        known = f"mode {mode:04o}, owner {owner}" if mode >= 0 else error
        rows.append(f"{place} is not readable by uid {model.run_as_user} ({known})")
    more = report.bad_count - len(rows)
    return Finding.error(
        "directory_unreadable",
        f"{model.name}: unreadable model file",
        rows[0],
        evidence=rows[1:] + ([f"and {more} more"] if more else []),
        fix=f"chmod -R a+rX {top} on node {look.node}",
    )
