# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Server-side apply against a real API server, through ansible-playbook and directly."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.connection import Client
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.apply import Applier
from ansible_collections.llmops.vllm.plugins.module_utils.findings import FindingsError

from .conftest import Run
from .objects import config, deployment, namespace_object, secret, service

Play = Callable[..., Run]


def results(client: Client, *objects: dict[str, Any], dry_run: bool = False) -> list[str]:
    return [outcome.result for outcome in Applier(client, dry_run=dry_run).apply(objects)]


def failure(client: Client, *objects: dict[str, Any]) -> FindingsError:
    with pytest.raises(FindingsError) as caught:
        Applier(client).apply(objects)
    return caught.value


def flat(error: FindingsError) -> str:
    return " ".join(str(error).split())


def test_a_whole_list_is_created_then_unchanged_then_changed(play: Play, client: Client) -> None:
    name = f"test-{uuid.uuid4().hex[:8]}"
    objects = [
        deployment(name),
        service(name),
        secret(name, token="hunter-two"),
        namespace_object(name),
    ]
    first = play("apply", objects=objects)
    assert first.returncode == 0, first.output
    assert first.result["changed"] is True
    assert [row["result"] for row in first.result["objects"]] == ["created"] * 4
    assert first.result["objects"][0] == {
        "kind": "Deployment",
        "namespace": name,
        "name": "tiny",
        "result": "created",
    }
    time.sleep(1)  # the controllers write status and annotations in the meantime
    again = play("apply", objects=objects)
    assert again.result["changed"] is False
    assert {row["result"] for row in again.result["objects"]} == {"unchanged"}
    objects[0] = deployment(name, image="vllm:2")
    third = play("apply", objects=objects)
    assert [row["result"] for row in third.result["objects"]] == ["changed"] + ["unchanged"] * 3
    gone = play("apply", objects=objects, state="absent")
    assert {row["result"] for row in gone.result["objects"]} == {"deleted"}
    absent = play("apply", objects=objects[:2], state="absent")
    assert absent.result["changed"] is False
    assert {row["result"] for row in absent.result["objects"]} == {"absent"}


def test_check_mode_changes_nothing_and_predicts_the_result(play: Play, client: Client) -> None:
    name = f"test-{uuid.uuid4().hex[:8]}"
    objects = [namespace_object(name), config(name, a="1"), deployment(name)]
    checked = play("apply", "--check", "--diff", objects=objects)
    assert [row["result"] for row in checked.result["objects"]] == ["created"] * 3
    assert client.find(f"/api/v1/namespaces/{name}") is None
    assert "+  a: '1'" in checked.output


def test_check_mode_of_a_namespace_that_nobody_makes(play: Play) -> None:
    checked = play("apply", "--check", objects=[config("not-there-yet", a="1")])
    assert checked.result["objects"][0]["result"] == "created"


def test_the_dry_run_of_a_change_is_not_stored(client: Client, namespace: str) -> None:
    results(client, config(namespace, a="1"))
    assert results(client, config(namespace, a="2"), dry_run=True) == ["changed"]
    assert results(client, config(namespace, a="1"), dry_run=True) == ["unchanged"]
    live = client.get(f"/api/v1/namespaces/{namespace}/configmaps/settings")
    assert live["data"] == {"a": "1"}


def test_secret_values_are_nowhere_in_the_output(play: Play, namespace: str) -> None:
    values = {"old": "first-secret-value", "new": "second-secret-value"}
    play("apply", objects=[secret(namespace, token=values["old"], same=values["old"])])
    run = play(
        "apply",
        "--diff",
        "-vvv",
        objects=[secret(namespace, token=values["new"], same=values["old"])],
    )
    # The invocation that -vvv prints is what the user wrote; the diff and the result are ours.
    [entry] = run.result["diff"]
    assert "same: <secret 1>" in entry["before"]
    assert "token: <secret 1>" in entry["before"]
    assert "token: <secret 2>" in entry["after"]
    shown = str({key: value for key, value in run.result.items() if key != "invocation"})
    for value in values.values():
        assert value not in shown
        assert base64.b64encode(value.encode()).decode() not in shown


def test_a_field_of_someone_else_is_not_taken_over(client: Client, namespace: str) -> None:
    results(client, config(namespace, a="1"))
    client.request(
        "PATCH",
        f"/api/v1/namespaces/{namespace}/configmaps/settings",
        query={"fieldManager": "kubectl-edit"},
        body={"data": {"a": "theirs"}},
        content_type="application/merge-patch+json",
    )
    text = flat(failure(client, config(namespace, a="ours")))
    assert '.data.a is managed by "kubectl-edit"' in text
    assert "fix:" in text
    live = client.get(f"/api/v1/namespaces/{namespace}/configmaps/settings")
    assert live["data"]["a"] == "theirs"


def test_an_immutable_field_names_the_way_out(client: Client, namespace: str) -> None:
    results(client, deployment(namespace))
    changed = deployment(namespace)
    changed["spec"]["selector"]["matchLabels"]["more"] = "x"
    changed["spec"]["template"]["metadata"]["labels"]["more"] = "x"
    text = flat(failure(client, changed))
    assert "a field was changed that Kubernetes lets nobody change" in text
    assert f"kubectl delete deployment tiny -n {namespace}" in text


def test_an_unknown_field_is_refused(client: Client, namespace: str) -> None:
    wrong = deployment(namespace)
    wrong["spec"]["replica"] = 1
    assert "spec.replica" in flat(failure(client, wrong))


def test_all_errors_of_a_phase_are_reported_and_the_next_is_not_sent(
    client: Client, namespace: str
) -> None:
    bad = [config(namespace, name) | {"data": {"k": 1}} for name in ("bad-1", "bad-2")]
    text = flat(failure(client, *bad, config(namespace, "good", a="1"), deployment(namespace)))
    assert f"ConfigMap {namespace}/bad-1" in text
    assert f"ConfigMap {namespace}/bad-2" in text
    assert client.find(f"/api/v1/namespaces/{namespace}/configmaps/good") is not None
    assert client.find(f"/apis/apps/v1/namespaces/{namespace}/deployments/tiny") is None


def test_a_missing_namespace_is_named(client: Client) -> None:
    text = flat(failure(client, config("not-there", a="1")))
    assert 'namespace "not-there" does not exist' in text


@pytest.mark.parametrize(
    ("objects", "texts"),
    [
        ([{"kind": "ConfigMap"}, {}], ["objects[0] (ConfigMap )", "objects[1]: has no"]),
        ([config("")], ["has no namespace"]),
        ([config("n"), config("n")], ["is in the list 2 times"]),
        (
            [{"apiVersion": "apps/v9", "kind": "Deployment", "metadata": {"name": "x"}}],
            ["does not know apps/v9 Deployment", "it knows Deployment in: apps/v1"],
        ),
    ],
)
def test_objects_that_cannot_be_sent(
    client: Client, objects: list[dict[str, Any]], texts: list[str]
) -> None:
    text = flat(failure(client, *objects))
    for part in texts:
        assert part in text


def test_a_list_is_unpacked(client: Client, namespace: str) -> None:
    items = [config(namespace, name, a="1") for name in ("one", "two")]
    assert results(client, {"apiVersion": "v1", "kind": "List", "items": items}) == ["created"] * 2


def test_an_object_that_is_being_deleted_is_waited_for(client: Client, namespace: str) -> None:
    results(client, deployment(namespace))
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/tiny"
    before = client.get(path)["metadata"]["uid"]
    client.request("DELETE", path, body={"propagationPolicy": "Foreground"})
    assert results(client, deployment(namespace)) == ["created"]
    assert client.get(path)["metadata"]["uid"] != before


def test_a_rejected_pod_warning_reaches_the_user(play: Play) -> None:
    name = f"test-{uuid.uuid4().hex[:8]}"
    objects = [namespace_object(name, "restricted"), deployment(name)]
    run = play("apply", objects=objects)
    assert run.returncode == 0
    assert "would violate PodSecurity" in " ".join(run.output.split())
    play("apply", objects=objects, state="absent")
