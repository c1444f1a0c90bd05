# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What the cluster has of a model from its last deployment."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...manifests.common import PLAN_ANNOTATION
from ...manifests.storage import claim_name
from ...units import GIB, quantity_or_zero
from ..api.errors import ApiError
from ..api.objects import Object
from ..api.parallel import each

if TYPE_CHECKING:
    from ...spec.model import Model
    from ..api.connection import Client


@dataclass(frozen=True)
class Last:
    """The memory plan that a Deployment carries, and the size of the claim (GiB), if any."""

    memory: Mapping[str, Any] | None = None
    claim_gib: float | None = None


def read_last(client: Client, namespace: str, models: Sequence[Model]) -> dict[str, Last]:
    """Read what there is of each model; what this user may not see counts as absent."""
    found = each(lambda model: _read(client, namespace, model), models)
    return {model.name: last for model, last in zip(models, found, strict=True)}


def _read(client: Client, namespace: str, model: Model) -> Last:
    deployment = _find(client, f"/apis/apps/v1/namespaces/{namespace}/deployments/{model.name}")
    claim = None
    if model.storage.makes_claim and model.storage.size_gib is None:
        path = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/{claim_name(model)}"
        claim = _find(client, path)
    return Last(planned_memory(deployment), _claim_gib(claim))


def _find(client: Client, path: str) -> Object | None:
    try:
        found: Object | None = client.find(path)
    except ApiError as error:
        if error.status != 403:
            raise
        return None
    return found


def planned_memory(deployment: Object | None) -> Mapping[str, Any] | None:
    """Read the memory plan out of a Deployment; anybody may have written there."""
    annotations = ((deployment or {}).get("metadata") or {}).get("annotations") or {}
    try:
        memory = json.loads(annotations[PLAN_ANNOTATION])["memory"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return memory if isinstance(memory, dict) else None


def _claim_gib(claim: Object | None) -> float | None:
    resources = ((claim or {}).get("spec") or {}).get("resources") or {}
    size = quantity_or_zero((resources.get("requests") or {}).get("storage", "0"))
    return size / GIB or None
