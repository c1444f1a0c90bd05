# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Volumes on a real API server: bound before pods need them, and bound again after a removal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rendered import rendered

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.connection import Client
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.apply import Applier

from .objects import model


def volume_and_claim(namespace: str) -> list[dict[str, Any]]:
    wanted = model(model="/models/tiny", storage={"host_path": "/models/tiny", "node": "node-1"})
    return rendered([wanted], namespace)["storage"]


def paths(namespace: str) -> tuple[str, str]:
    claim = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/tiny"
    return f"/api/v1/persistentvolumes/{namespace}-tiny", claim


def test_a_claim_is_bound_when_apply_returns(client: Client, namespace: str) -> None:
    objects = volume_and_claim(namespace)
    Applier(client).apply(objects)
    assert client.get(paths(namespace)[1])["status"]["phase"] == "Bound"
    assert {outcome.result for outcome in Applier(client).apply(objects)} == {"unchanged"}
    Applier(client).delete(objects)


def test_a_released_volume_is_bound_again(
    client: Client, namespace: str, until: Callable[..., Any]
) -> None:
    volume, claim = paths(namespace)
    objects = volume_and_claim(namespace)
    Applier(client).apply(objects)
    Applier(client).delete(objects[1:])
    until(volume, lambda found: found["status"]["phase"] == "Released")
    foreseen = Applier(client, dry_run=True).apply(objects)
    assert [outcome.result for outcome in foreseen] == ["changed", "created"]
    done = Applier(client).apply(objects)
    assert [outcome.result for outcome in done] == ["changed", "created"]
    assert client.get(claim)["status"]["phase"] == "Bound"
    Applier(client).delete(objects)


def test_a_released_volume_is_sent_again_though_its_fields_are_ours(
    client: Client, namespace: str, until: Callable[..., Any]
) -> None:
    volume, claim = paths(namespace)
    objects = volume_and_claim(namespace)
    applier = Applier(client, apply_set="models")
    applier.apply(objects)
    assert {outcome.result for outcome in applier.apply(objects)} == {"unchanged"}
    client.request("DELETE", claim)
    until(volume, lambda found: found["status"]["phase"] == "Released")
    assert [outcome.result for outcome in applier.apply(objects)] == ["changed", "created"]
    assert client.get(claim)["status"]["phase"] == "Bound"
    assert {outcome.result for outcome in applier.apply(objects)} == {"unchanged"}
    applier.delete(objects)


def test_many_claims_are_bound_when_apply_returns(client: Client, namespace: str) -> None:
    """So many that they are read by lists."""
    storage = {"host_path": "/models", "node": "node-1"}
    wanted = [model(f"m-{number}", model="/models", storage=storage) for number in range(5)]
    objects = rendered(wanted, namespace)["storage"]
    Applier(client).apply(objects)
    claims = client.get(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims")["items"]
    assert [claim["status"]["phase"] for claim in claims] == ["Bound"] * 5
    Applier(client).delete(objects)
