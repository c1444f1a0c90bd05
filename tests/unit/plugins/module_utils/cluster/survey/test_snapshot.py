# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What is read of a cluster before planning, how often, and what a refusal costs."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.errors import ApiError
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.snapshot import (
    NOT_NEEDED,
    Listing,
    Snapshot,
    read_snapshot,
)
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import Model

from ..fake_api import Answer, FakeApi, status_object
from ..models import model
from .inspection import LISTS, node, script_lists, with_directory

EVERYTHING = sorted(LISTS)
FORBIDDEN = Answer(403, status_object(403, "Forbidden", "they are forbidden"))


def read(api: FakeApi, *models: Model, **options: bool) -> Snapshot:
    return read_snapshot(api.client(), "llm", models, **options)


def asked(api: FakeApi) -> list[str]:
    """Return the kinds that were listed; every request must be a LIST."""
    kinds = {path: kind for kind, path in LISTS.items()}
    assert {method for method, path in api.requests} <= {"GET"}
    return sorted(kinds[path.partition("?")[0]] for method, path in api.requests)


def many(count: int, **options: Any) -> list[Model]:
    return [model(name=f"m{number}", **options) for number in range(count)]


@pytest.mark.parametrize(
    ("options", "kinds"),
    [
        ({"accelerator": "cpu"}, ["claims", "deployments"]),
        ({"accelerator": "nvidia"}, ["claims", "deployments", "nodes"]),
        ({"accelerator": "nvidia", "gpu": {"memory_gib": 80}}, ["claims", "deployments"]),
        ({"accelerator": "cpu", "storage": {"host_path": "/x"}}, EVERYTHING),
        ({"accelerator": "amd", "storage": {"host_path": "/x", "node": "a"}}, EVERYTHING),
    ],
)
@pytest.mark.parametrize("count", [1, 50])
def test_one_list_for_each_kind_that_a_model_needs(
    api: FakeApi, options: dict[str, Any], kinds: list[str], count: int
) -> None:
    script_lists(api)
    snapshot = read(api, *many(count, **options))
    assert asked(api) == kinds
    for kind in LISTS:
        assert getattr(snapshot, kind) == (Listing(()) if kind in kinds else NOT_NEEDED)


def test_what_one_model_of_many_needs_is_read(api: FakeApi) -> None:
    script_lists(api)
    read(api, *many(3, accelerator="cpu"), with_directory())
    assert asked(api) == EVERYTHING


def test_nobody_may_want_the_nodes(api: FakeApi) -> None:
    script_lists(api)
    assert read(api, with_directory(), nodes=False).nodes == NOT_NEEDED
    assert asked(api) == ["claims", "deployments", "volumes"]


def test_a_long_list_comes_in_parts(api: FakeApi) -> None:
    script_lists(api)
    first = {"items": [node("a"), node("b")], "metadata": {"continue": "to/kens+"}}
    api.answers[LISTS["nodes"]] = [Answer(body=first), Answer(body={"items": [node("c")]})]
    nodes = read(api, model(accelerator="nvidia")).nodes
    assert [item["metadata"]["name"] for item in nodes.items or ()] == ["a", "b", "c"]
    assert nodes.named("c") == node("c")
    assert nodes.named("d") is None
    queries = sorted(path.partition("?")[2] for dummy, path in api.requests if "/nodes" in path)
    assert queries == ["limit=500", "limit=500&continue=to%2Fkens%2B"]


@pytest.mark.parametrize("kind", EVERYTHING)
def test_a_kind_that_may_not_be_listed_is_not_read_and_the_others_are(
    api: FakeApi, kind: str
) -> None:
    items = {other: [node("n")] for other in EVERYTHING}
    script_lists(api, **items)
    api.answers[LISTS[kind]] = [FORBIDDEN]
    snapshot = read(api, with_directory())
    for other in EVERYTHING:
        expected = Listing(None, "they are forbidden") if other == kind else Listing((node("n"),))
        assert getattr(snapshot, other) == expected


def test_a_namespace_that_is_not_there_holds_nothing(api: FakeApi) -> None:
    script_lists(api)
    message = 'namespaces "llm" not found'
    api.answers[LISTS["claims"]] = [Answer(404, status_object(404, "NotFound", message))]
    assert read(api, model()).claims == Listing((), message)


@pytest.mark.parametrize(
    ("kind", "status"), [("claims", 500), ("deployments", 401), ("nodes", 404)]
)
def test_other_errors_are_raised(api: FakeApi, kind: str, status: int) -> None:
    script_lists(api)
    api.answers[LISTS[kind]] = [Answer(status, status_object(status, "Broken", "it is broken"))]
    with pytest.raises(ApiError) as caught:
        read(api, model(accelerator="nvidia"))
    assert caught.value.status == status
