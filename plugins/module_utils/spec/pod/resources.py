# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Requests and limits of a container."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from ...units import parse_quantity
from ..errors import Errors
from ..readers import plain, reads
from ..structures import also, entry, mapping_of
from .names import LABEL_KEY

_CONTAINER_RESOURCE = re.compile(r"(cpu|memory|ephemeral-storage|hugepages-.+)\Z")


def _amount(value: Any) -> float:
    """The number of a quantity; below 0 for what is none."""
    try:
        return parse_quantity(value.strip() if isinstance(value, str) else value)
    except ValueError:
        return -1.0


@reads("quantity")
def quantity(value: Any, path: str, errors: Errors) -> Any:
    """A quantity, as it was written."""
    if not 0 <= _amount(value) < math.inf:
        errors.wrong(path, value, "a quantity of 0 or more, such as 500m, 4 or 16Gi")
    return plain(value)


def check_resources(found: Mapping[str, Mapping[str, Any]], path: str, errors: Errors) -> None:
    """Requests that go with their limits."""
    requests, limits = found.get("requests", {}), found.get("limits", {})
    for kind, quantities in found.items():
        for name, value in quantities.items():
            if _is_device(name) and _amount(value) % 1:
                errors.wrong(f"{path}.{kind}.{name}", value, "a whole number")
    for name, value in requests.items():
        place = f"{path}.requests.{name}"
        if name not in limits:
            if not _overcommits(name):
                fix = "give the same under limits"
                errors.add("missing_key", place, "has no limit, and must have one", fix)
        elif _amount(value) > _amount(limits[name]):
            cause = f"{value} is above the limit of {limits[name]}"
            errors.add("request_above_limit", place, cause, "give at most the limit")
        elif not _overcommits(name) and _amount(value) != _amount(limits[name]):
            cause = f"{value} is not the limit of {limits[name]}"
            errors.add("request_below_limit", place, cause, "give both alike")


def _is_device(name: str) -> bool:
    """Whether nodes have this in whole pieces (an extended resource)."""
    return "/" in name and "kubernetes.io/" not in name


def _overcommits(name: str) -> bool:
    return not _is_device(name) and not name.startswith("hugepages-")


QUANTITIES = mapping_of(
    quantity,
    key=re.compile(rf"{_CONTAINER_RESOURCE.pattern}|(?=.*/){LABEL_KEY.pattern}"),
    keys="cpu, memory, ephemeral-storage, hugepages-SIZE, or a device such as nvidia.com/gpu",
)
resources = also(entry({"requests": QUANTITIES, "limits": QUANTITIES}), check_resources)
