# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The volumes of a pod."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...findings import shown
from .metadata import data_key, dns_label, subdomain, template_metadata
from .quantities import quantity, size
from .storage import claim, host_path
from .values import (
    Notes,
    at,
    flag,
    list_of,
    required,
    struct,
    text,
    whole,
)

_MODE = whole(0, 0o777)


_item = struct({"key": data_key, "path": text, "mode": _MODE}, required("key", "path"))
_DATA = {"items": list_of(_item), "defaultMode": _MODE, "optional": flag}
_field = struct(
    {
        "path": text,
        "mode": _MODE,
        "fieldRef": struct({"fieldPath": text}, required("fieldPath")),
        "resourceFieldRef": struct(
            {"resource": text, "containerName": text, "divisor": quantity()},
            required("resource"),
        ),
    },
    required("path"),
)
_downward = struct({"items": list_of(_field), "defaultMode": _MODE})
_projection = struct(
    {
        "configMap": struct({"name": subdomain, **_DATA}, required("name")),
        "secret": struct({"name": subdomain, **_DATA}, required("name")),
        "downwardAPI": _downward,
        "serviceAccountToken": struct(
            {"path": text, "audience": text, "expirationSeconds": whole(600, 2**32)},
            required("path"),
        ),
    }
)


def _one_source(value: Mapping[str, Any], path: str, notes: Notes) -> None:
    """One kind of volume; without any the API server makes it an emptyDir."""
    given = [key for key, entry in value.items() if key != "name" and entry is not None]
    if len(given) > 1:
        cause = f"does not go with {shown(given[0])}"
        notes.add("contradiction", at(path, given[1]), cause, "give one of the two")


volume = struct(
    {
        "name": dns_label,
        "emptyDir": struct({"medium": text, "sizeLimit": size}),
        "hostPath": host_path,
        "configMap": struct({"name": text, **_DATA}, required("name")),
        "secret": struct({"secretName": text, **_DATA}, required("secretName")),
        "persistentVolumeClaim": struct(
            {"claimName": text, "readOnly": flag}, required("claimName")
        ),
        "nfs": struct({"server": text, "path": text, "readOnly": flag}, required("server", "path")),
        "csi": struct({"driver": text, "readOnly": flag, "fsType": text}, required("driver")),
        "downwardAPI": _downward,
        "projected": struct({"sources": list_of(_projection), "defaultMode": _MODE}),
        "ephemeral": struct(
            {
                "volumeClaimTemplate": struct(
                    {"metadata": template_metadata, "spec": claim}, required("spec")
                )
            },
            required("volumeClaimTemplate"),
        ),
    },
    required("name"),
    _one_source,
)
