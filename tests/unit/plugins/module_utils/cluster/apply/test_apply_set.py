# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The parent object of an apply set."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.objects import (
    ObjectId,
    object_id,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.apply_set import (
    KINDS,
    MEMBER_LABEL,
    NAMESPACES,
    TOOLING,
    VERSION,
    ApplySet,
    find_set,
    set_id,
)
from ansible_collections.llmops.vllm.plugins.module_utils.findings import FindingsError

from ..fake_api import Answer, FakeApi, status_object

Object = dict[str, Any]
PARENT = "/api/v1/namespaces/llm/configmaps/models"
WROTE = Answer(409, status_object(409, "Conflict", "somebody wrote it"))


def config(name: str = "a", namespace: str = "llm", **labels: str) -> Object:
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def names(*objects: Object) -> list[ObjectId]:
    return [object_id(item) for item in objects]


def parent(members: Any = None, tooling: str = VERSION, **annotations: str) -> Answer:
    text = members if isinstance(members, str) else json.dumps(members or {})
    metadata = {
        "name": "models",
        "uid": "1",
        "resourceVersion": "7",
        "annotations": {TOOLING: tooling, **annotations},
    }
    return Answer(body={"metadata": metadata, "data": {"members": text}})


def opened(api: FakeApi) -> ApplySet:
    return ApplySet(api.client(), "llm", "models", dry_run=False)


def writes(api: FakeApi) -> list[str]:
    return [method for method, dummy in api.requests if method != "GET"]


def test_the_id_is_that_of_the_specification() -> None:
    """The example of the reference of Kubernetes, which kubectl makes."""
    name = ObjectId("", "v1", "Secret", "test", "my-set")
    assert set_id(name) == "applyset-0eFHV8ySqp7XoShsGvyWFQD3s96yqwHmzc4e0HR1dsY-v1"


@pytest.mark.parametrize("tooling", ["kubectl/v1.34.0", "llmops.vllm.other/v1.0.0", ""])
def test_the_parent_of_another_tool_is_refused(api: FakeApi, tooling: str) -> None:
    api.on(PARENT, parent(tooling=tooling))
    with pytest.raises(FindingsError) as caught:
        opened(api)
    assert caught.value.first.rule == "foreign_apply_set"
    assert "llm/models" in caught.value.first.subject
    assert tooling in caught.value.first.cause


@pytest.mark.parametrize(
    ("members", "tooling"),
    [
        ({"ConfigMap": {"llm": {"a": "s o"}}}, "llmops.vllm/v0.9.0"),
        ({"ConfigMap": {"llm": {"a": "s o"}}}, "llmops.vllm/v2.0.0"),
        ('{"ConfigMap": {"llm": {"a": "s', VERSION),
        ("", VERSION),
    ],
)
def test_a_record_of_another_version_or_a_broken_one_is_none(
    api: FakeApi, members: Any, tooling: str
) -> None:
    """But where its members may be is not forgotten."""
    scope = {KINDS: "Job.batch,Secret", NAMESPACES: "far"}
    api.on(PARENT, parent(members, tooling, **scope))
    found = opened(api)
    assert found.members == {}
    found.add(names(config("new", "llm")))
    annotations = api.bodies[-1]["metadata"]["annotations"]
    assert annotations[KINDS] == "ConfigMap,Job.batch,Secret"
    assert annotations[NAMESPACES] == "far"
    assert annotations[TOOLING] == VERSION


def test_a_run_that_wrote_meanwhile_is_not_overwritten(api: FakeApi) -> None:
    first, second = ({"ConfigMap": {"llm": {name: "s o"}}} for name in ("a", "theirs"))
    api.on(PARENT, parent(first), WROTE, parent(second), parent())
    opened(api).add(names(config("b")))
    assert [method for method, dummy in api.requests] == ["GET", "PATCH", "GET", "PATCH"]
    written = json.loads(api.bodies[-1]["data"]["members"])
    assert written == {"ConfigMap": {"llm": {"b": "", "theirs": "s o"}}}
    assert api.bodies[-1]["metadata"]["resourceVersion"] == "7"


def test_a_parent_that_always_changes_is_given_up(api: FakeApi) -> None:
    api.on(PARENT, *[parent(), WROTE] * 20)
    with pytest.raises(FindingsError, match="somebody wrote it"):
        opened(api).add(names(config("b")))
    assert writes(api) == ["PATCH"] * 5


def test_nothing_is_written_when_nothing_is_new(api: FakeApi) -> None:
    found = opened(api)
    api.on("/api/v1/namespaces/llm/configmaps", Answer(body={}))
    found.add(names(config("a")))
    made = list(zip(api.requests, api.bodies, strict=True))[1][1]
    api.on(PARENT, Answer(body={**made, "metadata": {**made["metadata"], "resourceVersion": "1"}}))
    again = opened(api)
    again.add(names(config("a")))
    again.forget(names(config("never")))
    assert writes(api) == ["POST"]
    assert made["metadata"]["annotations"] == {TOOLING: VERSION, KINDS: "ConfigMap"}


def test_removed_members_leave_the_record_and_the_last_one_ends_it(api: FakeApi) -> None:
    scope = {KINDS: "ConfigMap,Job.batch", NAMESPACES: "far"}
    members = {"ConfigMap": {"far": {"b": "s o"}, "llm": {"a": "s o"}}}
    api.on(PARENT, parent(members, **scope))
    found = opened(api)
    found.forget(names(config("b", "far")))
    [dummy, written] = api.bodies
    assert json.loads(written["data"]["members"]) == {"ConfigMap": {"llm": {"a": "s o"}}}
    annotations = written["metadata"]["annotations"]
    assert annotations[KINDS] == "ConfigMap,Job.batch"
    assert annotations[NAMESPACES] is None
    found.forget(names(config("a")))
    assert writes(api) == ["PATCH", "DELETE"]


def test_a_record_that_cannot_be_read_is_not_deleted(api: FakeApi) -> None:
    """It is all that still says where other members may be."""
    api.on(PARENT, parent("broken", **{KINDS: "ConfigMap,Job.batch"}))
    opened(api).forget(names(config("a")))
    assert writes(api) == []


def test_a_dry_run_writes_nothing(api: FakeApi) -> None:
    api.on(PARENT, parent({"ConfigMap": {"llm": {"a": "s o"}}}))
    found = ApplySet(api.client(), "llm", "models", dry_run=True)
    found.add(names(config("b")))
    found.forget(names(config("a")))
    assert writes(api) == []


def test_a_record_that_gets_too_long_keeps_the_members_without_hashes(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.on(PARENT, parent({"ConfigMap": {"llm": {"a": "s o"}}}))
    found = opened(api)
    module = "ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.apply_set"
    monkeypatch.setattr(f"{module}.LONGEST_RECORD_BYTES", 40)
    found.add(names(config("bb")))
    assert json.loads(api.bodies[-1]["data"]["members"]) == {
        "ConfigMap": {"llm": {"a": "", "bb": ""}}
    }


@pytest.mark.parametrize(
    ("text", "objects", "cause"),
    [
        ("x", [config("a", "one"), config("b", "two")], "are in 2 namespaces (one, two)"),
        ("x", [], "are in 0 namespaces (none)"),
        ("A_b", [config()], "is no name"),
        ("../secrets/x", [config()], "is no name"),
        ("/x", [config()], "is no name"),
    ],
)
def test_a_name_that_is_none(api: FakeApi, text: str, objects: list[Object], cause: str) -> None:
    with pytest.raises(FindingsError) as caught:
        find_set(api.client(), text, names(*objects), dry_run=False)
    assert cause in caught.value.first.cause
    assert api.requests == []


def test_the_namespace_can_be_named(api: FakeApi) -> None:
    objects = [config("a", "one"), config("b", "two")]
    found = find_set(api.client(), "one/x", names(*objects), dry_run=False)
    assert found is not None
    assert found.name == ObjectId("", "v1", "ConfigMap", "one", "x")
    assert find_set(api.client(), "", names(*objects), dry_run=False) is None


def test_objects_get_the_label_and_keep_theirs(api: FakeApi) -> None:
    found = opened(api)
    item, place = config(mine="1"), {"kind": "Namespace", "metadata": {"name": "llm"}}
    named = {object_id(one): one for one in (item, place)}
    labelled = list(found.labelled(named).values())
    assert labelled[0]["metadata"]["labels"] == {"mine": "1", MEMBER_LABEL: found.id}
    assert labelled[1] == place
    assert item["metadata"]["labels"] == {"mine": "1"}


def test_an_object_cannot_be_in_two_sets(api: FakeApi) -> None:
    found = opened(api)
    other = config("a", **{MEMBER_LABEL: "applyset-other-v1"})
    named = {object_id(one): one for one in (other, config("models"))}
    with pytest.raises(FindingsError) as caught:
        found.labelled(named)
    assert [finding.rule for finding in caught.value.findings] == [
        "apply_set_label", "apply_set_name",
    ]  # fmt: skip
    with pytest.raises(FindingsError) as caught:
        found.refuse_members_of_others({object_id(other): other})
    assert caught.value.first.rule == "other_apply_set"
