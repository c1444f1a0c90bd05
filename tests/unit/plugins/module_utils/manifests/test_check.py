# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What is wrong with objects themselves; the integration tier holds it against an API server."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from rendered import rendered

from ansible_collections.llmops.vllm.plugins.module_utils.findings import Finding, Severity
from ansible_collections.llmops.vllm.plugins.module_utils.manifests.build import all_objects
from ansible_collections.llmops.vllm.plugins.module_utils.manifests.check import forms, quantities
from ansible_collections.llmops.vllm.plugins.module_utils.manifests.check.objects import (
    check_objects,
)

Object = dict[str, Any]


def deployment(**container: Any) -> Object:
    labels = {"app": "a"}
    ports = [{"name": "http", "containerPort": 8000}]
    inside = {"name": "vllm", "image": "vllm:1", "ports": ports, **container}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "a", "namespace": "ns"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [inside]}},
        },
    }


def service(target: Any = "http", app: str = "a", place: str = "ns") -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "a", "namespace": place},
        "spec": {"selector": {"app": app}, "ports": [{"port": 80, "targetPort": target}]},
    }


def config(**metadata: Any) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", **metadata}}


def only(*objects: Any) -> Finding:
    (found,) = check_objects(objects)
    return found


def test_what_this_collection_makes_passes() -> None:
    raw: list[dict[str, Any]] = [
        {"name": "least", "model": "Qwen/Qwen3-8B"},
        {
            "name": "much",
            "model": "/models/m",
            "storage": {"host_path": "/models", "size_gib": 1.5},
            "replicas": 2,
            "resources": {"limits": {"memory": "8Gi", "cpu": 2}, "requests": {"memory": "8Gi"}},
            "env": {"A": 1, "B": True},
            "node_selector": {"gpu": True},
            "tolerations": [{"operator": "Exists"}],
            "extra_ports": [{"name": "metrics", "containerPort": 9000}],
            "labels": {"team": "x"},
            "host_network": True,
        },
    ]
    made = all_objects(rendered(raw, nodes={"much": "node"}))
    assert len(made) == 7
    assert check_objects(made) == []


def test_a_finding_names_object_field_reason_and_way_out() -> None:
    found = only(deployment(resources={"limits": {"memory": "8GB"}}))
    assert found.severity is Severity.ERROR
    assert found.rule == "wrong_quantity"
    assert found.subject == (
        "Deployment ns/a: spec.template.spec.containers[0].resources.limits.memory"
    )
    assert found.cause == "'8GB' is no quantity"
    assert found.fix == "give a number with or without a unit, such as 500m, 4Gi or 8"


IN_CONTAINER = "spec.template.spec.containers[0]"


@pytest.mark.parametrize(
    ("container", "rule", "field", "words"),
    [
        ({"args": ["--port", 8000]}, "wrong_type", "args[1]",
         "is a number, not a text; put it in quotes"),
        ({"env": [{"name": "A", "value": 1.5}]}, "wrong_type", "env[0].value", "put it in quotes"),
        ({"ports": [{"containerPort": "80"}]}, "wrong_port", "ports[0].containerPort",
         "is a text, not a whole number; give a whole number without quotes"),
        ({"ports": [{"containerPort": 70000}]}, "wrong_port", "ports[0].containerPort",
         "70000 is not allowed; give a whole number from 1 to 65535"),
        ({"ports": [{"name": "metrics-of-vllm-x", "containerPort": 1}]}, "wrong_port",
         "ports[0].name", "has 17 characters"),
        ({"name": "vLLM"}, "wrong_name", "name", "'vLLM' is not allowed; give a name of"),
        ({"image": ""}, "missing_key", "image", "is missing"),
        ({"env": [{"name": "A"}, {"name": "A"}]}, "doubled_name", "env[1].name",
         f"'A' is the name of {IN_CONTAINER}.env[0].name too; give each its own"),
        ({"volumeMounts": [{"name": "v", "mountPath": "/v"}]}, "missing_volume",
         "volumeMounts[0].name", "the pod has no volume 'v'; name one of its volumes: there are"),
        ({"resources": {"requests": {"cpu": "1500m"}, "limits": {"cpu": 1.4}}}, "wrong_quantity",
         "resources.requests.cpu", "'1500m' is above the limit of 1.4; give at most the limit"),
        ({"resources": {"limits": {"nvidia.com/gpu": "500m"}}}, "wrong_quantity",
         "resources.limits[nvidia.com/gpu]", "'500m' is no whole number"),
        ({"livenessProbe": {"httpGet": {"port": "web"}}}, "missing_port",
         "livenessProbe.httpGet.port", "the container has no port of the name 'web'"),
        ({"livenessProbe": {"httpGet": {"port": "80"}}}, "wrong_port",
         "livenessProbe.httpGet.port", "give the number without quotes"),
        ({"livenessProbe": {"exec": {"command": ["a"]}, "tcpSocket": {"port": 1}}},
         "contradiction", "livenessProbe.tcpSocket", "does not go with exec"),
        ({"imagePullPolicy": "always"}, "wrong_choice", "imagePullPolicy",
         "'always' is not allowed; give one of Always, IfNotPresent, Never"),
        ({"securityContext": []}, "wrong_type", "securityContext", "is a list, not a mapping"),
        ({"ports": {"name": "http"}}, "wrong_type", "ports", "is a mapping, not a list"),
        ({"env": [None]}, "wrong_type", "env[0]", "is nothing, not a mapping"),
    ],
)  # fmt: skip
def test_mistakes_in_a_container(container: Object, rule: str, field: str, words: str) -> None:
    found = only(deployment(**container))
    assert found.subject == f"Deployment ns/a: {IN_CONTAINER}.{field}"
    assert found.rule == rule
    assert words in found.line


def test_all_mistakes_of_all_objects_come_at_once_and_in_order() -> None:
    wrong = deployment(args=[1], env=[{"name": "A", "value": 2}])
    wrong["spec"]["replicas"] = -1
    found = check_objects([config(labels={"a": 8080}), wrong, {"kind": "Thing"}])
    assert [entry.subject for entry in found] == [
        "ConfigMap c: metadata.labels.a",
        "Deployment ns/a: spec.replicas",
        f"Deployment ns/a: {IN_CONTAINER}.args[0]",
        f"Deployment ns/a: {IN_CONTAINER}.env[0].value",
        "Thing number 3: apiVersion",
        "Thing number 3: metadata.name",
    ]
    assert found[0].line.endswith("8080 is a number; put it in quotes")


def test_secret_values_are_not_shown() -> None:
    hidden = 987654321
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    found = check_objects(
        [
            secret | {"stringData": {"a": hidden}, "data": {"b": f"not base64 {hidden}"}},
            config() | {"data": {"a": hidden}},
            deployment(env=[{"name": "HF_TOKEN", "value": hidden}], args=["--api-key", hidden]),
        ]
    )
    assert len(found) == 5
    assert not [entry for entry in found if str(hidden) in str(entry)]


@pytest.mark.parametrize(
    ("objects", "is_found"),
    [
        ([deployment(), service()], False),
        ([service(), deployment()], False),
        ([deployment(), service("web")], True),
        ([deployment(), service("web", app="other")], False),
        ([deployment(), service("web", place="other")], False),
        ([service("web")], False),
        ([deployment(), service(8000)], False),
        ([deployment(ports=[]), service()], True),
    ],
)
def test_a_service_finds_its_port_by_name(objects: list[Object], is_found: bool) -> None:
    found = check_objects(objects)
    assert [entry.rule for entry in found] == ["missing_port"] * is_found
    for entry in found:
        assert entry.subject.endswith("Service ns/a: spec.ports[0].targetPort")


def test_one_of_several_workloads_behind_a_service_is_enough() -> None:
    other = deployment(ports=[{"name": "web", "containerPort": 1}])
    other["metadata"]["name"] = "b"
    assert check_objects([deployment(), other, service("web")]) == []


def test_an_object_given_twice_is_found() -> None:
    found = only(config(), config(namespace="a"), config())
    assert found.rule == "doubled_object"
    assert found.line == "ConfigMap c: is given twice: objects 1 and 3 of the list; give it once"


def test_other_versions_of_a_group_are_the_same_object() -> None:
    old = deployment() | {"apiVersion": "apps/v1beta2"}
    assert only(deployment(), old).rule == "doubled_object"
    assert check_objects([deployment(), deployment() | {"apiVersion": "example.org/v1"}]) == []


@pytest.mark.parametrize("place", ["relative/path", "/a:b"])
def test_unusual_mounts_are_a_warning(place: str) -> None:
    item = deployment(volumeMounts=[{"name": "v", "mountPath": place}])
    item["spec"]["template"]["spec"]["volumes"] = [{"name": "v", "emptyDir": {}}]
    found = only(item)
    assert (found.severity, found.rule) == (Severity.WARNING, "wrong_path")


def test_a_service_that_begins_with_a_digit_is_a_warning() -> None:
    item = service(80)
    item["metadata"]["name"] = "1a"
    assert only(item).severity is Severity.WARNING


def test_kinds_of_others_are_checked_in_their_metadata_alone() -> None:
    item = {"apiVersion": "example.org/v1", "kind": "Deployment", "spec": {"replicas": "x"}}
    assert check_objects([item | {"metadata": {"name": "a"}}]) == []
    found = only(item | {"metadata": {"name": "A", "labels": {}}})
    assert found.subject == "Deployment A: metadata.name"


@pytest.mark.parametrize(
    ("version", "kind", "name"),
    [
        ("rbac.authorization.k8s.io/v1", "ClusterRole", "system:A b"),
        ("image.openshift.io/v1", "ImageStreamTag", "a:latest"),
        ("networking.k8s.io/v1", "IPAddress", "2001:db8::1"),
        ("v1", "ConfigMap", "1.a"),
    ],
)
def test_names_are_as_free_as_their_kinds(version: str, kind: str, name: str) -> None:
    item = {"apiVersion": version, "kind": kind, "metadata": {"name": name}}
    assert check_objects([item]) == []


def test_annotations_have_a_size_in_bytes() -> None:
    half = 256 * 1024 // 2 - 1
    assert check_objects([config(annotations={"a": "é" * half, "b": ""})]) == []
    found = only(config(annotations={"a": "é" * half, "b": "c"}))
    assert found.cause == "has 262145 bytes in all"


@pytest.mark.parametrize(
    ("value", "nanos"),
    [
        ("700m", 7 * 10**8), (0.7, 7 * 10**8), ("1Ki", 1024 * 10**9), ("1e3", 10**12),
        ("1E", 10**27),
        ("1E3", 10**12), (".5", 5 * 10**8), ("1.", 10**9), ("-1u", -1000), ("0.1n", 1),
        (" 8 ", 8 * 10**9),
        (1e20, 10**29), (10**30, 10**39), ("8GB", None), ("", None), ("1 Gi", None), ("1KI", None),
        (True, None), (None, None), ([], None), (float("nan"), None), (float("inf"), None),
    ],
)  # fmt: skip
def test_quantities_are_exact(value: object, nanos: int | None) -> None:
    assert quantities.nanos(value) == nanos


@pytest.mark.parametrize(
    ("form", "right", "wrong"),
    [
        (forms.label, "a 1 a-b " + "a" * 63, "A a_b a.b -a a- a\n " + "a" * 64),
        (forms.subdomain, "a a.b 1.2 a-b.c " + "a" * 253, "A a..b .a a. a.-b " + "a" * 254),
        (forms.port_name, "a http 1a a-1 " + "a" * 15, "1 8000 a--b -a a- A a_b " + "a" * 16),
        (forms.key, "a A_b.c a.b/C " + "c" * 63, "/a a/ A.b/c a/b/c -a " + "c" * 64),
        (forms.label_value, "a A_b.c 9 " + "v" * 63, "-a a- a/b é " + "v" * 64),
        (forms.data_key, ".a a.b-C_d ", ". .. ..a a/b é"),
        (forms.env_name, "A 1a a.b -", "A=B é"),
        (forms.segment, "a A:b ... a.b", ". .. a/b a%"),
        (forms.api_version, "v1 apps/v1 a.b/v1beta1", "/v1 apps/ apps/v1/x apps/V1"),
    ],
)
def test_forms(form: forms.Form, right: str, wrong: str) -> None:
    assert not [word for word in right.split(" ") if word and form(word)]
    assert not [word for word in wrong.split(" ") if word and not form(word)]


NAN, THING = float("nan"), object


def every_place(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys: Any = value if isinstance(value, dict) else ()
    if isinstance(value, list):
        keys = range(len(value))
    return [place for key in keys for place in [(*way, key), *every_place(value[key], (*way, key))]]


def test_nothing_raises_and_nothing_is_changed() -> None:
    """Whatever stands anywhere in an object, the answer is a list of findings."""
    probe = {"httpGet": {"port": "http"}, "periodSeconds": 1}
    full = deployment(
        env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "a"}}}],
        resources={"requests": {"cpu": 1}, "limits": {"cpu": 1}},
        startupProbe=probe,
        volumeMounts=[{"name": "v", "mountPath": "/v"}],
        securityContext={"capabilities": {"add": ["A"]}, "allowPrivilegeEscalation": False},
    )
    full["spec"]["strategy"] = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}
    full["spec"]["template"]["spec"] |= {
        "volumes": [{"name": "v", "emptyDir": {"sizeLimit": 1}}],
        "tolerations": [{"key": "a", "value": "b"}],
        "hostNetwork": True,
    }
    odd: list[Any] = [
        None, [], {}, "", "x", 0, -1, 1.5, True, [None], [[]], {1: 2}, {None: {}}, {"a": []},
        10**400, 10**5000, NAN, b"x", THING, {("a",): 1}, "\0",
    ]  # fmt: skip
    choose = random.Random(3)
    for dummy in range(1000):
        objects = copy.deepcopy([full, service(), config(labels={"a": "b"}, annotations={})])
        *way, last = choose.choice(every_place(objects))
        place: Any = objects
        for key in way:
            place = place[key]
        place[last] = choose.choice(odd)
        before = copy.deepcopy(objects)
        assert all(entry.line for entry in check_objects(objects))
        assert objects == before
    for value in odd:
        assert check_objects([value])
