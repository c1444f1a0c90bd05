# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The check of the objects against the judge: what a real API server accepts and refuses."""

from __future__ import annotations

import copy
import random
import re
from typing import Any
from urllib.parse import quote

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.connection import (
    APPLY,
    Client,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.errors import ApiError
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.kinds import known
from ansible_collections.llmops.vllm.plugins.module_utils.findings import Finding, errors_in
from ansible_collections.llmops.vllm.plugins.module_utils.manifests.check.objects import (
    check_objects,
)

from .checked_objects import BAD, GOOD, changed, plain
from .objects import Object, deployment, service

# Objects with an odd value: so many tests of so many objects.
COUNT, EACH = 8, 50
# Where the server's own words name no field, or that of a label it makes of the name.
SILENT = {
    "memory_unit",
    "memory_empty",
    "port_in_parts",
    "config_size",
    "secret_no_base64",
    "job_name",
}


def dry_run(client: Client, item: Object) -> None:
    """Apply an object as the collection does, without keeping it. Raises ApiError."""
    metadata = item["metadata"]
    path = known(item["kind"]).path(metadata.get("namespace", ""), quote(metadata["name"], safe=""))
    query = {"dryRun": "All", "fieldManager": "test", "fieldValidation": "Strict"}
    client.request("PATCH", path, query=query, body=item, content_type=APPLY)


def is_accepted(client: Client, item: Object) -> bool:
    try:
        dry_run(client, item)
    except ApiError:
        return False
    return True


def words(path: str) -> list[str]:
    """The keys of a path, or the words of a text, without places in lists."""
    return [word for word in re.split(r"[^\w/-]+", path.lower()) if word and not word.isdigit()]


@pytest.mark.parametrize("item", GOOD.values(), ids=GOOD)
def test_what_the_server_accepts_passes(client: Client, item: Object) -> None:
    dry_run(client, item)
    assert not errors_in(check_objects([item]))


@pytest.mark.parametrize(("case", "item", "path"), [(k, *v) for k, v in BAD.items()], ids=BAD)
def test_what_is_found_the_server_refuses(
    client: Client, case: str, item: Object, path: str
) -> None:
    (finding,) = check_objects([item])
    field = finding.subject.partition(": ")[2]
    assert field == re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", path)
    with pytest.raises(ApiError) as caught:
        dry_run(client, item)
    fields = [cause.get("field", "") for cause in caught.value.causes()]
    is_named = words(field)[-1] in words(caught.value.message) or any(
        words(named)[-1:] == [word] for named in fields for word in words(field)
    )
    assert is_named or case in SILENT, (field, fields, caught.value.message)


def test_kinds_of_others_are_checked_in_their_metadata_alone(client: Client) -> None:
    item: dict[str, Any] = plain("example.org/v1", "Thing", {"spec": {"replicas": "many"}})
    assert check_objects([item]) == []
    item["metadata"]["labels"] = {"a": "b c"}
    (finding,) = check_objects([item])
    assert finding.subject == "Thing default/tiny: metadata.labels.a"


def test_a_node_port_is_refused_when_it_is_wanted_in_earnest(
    client: Client, namespace: str
) -> None:
    """A dry run takes no port of the nodes, and so does not look at its number."""
    ports = [{"name": "http", "port": 1, "nodePort": 70000}]
    item = changed(service(namespace), spec__type="NodePort", spec__ports=ports)
    (finding,) = check_objects([item])
    assert finding.subject.endswith("spec.ports[0].nodePort")
    with pytest.raises(ApiError, match="70000"):
        client.request("POST", f"/api/v1/namespaces/{namespace}/services", body=item)


ODD: tuple[Any, ...] = (
    None, "", " ", 0, -1, 1, 1.0, 1.5, "1", "0", True, False, [], {}, [None], {"a": None}, "A_b",
    "a.b", "x" * 64, 70000, 2**31, "10%", "1Gi", "-1", "None", "Always", "/a", "..", "a b",
    "A", "a/b", "a-", "0.5", "1e3", "http", "8.8.8.8", "a,b", "A=B", 5, 600, 65535, [1], ["a", "a"],
    2.0, "TCP", "a\n", "é",
)  # fmt: skip
FULL = changed(
    deployment("default"),
    metadata__labels={"a": "b"},
    metadata__annotations={"a": "b"},
    spec__strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
    spec__minReadySeconds=5,
    spec__progressDeadlineSeconds=600,
    spec__template__spec={
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "nodeSelector": {"a": "b"},
        "tolerations": [{"key": "a", "operator": "Equal", "value": "b", "effect": "NoExecute",
                         "tolerationSeconds": 5}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [
                {"key": "a", "operator": "In", "values": ["b"]}]}]}}},
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "a",
                                       "whenUnsatisfiable": "DoNotSchedule",
                                       "labelSelector": {"matchLabels": {"a": "b"}}}],
        "serviceAccountName": "a",
        "priorityClassName": "a",
        "nodeName": "a",
        "hostname": "a",
        "dnsPolicy": "ClusterFirst",
        "hostNetwork": False,
        "imagePullSecrets": [{"name": "a"}],
        "hostAliases": [{"ip": "1.2.3.4", "hostnames": ["a"]}],
        "securityContext": {"runAsUser": 1, "fsGroup": 1, "supplementalGroups": [1],
                            "seccompProfile": {"type": "RuntimeDefault"},
                            "fsGroupChangePolicy": "Always"},
        "volumes": [
            {"name": "a", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
            {"name": "b", "hostPath": {"path": "/a", "type": "Directory"}},
            {"name": "c", "configMap": {"name": "a", "defaultMode": 420,
                                        "items": [{"key": "a", "path": "b", "mode": 1}]}},
            {"name": "d", "secret": {"secretName": "a", "optional": True}},
            {"name": "e", "persistentVolumeClaim": {"claimName": "a", "readOnly": True}},
            {"name": "f", "projected": {"sources": [
                {"serviceAccountToken": {"path": "a", "expirationSeconds": 600}},
                {"downwardAPI": {"items": [
                    {"path": "a", "fieldRef": {"fieldPath": "metadata.name"}}]}}]}},
            {"name": "g", "nfs": {"server": "a", "path": "/b"}},
            {"name": "h", "ephemeral": {"volumeClaimTemplate": {
                "metadata": {"labels": {"a": "b"}}, "spec": {
                    "accessModes": ["ReadWriteOnce"], "storageClassName": "a",
                    "resources": {"requests": {"storage": "1Gi"}}}}}},
        ],
        "initContainers": [{"name": "i", "image": "b", "restartPolicy": "Always",
                            "command": ["a"], "ports": [{"name": "c", "containerPort": 9}]}],
        "containers": [{
            "name": "vllm", "image": "b", "imagePullPolicy": "Always", "args": ["a"],
            "env": [{"name": "A", "value": "b"},
                    {"name": "B", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}},
                    {"name": "C", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}],
            "envFrom": [{"prefix": "A", "configMapRef": {"name": "a", "optional": True}}],
            "ports": [{"name": "http", "containerPort": 8000, "hostPort": 8000, "hostIP": "1.2.3.4",
                       "protocol": "TCP"}],
            "resources": {"requests": {"cpu": 1, "nvidia.com/gpu": 1},
                          "limits": {"memory": "1Gi", "nvidia.com/gpu": 1}},
            "startupProbe": {"httpGet": {"path": "/a", "port": "http", "scheme": "HTTP",
                                         "httpHeaders": [{"name": "A", "value": "b"}]},
                             "periodSeconds": 5, "timeoutSeconds": 5, "failureThreshold": 5,
                             "successThreshold": 1, "initialDelaySeconds": 5},
            "livenessProbe": {"tcpSocket": {"port": 8000}, "terminationGracePeriodSeconds": 1},
            "readinessProbe": {"grpc": {"port": 8000, "service": "a"}},
            "lifecycle": {"preStop": {"exec": {"command": ["a"]}}},
            "securityContext": {"runAsUser": 1, "runAsNonRoot": True, "privileged": False,
                                "allowPrivilegeEscalation": False, "procMount": "Default",
                                "capabilities": {"drop": ["ALL"], "add": ["A"]}},
            "terminationMessagePolicy": "File",
            "volumeMounts": [{"name": "a", "mountPath": "/a", "subPath": "a", "readOnly": True,
                              "mountPropagation": "None"}],
        }],
    },
)  # fmt: skip
BASES = (
    FULL, FULL, FULL, FULL, *GOOD.values(),
    changed(service("default"), spec__type="NodePort", spec__sessionAffinity="ClientIP",
            spec__ports=[{"name": "a", "port": 1, "targetPort": "a", "nodePort": 0,
                          "protocol": "TCP", "appProtocol": "http"}]),
)  # fmt: skip


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in an object that can be given another value."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    return [place for key in keys for place in [(*way, key), *places(value[key], (*way, key))]]


def scrambled(choose: random.Random) -> Object:
    """Return an object with an odd value somewhere below its spec, or at its labels."""
    item = copy.deepcopy(choose.choice(BASES))
    fixed = {
        ("apiVersion",),
        ("kind",),
        ("metadata",),
        ("metadata", "name"),
        ("metadata", "namespace"),
    }
    choices = [("metadata", "labels"), *(way for way in places(item) if way not in fixed)]
    *way, last = choose.choice(choices)
    item["metadata"].setdefault("labels", {})
    place: Any = item
    for key in way:
        place = place[key]
    same = [value for value in ODD if type(value) is type(place[last])]
    place[last] = copy.deepcopy(choose.choice(same if same and choose.random() < 0.7 else ODD))
    return item


def is_about_itself(finding: Finding) -> bool:
    """A dry run looks neither at the numbers of node ports nor at what a name stands for."""
    return finding.rule != "missing_port" and not finding.subject.endswith("nodePort")


@pytest.mark.parametrize("seed", range(COUNT))
def test_no_false_alarm_in_odd_objects(client: Client, seed: int) -> None:
    """Whatever is found wrong in an object with one odd value, the server refuses too."""
    choose = random.Random(seed)
    for dummy in range(EACH):
        item = scrambled(choose)
        found = [entry for entry in errors_in(check_objects([item])) if is_about_itself(entry)]
        if found:
            assert not is_accepted(client, item), found[0].line
