# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The GPU of a model, read from nodes of a real API server."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.connection import Client
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import Gpu

from .nodes import A100, H100, MERGE, MI300X, Pool, Wait, conditions

Object = dict[str, Any]


def test_the_gpu_of_a_pool_of_nodes(pool: Pool) -> None:
    assert pool.find() is None
    pool.add(H100, {"nvidia.com/gpu": "8"})
    found = pool.find()
    assert found is not None
    assert found.gpu == Gpu(product="NVIDIA-H100-80GB-HBM3", memory_gib=79.19, count=8)
    pool.add(A100, {"nvidia.com/gpu": "2"})
    mixed, large = pool.find(), pool.find(tensor_parallel_size=4)
    assert mixed is not None
    assert mixed.gpu == Gpu(product="NVIDIA-A100-SXM4-40GB", memory_gib=39.5, count=2)
    assert large is not None
    assert large.gpu == found.gpu


def test_the_usual_taint_and_a_cordoned_node(pool: Pool) -> None:
    usual = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
    path = pool.add(H100, {"nvidia.com/gpu": "8"}, usual)
    found = pool.find()
    assert found is not None
    assert found.gpu.memory_gib == 79.19
    assert "ExtendedResourceToleration" in found.notes[-1]
    tolerated = pool.find(tolerations=[{"key": "nvidia.com/gpu", "operator": "Exists"}])
    assert tolerated is not None
    assert len(tolerated.notes) == 1
    cordon = {"spec": {"unschedulable": True}}
    pool.client.request("PATCH", path, body=cordon, content_type=MERGE)
    assert pool.find() is None


def rule(key: str, operator: str, *values: str) -> Object:
    return {"key": key, "operator": operator, "values": list(values)}


MEMORY, COUNT = "nvidia.com/gpu.memory", "nvidia.com/gpu.count"
TERMS: list[list[Object]] = [
    [{"matchExpressions": [rule(MEMORY, "Gt", "80000")]}],
    [{"matchExpressions": [rule(MEMORY, "Gt", "81559")]}],
    [{"matchExpressions": [rule(MEMORY, "Lt", "81560"), rule(COUNT, "In", "4", "8")]}],
    [{"matchExpressions": [rule(MEMORY, "Lt", "81560"), rule(COUNT, "NotIn", "8")]}],
    [{"matchExpressions": [rule("absent", "NotIn", "x")]}],
    [{"matchExpressions": [rule("absent", "Gt", "0")]}],
    [{"matchExpressions": [rule("absent", "DoesNotExist")]}],
    [
        {"matchExpressions": [rule("absent", "Exists")]},
        {"matchExpressions": [rule(COUNT, "Exists")]},
    ],
    [{"matchFields": [rule("metadata.name", "In", "absent")]}],
    [{}],
]


def test_the_scheduler_reads_affinity_in_the_same_way(
    pool: Pool, client: Client, namespace: str, until: Wait
) -> None:
    pool.add(H100, {"nvidia.com/gpu": "8"})
    read, scheduled = [], []
    for number, terms in enumerate(TERMS):
        required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
        affinity = {"nodeAffinity": required}
        read.append(pool.find(affinity=affinity) is not None)
        scheduled.append(is_scheduled(client, namespace, until, pool.pod(f"p{number}", affinity)))
    assert read == scheduled
    assert set(read) == {True, False}


def is_scheduled(client: Client, namespace: str, until: Wait, pod: Object) -> bool:
    """Make a pod and return what the scheduler decides."""
    path = f"/api/v1/namespaces/{namespace}/pods"
    client.request("POST", path, body=pod)
    name = pod["metadata"]["name"]
    decided = until(f"{path}/{name}", lambda found: "PodScheduled" in conditions(found))
    return conditions(decided)["PodScheduled"] == "True"


def test_amd_nodes_and_nodes_without_labels(pool: Pool) -> None:
    pool.add(MI300X, {"amd.com/gpu": "8"})
    pool.add({}, {"nvidia.com/gpu": "1"})
    amd, unknown = pool.find(accelerator="amd"), pool.find()
    assert amd is not None
    assert amd.gpu.memory_gib == pytest.approx(196592 / 1024, abs=0.01)
    assert amd.gpu.count == 8
    assert unknown is not None
    assert unknown.gpu == Gpu(product=None, memory_gib=None, count=1)
    assert "Install GPU feature discovery" in unknown.notes[0]
