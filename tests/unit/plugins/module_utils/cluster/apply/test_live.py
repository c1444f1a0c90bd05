# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""With which requests live objects are read."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.discovery import Discovery
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.errors import ApiError
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.kinds import known
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.objects import ObjectId
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.live import Live
from ansible_collections.llmops.vllm.plugins.module_utils.findings import FindingsError

from ..fake_api import Answer, FakeApi, status_object

FORBIDDEN = Answer(403, status_object(403, "Forbidden", "may not"))


def names(kind: str, count: int) -> list[ObjectId]:
    row = known(kind)
    place = "llm" if row.namespaced else ""
    return [ObjectId(row.group, row.version, kind, place, f"x-{n}") for n in range(count)]


def live(api: FakeApi) -> Live:
    client = api.client()
    return Live(client, Discovery(client))


def items(*listed: str) -> Answer:
    return Answer(body={"items": [{"metadata": {"name": name}} for name in listed]})


@pytest.mark.parametrize(
    ("kind", "count", "requests"),
    [
        ("Service", 3, 3),
        ("Service", 4, 1),
        ("Service", 100, 1),
        ("PersistentVolume", 19, 19),
        ("PersistentVolume", 20, 1),
        # The other Secrets of a namespace are read by nobody.
        ("Secret", 30, 30),
    ],
)
def test_a_list_is_asked_for_where_it_is_cheaper(
    api: FakeApi, kind: str, count: int, requests: int
) -> None:
    row = known(kind)
    path = row.path("llm" if row.namespaced else "")
    api.on(path, items())
    assert set(live(api).read(names(kind, count)).values()) == {None}
    assert len(api.requests) == requests
    assert (("GET", path) in api.requests) is (requests == 1)


def test_the_items_of_a_list_say_what_they_are(api: FakeApi) -> None:
    """As if they had been asked for one by one; what nobody asked for is left out."""
    api.on(known("Deployment").path("llm"), items("x-2", "theirs"))
    wanted = names("Deployment", 5)
    found = live(api).read(wanted)
    assert list(found) == wanted
    item: Any = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x-2"}}
    assert [found[name] for name in wanted] == [None, None, item, None, None]


def test_who_may_not_list_gets_them_one_by_one(api: FakeApi) -> None:
    path = known("Service").path("llm")
    api.on(path, FORBIDDEN)
    api.on(f"{path}/x-1", Answer(body={"metadata": {"name": "x-1"}}))
    found = live(api).read(names("Service", 4))
    assert [name.name for name, item in found.items() if item] == ["x-1"]
    assert len(api.requests) == 5


@pytest.mark.parametrize("status", [403, 500])
def test_who_may_not_even_get_is_told(api: FakeApi, status: int) -> None:
    path = known("Service").path("llm")
    for name in names("Service", 4):
        api.on(f"{path}/{name.name}", FORBIDDEN)
    api.on(path, Answer(status, status_object(status, "No", "may not")))
    with pytest.raises(ApiError) as caught:
        live(api).read(names("Service", 4))
    assert caught.value.status == status


def test_no_older_state_is_asked_for(api: FakeApi) -> None:
    """``resourceVersion=0`` would be answered from a cache that may miss the last change."""
    path = known("Service").path("llm")
    api.on(path, items())
    live(api).read(names("Service", 4))
    assert api.requests == [("GET", path)]


def test_all_that_does_not_go_is_named_with_its_finalizers(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.live"
    monkeypatch.setattr(f"{module}.GONE_TIMEOUT_SECONDS", 0.2)
    path = known("Service").path("llm")
    api.on(f"{path}/x-0", Answer(body={"metadata": {"name": "x-0", "finalizers": ["held"]}}))
    api.on(f"{path}/x-2", Answer(body={"metadata": {"name": "x-2"}}))
    with pytest.raises(FindingsError) as caught:
        live(api).wait_until_gone(names("Service", 3))
    assert [finding.subject for finding in caught.value.findings] == [
        "Service llm/x-0", "Service llm/x-2",
    ]  # fmt: skip
    assert [finding.evidence for finding in caught.value.findings] == [
        ("finalizers: held",), ("finalizers: none",),
    ]  # fmt: skip
