# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Simulated nodes with GPUs, for one test."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.connection import Client
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.gpus import (
    NodeGpu,
    find_gpu,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.snapshot import (
    read_snapshot,
)
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_models

from .objects import model

Object = dict[str, Any]
Wait = Callable[..., Any]
MERGE = "application/merge-patch+json"
POOL = "test.llmops.vllm/pool"
# Other tests' pods must not land on these nodes.
TAINT = {"key": POOL, "value": "gpus", "effect": "NoSchedule"}

H100 = {
    "nvidia.com/gpu.count": "8",
    "nvidia.com/gpu.memory": "81559",
    "nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3",
    "nvidia.com/gpu.replicas": "1",
    "nvidia.com/gpu.sharing-strategy": "none",
}
A100 = H100 | {"nvidia.com/gpu.memory": "40960", "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"}
MI300X = {"amd.com/gpu.product-name": "AMD_Instinct_MI300X_OAM", "amd.com/gpu.vram": "192G"}


class Pool:
    """Nodes of one test, found by a label of their own."""

    def __init__(self, client: Client, until: Wait) -> None:
        self.client, self.until = client, until
        self.name = f"gpus-{uuid.uuid4().hex[:8]}"
        self.paths: list[str] = []

    def add(self, labels: dict[str, str], gpus: dict[str, str], *taints: Object) -> str:
        """Make a node, wait until it is ready, and return its path."""
        name = f"{self.name}-{len(self.paths)}"
        amounts = {"cpu": "8", "memory": "64Gi", "pods": "110", **gpus}
        body = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": {POOL: self.name, **labels}},
            "spec": {"taints": [TAINT, *taints]},
            "status": {"allocatable": amounts, "capacity": amounts},
        }
        path = f"/api/v1/nodes/{name}"
        self.paths.append(path)
        self.client.request("POST", "/api/v1/nodes", body=body)
        self.until(
            path, lambda node: len(node["spec"]["taints"]) == 1 + len(taints) and ready(node)
        )
        return path

    def find(self, **options: Any) -> NodeGpu | None:
        """Read the GPU of a model for this pool."""
        [wanted] = parse_models([self.model(**options)])
        found = read_snapshot(self.client, "default", [wanted]).nodes.items
        assert found is not None
        return find_gpu(found, wanted)

    def model(self, **options: Any) -> Object:
        """Return a model that may only run in this pool."""
        tolerations = [{"key": POOL, "operator": "Exists"}, *options.pop("tolerations", [])]
        given = {"accelerator": "nvidia", "node_selector": {POOL: self.name}, **options}
        return model(tolerations=tolerations, **given)

    def pod(self, name: str, affinity: Object) -> Object:
        """Return a pod that may only run in this pool."""
        spec = {
            "containers": [{"name": "main", "image": "vllm:1"}],
            "nodeSelector": {POOL: self.name},
            "tolerations": [{"key": POOL, "operator": "Exists"}],
            "affinity": affinity,
            "automountServiceAccountToken": False,
        }
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}

    def remove(self) -> None:
        for path in self.paths:
            self.client.request("DELETE", path)


def conditions(item: Object) -> dict[str, str]:
    listed = item["status"].get("conditions") or []
    return {entry["type"]: entry["status"] for entry in listed}


def ready(node: Object) -> bool:
    return conditions(node).get("Ready") == "True"
