# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Deployments: one ReplicaSet for each revision makes the pods."""

from __future__ import annotations

from ...api.objects import Object
from ..store import Reader
from .questions import (
    REPLICA_COUNTS,
    UNSEEN,
    WorkloadKind,
    counted,
    observed,
    wanted_replicas,
)


def _newest_replica_set(reader: Reader, item: Object) -> list[Object]:
    """Return the ReplicaSet with the Deployment's present pod template.

    A Deployment that its controller has not looked at yet has no such ReplicaSet: the ones there
    are old.
    """
    wanted = _template(item)
    same = [owned for owned in reader.owned("ReplicaSet", item) if _template(owned) == wanted]
    return sorted(same, key=lambda owned: str(owned["metadata"].get("creationTimestamp", "")))[:1]


def _template(item: Object) -> Object:
    """Return the pod template without the label that the controller adds."""
    template: Object = item["spec"]["template"]
    metadata = template.get("metadata") or {}
    labels = {k: v for k, v in (metadata.get("labels") or {}).items() if k != "pod-template-hash"}
    return {**template, "metadata": {**metadata, "labels": labels}}


def _missing(item: Object, makers: list[Object]) -> str:
    if item["spec"].get("paused"):
        return "the Deployment is paused"
    if not observed(item):
        return UNSEEN
    if not makers:
        return "the new ReplicaSet does not exist yet"
    return counted(item, REPLICA_COUNTS, wanted_replicas(item))


DEPLOYMENT = WorkloadKind(
    kind="Deployment",
    between=("ReplicaSet",),
    wanted=wanted_replicas,
    makers=_newest_replica_set,
    is_newest=lambda _item, _pod: True,
    missing=_missing,
)
