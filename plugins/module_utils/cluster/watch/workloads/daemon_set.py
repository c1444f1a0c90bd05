# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""DaemonSets: one pod on each node that takes it."""

from __future__ import annotations

from ...api.objects import Object
from .questions import UNSEEN, WorkloadKind, counted, label, observed

COUNTS = {
    "total": "currentNumberScheduled",
    "updated": "updatedNumberScheduled",
    "ready": "numberReady",
    "available": "numberAvailable",
}
# The API server counts the changes of the template there, and the controller labels pods with it.
GENERATION = "deprecated.daemonset.template.generation"


def _wanted(item: Object) -> int:
    return int((item.get("status") or {}).get("desiredNumberScheduled", 0))


def _is_newest(item: Object, pod: Object) -> bool:
    generation = (item["metadata"].get("annotations") or {}).get(GENERATION)
    return generation is None or label(pod, "pod-template-generation") == generation


def _missing(item: Object, makers: list[Object]) -> str:
    del makers
    return counted(item, COUNTS, _wanted(item)) if observed(item) else UNSEEN


DAEMON_SET = WorkloadKind(
    kind="DaemonSet",
    between=(),
    wanted=_wanted,
    makers=lambda _reader, item: [item],
    is_newest=_is_newest,
    missing=_missing,
)
