# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The model server: Deployment and Service."""

from __future__ import annotations

import posixpath
from typing import Any

from ..plan.model_plan import ModelPlan
from ..plan.seal import sealed_text
from ..spec.model import GPU_RESOURCES, Model
from ..startup.probes import ProbePlan
from ..units import gib_quantity
from .arguments import CACHE, PORT, arguments, command, environment
from .common import PLAN_ANNOTATION, Manifest, labels, selector, without_empty
from .storage import claim_name

CONTAINER = "vllm"
MODEL_VOLUME = "model"


def server(model: Model, plan: ModelPlan, namespace: str) -> list[Manifest]:
    """Everything that serves one model, its extra objects last.

    Raises ValueError for a plan that was only made to be shown.
    """
    return [
        _deployment(model, plan, namespace),
        _service(model, namespace),
        *model.extra_objects,
    ]


def _deployment(model: Model, plan: ModelPlan, namespace: str) -> Manifest:
    probes = _probes(plan)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": model.name,
            "namespace": namespace,
            "labels": labels(model),
            "annotations": {**model.annotations, PLAN_ANNOTATION: sealed_text(plan)},
        },
        "spec": {
            "replicas": plan.rollout.replicas,
            "revisionHistoryLimit": 3,
            "progressDeadlineSeconds": probes.progress_deadline_seconds,
            "strategy": dict(plan.rollout.strategy),
            "selector": {"matchLabels": selector(model)},
            "template": {
                "metadata": without_empty(
                    {
                        "labels": {**model.pod_labels, **labels(model)},
                        "annotations": model.pod_annotations,
                    }
                ),
                "spec": _pod(model, plan, probes),
            },
        },
    }


def _probes(plan: ModelPlan) -> ProbePlan:
    if plan.startup.probes is None:
        raise ValueError(f"the plan of {plan.sources.name!r} has no probes: it is only shown")
    return plan.startup.probes


def _service(model: Model, namespace: str) -> Manifest:
    metadata = {
        "name": model.name,
        "namespace": namespace,
        "labels": labels(model),
        "annotations": model.service.annotations,
    }
    port = {"name": "http", "port": model.service.port, "protocol": "TCP", "targetPort": "http"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": without_empty(metadata),
        "spec": {"type": model.service.type, "selector": selector(model), "ports": [port]},
    }


def _pod(model: Model, plan: ModelPlan, probes: ProbePlan) -> Manifest:
    """A pod that Pod Security level restricted admits, unless the user asks for more."""
    spec: Manifest = {
        "containers": [_container(model, plan, probes), *model.extra_containers],
        "initContainers": model.init_containers,
        "volumes": _volumes(model, plan),
        "securityContext": _pod_security(model),
        "terminationGracePeriodSeconds": probes.termination_grace_period_seconds,
        "nodeSelector": model.node_selector,
        "tolerations": model.tolerations,
        "affinity": model.affinity,
        "priorityClassName": model.priority_class_name,
        "schedulerName": model.scheduler_name,
        "nodeName": model.node_name,
        "serviceAccountName": model.service_account_name,
        "imagePullSecrets": [{"name": name} for name in model.image_pull_secrets],
        "runtimeClassName": model.runtime_class_name,
        "hostNetwork": model.host_network or None,
        "hostIPC": model.host_ipc or None,
        "hostPID": model.host_pid or None,
        "dnsPolicy": "ClusterFirstWithHostNet" if model.host_network else None,
        # A Service named vllm would set VLLM_PORT=tcp://... and crash the server.
        "enableServiceLinks": False,
        "automountServiceAccountToken": None if model.service_account_name else False,
    }
    return without_empty(spec)


def _container(model: Model, plan: ModelPlan, probes: ProbePlan) -> Manifest:
    container: Manifest = {
        "name": CONTAINER,
        "image": model.server_image,
        "imagePullPolicy": model.image_pull_policy,
        "command": command(model),
        "args": arguments(model, plan),
        "env": environment(model, probes),
        "ports": [
            {"name": "http", "containerPort": PORT, "protocol": "TCP"},
            *model.extra_ports,
        ],
        "resources": _resources(model, plan),
        "startupProbe": probes.startup,
        "livenessProbe": probes.liveness,
        "readinessProbe": probes.readiness,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            **model.security_context,
        },
        # Brings the end of a crashed server's log into the pod's status.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": _mounts(model),
    }
    return without_empty(container)


def _pod_security(model: Model) -> Manifest:
    return {
        "runAsNonRoot": True,
        "runAsUser": model.run_as_user,
        "runAsGroup": model.run_as_group,
        "fsGroup": model.run_as_user,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
        **model.pod_security_context,
    }


def _resources(model: Model, plan: ModelPlan) -> Manifest:
    """The user's figures, and the plan's for what the user says nothing about.

    A request and a limit belong together: who gives one of them for memory or CPU decides both.
    """
    resources = {kind: dict(entries) for kind, entries in model.resources.items() if entries}
    given = {name for entries in resources.values() for name in entries}
    for kind, entries in _planned_resources(model, plan).items():
        for name, value in entries.items():
            if value is not None and name not in given:
                resources.setdefault(kind, {})[name] = value
    return resources


def _planned_resources(model: Model, plan: ModelPlan) -> dict[str, dict[str, str | None]]:
    """CPU has no limit: throttling a server that loads or samples helps nobody."""
    host = plan.memory.host
    request, limit = host.memory_request_gib, host.memory_limit_gib
    requests = {
        "cpu": None if host.cpu is None else str(host.cpu),
        "memory": None if request is None else gib_quantity(request),
    }
    limits = {"memory": None if limit is None else gib_quantity(limit)}
    if model.gpus_per_pod:
        gpu = {GPU_RESOURCES[model.accelerator]: str(model.gpus_per_pod)}
        return {"requests": requests | gpu, "limits": limits | gpu}
    return {"requests": requests, "limits": limits}


def _volumes(model: Model, plan: ModelPlan) -> list[dict[str, Any]]:
    """Our volumes and the user's; one of the user's takes the place of ours of the same name."""
    given = {volume.get("name") for volume in model.extra_volumes}
    used = _mounted_volumes(model)
    ours = [v for v in _own_volumes(model, plan) if v["name"] in used and v["name"] not in given]
    return [*ours, *model.extra_volumes]


def _own_volumes(model: Model, plan: ModelPlan) -> list[dict[str, Any]]:
    size = plan.memory.host.shm_gib
    shm = {"medium": "Memory"} | ({"sizeLimit": gib_quantity(size)} if size else {})
    volumes: list[dict[str, Any]] = [
        {"name": "cache", "emptyDir": {}},
        {"name": "tmp", "emptyDir": {}},
        {"name": "shm", "emptyDir": shm},
    ]
    if model.storage.is_claim:
        claim = {"claimName": claim_name(model)}
        volumes.append({"name": MODEL_VOLUME, "persistentVolumeClaim": claim})
    return volumes


def _mounted_volumes(model: Model) -> set[str]:
    """Names of the volumes that a container of the pod mounts."""
    mounts: list[Any] = [*_mounts(model)]
    for container in [*model.extra_containers, *model.init_containers]:
        listed = container.get("volumeMounts")
        mounts += listed if isinstance(listed, list) else []
    return {str(mount.get("name")) for mount in mounts if isinstance(mount, dict)}


def _mounts(model: Model) -> list[dict[str, Any]]:
    """Our mounts and the user's; ours gives way at the same path."""
    given = {_path(mount) for mount in model.extra_volume_mounts}
    ours = [mount for mount in _own_mounts(model) if _path(mount) not in given]
    return [*ours, *model.extra_volume_mounts]


def _path(mount: Manifest) -> str:
    return posixpath.normpath(str(mount.get("mountPath", "")))


def _own_mounts(model: Model) -> list[dict[str, Any]]:
    mounts: list[dict[str, Any]] = [
        {"name": "cache", "mountPath": CACHE},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
        {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108
    ]
    if model.storage.is_claim:
        mount: dict[str, Any] = {"name": MODEL_VOLUME, "mountPath": model.mount_path}
        if model.volume_is_read_only:
            mount["readOnly"] = True
        mounts.append(mount)
    return mounts
