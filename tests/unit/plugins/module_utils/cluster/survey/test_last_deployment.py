# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What the last deployment of a model left behind."""

from __future__ import annotations

from typing import Any

import pytest
from rendered import planned

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.last_deployment import (
    Last,
    last_of,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.snapshot import (
    Listing,
    Snapshot,
)
from ansible_collections.llmops.vllm.plugins.module_utils.plan.seal import sealed_text

from ..models import model

PLAN = planned(model()).recorded()


def deployment(name: str, annotation: str) -> dict[str, Any]:
    metadata = {"name": name, "annotations": {"llmops.vllm/plan": annotation}}
    return {"kind": "Deployment", "metadata": {**metadata, "namespace": "llm"}}


def claim(name: str, size: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"resources": {"requests": {"storage": size}}}}


LEFT = Snapshot(
    "llm",
    deployments=Listing((deployment("tiny", sealed_text(PLAN)), deployment("other", "{}"))),
    claims=Listing((claim("tiny", "50Gi"), claim("mine", "10Gi"))),
)


@pytest.mark.parametrize(
    ("snapshot", "storage", "last"),
    [
        (LEFT, {"storage_class": "fast"}, Last(PLAN, 50.0)),
        # The size that the user gives counts, and a claim of the user is not ours.
        (LEFT, {"size_gib": 7}, Last(PLAN)),
        (LEFT, {"claim_name": "mine"}, Last(PLAN)),
        (LEFT, {}, Last(PLAN)),
        (Snapshot("llm", claims=LEFT.claims), {"storage_class": "fast"}, Last(None, 50.0)),
        (
            Snapshot("llm", Listing(None), Listing(None), Listing(None)),
            {"storage_class": "f"},
            Last(),
        ),
    ],
)
def test_what_the_last_deployment_left(
    snapshot: Snapshot, storage: dict[str, Any], last: Last
) -> None:
    assert last_of(snapshot, model(storage=storage)) == last


def test_a_plan_that_was_edited_by_hand_is_named_and_not_used() -> None:
    edited = sealed_text(PLAN).replace('"replicas": 1', '"replicas": 9')
    snapshot = Snapshot("llm", deployments=Listing((deployment("tiny", edited),)))
    found = last_of(snapshot, model())
    assert found.plan is None
    assert found.not_trusted is not None
    assert found.not_trusted.subject == "Deployment llm/tiny: annotation llmops.vllm/plan"
    assert "was changed or cut off" in found.not_trusted.cause
