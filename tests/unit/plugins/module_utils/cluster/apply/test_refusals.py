# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What an API server's refusal of one object means."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.errors import ApiError
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.objects import object_id
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.refusals import explain
from ansible_collections.llmops.vllm.plugins.module_utils.findings import Finding, FindingsError

from ..secrets import secret


def refusal(status: int, message: str, **details: Any) -> ApiError:
    finding = Finding.error("api_error", "API server", message, fix="ask an administrator")
    return ApiError(finding, status=status, message=message, details=details)


DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "d", "namespace": "n"},
}


def explained(error: ApiError, item: dict[str, Any]) -> FindingsError:
    return explain(error, object_id(item), item)


def test_a_conflict_names_field_and_manager() -> None:
    cause = {
        "reason": "FieldManagerConflict",
        "message": 'conflict with "kubectl-edit" using apps/v1',
        "field": ".spec.replicas",
    }
    error = explained(refusal(409, "Apply failed with 1 conflict", causes=[cause]), DEPLOYMENT)
    assert error.first.evidence == ('.spec.replicas is managed by "kubectl-edit"',)
    assert "--force-conflicts" in error.first.fix


@pytest.mark.parametrize(
    ("status", "message", "details", "cause", "fix"),
    [
        (422, "spec.selector: field is immutable", {}, "after creation", "kubectl delete deploy"),
        (404, 'namespaces "n" not found', {"kind": "namespaces"}, "does not exist", "create it"),
        (403, "exceeded quota: gpus", {}, "exceeded quota", "larger quota"),
        (403, 'User "eve" cannot patch', {}, "eve", "administrator"),
        (403, 'violates PodSecurity "restricted"', {}, "violates", "Pod Security level"),
        (400, 'unknown field "spec.replica"', {}, "spec.replica", "correct"),
        (
            403,
            "being terminated",
            {"causes": [{"reason": "NamespaceTerminating"}]},
            "being deleted",
            "wait",
        ),
    ],
)
def test_refusals_have_a_cause_and_a_fix(
    status: int, message: str, details: dict[str, Any], cause: str, fix: str
) -> None:
    error = explained(refusal(status, message, **details), DEPLOYMENT)
    assert cause in error.first.cause
    assert fix in error.first.fix
    assert error.first.subject == "Deployment n/d"


def test_a_refused_secret_does_not_show_its_value() -> None:
    item = {**secret({}), "data": {}, "stringData": {"k": "hunter-two"}}
    error = explained(refusal(500, ".data: expected map, got &{hunter-two}"), item)
    assert "hunter-two" not in str(error)
