# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What a user is shown of a change."""

from __future__ import annotations

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.objects import object_id
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.diff import (
    comparable,
    differences,
    result_of,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.outcome import Outcome

from ..secrets import encoded, secret


def test_a_secrets_diff_shows_which_values_change_and_none_of_them() -> None:
    before = secret({"same": "first-value", "other": "second-value"})
    after = secret({"same": "first-value", "other": "third-value", "twin": "third-value"})
    last = {"kubectl.kubernetes.io/last-applied-configuration": "second-value"}
    before["metadata"]["annotations"] = last
    sent = {**secret({}), "data": {}, "stringData": {"x": "third-value"}}
    outcomes = [
        Outcome(object_id(before), "changed", before, after),
        Outcome(object_id(sent), "created", None, sent),
    ]
    [first, second] = differences(outcomes)
    assert "other: <secret 1>" in first["before"]
    assert "same: <secret 2>" in first["before"]
    assert "other: <secret 3>" in first["after"]
    assert "same: <secret 2>" in first["after"]
    assert "twin: <secret 3>" in first["after"]
    assert "x: <secret 3>" in second["after"]
    for value in ("first-value", "second-value", "third-value"):
        assert value not in str([first, second])
        assert encoded(value) not in str([first, second])


def test_unchanged_objects_are_not_in_the_diff() -> None:
    item = secret({})
    assert differences([Outcome(object_id(item), "unchanged", item, item)]) == []


def test_only_what_a_user_sets_is_compared() -> None:
    item = {
        "kind": "Deployment",
        "metadata": {
            "name": "d",
            "generation": 2,
            "resourceVersion": "5",
            "managedFields": [{}],
            "annotations": {"deployment.kubernetes.io/revision": "3", "mine": "x"},
        },
        "spec": {"replicas": 1},
        "status": {"replicas": 1},
    }
    wanted = {"name": "d", "annotations": {"mine": "x"}}
    assert comparable(item) == {"kind": "Deployment", "metadata": wanted, "spec": {"replicas": 1}}
    assert item["status"] == {"replicas": 1}


def test_a_status_that_changes_meanwhile_is_no_change() -> None:
    before = {"metadata": {"name": "d", "resourceVersion": "1"}, "status": {"replicas": 0}}
    after = {"metadata": {"name": "d", "resourceVersion": "2"}, "status": {"replicas": 1}}
    assert result_of(before, after) == "unchanged"
    assert result_of(before, {**after, "spec": {"paused": True}}) == "changed"
    assert result_of(None, after) == "created"


def test_the_binding_of_a_claim_is_no_change() -> None:
    claim = {"kind": "PersistentVolumeClaim", "metadata": {}, "spec": {"resources": {}}}
    bound = {**claim, "spec": {"resources": {}, "volumeName": "pv-1"}}
    assert comparable(claim) == comparable(bound)
