# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Plans against a real API server: what the nodes say, what is refused, what is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shapes import LLAMA_8B, LLAMA_70B

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.connection import Client
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.apply import Applier

from .conftest import Run, ansible
from .nodes import A100, H100, MERGE, Pool

Play = Callable[..., Run]
Object = dict[str, Any]

PLAN = "llmops.vllm/plan"


LOOK = {"cluster": "required", "look": True}
# As with vllm_preflight=false.
UNCHECKED = {"cluster": "optional", "strict": False}


def deploy(client: Client, namespace: str, planned: Object) -> Object:
    """Apply the server of the only model that was planned and return its Deployment."""
    Applier(client).apply(planned["objects"]["server"])
    [plan] = planned["plans"]
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{plan['name']}"
    found: Object = client.get(path)
    return found


def resources(deployment: Object) -> Object:
    found: Object = deployment["spec"]["template"]["spec"]["containers"][0]["resources"]
    return found


def test_the_gpu_of_the_nodes_decides(pool: Pool, play: Play, check: Play, namespace: str) -> None:
    pool.add(H100, {"nvidia.com/gpu": "8"})
    model = pool.model(config=LLAMA_8B)
    checked = check(namespace, model)
    assert checked.returncode == 0, checked.output
    assert "tiny: room for" in checked.output
    run = play("plan", models=[model], namespace=namespace, **LOOK)
    [plan] = run.result["plans"]
    assert plan["gpu"]["source"] == "nodes"
    assert plan["gpu"]["product"] == "NVIDIA-H100-80GB-HBM3"
    assert plan["per_gpu"]["total_gib"] == 79.19


def test_a_model_that_does_not_fit_is_refused(
    pool: Pool, play: Play, check: Play, namespace: str
) -> None:
    pool.add(A100, {"nvidia.com/gpu": "8"})
    large = pool.model(name="large", config=LLAMA_70B)
    uneven = pool.model(name="uneven", config=LLAMA_8B, tensor_parallel_size=3)
    run = check(namespace, large, uneven)
    assert run.returncode != 0
    assert "large: does not fit (weights)" in run.words
    assert "uneven: does not fit (tensor_parallel_shape)" in run.words
    assert "carry it as asked: 8" in run.words
    assert "NVIDIA-A100-SXM4-40GB with 39.50 GiB (from nodes)" in run.words
    warned = play("plan", models=[{**large, "gpu": {}}], namespace=namespace, **UNCHECKED)
    assert warned.returncode == 0, "a model that does not fit is a warning"
    given = {**large, "gpu": {"product": "A100-40GB"}}
    warned = play("plan", models=[given], namespace=namespace, **UNCHECKED)
    assert warned.returncode == 0
    assert "large: does not fit (weights)" in " ".join(warned.output.split())


def test_a_playbook_applies_nothing_for_a_model_that_does_not_fit(
    client: Client, kubeconfig: Path, tmp_path: Path, pool: Pool, namespace: str
) -> None:
    pool.add(A100, {"nvidia.com/gpu": "8"})
    good, bad = pool.model(name="good"), pool.model(name="bad", config=LLAMA_70B)
    host = {"vllm_kubeconfig": str(kubeconfig), "vllm_namespace": namespace, "vllm_check": "none"}
    inventory = tmp_path / "inventory.yml"
    hosts = {"hosts": {"sim": {**host, "vllm_models": [good, bad]}}}
    inventory.write_text(json.dumps({"vllm_clusters": hosts}))
    status, output = ansible("-i", str(inventory), "playbooks/deploy_vllm.yml", timeout_seconds=120)
    assert status != 0
    assert "bad: does not fit" in output
    deployments = client.get(f"/apis/apps/v1/namespaces/{namespace}/deployments")
    assert deployments["items"] == []


def test_mistakes_of_any_model_are_told_at_once_and_nothing_is_sent(
    client: Client, kubeconfig: Path, tmp_path: Path
) -> None:
    """These passed the reader once, and failed after the namespace and the volumes were there."""
    base = {"model": "org/tiny", "accelerator": "cpu"}
    models = [
        {**base, "name": "good"},
        {
            **base,
            "name": "volume",
            "storage": {"size_gib": 1},
            "extra_volumes": [{"name": "model", "emptyDir": {}}],
        },
        {**base, "name": "limits", "resources": {"limits": 7}},
        {**base, "name": "unit", "resources": {"requests": {"memory": "16 Gigs"}}},
    ]
    name = f"never-{tmp_path.name[-20:].lower().replace('_', '-').strip('-')}"
    host = {"vllm_kubeconfig": str(kubeconfig), "vllm_namespace": name, "vllm_models": models}
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(json.dumps({"vllm_clusters": {"hosts": {"sim": host}}}))
    status, output = ansible("-i", str(inventory), "playbooks/deploy_vllm.yml", timeout_seconds=120)
    assert status != 0
    for path in (
        "vllm_models[1].extra_volumes[0].name",
        "vllm_models[2].resources.limits",
        "vllm_models[3].resources.requests.memory",
    ):
        assert path in output, output
    assert "Traceback" not in output
    assert client.find(f"/api/v1/namespaces/{name}") is None


def test_what_was_known_is_kept_when_the_nodes_are_gone(
    pool: Pool, play: Play, client: Client, namespace: str
) -> None:
    path = pool.add(H100, {"nvidia.com/gpu": "8"})
    wanted = pool.model(config=LLAMA_8B)
    before = play("plan", models=[wanted], namespace=namespace, **LOOK).result
    first = deploy(client, namespace, before)
    client.request("PATCH", path, body={"spec": {"unschedulable": True}}, content_type=MERGE)
    run = play("plan", models=[wanted], namespace=namespace, **LOOK)
    assert run.returncode == 0, run.output
    [plan] = run.result["plans"]
    assert "figures of the last deployment are kept" in plan["checkpoint"]["notes"][0]
    assert plan["kv_cache"] == before["plans"][0]["kv_cache"]
    again = deploy(client, namespace, run.result)
    assert again["metadata"]["generation"] == first["metadata"]["generation"]
    assert again["metadata"]["annotations"][PLAN] == first["metadata"]["annotations"][PLAN]
    longer = pool.model(config=LLAMA_8B, max_model_len=4096)
    changed = play("plan", models=[longer], namespace=namespace, **LOOK).result["plans"][0]
    assert changed["kv_cache"]["tokens"] is None, "other words, another plan"


def test_pods_ask_for_what_the_plan_says(
    pool: Pool, play: Play, client: Client, namespace: str
) -> None:
    pool.add(H100, {"nvidia.com/gpu": "8"})
    wanted = pool.model(config=LLAMA_8B, tensor_parallel_size=2)
    planned = play("plan", models=[wanted], namespace=namespace, **LOOK).result
    host = planned["plans"][0]["host"]
    asked = resources(deploy(client, namespace, planned))
    assert asked["requests"]["cpu"] == str(host["cpu"])
    assert asked["requests"]["memory"] == f"{round(host['memory_request_gib'] * 1024)}Mi"
    assert asked["limits"]["nvidia.com/gpu"] == "2"


def test_a_claim_that_exists_keeps_its_size(
    pool: Pool, play: Play, client: Client, namespace: str
) -> None:
    wanted = pool.model(gpu={"product": "H100-80GB"}, storage={"storage_class": "none"})
    first = play("plan", models=[wanted], namespace=namespace, **LOOK).result
    Applier(client).apply(first["objects"]["storage"])
    known = {**wanted, "config": LLAMA_8B}
    run = play("plan", models=[known], namespace=namespace, **LOOK)
    assert run.result["plans"][0]["storage"]["claim_gib"] == 50
    again = Applier(client).apply(run.result["objects"]["storage"])
    assert {outcome.result for outcome in again} == {"unchanged"}
    unchecked = play("plan", models=[known], namespace=namespace, **UNCHECKED)
    assert unchecked.result["plans"][0]["storage"]["claim_gib"] == 50
    larger = {**known, "config": LLAMA_70B, "tensor_parallel_size": 4}
    warned = play("plan", models=[larger], namespace=namespace, **LOOK)
    assert "the volume has 50 GiB" in " ".join(warned.output.split())


def test_a_plan_needs_no_cluster(play: Play, tmp_path: Path) -> None:
    run = play(
        "plan",
        models=[{"name": "one", "model": "org/one", "config": LLAMA_8B}],
        kubeconfig=str(tmp_path / "absent"),
    )
    assert run.returncode == 0, run.output
    [plan] = run.result["plans"]
    assert "the cluster was not reached" in plan["gpu"]["notes"][0]
    assert plan["per_gpu"]["weights_gib"] > 14
