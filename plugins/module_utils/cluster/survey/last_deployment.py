# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What the cluster has of a model from its last deployment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...findings import Finding
from ...manifests.common import PLAN_ANNOTATION
from ...manifests.storage import claim_name
from ...plan.model_plan import ModelPlan
from ...plan.seal import NotTrustedError, unsealed_text
from ...units import GIB, quantity_or_zero
from ..api.objects import Object, object_id
from .snapshot import Snapshot

if TYPE_CHECKING:
    from ...spec.model import Model


@dataclass(frozen=True)
class Last:
    """The plan that a Deployment carries, and the size of the claim (GiB), if any.

    ``not_trusted`` says why a plan that is there is not used.
    """

    plan: ModelPlan | None = None
    claim_gib: float | None = None
    not_trusted: Finding | None = None


def last_of(snapshot: Snapshot, model: Model) -> Last:
    """Return what there is of a model; what this user may not see counts as absent."""
    claim = None
    if model.storage.makes_claim and model.storage.size_gib is None:
        claim = snapshot.claims.named(claim_name(model))
    deployment = snapshot.deployments.named(model.name)
    try:
        return Last(carried_plan(deployment), _claim_gib(claim))
    except NotTrustedError as error:
        return Last(None, _claim_gib(claim), _not_trusted(deployment or {}, error))


def carried_plan(deployment: Object | None) -> ModelPlan | None:
    """Read the plan out of a Deployment; anybody may have written there. Raises NotTrustedError."""
    annotations = ((deployment or {}).get("metadata") or {}).get("annotations") or {}
    text = annotations.get(PLAN_ANNOTATION)
    return None if text is None else unsealed_text(str(text), "plan")


def _not_trusted(deployment: Object, error: NotTrustedError) -> Finding:
    return Finding.warning(
        "plan_not_trusted",
        f"{object_id(deployment)}: annotation {PLAN_ANNOTATION}",
        f"{error}; it is not used",
    )


def _claim_gib(claim: Object | None) -> float | None:
    resources = ((claim or {}).get("spec") or {}).get("resources") or {}
    size = quantity_or_zero((resources.get("requests") or {}).get("storage", "0"))
    return size / GIB or None
