# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""StatefulSets: they make their pods themselves and label them with the revision."""

from __future__ import annotations

from ...api.objects import Object
from .questions import (
    REPLICA_COUNTS,
    UNSEEN,
    WorkloadKind,
    counted,
    label,
    observed,
    wanted_replicas,
)


def _is_newest(item: Object, pod: Object) -> bool:
    revision = (item.get("status") or {}).get("updateRevision")
    return label(pod, "controller-revision-hash") == revision


def _missing(item: Object, makers: list[Object]) -> str:
    del makers
    return counted(item, REPLICA_COUNTS, wanted_replicas(item)) if observed(item) else UNSEEN


STATEFUL_SET = WorkloadKind(
    kind="StatefulSet",
    between=(),
    wanted=wanted_replicas,
    makers=lambda _reader, item: [item],
    is_newest=_is_newest,
    missing=_missing,
)
