# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The table of kinds."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.kinds import (
    KINDS,
    Phase,
    built_in,
    in_phases,
    keeps_data,
    known,
    phase,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.objects import ObjectId


def test_phases_put_the_ground_first() -> None:
    kinds = [
        ("", "Service"), ("apps", "Deployment"), ("", "Secret"), ("", "Namespace"),
        ("", "PersistentVolume"), ("gateway.networking.k8s.io", "HTTPRoute"),
    ]  # fmt: skip
    groups = in_phases((ObjectId(group, "v1", kind, "", "x"), None) for group, kind in kinds)
    assert [[entry[0].kind for entry in group] for group in groups] == [
        ["Namespace", "PersistentVolume"],
        ["Secret"],
        ["Deployment"],
        ["Service", "HTTPRoute"],
    ]


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("Namespace", Phase.CLUSTER),
        ("PersistentVolume", Phase.CLUSTER),
        ("CustomResourceDefinition", Phase.CLUSTER),
        ("StorageClass", Phase.CLUSTER),
        ("PriorityClass", Phase.CLUSTER),
        ("RuntimeClass", Phase.CLUSTER),
        ("ClusterRole", Phase.CLUSTER),
        ("ClusterRoleBinding", Phase.CLUSTER),
        ("ServiceAccount", Phase.CONFIG),
        ("Role", Phase.CONFIG),
        ("RoleBinding", Phase.CONFIG),
        ("ResourceQuota", Phase.CONFIG),
        ("LimitRange", Phase.CONFIG),
        ("ConfigMap", Phase.CONFIG),
        ("Secret", Phase.CONFIG),
        ("PersistentVolumeClaim", Phase.CONFIG),
        ("Deployment", Phase.WORKLOADS),
        ("StatefulSet", Phase.WORKLOADS),
        ("DaemonSet", Phase.WORKLOADS),
        ("Job", Phase.WORKLOADS),
        ("CronJob", Phase.WORKLOADS),
        ("LeaderWorkerSet", Phase.WORKLOADS),
        ("Service", Phase.ROUTES),
        ("Ingress", Phase.ROUTES),
        ("NetworkPolicy", Phase.ROUTES),
        ("PodDisruptionBudget", Phase.ROUTES),
        ("HorizontalPodAutoscaler", Phase.ROUTES),
    ],
)
def test_each_kind_has_its_phase(kind: str, wanted: Phase) -> None:
    row = known(kind)
    assert phase(row.group, kind) is wanted


def test_a_kind_of_another_group_is_not_taken_for_ours() -> None:
    assert phase("serving.example.org", "Service") is Phase.ROUTES
    assert phase("example.org", "Deployment") is Phase.ROUTES
    assert built_in("example.org", "v1", "Deployment") is None


def test_storage_and_what_holds_other_objects_is_kept() -> None:
    kept = {row.kind for row in KINDS if keeps_data(row.group, row.kind)}
    assert kept == {
        "Namespace", "Node", "PersistentVolume", "PersistentVolumeClaim",
        "CustomResourceDefinition",
    }  # fmt: skip


def test_paths() -> None:
    assert known("Deployment").path("llm", "x") == "/apis/apps/v1/namespaces/llm/deployments/x"
    assert known("Pod").path("llm") == "/api/v1/namespaces/llm/pods"
    assert known("Pod").path() == "/api/v1/pods"
    assert known("Node").path(name="a") == "/api/v1/nodes/a"


def test_no_kind_stands_twice() -> None:
    assert len({(row.group, row.kind) for row in KINDS}) == len(KINDS)


def test_an_operators_kind_is_asked_for() -> None:
    assert built_in("leaderworkerset.x-k8s.io", "v1", "LeaderWorkerSet") is None


def test_what_others_stand_on_says_when_it_is_usable() -> None:
    phases = {row.kind: set(row.usable_phases) for row in KINDS if row.usable_phases}
    assert phases == {
        "PersistentVolume": {"Available", "Bound"},
        "PersistentVolumeClaim": {"Bound"},
    }
