# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Apply sets against a real API server: what is sent again, and what is not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.connection import (
    APPLY,
    MERGE_PATCH,
    Client,
    connect,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.apply import Applier
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.apply_set import (
    ID_LABEL,
    KINDS,
    MEMBER_LABEL,
    TOOLING,
)
from ansible_collections.llmops.vllm.plugins.module_utils.findings import FindingsError

from .conftest import Run
from .objects import config, deployment, namespace_object, secret, service
from .test_faults import grant, signed, with_user

Object = dict[str, Any]


class Counting:
    """Counts the requests of a client that change something; the others are reads."""

    def __init__(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        self.client = client
        self.sent: list[tuple[str, str]] = []
        self.interrupt_at = ""
        self._send = client.send
        monkeypatch.setattr(client, "send", self.send)

    def send(self, method: str, path: str, **options: Any) -> Any:
        self.sent.append((method, path))
        if self.interrupt_at and method == "PATCH" and path.endswith(self.interrupt_at):
            raise KeyboardInterrupt
        return self._send(method, path, **options)

    def apply(self, *objects: Object, name: str = "models", dry_run: bool = False) -> list[str]:
        """Apply with a set; afterwards ``sent`` holds the requests of this run."""
        self.sent.clear()
        applier = Applier(self.client, dry_run=dry_run, apply_set=name)
        return [outcome.result for outcome in applier.apply(objects)]

    @property
    def writes(self) -> list[str]:
        """Return method and last part of the path of all requests that are no reads."""
        return [f"{m} {path.rpartition('/')[2]}" for m, path in self.sent if m != "GET"]


@pytest.fixture
def counting(client: Client, monkeypatch: pytest.MonkeyPatch) -> Counting:
    return Counting(client, monkeypatch)


def path(namespace: str, name: str = "") -> str:
    return f"/api/v1/namespaces/{namespace}/configmaps/{name}".rstrip("/")


def some(namespace: str) -> list[Object]:
    """Return objects of several kinds, one of them often enough to be listed."""
    return [
        deployment(namespace, replicas=0),
        service(namespace),
        secret(namespace, token="hunter-two"),
        *[config(namespace, f"c-{number}", a="1", b="2") for number in range(5)],
    ]


def edited(client: Client, namespace: str, name: str, body: Object) -> None:
    """Change an object as kubectl edit does."""
    query = {"fieldManager": "kubectl-edit"}
    client.request("PATCH", path(namespace, name), query=query, body=body, content_type=MERGE_PATCH)


def test_nothing_is_written_when_nothing_has_changed(
    counting: Counting, client: Client, namespace: str
) -> None:
    client.request("POST", path(namespace), body=config(namespace, "c-0", theirs="x"))
    objects = [namespace_object(namespace), *some(namespace)]
    first = counting.apply(*objects)
    assert first == ["changed", "created", "created", "created", "changed"] + ["created"] * 4
    parent = client.get(path(namespace, "models"))
    assert counting.apply(*objects) == ["unchanged"] * 9
    assert counting.writes == []
    # The record, one list of config maps, and the four single ones.
    assert len(counting.sent) == 6
    assert client.get(path(namespace, "models")) == parent


def test_the_parent_and_its_members_are_those_of_the_specification(
    counting: Counting, client: Client, namespace: str
) -> None:
    counting.apply(namespace_object(namespace), *some(namespace))
    parent = client.get(path(namespace, "models"))["metadata"]
    assert parent["annotations"] == {
        TOOLING: "llmops.vllm/v1.0.0",
        KINDS: "ConfigMap,Deployment.apps,Secret,Service",
    }
    found = client.get(
        path(namespace), {"labelSelector": f"{MEMBER_LABEL}={parent['labels'][ID_LABEL]}"}
    )
    assert [item["metadata"]["name"] for item in found["items"]] == [f"c-{n}" for n in range(5)]
    labels = client.get(f"/api/v1/namespaces/{namespace}")["metadata"]["labels"]
    assert MEMBER_LABEL not in labels


def test_one_changed_object_is_one_request_and_the_record(
    counting: Counting, namespace: str
) -> None:
    objects = some(namespace)
    counting.apply(*objects)
    objects[5] = config(namespace, "c-2", a="new", b="2")
    assert counting.apply(*objects) == ["unchanged"] * 5 + ["changed"] + ["unchanged"] * 2
    assert counting.writes == ["PATCH c-2", "PATCH models"]
    assert set(counting.apply(*objects)) == {"unchanged"}
    assert counting.writes == []


def test_a_field_that_is_left_out_is_removed(
    counting: Counting, client: Client, namespace: str
) -> None:
    counting.apply(*some(namespace))
    assert counting.apply(config(namespace, "c-0", a="1")) == ["changed"]
    assert client.get(path(namespace, "c-0"))["data"] == {"a": "1"}


def test_a_field_that_someone_has_changed_is_found(
    counting: Counting, client: Client, namespace: str
) -> None:
    counting.apply(*some(namespace))
    edited(client, namespace, "c-3", {"data": {"a": "theirs"}})
    with pytest.raises(FindingsError) as caught:
        counting.apply(*some(namespace))
    assert caught.value.first.rule == "conflict"
    assert '.data.a is managed by "kubectl-edit"' in caught.value.first.evidence
    assert client.get(path(namespace, "c-3"))["data"]["a"] == "theirs"


def test_a_field_that_someone_has_taken_over_by_force_is_found(
    counting: Counting, client: Client, namespace: str
) -> None:
    counting.apply(*some(namespace))
    query = {"fieldManager": "argo", "force": "true"}
    body = config(namespace, "c-3", a="theirs")
    client.request("PATCH", path(namespace, "c-3"), query=query, body=body, content_type=APPLY)
    with pytest.raises(FindingsError) as caught:
        counting.apply(*some(namespace))
    assert '.data.a is managed by "argo"' in caught.value.first.evidence


def test_what_others_add_is_none_of_ours(
    counting: Counting, client: Client, namespace: str
) -> None:
    counting.apply(*some(namespace))
    body = {"metadata": {"labels": {"theirs": "x"}}, "data": {"theirs": "y"}}
    edited(client, namespace, "c-3", body)
    assert set(counting.apply(*some(namespace))) == {"unchanged"}
    assert counting.writes == []


@pytest.mark.parametrize("body", [{"data": {"a": None}}, {"metadata": {"labels": None}}])
def test_what_was_removed_by_hand_comes_back(
    counting: Counting, client: Client, namespace: str, body: Object
) -> None:
    """A field, and the label that makes an object a member."""
    counting.apply(*some(namespace))
    wanted = client.get(path(namespace, "c-3"))
    edited(client, namespace, "c-3", body)
    assert Counter(counting.apply(*some(namespace))) == {"unchanged": 7, "changed": 1}
    found = client.get(path(namespace, "c-3"))
    assert found["data"] == wanted["data"]
    assert found["metadata"]["labels"] == wanted["metadata"]["labels"]


@pytest.mark.parametrize("replaced", [False, True])
def test_an_object_that_was_deleted_by_hand_comes_back(
    counting: Counting, client: Client, namespace: str, *, replaced: bool
) -> None:
    counting.apply(*some(namespace))
    client.request("DELETE", path(namespace, "c-3"))
    if replaced:
        body = config(namespace, "c-3", a="1", b="2")
        client.request("POST", path(namespace), body=body)
    result = "changed" if replaced else "created"
    assert Counter(counting.apply(*some(namespace))) == {"unchanged": 7, result: 1}


def damage(client: Client, namespace: str, how: str) -> None:
    parent = client.get(path(namespace, "models"))
    text = parent["data"]["members"]
    bodies: dict[str, Object] = {
        "emptied": {"data": None},
        "cut off": {"data": {"members": text[: len(text) // 2]}},
        "no JSON": {"data": {"members": "members"}},
        "hashes changed": {"data": {"members": text.replace(" ", "A ")}},
        "another version": {"metadata": {"annotations": {TOOLING: "llmops.vllm/v0.1.0"}}},
    }
    if how == "deleted":
        client.request("DELETE", path(namespace, "models"))
    else:
        edited(client, namespace, "models", bodies[how])


@pytest.mark.parametrize(
    "how", ["deleted", "emptied", "cut off", "no JSON", "hashes changed", "another version"]
)
def test_without_a_record_everything_is_sent_once(
    counting: Counting, client: Client, namespace: str, how: str
) -> None:
    counting.apply(*some(namespace))
    damage(client, namespace, how)
    assert set(counting.apply(*some(namespace))) == {"unchanged"}
    record = {"PATCH models", "POST configmaps"}
    assert len([line for line in counting.writes if line not in record]) == 8
    assert set(counting.apply(*some(namespace))) == {"unchanged"}
    assert counting.writes == []


def test_an_interrupted_run_loses_no_member_and_is_completed_by_the_next(
    counting: Counting, client: Client, namespace: str
) -> None:
    counting.interrupt_at = "c-3"
    with pytest.raises(KeyboardInterrupt):
        counting.apply(*some(namespace))
    tree = json.loads(client.get(path(namespace, "models"))["data"]["members"])
    assert list(tree["ConfigMap"][namespace]) == [f"c-{n}" for n in range(5)]
    assert "tiny" in tree["Deployment.apps"][namespace]
    counting.interrupt_at = ""
    assert "created" in counting.apply(*some(namespace))
    assert set(counting.apply(*some(namespace))) == {"unchanged"}
    assert counting.writes == []


def test_what_worked_is_recorded_when_the_rest_is_refused(
    counting: Counting, namespace: str
) -> None:
    bad = config(namespace, "bad") | {"data": {"k": 1}}
    with pytest.raises(FindingsError):
        counting.apply(*some(namespace), bad)
    bad["data"] = {"k": "1"}
    assert Counter(counting.apply(*some(namespace), bad))["unchanged"] == 6
    assert counting.writes.count("PATCH c-1") == 0


def test_two_sets_in_one_namespace_leave_each_other_alone(
    counting: Counting, namespace: str
) -> None:
    place = namespace_object(namespace)
    one, other = config(namespace, "one", a="1"), config(namespace, "other", a="1")
    counting.apply(place, one, name="first")
    counting.apply(place, other, name="second")
    for name, item in (("first", one), ("second", other)) * 2:
        assert counting.apply(place, item, name=name) == ["unchanged"] * 2
        assert counting.writes == []
    with pytest.raises(FindingsError) as caught:
        counting.apply(other, name="first")
    assert caught.value.first.rule == "other_apply_set"
    assert counting.writes == []


def test_a_config_map_of_someone_else_is_no_record(
    counting: Counting, client: Client, namespace: str
) -> None:
    body = config(namespace, "models", theirs="1")
    client.request("POST", path(namespace), body=body)
    with pytest.raises(FindingsError) as caught:
        counting.apply(*some(namespace))
    assert caught.value.first.rule == "foreign_apply_set"
    assert counting.writes == []


def test_a_dry_run_sends_only_what_differs_and_keeps_the_record(
    counting: Counting, client: Client, namespace: str
) -> None:
    objects = some(namespace)
    counting.apply(*objects)
    parent = client.get(path(namespace, "models"))
    objects[5] = config(namespace, "c-2", a="new", b="2")
    results = counting.apply(*objects, dry_run=True)
    assert Counter(results) == {"unchanged": 7, "changed": 1}
    assert counting.writes == ["PATCH c-2"]
    assert client.get(path(namespace, "models")) == parent
    assert client.get(path(namespace, "c-2"))["data"]["a"] == "1"
    assert Counter(counting.apply(*objects)) == {"unchanged": 7, "changed": 1}


def test_a_secrets_new_value_is_sent_and_leaves_no_trace_in_the_record(
    counting: Counting, client: Client, namespace: str
) -> None:
    counting.apply(secret(namespace, token="1234"))
    before = client.get(path(namespace, "models"))["data"]
    assert counting.apply(secret(namespace, token="9876")) == ["changed"]
    assert client.get(path(namespace, "models"))["data"] == before
    assert counting.apply(secret(namespace, token="9876")) == ["unchanged"]
    assert counting.writes == []


def test_a_namespace_that_the_set_makes_itself(counting: Counting, client: Client) -> None:
    name = "test-made-by-the-set"
    objects = [*some(name), namespace_object(name)]
    dry = counting.apply(*objects, dry_run=True)
    assert set(dry) == {"created"}
    assert counting.apply(*objects) == ["created"] * 9
    assert counting.writes[:2] == [f"PATCH {name}", "POST configmaps"]
    assert set(counting.apply(*objects)) == {"unchanged"}
    done = Applier(client, apply_set="models").delete(objects)
    assert {outcome.result for outcome in done} == {"deleted"}


def test_removed_objects_leave_the_record_and_the_last_one_ends_it(
    counting: Counting, client: Client, namespace: str
) -> None:
    objects = some(namespace)
    counting.apply(*objects)
    applier = Applier(client, apply_set="models")
    applier.delete(objects[1:])
    parent = client.get(path(namespace, "models"))
    assert list(json.loads(parent["data"]["members"])) == ["Deployment.apps"]
    assert parent["metadata"]["annotations"][KINDS] == "Deployment.apps"
    Applier(client, apply_set="models", dry_run=True).delete(objects)
    assert client.find(path(namespace, "models")) is not None
    applier.delete(objects)
    assert client.find(path(namespace, "models")) is None
    assert {outcome.result for outcome in applier.delete(objects)} == {"absent"}


def test_a_hundred_objects_are_a_hundred_requests_and_a_few(
    counting: Counting, namespace: str
) -> None:
    objects = [config(namespace, f"c-{number}", a="1") for number in range(100)]
    counting.apply(*objects)
    assert Counter(method for method, dummy in counting.sent) == {"GET": 2, "PATCH": 101, "POST": 1}
    counting.apply(*objects)
    assert Counter(method for method, dummy in counting.sent) == {"GET": 2}


def test_without_a_name_every_object_is_sent_and_none_recorded(
    counting: Counting, client: Client, namespace: str
) -> None:
    for dummy in range(2):
        counting.apply(*some(namespace), name="")
        assert len(counting.writes) == 8
    names = [item["metadata"]["name"] for item in client.get(path(namespace))["items"]]
    assert "models" not in names


def test_fields_of_others_are_never_taken_over(
    client: Client, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forced = []
    send = client.send

    def watched(method: str, path: str, **options: Any) -> Any:
        forced.append((options.get("query") or {}).get("force"))
        return send(method, path, **options)

    monkeypatch.setattr(client, "send", watched)
    Applier(client, apply_set="models").apply(some(namespace))
    assert "true" not in forced
    assert forced.count("false") == 8


def test_a_user_who_may_get_but_not_list(
    client: Client,
    kubeconfig: Path,
    tmp_path: Path,
    namespace: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    api = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    verbs = ["get", "create", "patch"]
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": verbs}
    client.request("POST", f"{api}/roles", body={"metadata": {"name": "x"}, "rules": [rule]})
    group = "rbac.authorization.k8s.io"
    binding = {
        "metadata": {"name": "x"},
        "roleRef": {"kind": "Role", "name": "x", "apiGroup": group},
        "subjects": [{"kind": "User", "name": "tester", "apiGroup": group}],
    }
    client.request("POST", f"{api}/rolebindings", body=binding)
    user = signed(kubeconfig, tmp_path, days=1)
    few = connect(str(with_user(kubeconfig, tmp_path / "few", **user)))
    counting = Counting(few, monkeypatch)
    objects = [config(namespace, f"c-{number}", a="1") for number in range(6)]
    assert counting.apply(*objects) == ["created"] * 6
    assert counting.apply(*objects) == ["unchanged"] * 6
    assert counting.writes == []
    few.close()


def test_a_set_through_the_playbook(
    play: Callable[..., Run], client: Client, namespace: str
) -> None:
    objects = some(namespace)
    first = play("apply", objects=objects, apply_set="models")
    assert first.result["changed"] is True, first.output
    parent = client.get(path(namespace, "models"))
    again = play("apply", objects=objects, apply_set="models")
    assert again.result["changed"] is False
    assert {row["result"] for row in again.result["objects"]} == {"unchanged"}
    assert client.get(path(namespace, "models")) == parent


def test_a_user_who_may_not_keep_the_record_sends_everything_and_is_told(
    client: Client, kubeconfig: Path, tmp_path: Path, namespace: str
) -> None:
    grant(client, namespace, "services")
    user = signed(kubeconfig, tmp_path, days=1)
    few = connect(str(with_user(kubeconfig, tmp_path / "few", **user)))
    objects = [service(namespace, name) for name in ("a", "b")]
    for wanted in ("created", "unchanged"):
        outcomes = Applier(few, apply_set="set").apply(objects)
        assert [outcome.result for outcome in outcomes] == [wanted] * 2
    [told] = few.warnings
    assert "this user may not keep the record" in told
    few.close()
