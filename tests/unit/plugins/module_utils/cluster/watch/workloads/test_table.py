# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What each kind of workload answers about an object and a pod of it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.kinds import known
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.facts import (
    Target,
    Workload,
    facts,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.ready import (
    Readiness,
    readiness,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.store import (
    Observation,
    Reader,
    Store,
    fold,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.workloads.table import (
    kinds_to_read,
)

GENERATION = "deprecated.daemonset.template.generation"
STATES: dict[str, dict[str, Any]] = {
    "StatefulSet": {
        "metadata": {"name": "w", "uid": "w", "generation": 2},
        "spec": {"replicas": 1},
        "status": {
            "observedGeneration": 2,
            "updateRevision": "new",
            "replicas": 1,
            "updatedReplicas": 1,
            "readyReplicas": 1,
            "availableReplicas": 1,
        },
    },
    "DaemonSet": {
        "metadata": {"name": "w", "uid": "w", "generation": 2, "annotations": {GENERATION: "2"}},
        "spec": {},
        "status": {
            "observedGeneration": 2,
            "desiredNumberScheduled": 1,
            "currentNumberScheduled": 1,
            "updatedNumberScheduled": 1,
            "numberReady": 1,
            "numberAvailable": 1,
        },
    },
}
LABELS = {"controller-revision-hash": "new", "pod-template-generation": "2"}
OLD = {"controller-revision-hash": "old", "pod-template-generation": "1"}


def judged(kind: str, item: dict[str, Any], labels: dict[str, str] | None = None) -> Readiness:
    owner = {"kind": kind, "uid": "w", "controller": True}
    pod = {
        "metadata": {
            "name": "w-0",
            "uid": "p",
            "labels": labels or LABELS,
            "ownerReferences": [owner],
        },
        "spec": {"nodeName": "n", "containers": [{"name": "vllm"}]},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }
    store = Store()
    for name, found in ((kind, item), ("Pod", pod)):
        fold(store, Observation(0.0, "LISTED", {"kind": name, "items": [found]}))
    return readiness(facts(Reader(store), Target(Workload(kind, "w"), 60.0)))


@pytest.mark.parametrize("kind", STATES)
def test_it_is_ready_without_a_service(kind: str) -> None:
    state = judged(kind, STATES[kind])
    assert (state.ready, state.have, state.want) == (True, 1, 1)


@pytest.mark.parametrize("kind", STATES)
def test_pods_of_the_old_revision_do_not_count(kind: str) -> None:
    state = judged(kind, STATES[kind], OLD)
    assert state.text == "0 of 1 new pods are ready"


@pytest.mark.parametrize(
    ("kind", "field", "value", "text"),
    [
        ("StatefulSet", "observedGeneration", 1, "has not seen the last change"),
        ("StatefulSet", "updatedReplicas", 0, "updated 0"),
        ("StatefulSet", "readyReplicas", 0, "ready 0"),
        ("StatefulSet", "availableReplicas", 0, "available 0"),
        ("StatefulSet", "replicas", 2, "total 2"),
        ("DaemonSet", "observedGeneration", 1, "has not seen the last change"),
        ("DaemonSet", "updatedNumberScheduled", 0, "updated 0"),
        ("DaemonSet", "numberReady", 0, "ready 0"),
        ("DaemonSet", "numberAvailable", 0, "available 0"),
        ("DaemonSet", "desiredNumberScheduled", 2, "total 1"),
    ],
)
def test_what_its_status_lacks_is_named(kind: str, field: str, value: int, text: str) -> None:
    item = copy.deepcopy(STATES[kind])
    item["status"][field] = value
    state = judged(kind, item)
    assert not state.ready
    assert text in state.text


def test_the_kinds_to_read_are_known_and_stand_once() -> None:
    kinds = kinds_to_read(["Deployment", "StatefulSet", "DaemonSet", "Deployment"])
    assert kinds == ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Pod"]
    assert known(kinds[1]).path("llm") == "/apis/apps/v1/namespaces/llm/replicasets"


def test_a_kind_that_nobody_has_written_down_is_refused() -> None:
    with pytest.raises(KeyError):
        kinds_to_read(["CronJob"])
