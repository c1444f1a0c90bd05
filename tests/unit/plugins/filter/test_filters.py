# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The filters' thin faces: input forms and errors."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.llmops.vllm.plugins.filter import (
    namespace_manifests,
    probe_thresholds,
    server_manifests,
    storage_manifests,
)


def call(module: Any, *args: Any, **options: Any) -> Any:
    ((_name, function),) = module.FilterModule().filters().items()
    return function(*args, **options)


@pytest.mark.parametrize(
    "value", [600, "600", 600.0, {"seconds": 600}, {"startup": {"seconds": 600}, "seconds": 1}]
)
def test_probe_thresholds_of_seconds_or_a_plan(value: Any) -> None:
    found = call(probe_thresholds, value, period=15, initial_delay=30)
    assert found["startup"]["failureThreshold"] == 39
    assert found["guaranteed_seconds"] == 600


@pytest.mark.parametrize(
    ("value", "options", "message"),
    [
        ({}, {}, "neither startup.seconds nor seconds"),
        (60, {"timeout": 20}, "above period"),
        (60, {"perid": 20}, "perid"),
        ([], {}, "number of seconds"),
    ],
)
def test_probe_thresholds_refuses(value: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        call(probe_thresholds, value, **options)


def test_manifests_of_models() -> None:
    models = [{"name": "qwen", "model": "Qwen/Qwen3-8B", "storage": {"size_gib": 1}}]
    kinds = [entry["kind"] for entry in call(server_manifests, models, "ns")]
    assert kinds == ["Deployment", "Service"]
    assert call(storage_manifests, models, "ns")[0]["kind"] == "PersistentVolumeClaim"
    assert call(namespace_manifests, "ns")[0]["metadata"]["name"] == "ns"


@pytest.mark.parametrize("module", [server_manifests, storage_manifests])
def test_bad_models_are_a_filters_error(module: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=r"vllm_models\[0\].model: is missing"):
        call(module, [{"name": "qwen"}], "ns")


def test_a_directory_without_a_node_is_a_filters_error() -> None:
    models = [{"name": "q", "model": "/m", "storage": {"host_path": "/m"}}]
    with pytest.raises(AnsibleFilterError, match="no node is known"):
        call(storage_manifests, models, "ns")


@pytest.mark.parametrize(
    ("name", "level"), [("ns", "strict"), ("", "baseline"), (None, "baseline")]
)
def test_a_bad_namespace_is_a_filters_error(name: Any, level: str) -> None:
    with pytest.raises(AnsibleFilterError):
        call(namespace_manifests, name, level)
