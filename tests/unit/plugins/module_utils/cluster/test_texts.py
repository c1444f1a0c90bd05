# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Errors, diffs and secrets in text."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.errors import (
    ApiError,
    ClusterError,
    SeveralError,
    raise_all,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.kinds import in_phases
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.objects import object_id
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.plain import to_plain
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.redact import (
    HIDDEN,
    Redactor,
    secret_values,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.apply import (
    Outcome,
    result_of,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.diff import (
    comparable,
    differences,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.refusals import explain
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.quantity import quantity
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.evidence import (
    telling_lines,
)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_an_error_shows_its_parts_within_80_columns() -> None:
    error = ClusterError("Pod x", "failed " * 20, evidence=["line " * 30], fix="do this " * 15)
    text = str(error)
    assert text.startswith("Pod x: failed")
    assert "  | line" in text
    assert "  fix: do this" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_several_errors_are_reported_together_and_each_once() -> None:
    same = [ClusterError("a", "x"), ClusterError("a", "x"), ClusterError("b", "y")]
    with pytest.raises(SeveralError) as caught:
        raise_all(same)
    assert str(caught.value) == "a: x\nb: y"
    with pytest.raises(ClusterError, match="a: x"):
        raise_all(same[:2])
    raise_all([])


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("using hf_AbCdEfGhIjKlMnOp to pull", "hf_AbCdEfGhIjKlMnOp"),
        ("Authorization: Bearer abc.def-123", "abc.def-123"),
        ("VLLM_API_KEY=s3cr3t-value done", "s3cr3t-value"),
        ("--api-key sk-proj-12345678 --port", "sk-proj-12345678"),
        ('{"token": "opaque-1234"}', "opaque-1234"),
        ("password: hunter22", "hunter22"),
        ("https://user:pa55word@host/x", "user:pa55word"),
        ("jwt eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2ln", "eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2ln"),
        ("key MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIB end", "MIIEvQIBADANBgkqhkiG9w0BAQ"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, secret: str) -> None:
    shown = Redactor()(text)
    assert secret not in shown
    assert HIDDEN in shown


@pytest.mark.parametrize(
    "text",
    [
        "max_tokens=512 tokenizer: fast, num_tokens: 4096",
        "model meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8 at /models/Llama-4-Maverick",
        'secret "hf-token" not found',
        "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "token: none",
        "Pod vllm-llama-3-8b-7d9f8b6c5d-x2x9z failed",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor()(text) == text


def test_known_values_are_hidden_in_every_form() -> None:
    secret = {"data": {"a": encoded("p@ss/word")}, "stringData": {"b": "line one\nline two"}}
    redact = Redactor(secret_values(secret))
    for form in ("p@ss/word", encoded("p@ss/word"), "p%40ss%2Fword", "line one", "line two"):
        assert redact(f"<<{form}>>") == f"<<{HIDDEN}>>"


def secret(values: dict[str, str], **metadata: Any) -> dict[str, Any]:
    data = {key: encoded(value) for key, value in values.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", **metadata},
        "data": data,
    }


def test_a_secrets_diff_shows_which_values_change_and_none_of_them() -> None:
    before = secret({"same": "first-value", "other": "second-value"})
    after = secret({"same": "first-value", "other": "third-value", "twin": "third-value"})
    last = {"kubectl.kubernetes.io/last-applied-configuration": "second-value"}
    before["metadata"]["annotations"] = last
    sent = {**secret({}), "data": {}, "stringData": {"x": "third-value"}}
    outcomes = [
        Outcome(object_id(before), "changed", before, after),
        Outcome(object_id(sent), "created", None, sent),
    ]
    [first, second] = differences(outcomes)
    assert "other: <secret 1>" in first["before"]
    assert "same: <secret 2>" in first["before"]
    assert "other: <secret 3>" in first["after"]
    assert "same: <secret 2>" in first["after"]
    assert "twin: <secret 3>" in first["after"]
    assert "x: <secret 3>" in second["after"]
    for value in ("first-value", "second-value", "third-value"):
        assert value not in str([first, second])
        assert encoded(value) not in str([first, second])


def test_unchanged_objects_are_not_in_the_diff() -> None:
    item = secret({})
    assert differences([Outcome(object_id(item), "unchanged", item, item)]) == []


def test_only_what_a_user_sets_is_compared() -> None:
    item = {
        "kind": "Deployment",
        "metadata": {
            "name": "d",
            "generation": 2,
            "resourceVersion": "5",
            "managedFields": [{}],
            "annotations": {"deployment.kubernetes.io/revision": "3", "mine": "x"},
        },
        "spec": {"replicas": 1},
        "status": {"replicas": 1},
    }
    wanted = {"name": "d", "annotations": {"mine": "x"}}
    assert comparable(item) == {"kind": "Deployment", "metadata": wanted, "spec": {"replicas": 1}}
    assert item["status"] == {"replicas": 1}


def test_a_status_that_changes_meanwhile_is_no_change() -> None:
    before = {"metadata": {"name": "d", "resourceVersion": "1"}, "status": {"replicas": 0}}
    after = {"metadata": {"name": "d", "resourceVersion": "2"}, "status": {"replicas": 1}}
    assert result_of(before, after) == "unchanged"
    assert result_of(before, {**after, "spec": {"paused": True}}) == "changed"
    assert result_of(None, after) == "created"


def test_the_binding_of_a_claim_is_no_change() -> None:
    claim = {"kind": "PersistentVolumeClaim", "metadata": {}, "spec": {"resources": {}}}
    bound = {**claim, "spec": {"resources": {}, "volumeName": "pv-1"}}
    assert comparable(claim) == comparable(bound)


def refusal(status: int, message: str, **details: Any) -> ApiError:
    error = ApiError("API server", message, fix="ask an administrator")
    error.status, error.message, error.details = status, message, details
    return error


DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "d", "namespace": "n"},
}


def explained(error: ApiError, item: dict[str, Any]) -> ClusterError:
    return explain(error, object_id(item), item)


def test_a_conflict_names_field_and_manager() -> None:
    cause = {
        "reason": "FieldManagerConflict",
        "message": 'conflict with "kubectl-edit" using apps/v1',
        "field": ".spec.replicas",
    }
    error = explained(refusal(409, "Apply failed with 1 conflict", causes=[cause]), DEPLOYMENT)
    assert error.evidence == ['.spec.replicas is managed by "kubectl-edit"']
    assert "--force-conflicts" in error.fix


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
    assert cause in error.cause
    assert fix in error.fix
    assert error.subject == "Deployment n/d"


def test_a_refused_secret_does_not_show_its_value() -> None:
    item = {**secret({}), "data": {}, "stringData": {"k": "hunter-two"}}
    error = explained(refusal(500, ".data: expected map, got &{hunter-two}"), item)
    assert "hunter-two" not in str(error)


def test_phases_put_the_ground_first() -> None:
    kinds = ["Service", "Deployment", "Secret", "Namespace", "PersistentVolume", "HTTPRoute"]
    items = [{"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}} for kind in kinds]
    groups = in_phases((object_id(item), None) for item in items)
    assert [[entry[0].kind for entry in group] for group in groups] == [
        ["Namespace", "PersistentVolume"],
        ["Secret"],
        ["Deployment"],
        ["Service", "HTTPRoute"],
    ]


@pytest.mark.parametrize(
    ("text", "number"),
    [("500m", 0.5), ("4Gi", 2.0**32), (8, 8.0), ("1e3", 1000.0), ("2k", 2000.0), ("x", 0.0)],
)
def test_quantities(text: object, number: float) -> None:
    assert quantity(text) == pytest.approx(number)


def test_values_without_a_json_form_are_refused() -> None:
    with pytest.raises(ClusterError, match="no form"):
        to_plain({"a": {1, 2}}, subject="objects")


def test_the_last_error_above_the_tail_is_shown() -> None:
    lines = ["start", "ERROR the cause", *[f"line {i}" for i in range(30)]]
    shown = telling_lines(lines)
    assert shown[0] == "ERROR the cause"
    assert shown[-1] == "line 29"
