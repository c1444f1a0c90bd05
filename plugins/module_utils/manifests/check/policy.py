# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Limits and policies: quotas, ranges, disruption budgets, scaling, priorities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...findings import shown
from .metadata import selector
from .quantities import bounds, nanos, quantities
from .values import (
    LARGEST_LONG,
    Notes,
    as_whole,
    at,
    flag,
    list_of,
    mapping_at,
    mappings_at,
    one_key,
    one_of,
    required,
    struct,
    text,
    unique,
    whole,
)
from .workload import part

quota = struct({"hard": quantities})

# What must not be above what, of the same resource.
_ORDER = (
    ("min", "max"),
    ("min", "default"),
    ("min", "defaultRequest"),
    ("default", "max"),
    ("defaultRequest", "max"),
    ("defaultRequest", "default"),
)


def _in_order(value: Mapping[str, Any], path: str, notes: Notes) -> None:
    for low, high in _ORDER:
        highest = mapping_at(value, high)
        for name, entry in mapping_at(value, low).items():
            least, most = nanos(entry), nanos(highest.get(name))
            if least is not None and most is not None and least > most:
                cause = f"{shown(entry)} is above {high} ({shown(highest[name])})"
                notes.add("wrong_quantity", at(f"{path}.{low}", name), cause, "give less")


def _types_once(spec: Mapping[str, Any], path: str, notes: Notes) -> None:
    types = [
        (f"{path}.limits[{index}].type", entry.get("type"))
        for index, entry in mappings_at(spec, "limits")
    ]
    unique(types, notes, "is the type of")


limit_range = struct(
    {
        "limits": list_of(
            struct(
                {
                    "type": text,
                    "min": bounds,
                    "max": bounds,
                    "default": bounds,
                    "defaultRequest": bounds,
                    "maxLimitRequestRatio": bounds,
                },
                required("type"),
                _in_order,
            )
        )
    },
    _types_once,
)
disruption_budget = struct(
    {
        "minAvailable": part,
        "maxUnavailable": part,
        "selector": selector,
        "unhealthyPodEvictionPolicy": one_of("IfHealthyBudget", "AlwaysAllow"),
    },
    one_key("minAvailable", "maxUnavailable", needed=False),
)


def _least_and_most(spec: Mapping[str, Any], path: str, notes: Notes) -> None:
    least, most = as_whole(spec.get("minReplicas")), as_whole(spec.get("maxReplicas"))
    if least is not None and most is not None and least > most:
        cause = f"{shown(most)} is below minReplicas ({shown(least)})"
        notes.add("wrong_number", f"{path}.maxReplicas", cause, "give at least minReplicas")


autoscaler = struct(
    {
        # 0 needs a feature gate, which a cluster may have.
        "minReplicas": whole(0),
        "maxReplicas": whole(1),
        "scaleTargetRef": struct(
            {"apiVersion": text, "kind": text, "name": text}, required("kind", "name")
        ),
    },
    required("maxReplicas", "scaleTargetRef"),
    _least_and_most,
)


def storage_class(item: Mapping[str, Any], notes: Notes) -> None:
    """A StorageClass has its fields at the top."""
    _storage_class(item, "", notes)


def priority_class(item: Mapping[str, Any], notes: Notes) -> None:
    """A PriorityClass has its fields at the top."""
    _priority_class(item, "", notes)


_storage_class = struct(
    {
        "provisioner": text,
        "reclaimPolicy": one_of("Retain", "Delete"),
        "volumeBindingMode": one_of("Immediate", "WaitForFirstConsumer"),
        "allowVolumeExpansion": flag,
    },
    required("provisioner"),
)
_priority_class = struct(
    {
        "value": whole(-LARGEST_LONG, LARGEST_LONG),
        "globalDefault": flag,
        "preemptionPolicy": one_of("PreemptLowerPriority", "Never"),
    }
)
