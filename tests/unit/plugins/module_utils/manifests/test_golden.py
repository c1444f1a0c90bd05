# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The objects of whole inventories, word by word; files in tests/data/golden.

Written by the code of release 1.0.0. A difference is a change that users will see in their
clusters: it needs a reason and a changelog fragment.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from rendered import rendered

ROOT = Path(__file__).resolve().parents[5]
GOLDEN = ROOT / "tests" / "data" / "golden"
PLAN = "llmops.vllm/plan"


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def hosts(inventory: str) -> dict[str, Any]:
    found: dict[str, Any] = load(ROOT / "inventories" / inventory / "hosts.yml")
    hosts: dict[str, Any] = found["vllm_clusters"]["hosts"]
    return hosts


CASES = {
    **{name: (host, {}) for name, host in hosts("example").items()},
    "local": (hosts("local")["local"], {"tiny-llama": "llmops-vllm-control-plane"}),
    "every-option": (
        {"vllm_models": load(GOLDEN / "every-option-models.yml"), "vllm_namespace": "rich"},
        {},
    ),
}


@pytest.fixture
def _no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shapes come from the catalogue, also where the Hub could be reached."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def without_plans(objects: dict[str, list[dict[str, Any]]]) -> Any:
    """The objects without the plans that they carry, whose form may change."""
    for item in objects["server"]:
        if item["kind"] == "Deployment":
            assert json.loads(item["metadata"]["annotations"].pop(PLAN))
    return objects


@pytest.mark.usefixtures("_no_hub")
@pytest.mark.parametrize("name", CASES)
def test_the_objects_of_an_inventory_stay_as_they_are(name: str) -> None:
    host, nodes = CASES[name]
    made = rendered(host["vllm_models"], host["vllm_namespace"], nodes=nodes, look_up=True)
    wanted = without_plans(load(GOLDEN / f"{name}.yml"))
    assert without_plans(made) == wanted
