# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What is read and asked of a real API server before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.connection import (
    Client,
    connect,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.apply import Applier
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.preflight.check import check
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.candidates import (
    Candidates,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.last_deployment import (
    Last,
    last_of,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.snapshot import (
    Listing,
    read_snapshot,
)
from ansible_collections.llmops.vllm.plugins.module_utils.findings import FindingsError
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import Model
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_models

from .conftest import Run
from .nodes import H100, MERGE, Pool
from .objects import Object, config, deployment, namespace_object, service
from .test_faults import grant, signed, with_user

Play = Callable[..., Run]
CLAIM = {"storage": {"storage_class": "none"}}


class Counted(Client):
    """A connection to the same server that counts what it sends."""

    def __init__(self, other: Client) -> None:
        vars(self).update(vars(other))
        self.sent: list[str] = []

    def send(self, method: str, path: str, **options: Any) -> Any:
        self.sent.append(f"{method} {path}")
        return super().send(method, path, **options)


def models(count: int, **options: Any) -> list[Model]:
    keys = {"model": "org/tiny", "image": "vllm:1", **options}
    return parse_models([{"name": f"m{number}", **keys} for number in range(count)])


def claim(namespace: str, name: str, size: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": size}},
            "storageClassName": "none",
        },
    }


def test_fifty_models_are_read_with_the_requests_of_one(client: Client, namespace: str) -> None:
    Applier(client).apply([claim(namespace, f"m{n}", f"{n + 1}Gi") for n in range(50)])
    requests = []
    for count in (1, 50):
        counted = Counted(client)
        wanted = models(count, **CLAIM)
        on_node = parse_models([{"name": "x", "model": "/x", "storage": {"host_path": "/x"}}])
        snapshot = read_snapshot(counted, namespace, [*wanted, *on_node])
        found = [last_of(snapshot, one) for one in wanted]
        assert found == [Last(claim_gib=float(n + 1)) for n in range(count)]
        requests.append(sorted(counted.sent))
    assert requests[0] == requests[1]
    assert len(requests[0]) == 4


def test_fifty_models_are_checked_with_the_requests_of_one(client: Client, namespace: str) -> None:
    requests = []
    for count in (1, 50):
        counted = Counted(client)
        objects = [
            make(namespace, f"m{number}")
            for number in range(count)
            for make in (deployment, service, config)
        ]
        assert check(counted, namespace, objects, watches=True, asks=True) == []
        requests.append(sorted(counted.sent))
    assert requests[0] == requests[1]


def test_cordoned_nodes_are_named_with_the_way_out(
    pool: Pool, play: Play, namespace: str, client: Client
) -> None:
    paths = [pool.add(H100, {"nvidia.com/gpu": "8"}) for dummy in range(2)]
    for path in paths:
        client.request("PATCH", path, body={"spec": {"unschedulable": True}}, content_type=MERGE)
    model = pool.model(
        model="/models/x", storage={"host_path": "/models/x"}, gpu={"memory_gib": 79}
    )
    names = [path.rpartition("/")[2] for path in paths]
    run = play("plan", models=[model], namespace=namespace, cluster="required", look=True)
    assert run.returncode != 0
    # The taint that comes with the cordon is no second reason.
    assert f"cordoned: 2 nodes ({names[0]}, {names[1]})" in run.words
    assert f"kubectl uncordon {names[0]} {names[1]}" in run.words
    assert "node.kubernetes.io/unschedulable" not in run.words
    body = {"spec": {"unschedulable": None}}
    client.request("PATCH", paths[1], body=body, content_type=MERGE)
    pool.until(paths[1], lambda node: len(node["spec"]["taints"]) == 1)
    [wanted] = parse_models([model])
    nodes = read_snapshot(client, namespace, [wanted]).nodes
    assert Candidates(nodes).of(wanted) == [names[1]]


def test_a_label_that_no_node_has_is_named_with_the_values_there_are(
    pool: Pool, client: Client, namespace: str
) -> None:
    pool.add({"disk": "slow"}, {})
    pool.add({"disk": "old"}, {})
    storage = {"host_path": "/models/x"}
    given = pool.model(model="/models/x", storage=storage, node_selector={"disk": "fast"})
    [wanted] = parse_models([given])
    with pytest.raises(FindingsError) as caught:
        Candidates(read_snapshot(client, namespace, [wanted]).nodes).of(wanted)
    assert "no node has the label disk=fast; disk is: old, slow" in caught.value.first.evidence


@pytest.fixture
def stranger(kubeconfig: Path, tmp_path: Path) -> Iterator[Client]:
    """Connect as a user without any right."""
    user = signed(kubeconfig, tmp_path, days=1)
    connected = connect(str(with_user(kubeconfig, tmp_path / "stranger.yml", **user)))
    yield connected
    connected.close()


def test_a_user_without_rights_reads_nothing_and_no_error_is_raised(
    stranger: Client, namespace: str
) -> None:
    with_directory = models(1, storage={"host_path": "/x"}, accelerator="cpu")
    snapshot = read_snapshot(stranger, namespace, with_directory)
    listings = {
        "nodes": snapshot.nodes,
        "deployments": snapshot.deployments,
        "persistentvolumeclaims": snapshot.claims,
        "persistentvolumes": snapshot.volumes,
    }
    for kind, listing in listings.items():
        assert listing.items is None
        assert f'User "tester" cannot list resource "{kind}"' in listing.why_not
    assert last_of(snapshot, with_directory[0]) == Last()


def test_a_namespace_that_is_not_there_has_nothing(client: Client) -> None:
    snapshot = read_snapshot(client, "not-there", models(1, accelerator="cpu"))
    assert (snapshot.deployments, snapshot.claims) == (Listing(()), Listing(()))


def test_a_kind_that_is_not_installed_is_found_before_anything_is_sent(
    client: Client, namespace: str
) -> None:
    metadata = {"name": "m", "namespace": namespace}
    monitor = {"apiVersion": "example.com/v1", "kind": "Monitor", "metadata": metadata}
    objects = [config(namespace), monitor]
    [error] = check(client, namespace, objects, watches=True, asks=True)
    assert (error.rule, error.subject) == ("unknown_kind", f"Monitor {namespace}/m")
    assert "install the operator" in error.fix


def test_the_missing_rights_are_those_of_the_objects(
    client: Client, stranger: Client, namespace: str
) -> None:
    grant(client, namespace, "configmaps", "namespaces")
    objects = [namespace_object(namespace), config(namespace), service(namespace)]
    [error] = check(stranger, namespace, objects, watches=False, asks=False)
    assert error.subject == f"namespace {namespace}"
    assert error.cause == "this user may not: create services, get services, patch services"
    # What the check lets pass is allowed, the namespace by a role inside of it.
    outcomes = Applier(stranger).apply(objects[:2])
    assert [outcome.result for outcome in outcomes] == ["changed", "created"]
