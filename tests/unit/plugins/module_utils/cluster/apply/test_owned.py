# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What of a live object is ours."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.owned import (
    fingerprint,
    owned_values,
)

Object = dict[str, Any]

OURS = {
    "f:metadata": {"f:labels": {"f:app": {}}},
    "f:spec": {
        "f:replicas": {},
        "f:template": {
            "f:spec": {
                "f:containers": {
                    'k:{"name":"vllm"}': {
                        ".": {},
                        "f:args": {},
                        "f:name": {},
                        "f:ports": {
                            'k:{"containerPort":8000,"protocol":"TCP"}': {".": {}, "f:name": {}}
                        },
                    }
                }
            }
        },
    },
}


def live() -> Object:
    """Return a Deployment as an API server has it: with fields of ours, of others, and defaults."""
    port = {"name": "http", "containerPort": 8000, "protocol": "TCP"}
    container = {"name": "vllm", "args": ["a", "b"], "ports": [port], "image": "theirs"}
    manager = {"manager": "llmops.vllm", "operation": "Apply", "apiVersion": "apps/v1"}
    return {
        "kind": "Deployment",
        "metadata": {
            "labels": {"app": "x", "other": "y"},
            "resourceVersion": "1",
            "managedFields": [
                manager | {"fieldsV1": OURS, "time": "2026-01-01T00:00:00Z"},
                manager | {"operation": "Update", "fieldsV1": {"f:status": {}}},
                manager | {"subresource": "status", "fieldsV1": {"f:status": {}}},
                {"manager": "kubectl", "operation": "Apply", "fieldsV1": {"f:spec": {}}},
            ],
        },
        "spec": {
            "replicas": 2,
            "paused": False,
            "template": {"spec": {"containers": [{"name": "sidecar"}, container]}},
        },
        "status": {"replicas": 1},
    }


def container(item: Object) -> Object:
    found: Object = item["spec"]["template"]["spec"]["containers"][1]
    return found


def test_the_values_at_our_paths_are_read() -> None:
    [[version, values]] = owned_values(live())
    assert version == "apps/v1"
    assert values["f:metadata"] == {"f:labels": {"f:app": "x"}}
    assert values["f:spec"]["f:replicas"] == 2
    containers = values["f:spec"]["f:template"]["f:spec"]["f:containers"]
    assert containers == {
        'k:{"name":"vllm"}': {
            "f:args": ["a", "b"],
            "f:name": "vllm",
            "f:ports": {'k:{"containerPort":8000,"protocol":"TCP"}': {"f:name": "http"}},
        }
    }


def ours(item: Object) -> Object:
    fields: Object = item["metadata"]["managedFields"][0]["fieldsV1"]
    return fields


@pytest.mark.parametrize(
    "change",
    [
        lambda item: item["spec"].update(replicas=3),
        lambda item: item["metadata"]["labels"].update(app="z"),
        lambda item: item["metadata"].pop("labels"),
        lambda item: container(item)["args"].append("c"),
        lambda item: container(item)["ports"][0].update(name="other"),
        lambda item: container(item)["ports"][0].update(containerPort=1),
        lambda item: item["spec"]["template"]["spec"]["containers"].pop(),
        lambda item: ours(item)["f:spec"].pop("f:replicas"),
        lambda item: ours(item)["f:spec"].update({"f:paused": {}}),
        lambda item: item["metadata"]["managedFields"].pop(0),
        lambda item: item["metadata"].pop("managedFields"),
    ],
)
def test_what_concerns_us_is_seen(change: Any) -> None:
    before, after = live(), copy.deepcopy(live())
    change(after)
    assert fingerprint(owned_values(before)) != fingerprint(owned_values(after))


@pytest.mark.parametrize(
    "change",
    [
        lambda item: item.update(status={"replicas": 2}),
        lambda item: item["metadata"].update(resourceVersion="2"),
        lambda item: item["metadata"]["labels"].update(other="z", new="1"),
        lambda item: item["spec"].update(paused=True, minReadySeconds=1),
        lambda item: container(item).update(image="new", resources={}),
        lambda item: item["spec"]["template"]["spec"]["containers"].insert(0, {"name": "more"}),
        lambda item: item["metadata"]["managedFields"].pop(3),
        lambda item: item["metadata"]["managedFields"][0].update(time="2026-02-02T00:00:00Z"),
    ],
)
def test_what_does_not_concern_us_changes_nothing(change: Any) -> None:
    before, after = live(), copy.deepcopy(live())
    change(after)
    assert fingerprint(owned_values(before)) == fingerprint(owned_values(after))


def test_plain_lists_and_indexes() -> None:
    fields: Object = {
        "f:finalizers": {'v:"mine"': {}, 'v:"gone"': {}},
        "f:list": {"i:1": {}, "i:7": {}},
    }
    entry = {"manager": "llmops.vllm", "operation": "Apply", "fieldsV1": fields}
    item = {"metadata": {"managedFields": [entry]}, "finalizers": ["mine"], "list": [1, 2]}
    [[dummy, values]] = owned_values(item)
    assert values == {
        "f:finalizers": {'v:"mine"': "mine", 'v:"gone"': None},
        "f:list": {"i:1": 2, "i:7": None},
    }


def test_a_fingerprint_knows_no_order_of_keys_and_is_short() -> None:
    assert fingerprint({"a": 1, "b": [2, 3]}) == fingerprint({"b": [2, 3], "a": 1})
    assert fingerprint({"a": [2, 3]}) != fingerprint({"a": [3, 2]})
    assert len(fingerprint(live())) == 16
