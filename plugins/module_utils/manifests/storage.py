# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Volumes: a directory of a node as a PersistentVolume, and the claims."""

from __future__ import annotations

from ..findings import failure
from ..plan.model_plan import ModelPlan
from ..spec.model import Model
from ..units import gib_quantity
from .common import Manifest, labels, without_empty

HOSTNAME_LABEL = "kubernetes.io/hostname"


def storage(model: Model, plan: ModelPlan, namespace: str) -> list[Manifest]:
    """The objects behind a model's volume; empty when the user brings a claim or wants none.

    Raises FindingsError for a directory whose node is not known.
    """
    if not model.storage.makes_claim:
        return []
    if model.storage.host_path is None:
        return [_claim(model, plan, namespace)]
    if plan.storage.node is None:
        raise failure(
            "no_node",
            f"{model.name}: storage.host_path",
            f"no node is known to have {model.storage.host_path}",
            fix="give storage.node, or leave vllm_preflight on",
        )
    return [
        _host_path_volume(model, plan, namespace, plan.storage.node),
        _claim(model, plan, namespace, volume_name(model, namespace)),
    ]


def volume_name(model: Model, namespace: str) -> str:
    """PersistentVolumes have no namespace, so the name carries it."""
    return f"{namespace}-{model.name}"


def claim_name(model: Model) -> str:
    """The claim that the model's pods mount."""
    return model.storage.claim_name or model.name


def _size(plan: ModelPlan) -> float:
    if plan.storage.size_gib is None:
        raise ValueError(f"the plan of {plan.sources.name!r} has no size for a volume")
    return plan.storage.size_gib


def _host_path_volume(model: Model, plan: ModelPlan, namespace: str, hostname: str) -> Manifest:
    """A directory that must be there: ``Directory`` never makes an empty one by mistake.

    The volume's affinity alone brings the pod to the node; no node selector is needed.
    """
    terms = [
        {"matchExpressions": [{"key": HOSTNAME_LABEL, "operator": "In", "values": [hostname]}]}
    ]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": volume_name(model, namespace), "labels": labels(model)},
        "spec": {
            "capacity": {"storage": gib_quantity(_size(plan))},
            "accessModes": model.storage.access_modes,
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "",
            "hostPath": {"path": model.storage.host_path, "type": "Directory"},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": namespace,
                "name": claim_name(model),
            },
            "nodeAffinity": {"required": {"nodeSelectorTerms": terms}},
        },
    }


def _claim(model: Model, plan: ModelPlan, namespace: str, volume: str | None = None) -> Manifest:
    """A claim; with ``volume`` it takes that one only and asks no provisioner."""
    spec = without_empty(
        {
            "accessModes": model.storage.access_modes,
            "resources": {"requests": {"storage": gib_quantity(_size(plan))}},
            "storageClassName": model.storage.storage_class,
            "volumeName": volume,
        }
    )
    if volume:
        spec["storageClassName"] = ""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": claim_name(model),
            "namespace": namespace,
            "labels": labels(model),
        },
        "spec": spec,
    }
