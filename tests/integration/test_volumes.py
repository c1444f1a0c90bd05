# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Volumes on a real API server: bound before pods need them, and bound again after a removal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.connection import Client
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.apply import Applier
from ansible_collections.llmops.vllm.plugins.module_utils.manifests.build import storage_objects
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_models

from .objects import model


def volume_and_claim(namespace: str) -> list[dict[str, Any]]:
    wanted = model(model="/models/tiny", storage={"host_path": "/models/tiny", "node": "node-1"})
    return storage_objects(parse_models([wanted]), namespace, {}, {})


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
