# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What is passed on to Kubernetes: mistakes are told before anything is sent, the rest passes."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.findings import Finding, FindingsError
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import Model
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_models


def read(**keys: Any) -> Model:
    return parse_models([{"name": "qwen", "model": "Qwen/Qwen3-8B", **keys}])[0]


def findings(**keys: Any) -> list[Finding]:
    with pytest.raises(FindingsError) as caught:
        read(**keys)
    return list(caught.value.findings)


LONG = "x" * 64
SIDE = {"name": "side", "image": "side:1"}
POD = "pod_security_context"

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def node_affinity(*rules: dict[str, Any]) -> dict[str, Any]:
    terms = [{"matchExpressions": list(rules)}]
    return {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": terms}}}


# Key, value, then the path below the model, the rule and a part of the message.
WRONG: list[tuple[str, Any, str, str, str]] = [
    ("resources", {"limits": 7}, "resources.limits", "wrong_value", "7 is not allowed"),
    ("resources", {"limit": {}}, "resources.limit", "unknown_key", "did you mean `limits`"),
    (
        "resources",
        {"requests": {"memory": "16 Gigs"}},
        "resources.requests.memory",
        "wrong_value",
        "'16 Gigs' is not allowed; give a quantity of 0 or more",
    ),
    ("resources", {"limits": {"cpu": -1}}, "resources.limits.cpu", "wrong_value", "-1 is not"),
    ("resources", {"limits": {"cpu": True}}, "resources.limits.cpu", "wrong_value", "True is"),
    ("resources", {"limits": {"cpu": [1]}}, "resources.limits.cpu", "wrong_value", "[1] is"),
    ("resources", {"limits": {"cpus": 1}}, "resources.limits.cpus", "wrong_key", "cpu, memory"),
    ("resources", {"limits": {"a/b/c": 1}}, "resources.limits.a/b/c", "wrong_key", "cpu, memory"),
    (
        "resources",
        {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}},
        "resources.requests.memory",
        "request_above_limit",
        "2Gi is above the limit of 1Gi",
    ),
    (
        "resources",
        {"requests": {"nvidia.com/gpu": 1}, "limits": {"nvidia.com/gpu": 2}},
        "resources.requests.nvidia.com/gpu",
        "request_below_limit",
        "give both alike",
    ),
    (
        "resources",
        {"requests": {"nvidia.com/gpu": 1}},
        "resources.requests.nvidia.com/gpu",
        "missing_key",
        "has no limit",
    ),
    (
        "resources",
        {"limits": {"nvidia.com/gpu": 1.5}},
        "resources.limits.nvidia.com/gpu",
        "wrong_value",
        "a whole number",
    ),
    ("tolerations", ["gpu"], "tolerations[0]", "wrong_value", "a mapping"),
    ("tolerations", {"key": "a"}, "tolerations", "wrong_value", "a list"),
    ("tolerations", [{"kez": "a"}], "tolerations[0].kez", "unknown_key", "did you mean `key`"),
    (
        "tolerations",
        [{"key": "a", "operator": "Exist"}],
        "tolerations[0].operator",
        "wrong_value",
        "one of Exists, Equal",
    ),
    (
        "tolerations",
        [{"key": "a", "effect": "NoRun"}],
        "tolerations[0].effect",
        "wrong_value",
        "one of NoSchedule",
    ),
    ("tolerations", [{"key": "a b"}], "tolerations[0].key", "wrong_value", "a label key"),
    ("tolerations", [{"key": 7}], "tolerations[0].key", "wrong_value", "a label key"),
    (
        "tolerations",
        [{"key": "a", "value": "b c"}],
        "tolerations[0].value",
        "wrong_value",
        "a label value",
    ),
    (
        "tolerations",
        [{"key": "a", "operator": "Exists", "value": "b"}],
        "tolerations[0].value",
        "contradiction",
        "takes no value",
    ),
    ("tolerations", [{"value": "b"}], "tolerations[0].operator", "contradiction", "without a key"),
    (
        "tolerations",
        [{"key": "a", "tolerationSeconds": "long", "effect": "NoExecute"}],
        "tolerations[0].tolerationSeconds",
        "wrong_value",
        "a whole number of seconds",
    ),
    (
        "tolerations",
        [{"key": "a", "tolerationSeconds": 5, "effect": "NoSchedule"}],
        "tolerations[0].tolerationSeconds",
        "contradiction",
        "effect NoExecute only",
    ),
    ("node_selector", {"gpu": "a b"}, "node_selector.gpu", "wrong_value", "a label value"),
    ("node_selector", {"gpu": LONG}, "node_selector.gpu", "wrong_value", "at most 63"),
    ("node_selector", {"gpu": None}, "node_selector.gpu", "wrong_value", "None is not"),
    ("node_selector", {"a b": "x"}, "node_selector.a b", "wrong_key", "a label key"),
    ("labels", {"team": []}, "labels.team", "wrong_value", "a label value"),
    ("labels", {"-team": "x"}, "labels.-team", "wrong_key", "'-team' is not allowed"),
    ("labels", {"A.b/team": "x"}, "labels.A.b/team", "wrong_key", "a label key"),
    ("pod_labels", {"team": "-x"}, "pod_labels.team", "wrong_value", "a label value"),
    ("annotations", {"a/b/c": "x"}, "annotations.a/b/c", "wrong_key", "an annotation key"),
    ("pod_annotations", {"": "x"}, "pod_annotations.", "wrong_key", "an annotation key"),
    ("pod_annotations", {"a": {}}, "pod_annotations.a", "wrong_value", "a string or a number"),
    ("service", {"annotations": {"a b": ""}}, "service.annotations.a b", "wrong_key", "annotation"),
    ("extra_ports", [8001], "extra_ports[0]", "wrong_value", "a mapping"),
    ("extra_ports", [{"name": "a"}], "extra_ports[0].containerPort", "missing_key", "is missing"),
    (
        "extra_ports",
        [{"containerPort": 65536}],
        "extra_ports[0].containerPort",
        "wrong_value",
        "from 1 to 65535",
    ),
    (
        "extra_ports",
        [{"name": "metrics-endpoint", "containerPort": 1}],
        "extra_ports[0].name",
        "wrong_value",
        "at most 15 lower-case",
    ),
    (
        "extra_ports",
        [{"name": "80", "containerPort": 80}],
        "extra_ports[0].name",
        "wrong_value",
        "with a letter",
    ),
    (
        "extra_ports",
        [{"name": "http", "containerPort": 80}],
        "extra_ports[0].name",
        "doubled_name",
        "'http' is used by this collection too",
    ),
    (
        "extra_ports",
        [{"containerPort": 8000}],
        "extra_ports[0].containerPort",
        "doubled_port",
        "8000/TCP is the server's port too",
    ),
    (
        "extra_ports",
        [{"containerPort": 9}, {"containerPort": 9}],
        "extra_ports[1].containerPort",
        "doubled_port",
        "9/TCP",
    ),
    (
        "extra_ports",
        [{"containerPort": 1, "protocol": "tcp"}],
        "extra_ports[0].protocol",
        "wrong_value",
        "one of TCP, UDP, SCTP",
    ),
    (
        "extra_ports",
        [{"port": 1, "containerPort": 1}],
        "extra_ports[0].port",
        "unknown_key",
        "unknown key",
    ),
    ("extra_volumes", [{"emptyDir": {}}], "extra_volumes[0].name", "missing_key", "is missing"),
    ("extra_volumes", [{"name": "A"}], "extra_volumes[0].name", "wrong_value", "lower-case"),
    (
        "extra_volumes",
        [{"name": "a"}, {"name": "a"}],
        "extra_volumes[1].name",
        "doubled_name",
        "'a' is used by vllm_models[0].extra_volumes[0].name too",
    ),
    (
        "extra_volumes",
        [{"name": "a", "emptydir": {}}],
        "extra_volumes[0].emptydir",
        "unknown_key",
        "did you mean `emptyDir`",
    ),
    ("extra_volumes", [{"name": "a", "nfs": 7}], "extra_volumes[0].nfs", "wrong_value", "mapping"),
    (
        "extra_volumes",
        [{"name": "a", "emptyDir": {"sizeLimit": "big"}}],
        "extra_volumes[0].emptyDir.sizeLimit",
        "wrong_value",
        "a quantity",
    ),
    (
        "extra_volumes",
        [{"name": "a", "persistentVolumeClaim": {}}],
        "extra_volumes[0].persistentVolumeClaim.claimName",
        "missing_key",
        "is missing",
    ),
    (
        "extra_volumes",
        [{"name": "a", "emptyDir": {}, "hostPath": {"path": "/"}}],
        "extra_volumes[0]",
        "contradiction",
        "several sources: emptyDir, hostPath",
    ),
    (
        "extra_volume_mounts",
        [{"name": "tmp"}],
        "extra_volume_mounts[0].mountPath",
        "missing_key",
        "is missing",
    ),
    (
        "extra_volume_mounts",
        [{"mountPath": "/a"}],
        "extra_volume_mounts[0].name",
        "missing_key",
        "is missing",
    ),
    (
        "extra_volume_mounts",
        [{"name": "tmp", "mountPath": "/a"}, {"name": "shm", "mountPath": "/a"}],
        "extra_volume_mounts[1].mountPath",
        "doubled_name",
        "'/a' is used by",
    ),
    (
        "extra_volume_mounts",
        [{"name": "lost", "mountPath": "/a"}],
        "extra_volume_mounts[0].name",
        "missing_volume",
        "the pod has no volume 'lost'; give one of cache, shm, tmp",
    ),
    (
        "extra_volume_mounts",
        [{"name": "tmp", "mountPath": "/a", "readonly": True}],
        "extra_volume_mounts[0].readonly",
        "unknown_key",
        "did you mean `readOnly`",
    ),
    (
        "extra_containers",
        [{"name": "a"}],
        "extra_containers[0].image",
        "missing_key",
        "is missing",
    ),
    ("extra_containers", [{"image": "a"}], "extra_containers[0].name", "missing_key", "is missing"),
    ("extra_containers", [SIDE, SIDE], "extra_containers[1].name", "doubled_name", "'side'"),
    (
        "extra_containers",
        [{**SIDE, "name": "vllm"}],
        "extra_containers[0].name",
        "doubled_name",
        "'vllm' is used by this collection too",
    ),
    (
        "extra_containers",
        [{**SIDE, "resources": {"limits": {"cpu": "much"}}}],
        "extra_containers[0].resources.limits.cpu",
        "wrong_value",
        "a quantity",
    ),
    (
        "extra_containers",
        [{**SIDE, "ports": [{"containerPort": 1}, {"containerPort": 1}]}],
        "extra_containers[0].ports[1].containerPort",
        "doubled_port",
        "1/TCP",
    ),
    (
        "extra_containers",
        [{**SIDE, "env": {"A": "1"}}],
        "extra_containers[0].env",
        "wrong_value",
        "a list",
    ),
    (
        "extra_containers",
        [{**SIDE, "volumeMounts": [{"name": "lost", "mountPath": "/a"}]}],
        "extra_containers[0].volumeMounts[0].name",
        "missing_volume",
        "no volume 'lost'",
    ),
    (
        "init_containers",
        [{**SIDE, "comand": ["a"]}],
        "init_containers[0].comand",
        "unknown_key",
        "did you mean `command`",
    ),
    ("init_containers", [SIDE, SIDE], "init_containers[1].name", "doubled_name", "'side'"),
    ("env", ["A=1"], "env[0]", "wrong_value", "a string is not allowed; give a mapping"),
    ("env", [{"name": "A=B"}], "env[0].name", "wrong_value", "a string is not allowed"),
    ("env", {"A=B": "1"}, "env.A", "wrong_value", "printable ASCII without '='"),
    ("env", [{"name": "A"}, {"name": "A"}], "env[1].name", "doubled_name", "'A' is used by"),
    ("env", [{"name": "A", "vale": "1"}], "env[0].vale", "unknown_key", "did you mean `value`"),
    (
        "env",
        [{"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "a"}}}],
        "env[0].valueFrom",
        "contradiction",
        "leave out value or valueFrom",
    ),
    ("env", [{"name": "A", "valueFrom": {}}], "env[0].valueFrom", "contradiction", "0 sources"),
    (
        "env",
        [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s"}}}],
        "env[0].valueFrom.secretKeyRef.key",
        "missing_key",
        "is missing",
    ),
    ("strategy", {"type": "Rolling"}, "strategy.type", "wrong_value", "one of Recreate, Rolling"),
    ("strategy", {"kind": "Recreate"}, "strategy.kind", "unknown_key", "known keys: rolling"),
    (
        "strategy",
        {"type": "Recreate", "rollingUpdate": {}},
        "strategy.rollingUpdate",
        "contradiction",
        "type RollingUpdate only",
    ),
    (
        "strategy",
        {"rollingUpdate": {"maxSurge": "some"}},
        "strategy.rollingUpdate.maxSurge",
        "wrong_value",
        "or a percentage such as 25%",
    ),
    (
        "strategy",
        {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}},
        "strategy.rollingUpdate",
        "contradiction",
        "both 0",
    ),
    (
        "strategy",
        {"rollingUpdate": {"maxUnavailable": "101%"}},
        "strategy.rollingUpdate.maxUnavailable",
        "wrong_value",
        "at most 100%",
    ),
    ("affinity", {"nodeAffinty": {}}, "affinity.nodeAffinty", "unknown_key", "`nodeAffinity`"),
    ("affinity", {"nodeAffinity": 7}, "affinity.nodeAffinity", "wrong_value", "a mapping"),
    (
        "affinity",
        {"podAffinity": {REQUIRED: {}}},
        f"affinity.podAffinity.{REQUIRED}",
        "wrong_value",
        "a list",
    ),
    (
        "affinity",
        {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": []}}},
        f"affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms",
        "wrong_value",
        "at least one term",
    ),
    (
        "affinity",
        node_affinity({"key": "gpu", "operator": "In"}),
        f"affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms[0].matchExpressions[0].values",
        "contradiction",
        "operator In needs values",
    ),
    (
        "affinity",
        node_affinity({"key": "gpu", "operator": "Is"}),
        f"affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms[0].matchExpressions[0].operator",
        "wrong_value",
        "one of In, NotIn",
    ),
    (
        "speculative_config",
        {"num_speculative_tokens": 0},
        "speculative_config.num_speculative_tokens",
        "wrong_value",
        "at least 1",
    ),
    ("speculative_config", {"method": 7}, "speculative_config.method", "wrong_value", "a string"),
    ("lora_modules", [{"name": "a"}], "lora_modules[0].path", "missing_key", "is missing"),
    (
        "lora_modules",
        [{"name": "a", "path": "/a"}, {"name": "a", "path": "/b"}],
        "lora_modules[1].name",
        "doubled_name",
        "'a'",
    ),
    (POD, {"runAsUser": "root"}, f"{POD}.runAsUser", "wrong_value", "a whole number"),
    (POD, {"fsGroup": 2**31}, f"{POD}.fsGroup", "wrong_value", "from 0 to 2147483647"),
    (POD, {"supplementalGroups": [1, -1]}, f"{POD}.supplementalGroups[1]", "wrong_value", "-1"),
    (POD, {"runAsUsr": 1}, f"{POD}.runAsUsr", "unknown_key", "did you mean `runAsUser`"),
    (POD, {"seccompProfile": {}}, f"{POD}.seccompProfile.type", "missing_key", "is missing"),
    (
        POD,
        {"seccompProfile": {"type": "Localhost"}},
        f"{POD}.seccompProfile",
        "contradiction",
        "go together",
    ),
    ("security_context", {"fsGroup": 1}, "security_context.fsGroup", "unknown_key", "unknown key"),
    (
        "security_context",
        {"capabilities": {"add": "NET_ADMIN"}},
        "security_context.capabilities.add",
        "wrong_value",
        "a list",
    ),
    (
        "security_context",
        {"privileged": True},
        "security_context.privileged",
        "contradiction",
        "give allowPrivilegeEscalation: true too",
    ),
    (
        "security_context",
        {"runAsNonRoot": "sure"},
        "security_context.runAsNonRoot",
        "wrong_value",
        "true or false",
    ),
    ("image", "vllm/vllm openai", "image", "wrong_value", "without spaces"),
    ("image", "", "image", "wrong_value", "'' is not allowed"),
    ("served_model_names", ["a", ""], "served_model_names[1]", "wrong_value", "non-empty string"),
    ("served_model_names", ["a", "a"], "served_model_names[1]", "doubled_name", "'a' is used by"),
    ("image_pull_secrets", ["s", "s"], "image_pull_secrets[1]", "doubled_name", "'s' is used by"),
    ("check", {"prompt": ""}, "check.prompt", "wrong_value", "a non-empty string"),
    ("check", {"max_tokens": 0}, "check.max_tokens", "wrong_value", "from 1 to 4096"),
    ("check", {"expct": "a"}, "check.expct", "unknown_key", "did you mean `expect`"),
    ("startup", {"max_seconds": 0}, "startup.max_seconds", "wrong_value", "a number above 0"),
    ("startup", {"compile_cache": "hot"}, "startup.compile_cache", "wrong_value", "warm, cold"),
    ("probes", {"path": "health"}, "probes.path", "wrong_value", "an absolute path"),
    ("probes", {"drain_seconds": -1}, "probes.drain_seconds", "wrong_value", "from 0 to 10"),
    ("replicas", 2**31, "replicas", "wrong_value", "from 0 to 2147483647"),
    ("storage", {"access_modes": []}, "storage.access_modes", "wrong_value", "at least one"),
    (
        "storage",
        {"size_gib": 1, "access_modes": ["ReadWriteOncePod", "ReadWriteMany"]},
        "storage.access_modes",
        "contradiction",
        "ReadWriteOncePod stands alone",
    ),
    (
        "hf_token_secret",
        {"name": "hub", "key": "a/b"},
        "hf_token_secret.key",
        "wrong_value",
        "a key of a Secret",
    ),
    (
        "extra_objects",
        [{"kind": "A", "metadata": {"name": "a"}}],
        "extra_objects[0].apiVersion",
        "missing_key",
        "is missing",
    ),
    (
        "extra_objects",
        [{"apiVersion": "v1", "kind": "A", "metadata": {}}],
        "extra_objects[0].metadata.name",
        "missing_key",
        "is missing",
    ),
]


@pytest.mark.parametrize(
    ("key", "value", "path", "rule", "message"),
    WRONG,
    ids=[f"{case[2]}-{case[3]}" for case in WRONG],
)
def test_one_mistake(key: str, value: Any, path: str, rule: str, message: str) -> None:
    found = findings(**{key: value})
    assert [(entry.subject, entry.rule) for entry in found] == [(f"vllm_models[0].{path}", rule)]
    assert message in found[0].line
    assert found[0].fix


def test_a_volume_beside_storage_is_named() -> None:
    volumes = [{"name": "a"}, {"name": "model"}]
    (found,) = findings(storage={"size_gib": 9}, extra_volumes=volumes)
    assert found.rule == "doubled_name"
    assert found.line == (
        "vllm_models[0].extra_volumes[1].name: 'model' is the volume that storage gives the model;"
        " give yours another name"
    )
    assert read(extra_volumes=volumes).extra_volumes == volumes


def test_a_container_and_an_init_container_of_one_name() -> None:
    (found,) = findings(extra_containers=[SIDE], init_containers=[SIDE])
    assert (found.subject, found.rule) == ("vllm_models[0].init_containers[0].name", "doubled_name")


def test_all_mistakes_of_all_parts_are_told_at_once() -> None:
    found = findings(
        resources={"limits": {"memory": "much"}, "requests": 7},
        tolerations=[{"operator": "Is"}, {"key": "a", "effect": "No"}],
        env=[{"value": "1"}, {"name": "A"}, {"name": "A"}],
        extra_volumes=[{"nam": "a"}],
        strategy={"type": "None"},
    )
    assert [entry.subject.removeprefix("vllm_models[0].") for entry in found] == [
        "env[0].name",
        "env[2].name",
        "resources.limits.memory",
        "resources.requests",
        "strategy.type",
        "tolerations[0].operator",
        "tolerations[1].effect",
        "extra_volumes[0].nam",
        "extra_volumes[0].name",
    ]


@pytest.mark.parametrize("secret", ["hf_SECRET", {"name": "hf_SECRET"}])
def test_a_token_in_place_of_a_secrets_name_is_never_shown(secret: Any) -> None:
    (found,) = findings(hf_token_secret=secret)
    assert "hf_SECRET" not in str(found)
    assert "give the name of a Secret" in found.line


@pytest.mark.parametrize(
    "env",
    [
        "HF_TOKEN=hf_secret",
        ["HF_TOKEN=hf_secret"],
        [{"name": "HF_TOKEN=hf_secret"}],
        [{"name": "HF_TOKEN", "value": ["hf_secret"]}],
        {"HF_TOKEN": {"value": "hf_secret"}},
        {"HF_TOKEN=hf_secret": ""},
    ],
)
def test_what_may_be_a_secret_is_never_shown(env: Any) -> None:
    assert "hf_secret" not in "".join(str(entry) for entry in findings(env=env))


# Key and value; each passes, and reaches the objects as it is written here.
HEALTHY: list[tuple[str, Any]] = [
    ("resources", {"requests": {"cpu": "500m", "memory": "16Gi"}, "limits": {"memory": "1e11"}}),
    ("resources", {"requests": {"cpu": 0.5, "ephemeral-storage": ".5Ti", "memory": 0}}),
    ("resources", {"limits": {"nvidia.com/gpu": 8, "amd.com/gpu": "0", "memory": "4E"}}),
    (
        "resources",
        {
            "requests": {"hugepages-2Mi": "4Mi", "memory": "1Gi"},
            "limits": {"hugepages-2Mi": "4Mi", "memory": "1024Mi"},
        },
    ),
    ("resources", {"limits": {"kubernetes.io/batch-cpu": "1", "cpu": "+1"}}),
    ("resources", {}),
    ("resources", {"limits": {"memory": " 16Gi"}}),
    ("tolerations", [{"operator": "Exists"}, {"key": "", "operator": "Exists", "effect": ""}]),
    ("tolerations", [{"key": "a", "operator": "", "value": ""}]),
    ("tolerations", [{"key": "a.b/c", "value": "", "effect": "PreferNoSchedule"}]),
    (
        "tolerations",
        [{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": -1}],
    ),
    ("node_selector", {"node-role.kubernetes.io/gpu": "", "Zone": "A_b.c-1", "x": "7"}),
    ("labels", {"a": "b", "team.example.org/Name_1.x": "0"}),
    ("annotations", {"Example.ORG/Note": "any text, of any length: " + "x" * 900, "a": ""}),
    ("affinity", node_affinity({"key": "a", "operator": "Gt", "values": ["7"]})),
    (
        "affinity",
        {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
    ),
    (
        "extra_ports",
        [
            {"containerPort": 8000, "protocol": "UDP"},
            {"name": "x" * 15, "containerPort": 65535, "hostPort": 0, "hostIP": "::1"},
            {"name": "9p-a", "containerPort": 1, "protocol": "SCTP"},
        ],
    ),
    (
        "extra_volumes",
        [
            {"name": "0a"},
            {"name": "b", "emptyDir": {"medium": "HugePages-2Mi", "sizeLimit": 7}},
            {"name": "c", "projected": {"sources": [{"secret": {"name": "s"}}]}},
            {"name": "d", "image": {"reference": "r/i:1"}},
            {"name": "model", "persistentVolumeClaim": {"claimName": "c", "readOnly": True}},
        ],
    ),
    (
        "extra_volume_mounts",
        [
            {"name": "tmp", "mountPath": "relative", "subPath": "a/b"},
            {"name": "tmp", "mountPath": "/a:b", "readOnly": True, "recursiveReadOnly": "Enabled"},
            {"name": "shm", "mountPath": "/x", "mountPropagation": "None", "readOnly": False},
        ],
    ),
    (
        "extra_containers",
        [
            {
                **SIDE,
                "args": ["--x"],
                "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
                "envFrom": [{"configMapRef": {"name": "c"}}],
                "ports": [{"name": "http", "containerPort": 8001}],
                "readinessProbe": {"tcpSocket": {"port": 8001}},
                "lifecycle": {"preStop": {"sleep": {"seconds": 1}}},
                "resources": {"limits": {"cpu": 1}},
                "securityContext": {"privileged": True, "capabilities": {"drop": ["ALL"]}},
                "terminationMessagePolicy": "File",
                "volumeMounts": [{"name": "cache", "mountPath": "/c"}],
                "workingDir": "/",
                "tty": True,
            }
        ],
    ),
    ("init_containers", [{**SIDE, "restartPolicy": "Always"}, {"name": "1", "image": "i@sha:0"}]),
    (
        "env",
        [
            {"name": "a.b-c", "value": ""},
            {"name": "1 odd (name)!"},
            {"name": "S", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            {"name": "R", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}},
        ],
    ),
    ("strategy", {"type": ""}),
    ("strategy", {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}}),
    ("strategy", {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0}}),
    ("strategy", {"type": "RollingUpdate", "rollingUpdate": {}}),
    ("security_context", {"privileged": True, "allowPrivilegeEscalation": True}),
    ("security_context", {"privileged": False, "procMount": "Default", "runAsUser": 0}),
    (
        POD,
        {
            "runAsNonRoot": False,
            "fsGroupChangePolicy": "Always",
            "supplementalGroups": [44, 2**31 - 1],
            "supplementalGroupsPolicy": "Strict",
            "seccompProfile": {"type": "Localhost", "localhostProfile": "a.json"},
            "appArmorProfile": {"type": "Unconfined"},
            "sysctls": [{"name": "net.core.somaxconn", "value": "1024"}],
            "seLinuxOptions": {"level": "s0:c1,c2"},
        },
    ),
    (
        "speculative_config",
        {"method": "eagle3", "model": "a/b", "num_speculative_tokens": 3, "draft": {"x": None}},
    ),
    ("lora_modules", [{"name": "a", "path": "org/a", "base_model_name": None}]),
    (
        "extra_objects",
        [{"apiVersion": "v1", "kind": "A", "metadata": {"name": "c", "uid": None}, "data": None}],
    ),
    ("served_model_names", ["a", "org/b c"]),
    ("image", "registry.example:5000/a/b:v1@sha256:0123"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value"), HEALTHY, ids=[f"{key}-{index}" for index, (key, dummy) in enumerate(HEALTHY)]
)
def test_what_kubernetes_takes_passes_as_it_is(key: str, value: Any) -> None:
    assert getattr(read(**{key: value}), key) == value


def test_what_ansible_makes_strings_of_becomes_what_kubernetes_takes() -> None:
    assert read(extra_ports=[{"containerPort": "9000"}]).extra_ports == [{"containerPort": 9000}]
    assert read(env=[{"name": "A", "value": 7}]).env == [{"name": "A", "value": "7"}]
    assert read(node_selector={"gpu": True, "n": 1}).node_selector == {"gpu": "true", "n": "1"}
    assert read(pod_security_context={"runAsUser": "1000"}).run_as_user == 1000
    side = read(extra_containers=[{**SIDE, "args": ["--port", 9]}]).extra_containers
    assert side == [{**SIDE, "args": ["--port", "9"]}]


def test_null_counts_as_left_out() -> None:
    assert read(resources={"limits": None}).resources == {}
    assert read(tolerations=[{"operator": "Exists", "key": None}]).tolerations == [
        {"operator": "Exists"}
    ]
