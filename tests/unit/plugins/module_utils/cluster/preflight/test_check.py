# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Which rights a deployment needs: those for exactly what is sent, watched and asked."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.preflight.check import (
    check,
)
from ansible_collections.llmops.vllm.plugins.module_utils.findings import Finding, Severity

from ..fake_api import Answer, FakeApi

REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
WIDGETS = {
    "groupVersion": "example.com/v1",
    "resources": [
        {"name": "widgets", "kind": "Widget", "namespaced": True},
        {"name": "plants", "kind": "Plant", "namespaced": False},
    ],
}
Object = dict[str, Any]


def script(api: FakeApi, *, allowed: bool) -> None:
    api.on(REVIEW, Answer(status=201, body={"status": {"allowed": allowed}}))
    api.on(WHO, Answer(status=201, body={"status": {"userInfo": {"username": "tester"}}}))
    group = {"name": "example.com", "versions": [{"version": "v1"}]}
    api.on("/api", Answer(body={"versions": ["v1"]}))
    api.on("/apis", Answer(body={"groups": [group]}))
    api.on("/apis/example.com/v1", Answer(body=WIDGETS))


def item(kind: str, name: str = "m", version: str = "v1", namespace: str = "llm") -> Object:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def model_objects(count: int) -> list[Object]:
    """What models bring: a few objects of each kind, one namespace for all."""
    kinds = (("Deployment", "apps/v1"), ("Service", "v1"), ("ConfigMap", "v1"))
    found = [item(kind, f"m{n}", version) for n in range(count) for kind, version in kinds]
    volumes = [item("PersistentVolume", f"llm-m{n}", namespace="") for n in range(count)]
    return [item("Namespace", "llm", namespace=""), *found, *volumes]


def reviews(api: FakeApi) -> list[str]:
    """Return the rights that were asked for, each as often as it was."""
    attributes = [
        body["spec"]["resourceAttributes"]
        for body in api.bodies
        if body and body["kind"] == "SelfSubjectAccessReview"
    ]
    return sorted(
        f"{one['verb']} {one['group']}/{one['resource']}/{one['subresource']}"
        f" in {one['namespace']}:{one['name']}"
        for one in attributes
    )


def applying(resource: str, namespace: str = "llm", name: str = "") -> list[str]:
    return [f"{verb} {resource}/ in {namespace}:{name}" for verb in ("create", "get", "patch")]


WATCHING = [
    "get /pods/log in llm:",
    "list /events/ in llm:",
    "list /nodes/ in :",
    "list /pods/ in llm:",
    "list apps/deployments/ in llm:",
    "list apps/replicasets/ in llm:",
]
ASKING = ["create /services/proxy in llm:"]


@pytest.mark.parametrize(
    ("objects", "options", "rights"),
    [
        ([], {}, []),
        ([], {"watches": True}, WATCHING),
        ([], {"asks": True}, ASKING),
        ([item("ConfigMap"), item("ConfigMap", "n")], {}, applying("/configmaps")),
        ([item("Deployment", version="apps/v1")], {}, applying("apps/deployments")),
        ([item("PersistentVolume", namespace="")], {}, applying("/persistentvolumes", "")),
        # A role inside of the namespace may hold the right on the namespace itself.
        ([item("Namespace", "x", namespace="")], {}, applying("/namespaces", "x", "x")),
        ([item("Secret", namespace="other")], {}, applying("/secrets", "other")),
        # What has no namespace goes to the one of the deployment.
        ([item("Secret", namespace="")], {}, applying("/secrets")),
        ([item("Widget", version="example.com/v1")], {}, applying("example.com/widgets")),
        ([item("Plant", version="example.com/v1")], {}, applying("example.com/plants", "")),
        ([{"kind": "List", "items": [item("Secret")]}], {}, applying("/secrets")),
        (
            [item("Secret"), item("Secret", namespace="b"), item("Service")],
            {"watches": True, "asks": True},
            [
                *applying("/secrets"),
                *applying("/secrets", "b"),
                *applying("/services"),
                *WATCHING,
                *ASKING,
            ],
        ),
    ],
)
def test_the_rights_are_those_of_what_is_done(
    api: FakeApi, objects: list[Object], options: dict[str, bool], rights: list[str]
) -> None:
    script(api, allowed=True)
    given = {"watches": False, "asks": False, **options}
    assert check(api.client(), "llm", objects, **given) == []
    assert reviews(api) == sorted(rights)


def test_more_models_are_no_more_requests(api: FakeApi) -> None:
    script(api, allowed=True)
    counts = []
    for count in (1, 50):
        widgets = [item("Widget", f"w{n}", "example.com/v1") for n in range(count)]
        before = len(api.requests)
        check(api.client(), "llm", model_objects(count) + widgets, watches=True, asks=True)
        counts.append(len(api.requests) - before)
    assert counts[0] == counts[1] > 20


def by_severity(found: list[Finding], severity: Severity) -> list[Finding]:
    return [entry for entry in found if entry.severity is severity]


def test_missing_rights_are_one_error_for_each_place(api: FakeApi) -> None:
    script(api, allowed=False)
    found = check(api.client(), "llm", model_objects(2), watches=True, asks=True)
    cluster, space = by_severity(found, Severity.ERROR)
    assert (cluster.rule, space.rule) == ("missing_rights", "missing_rights")
    assert cluster.subject == "cluster"
    assert cluster.cause == (
        "this user may not: create persistentvolumes, get persistentvolumes, "
        "patch persistentvolumes"
    )
    assert space.subject == "namespace llm"
    for right in ("patch deployments.apps", "create services/proxy", "list pods", "get namespaces"):
        assert right in space.cause.removeprefix("this user may not: ").split(", ")
    assert "user: tester" in space.evidence
    assert "vllm_namespace" in space.fix
    assert "vllm_namespace" not in cluster.fix


MAY_NOT, UNSEEN = "this user may not", "will not be shown"


def test_rights_that_only_help_are_warnings(api: FakeApi) -> None:
    script(api, allowed=False)
    found = check(api.client(), "llm", [], watches=True, asks=False)
    warnings = by_severity(found, Severity.WARNING)
    assert [(warning.subject, warning.cause) for warning in warnings] == [
        ("namespace llm", f"{MAY_NOT} get pods/log: the log lines of a failure {UNSEEN}"),
        ("namespace llm", f"{MAY_NOT} list events: the reasons of a failure {UNSEEN}"),
        ("cluster", f"{MAY_NOT} list nodes: whether a model can ever fit a node {UNSEEN}"),
    ]
    [error] = by_severity(found, Severity.ERROR)
    assert error.cause == (
        "this user may not: list pods, list deployments.apps, list replicasets.apps"
    )


def test_kinds_that_the_cluster_does_not_know_are_told_all_at_once(api: FakeApi) -> None:
    script(api, allowed=True)
    monitors = [item("Monitor", f"m{n}", "monitoring.example.com/v1") for n in range(3)]
    objects = [*monitors, item("Widget", version="example.com/v9"), item("Secret")]
    found = check(api.client(), "llm", objects, watches=False, asks=False)
    assert [error.rule for error in found] == ["unknown_kind", "unknown_kind"]
    monitor, widget = found
    assert monitor.subject == "Monitor llm/m0"
    assert "does not know monitoring.example.com/v1 Monitor" in monitor.cause
    assert monitor.evidence == ("and 2 more objects of this kind",)
    assert widget.evidence == ("it knows Widget in: example.com/v1",)
    # The others are checked all the same.
    assert reviews(api) == applying("/secrets")
