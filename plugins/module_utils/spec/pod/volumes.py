# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Volumes of a pod and their mounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import Errors
from ..readers import boolean, mapping, one_of, scalar_text, text
from ..structures import also, distinct, entry, list_of
from .names import short_name
from .resources import quantity

_MOUNT = entry(
    {
        "name": short_name,
        "mountPath": text,
        "subPath": text,
        "subPathExpr": text,
        "readOnly": boolean,
        "recursiveReadOnly": one_of("Disabled", "IfPossible", "Enabled"),
        "mountPropagation": one_of("None", "HostToContainer", "Bidirectional"),
    },
    needs=["name", "mountPath"],
)
volume_mounts = distinct(list_of(_MOUNT, kind="list of VolumeMount"), "mountPath")

_SOURCES = (
    "awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "configMap", "csi",
    "downwardAPI", "emptyDir", "ephemeral", "fc", "flexVolume", "flocker", "gcePersistentDisk",
    "gitRepo", "glusterfs", "hostPath", "image", "iscsi", "nfs", "persistentVolumeClaim",
    "photonPersistentDisk", "portworxVolume", "projected", "quobyte", "rbd", "scaleIO", "secret",
    "storageos", "vsphereVolume",
)  # fmt: skip


def _check_source(found: Mapping[str, Any], path: str, errors: Errors) -> None:
    if len(found) > 2:
        names = ", ".join(key for key in found if key != "name")
        errors.add("contradiction", path, f"has several sources: {names}", "give one of them")


_CLAIM = entry({"claimName": text, "readOnly": boolean}, needs=["claimName"])
_EMPTY_DIR = entry({"medium": scalar_text, "sizeLimit": quantity})
_VOLUME = entry(
    {
        "name": short_name,
        **dict.fromkeys(_SOURCES, mapping),
        "emptyDir": _EMPTY_DIR,
        "persistentVolumeClaim": _CLAIM,
    },
    needs=["name"],
)
volumes = distinct(list_of(also(_VOLUME, _check_source), kind="list of Volume"), "name")
