# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Generated objects: what a user and Kubernetes rely on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.manifests.build import (
    server_objects,
    storage_objects,
)
from ansible_collections.llmops.vllm.plugins.module_utils.manifests.namespace import namespace
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_models

Objects = dict[str, dict[str, Any]]


def served(**keys: Any) -> Objects:
    models = parse_models([{"name": "qwen", "model": "Qwen/Qwen3-8B", **keys}])
    return {entry["kind"]: entry for entry in server_objects(models, "ns")}


def stored(nodes: dict[str, str] | None = None, **keys: Any) -> Objects:
    models = parse_models([{"name": "qwen", "model": "Qwen/Qwen3-8B", **keys}])
    return {entry["kind"]: entry for entry in storage_objects(models, "ns", nodes or {})}


def pod(**keys: Any) -> dict[str, Any]:
    spec: dict[str, Any] = served(**keys)["Deployment"]["spec"]["template"]["spec"]
    return spec


def container(**keys: Any) -> dict[str, Any]:
    first: dict[str, Any] = pod(**keys)["containers"][0]
    return first


def environment(**keys: Any) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", entry) for entry in container(**keys)["env"]}


def test_the_service_finds_the_pods() -> None:
    objects = served()
    labels = objects["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert objects["Service"]["spec"]["selector"].items() <= labels.items()
    assert objects["Deployment"]["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_users_labels_never_break_the_selector() -> None:
    objects = served(
        labels={"app.kubernetes.io/instance": "x", "team": "a"}, pod_labels={"tier": "gpu"}
    )
    labels = objects["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/instance"] == "qwen"
    assert (labels["team"], labels["tier"]) == ("a", "gpu")


def test_the_pod_is_unprivileged() -> None:
    spec = pod()
    assert spec["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 2000,
        "runAsGroup": 0,
        "fsGroup": 2000,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert spec["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["enableServiceLinks"] is False
    assert spec["automountServiceAccountToken"] is False


def test_every_cache_lies_on_a_volume() -> None:
    values = environment()
    mounts = {mount["mountPath"] for mount in container()["volumeMounts"]}
    caches = [value for name, value in values.items() if name.endswith(("_DIR", "_ROOT", "HOME"))]
    assert len(caches) >= 9
    assert all(any(f"{value}/".startswith(f"{mount}/") for mount in mounts) for value in caches)
    assert {"/tmp", "/dev/shm"} <= mounts


def test_the_hub_cache_moves_to_a_volume_that_can_be_written() -> None:
    assert environment()["HF_HOME"] == "/cache/huggingface"
    assert environment(storage={"size_gib": 9})["HF_HOME"] == "/models/huggingface"
    local = environment(model="/models/x", storage={"host_path": "/x"})
    assert (local["HF_HOME"], local["HF_HUB_OFFLINE"]) == ("/cache/huggingface", "1")


def test_users_environment_wins() -> None:
    assert environment(env={"HOME": "/home/me"})["HOME"] == "/home/me"
    token = environment(hf_token_secret="hub")["HF_TOKEN"]
    assert token["valueFrom"]["secretKeyRef"] == {"name": "hub", "key": "token"}


def test_flags_carry_vllms_names() -> None:
    args = container(
        tensor_parallel_size=2,
        max_model_len=4096,
        gpu_memory_utilization=0.85,
        kv_cache_memory_gib=1.5,
        enforce_eager=True,
        enable_prefix_caching=False,
        speculative_config={"method": "ngram"},
        extra_args=["--seed", 7],
    )["args"]
    assert args == [
        *("Qwen/Qwen3-8B", "--port", "8000", "--tensor-parallel-size", "2"),
        *("--max-model-len", "4096", "--gpu-memory-utilization", "0.85", "--enforce-eager"),
        *("--no-enable-prefix-caching", "--kv-cache-memory-bytes", "1610612736"),
        *("--speculative-config", '{"method": "ngram"}', "--seed", "7"),
    ]


def test_a_command_of_ones_own_is_left_alone() -> None:
    made = container(command=["python3", "serve.py"])
    assert made["command"] == ["python3", "serve.py"]
    assert "args" not in made


def test_each_rank_gets_a_gpu() -> None:
    made = container(tensor_parallel_size=2, pipeline_parallel_size=2)["resources"]
    assert made == {"limits": {"nvidia.com/gpu": "4"}, "requests": {"nvidia.com/gpu": "4"}}
    assert "amd.com/gpu" in container(accelerator="amd")["resources"]["limits"]
    assert "resources" not in container(accelerator="cpu")
    own = container(resources={"limits": {"nvidia.com/gpu": 8, "memory": "9Gi"}})["resources"]
    assert own["limits"] == {"nvidia.com/gpu": 8, "memory": "9Gi"}


def test_shared_memory_grows_with_the_workers() -> None:
    def shm(**keys: Any) -> str:
        volumes = {volume["name"]: volume for volume in pod(**keys)["volumes"]}
        return str(volumes["shm"]["emptyDir"]["sizeLimit"])

    assert shm() == "1Gi"
    assert shm(tensor_parallel_size=8) == "3891Mi"


def test_the_budget_reaches_probes_deadline_and_engine() -> None:
    made = served(startup={"max_seconds": 1200})["Deployment"]
    first = made["spec"]["template"]["spec"]["containers"][0]
    assert first["startupProbe"]["failureThreshold"] == 121
    assert made["spec"]["progressDeadlineSeconds"] > 1200 + 600
    assert environment(startup={"max_seconds": 1200})["VLLM_ENGINE_READY_TIMEOUT_S"] == "1200"
    figures = json.loads(made["metadata"]["annotations"]["llmops.vllm/plan"])
    assert figures["guaranteed_seconds"] == 1200
    assert figures["wait_timeout_seconds"] > made["spec"]["progressDeadlineSeconds"]


def test_a_rollout_needs_no_spare_gpu() -> None:
    assert served()["Deployment"]["spec"]["strategy"] == {"type": "Recreate"}
    several = served(replicas=3)["Deployment"]["spec"]["strategy"]
    assert several["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}


def test_a_directory_becomes_a_volume_on_its_node() -> None:
    objects = stored({"qwen": "node-7"}, storage={"host_path": "/data/qwen", "size_gib": 20})
    volume, claim = objects["PersistentVolume"], objects["PersistentVolumeClaim"]
    assert volume["spec"]["hostPath"] == {"path": "/data/qwen", "type": "Directory"}
    (term,) = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"][0]["values"] == ["node-7"]
    assert claim["spec"]["volumeName"] == volume["metadata"]["name"] == "ns-qwen"
    assert claim["spec"]["storageClassName"] == ""
    assert volume["spec"]["claimRef"]["name"] == claim["metadata"]["name"]
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"


def test_a_plain_claim_leaves_the_class_to_the_cluster() -> None:
    spec = stored(storage={"size_gib": 7.5})["PersistentVolumeClaim"]["spec"]
    assert spec == {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "7680Mi"}},
    }


def test_nothing_is_made_for_a_claim_that_exists() -> None:
    assert stored(storage={"claim_name": "mine"}) == {}
    volumes = {volume["name"]: volume for volume in pod(storage={"claim_name": "mine"})["volumes"]}
    assert volumes["model"]["persistentVolumeClaim"] == {"claimName": "mine"}


def test_a_directory_without_a_node_is_refused() -> None:
    with pytest.raises(ValueError, match=r"give storage\.node"):
        stored(storage={"host_path": "/data/qwen"})


def test_the_namespace_never_hides_a_lower_level() -> None:
    labels = namespace("ns", "baseline")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "baseline"
    assert labels["pod-security.kubernetes.io/warn"] == "restricted"
    with pytest.raises(ValueError, match="'strict' is not one of"):
        namespace("ns", "strict")
