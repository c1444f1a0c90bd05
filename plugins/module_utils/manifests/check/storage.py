# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""PersistentVolumes and claims."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .metadata import node_requirement, selector, subdomain
from .quantities import positive, quantities
from .values import (
    Notes,
    list_at,
    list_of,
    mapping_at,
    one_key,
    one_of,
    required,
    struct,
    text,
    texts,
)

_ACCESS = one_of("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
_MODES = {"accessModes": list_of(_ACCESS), "volumeMode": one_of("Filesystem", "Block")}


def _one_pod(spec: Mapping[str, Any], path: str, notes: Notes) -> None:
    modes = list_at(spec, "accessModes")
    if "ReadWriteOncePod" in modes and any(mode != "ReadWriteOncePod" for mode in modes):
        cause = "ReadWriteOncePod does not go with another mode"
        notes.add("contradiction", f"{path}.accessModes", cause, "give it alone")


def _asks_for_storage(spec: Mapping[str, Any], path: str, notes: Notes) -> None:
    place = f"{path}.resources.requests.storage"
    storage = mapping_at(spec, "resources", "requests").get("storage")
    if storage is None:
        notes.add("missing_key", place, "is missing", "give a size such as 50Gi")


claim = struct(
    {
        **_MODES,
        "storageClassName": subdomain,
        "volumeName": text,
        "selector": selector,
        "resources": struct({"requests": struct({"storage": positive}), "limits": quantities}),
    },
    required("accessModes"),
    _one_pod,
    _asks_for_storage,
)


def _no_steps_back(value: Mapping[str, Any], path: str, notes: Notes) -> None:
    word = value.get("path")
    if isinstance(word, str) and ".." in word.split("/"):
        fix = "give a path without '..'"
        notes.add("wrong_path", f"{path}.path", f"{word!r} leads back", fix)


host_path = struct(
    {
        "path": text,
        "type": one_of(
            "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice",
            "BlockDevice",
        ),
    },
    required("path"),
    _no_steps_back,
)  # fmt: skip


def _holds_storage(spec: Mapping[str, Any], path: str, notes: Notes) -> None:
    capacity = mapping_at(spec, "capacity")
    if list(capacity) != ["storage"]:
        fix = "give storage alone, a size such as 50Gi"
        cause = "is missing" if not capacity else "has other keys than storage"
        notes.add("wrong_quantity", f"{path}.capacity", cause, fix)


def _local_is_somewhere(spec: Mapping[str, Any], path: str, notes: Notes) -> None:
    if spec.get("local") is not None and not mapping_at(spec, "nodeAffinity", "required"):
        fix = "say on which node the directory is"
        notes.add("missing_key", f"{path}.nodeAffinity", "is missing", fix)


_SOURCES = tuple(
    "hostPath nfs csi local awsElasticBlockStore gcePersistentDisk azureDisk azureFile iscsi fc rbd"
    " cephfs cinder glusterfs flocker flexVolume vsphereVolume quobyte photonPersistentDisk"
    " portworxVolume scaleIO storageos".split()
)
_terms = struct(
    {
        "matchExpressions": list_of(node_requirement),
        "matchFields": list_of(node_requirement),
    }
)
node_selector = struct({"nodeSelectorTerms": list_of(_terms)}, required("nodeSelectorTerms"))
volume = struct(
    {
        **_MODES,
        "capacity": struct({"storage": positive}),
        "storageClassName": subdomain,
        "persistentVolumeReclaimPolicy": one_of("Retain", "Delete", "Recycle"),
        "mountOptions": texts,
        "nodeAffinity": struct({"required": node_selector}),
        "claimRef": struct({"name": text, "namespace": text}),
        "hostPath": host_path,
        "nfs": struct({"server": text, "path": text}, required("server", "path")),
        "csi": struct({"driver": text, "volumeHandle": text}, required("driver", "volumeHandle")),
        "local": struct({"path": text}, required("path")),
    },
    required("accessModes"),
    _one_pod,
    _holds_storage,
    _local_is_somewhere,
    one_key(*_SOURCES),
)
