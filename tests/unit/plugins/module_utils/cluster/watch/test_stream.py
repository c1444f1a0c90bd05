# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Watches that end, break, expire or are forbidden."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.kinds import known
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch import stream
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.store import (
    Observation,
    Store,
    fold,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.stream import (
    HELPFUL,
    Streams,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.workloads.table import (
    kinds_to_read,
)
from ansible_collections.llmops.vllm.plugins.module_utils.findings import FindingsError

from ..fake_api import Answer, FakeApi, status_object

NEEDED = kinds_to_read(["Deployment"])
PODS = known("Pod").path("llm")


def pod(name: str, version: int) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": name, "resourceVersion": str(version)}}


def listed(version: int, *items: dict[str, Any]) -> Answer:
    return Answer(body={"metadata": {"resourceVersion": str(version)}, "items": list(items)})


def watched(*events: tuple[str, dict[str, Any]], rest: bytes = b"") -> Answer:
    lines = [json.dumps({"type": kind, "object": item}).encode() for kind, item in events]
    return Answer(body=b"\n".join([*lines, rest]))


@pytest.fixture(autouse=True)
def quick(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer all kinds with empty lists, and shorten the pauses."""
    monkeypatch.setattr(stream, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(stream, "REOPEN_SECONDS", 0.01)
    monkeypatch.setattr(stream, "OUTAGE_SECONDS", 0.5)
    for kind in [*NEEDED, *HELPFUL, "Node"]:
        if kind != "Pod":
            api.on(known(kind).path("llm"), listed(1), watched())


def names(api: FakeApi, wanted: set[str]) -> set[str]:
    """Watch until exactly these pods are known, or for some seconds; return what is known."""
    store = Store()
    end = time.monotonic() + 8
    found: set[str] = set()
    with Streams(api.client(), "llm", NEEDED) as streams:
        while time.monotonic() < end and found != wanted:
            for item in streams.next(0.05):
                assert isinstance(item, Observation)
                fold(store, item)
            found = {item["metadata"]["name"] for item in store.all("Pod")}
    return found


def queries(api: FakeApi) -> list[str]:
    return [path for method, path in api.requests if path.startswith(f"{PODS}?watch")]


def test_a_watch_that_opens_after_the_end_is_left_at_once(api: FakeApi) -> None:
    api.on(PODS, watched(("ADDED", pod("a", 6))))
    streams = Streams(api.client(), "llm", NEEDED)
    streams._closed.set()
    assert streams._watch("Pod", PODS, "5") == "5"
    assert streams.seen.empty()


def test_a_watch_that_ends_goes_on_where_it_stopped(api: FakeApi) -> None:
    api.on(
        PODS,
        listed(5, pod("a", 5)),
        watched(("ADDED", pod("b", 6)), ("BOOKMARK", pod("", 9))),
        watched(("DELETED", pod("a", 10)), ("ADDED", pod("c", 11))),
        watched(),
    )
    assert names(api, {"b", "c"}) == {"b", "c"}
    assert "resourceVersion=5&" in queries(api)[0]
    assert "resourceVersion=9&" in queries(api)[1]


def test_an_expired_watch_lists_again(api: FakeApi) -> None:
    gone = status_object(410, "Expired", "too old resource version")
    api.on(
        PODS, listed(5, pod("a", 5)), watched(("ERROR", gone)), listed(20, pod("z", 20)), watched()
    )
    assert names(api, {"z"}) == {"z"}


def test_a_line_that_is_cut_is_asked_for_again(api: FakeApi) -> None:
    half = b'{"type": "ADDED", "object": {"meta'
    api.on(
        PODS,
        listed(5),
        watched(("ADDED", pod("a", 6)), rest=half),
        watched(("ADDED", pod("b", 7))),
        watched(),
    )
    assert names(api, {"a", "b"}) == {"a", "b"}
    assert "resourceVersion=6&" in queries(api)[1]


def test_without_the_right_to_watch_it_lists_again_and_again(api: FakeApi) -> None:
    forbidden = Answer(403, status_object(403, "Forbidden", "cannot watch"))
    api.on(PODS, listed(5), forbidden, listed(6, pod("a", 6)), forbidden, listed(7, pod("b", 7)))
    assert names(api, {"b"}) == {"b"}


def errors(api: FakeApi) -> list[FindingsError]:
    end = time.monotonic() + 15
    with Streams(api.client(), "llm", NEEDED) as streams:
        while time.monotonic() < end:
            found = [item for item in streams.next(0.05) if isinstance(item, FindingsError)]
            if found:
                return found
    return []


def test_without_the_right_to_read_pods_it_ends(api: FakeApi) -> None:
    api.on(PODS, Answer(403, status_object(403, "Forbidden", "cannot list pods")))
    assert "cannot list pods" in str(errors(api)[0])


def test_without_the_right_to_read_events_it_goes_on(api: FakeApi) -> None:
    events = known("Event").path("llm")
    api.answers[events] = [Answer(403, status_object(403, "Forbidden", "cannot list events"))]
    api.on(PODS, listed(5, pod("a", 5)), watched())
    assert names(api, {"a"}) == {"a"}


def test_a_server_that_stays_broken_ends_the_wait(api: FakeApi) -> None:
    api.on(PODS, Answer(500, status_object(500, "InternalError", "etcd is gone")))
    assert "etcd is gone" in str(errors(api)[0])
