# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Generated objects: what a user and Kubernetes rely on."""

from __future__ import annotations

from typing import Any

import pytest
from rendered import rendered

from ansible_collections.llmops.vllm.plugins.module_utils.findings import FindingsError
from ansible_collections.llmops.vllm.plugins.module_utils.manifests.namespace import (
    namespace_object,
)
from ansible_collections.llmops.vllm.plugins.module_utils.plan.seal import unsealed_text

Objects = dict[str, dict[str, Any]]
Plans = dict[str, dict[str, Any]]


def objects_of(
    component: str, nodes: dict[str, str] | None, plans: Plans | None, **keys: Any
) -> Objects:
    raw = [{"name": "qwen", "model": "Qwen/Qwen3-8B", **keys}]
    objects = rendered(raw, nodes=nodes, memory=(plans or {}).get("qwen"))
    return {entry["kind"]: entry for entry in objects[component]}


def served(plans: Plans | None = None, **keys: Any) -> Objects:
    return objects_of("server", {"qwen": "node-1"}, plans, **keys)


def stored(nodes: dict[str, str] | None = None, plans: Plans | None = None, **keys: Any) -> Objects:
    return objects_of("storage", nodes, plans, **keys)


def pod(plans: Plans | None = None, **keys: Any) -> dict[str, Any]:
    spec: dict[str, Any] = served(plans, **keys)["Deployment"]["spec"]["template"]["spec"]
    return spec


def container(plans: Plans | None = None, **keys: Any) -> dict[str, Any]:
    first: dict[str, Any] = pod(plans, **keys)["containers"][0]
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
    assert made["limits"]["nvidia.com/gpu"] == made["requests"]["nvidia.com/gpu"] == "4"
    assert "amd.com/gpu" in container(accelerator="amd")["resources"]["limits"]
    assert "nvidia.com/gpu" not in str(container(accelerator="cpu")["resources"])
    own = container(resources={"limits": {"nvidia.com/gpu": 8, "memory": "9Gi"}})["resources"]
    assert own["limits"] == {"nvidia.com/gpu": 8, "memory": "9Gi"}


def memory(**changes: Any) -> Plans:
    host = {"memory_request_gib": 7.5, "memory_limit_gib": 16.0, "shm_gib": 1.0, "cpu": 3}
    plan = {"host": host, "storage": {"claim_gib": 19}, "max_num_seqs": None, **changes}
    return {"qwen": plan}


def test_the_plan_decides_what_the_user_left_open() -> None:
    resources = container(memory())["resources"]
    assert resources["requests"] == {"cpu": "3", "memory": "7680Mi", "nvidia.com/gpu": "1"}
    assert resources["limits"] == {"memory": "16Gi", "nvidia.com/gpu": "1"}
    claim = stored(plans=memory(), storage={"storage_class": "fast"})["PersistentVolumeClaim"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "19Gi"
    sized = stored(plans=memory(), storage={"size_gib": 40})["PersistentVolumeClaim"]
    assert sized["spec"]["resources"]["requests"]["storage"] == "40Gi"


def test_who_gives_a_limit_decides_the_request_too() -> None:
    given = {"limits": {"memory": "6Gi"}, "requests": {"cpu": "500m"}}
    resources = container(memory(), resources=given)["resources"]
    assert resources["limits"]["memory"] == "6Gi"
    assert "memory" not in resources["requests"]
    assert resources["requests"]["cpu"] == "500m"


def test_a_figure_that_is_not_known_is_left_out() -> None:
    host = {"memory_request_gib": None, "memory_limit_gib": None, "shm_gib": 1.0, "cpu": None}
    plans = memory(host=host, storage={"claim_gib": None})
    assert container(plans, accelerator="cpu").get("resources") is None
    claim = stored(plans=plans, storage={"storage_class": "fast"})["PersistentVolumeClaim"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "50Gi"


def test_a_hybrid_model_gets_the_number_of_requests_that_fits() -> None:
    assert "--max-num-seqs" not in container(memory())["args"]
    args = container(memory(max_num_seqs=243))["args"]
    assert args[args.index("--max-num-seqs") + 1] == "243"
    own = container(memory(max_num_seqs=243), max_num_seqs=64)["args"]
    assert own[own.index("--max-num-seqs") + 1] == "64"
    assert "--max-model-len" not in container(memory(max_model_len_that_fits=9))["args"]


@pytest.mark.parametrize(("size", "where"), [(4, "environment"), (1.5, "flag")])
def test_the_cache_on_cpu_takes_whole_gib_from_the_environment(size: float, where: str) -> None:
    keys: dict[str, Any] = {"accelerator": "cpu", "kv_cache_memory_gib": size}
    if where == "environment":
        assert environment(**keys)["VLLM_CPU_KVCACHE_SPACE"] == "4"
        assert "--kv-cache-memory-bytes" not in container(**keys)["args"]
    else:
        assert "VLLM_CPU_KVCACHE_SPACE" not in environment(**keys)
        assert "1610612736" in container(**keys)["args"]


def test_shared_memory_grows_with_the_workers() -> None:
    def shm(**keys: Any) -> str:
        volumes = {volume["name"]: volume for volume in pod(**keys)["volumes"]}
        return str(volumes["shm"]["emptyDir"]["sizeLimit"])

    assert shm() == "1Gi"
    assert shm(tensor_parallel_size=8) == "3891Mi"


def mounted(**keys: Any) -> dict[str, dict[str, Any]]:
    """Mount paths of the server and their volumes; names and paths are there once."""
    spec = pod(**keys)
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    mounts = spec["containers"][0]["volumeMounts"]
    paths = {mount["mountPath"].rstrip("/"): volumes[mount["name"]] for mount in mounts}
    assert len(volumes) == len(spec["volumes"])
    assert len(paths) == len(mounts)
    return paths


OWN = {"emptyDir": {"medium": "Memory", "sizeLimit": "9Gi"}}
PATHS = {"shm": "/dev/shm", "tmp": "/tmp", "cache": "/cache"}


@pytest.mark.parametrize("name", PATHS)
def test_a_volume_of_the_users_takes_the_place_of_ours(name: str) -> None:
    own = {"name": name, **OWN}
    paths = mounted(extra_volumes=[own])
    assert paths[PATHS[name]] == own
    assert set(paths) == set(PATHS.values())
    mount = {"name": name, "mountPath": PATHS[name]}
    assert mounted(extra_volumes=[own], extra_volume_mounts=[mount]) == paths


@pytest.mark.parametrize("path", ["/dev/shm", "/dev/shm/", "/tmp", "/cache", "/models"])
def test_a_mount_of_the_users_takes_the_place_of_ours(path: str) -> None:
    keys: dict[str, Any] = {"storage": {"size_gib": 9}}
    ours = mounted(**keys)
    keys["extra_volumes"] = [{"name": "mine", **OWN}]
    keys["extra_volume_mounts"] = [{"name": "mine", "mountPath": path}]
    assert mounted(**keys) == ours | {path.rstrip("/"): {"name": "mine", **OWN}}
    hidden = ours[path.rstrip("/")]["name"]
    assert hidden not in {volume["name"] for volume in pod(**keys)["volumes"]}
    # Ours stays where another container mounts it.
    mounts = [{"name": hidden, "mountPath": "/x"}]
    other: dict[str, Any] = {"name": "other", "image": "other:1", "volumeMounts": mounts}
    for place in ("extra_containers", "init_containers"):
        assert hidden in {volume["name"] for volume in pod(**{**keys, place: [other]})["volumes"]}


def test_a_volume_that_would_hide_the_model_is_refused() -> None:
    with pytest.raises(FindingsError, match=r"extra_volumes\[0\].name: 'model' is the volume"):
        pod(storage={"size_gib": 9}, extra_volumes=[{"name": "model", **OWN}])
    assert "model" in str(pod(extra_volumes=[{"name": "model", **OWN}])["volumes"])


def test_the_budget_reaches_probes_deadline_and_engine() -> None:
    made = served(startup={"max_seconds": 1200})["Deployment"]
    first = made["spec"]["template"]["spec"]["containers"][0]
    assert first["startupProbe"]["failureThreshold"] == 121
    assert made["spec"]["progressDeadlineSeconds"] > 1200 + 600
    assert environment(startup={"max_seconds": 1200})["VLLM_ENGINE_READY_TIMEOUT_S"] == "1200"
    probes = unsealed_text(made["metadata"]["annotations"]["llmops.vllm/plan"]).startup.probes
    assert probes is not None
    assert probes.guaranteed_seconds == 1200
    assert probes.wait_timeout_seconds > made["spec"]["progressDeadlineSeconds"]


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
    with pytest.raises(FindingsError, match=r"give storage\.node"):
        stored(storage={"host_path": "/data/qwen"})


def test_the_namespace_never_hides_a_lower_level() -> None:
    labels = namespace_object("ns", "baseline")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "baseline"
    assert labels["pod-security.kubernetes.io/warn"] == "restricted"
    with pytest.raises(ValueError, match="'strict' is not one of"):
        namespace_object("ns", "strict")
