# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""When a rollout counts as done: one change to a ready state each makes it not ready."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.facts import facts
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.progress import (
    progress_lines,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.ready import (
    PodState,
    Progress,
    Readiness,
    readiness,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.rules.rule import Evidence
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.step import (
    Certainty,
    Status,
    Suspicion,
    Verdict,
    ready_since,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.store import (
    Observation,
    Reader,
    Store,
    fold,
)
from ansible_collections.llmops.vllm.plugins.module_utils.report.text import columns, shorten

from .replay import recording, target, verdicts

World = dict[str, dict[str, Any]]
NAME = "tiny-llama"


def world() -> World:
    """Return the last state of a real, served model: one object per kind."""
    store = Store()
    for item in recording(NAME):
        fold(store, item)
    kinds = ("Deployment", "ReplicaSet", "Pod", "EndpointSlice")
    return {kind: copy.deepcopy(store.all(kind)[-1]) for kind in kinds}


def judged(changed: World, *, without: frozenset[str] = frozenset()) -> Readiness:
    store = Store()
    for kind, item in changed.items():
        if kind not in without:
            listed = {"kind": kind, "items": [item]}
            fold(store, Observation(0.0, "LISTED", listed))
    return readiness(facts(Reader(store), target(NAME)))


def test_the_real_state_is_ready() -> None:
    assert judged(world()).ready


def counts(**status: int) -> Callable[[World], None]:
    return lambda w: w["Deployment"]["status"].update(status)


def other_template(w: World) -> None:
    w["Deployment"]["spec"]["template"]["spec"]["containers"][0]["image"] = "new"


def foreign_endpoint(w: World) -> None:
    w["EndpointSlice"]["endpoints"][0]["targetRef"]["uid"] = "of an old pod"


def unready_endpoint(w: World) -> None:
    w["EndpointSlice"]["endpoints"][0]["conditions"]["ready"] = False


def not_ready(w: World) -> None:
    [ready] = [c for c in w["Pod"]["status"]["conditions"] if c["type"] == "Ready"]
    ready["status"] = "False"


def leaving(w: World) -> None:
    w["Pod"]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (counts(observedGeneration=0), "has not seen the last change"),
        (counts(updatedReplicas=0), "updated 0"),
        (counts(readyReplicas=0), "ready 0"),
        (counts(availableReplicas=0), "available 0"),
        (counts(replicas=2), "total 2"),
        (lambda w: w["Deployment"]["spec"].update(paused=True), "paused"),
        (lambda w: w["Deployment"]["spec"].update(replicas=2), "total 1"),
        (other_template, "new ReplicaSet does not exist"),
        (not_ready, "0 of 1 new pods"),
        (leaving, "0 of 1 new pods"),
        (foreign_endpoint, "sends no requests to the new pods"),
        (unready_endpoint, "sends no requests to the new pods"),
    ],
)
def test_not_ready(change: Callable[[World], None], text: str) -> None:
    changed = world()
    change(changed)
    state = judged(changed)
    assert not state.ready
    assert text in state.text


def test_without_the_right_to_read_endpoint_slices_the_rest_decides() -> None:
    assert judged(world(), without=frozenset({"EndpointSlice"})).ready


def test_a_missing_deployment_is_not_ready() -> None:
    state = judged(world(), without=frozenset({"Deployment"}))
    assert (state.ready, state.text) == (False, "the Deployment does not exist")


def test_ready_since_starts_when_pods_were_ready_before_the_rollout_was() -> None:
    state = judged(world())
    before = Verdict(Status.PROGRESSING, state)
    after = Verdict(Status.READY, state, ready_since=2.0)
    assert ready_since(before, state, 2.0) == 2.0
    assert ready_since(after, state, 3.0) == 2.0
    assert ready_since(after, replace(state, ready=False), 3.0) is None


def test_ready_since_starts_again_after_a_restart() -> None:
    state = judged(world())
    [(name, pod)] = state.pods.items()
    restarted = Readiness(
        True, Progress.READY, 1, 1, {name: PodState(pod.progress, pod.node, pod.restarts + 1)}, ""
    )
    before = Verdict(Status.READY, state, ready_since=1.0)
    assert ready_since(before, restarted, 9.0) == 9.0


def test_progress_of_a_real_start() -> None:
    lines: list[str] = []
    previous: Verdict | None = None
    for verdict in verdicts(NAME, recording(NAME)):
        lines += progress_lines(NAME, previous, verdict)
        previous = verdict
    texts = [line for line in lines if "watching" not in line]
    assert texts == [
        "tiny-llama: scheduled on llmops-vllm-control-plane",
        "tiny-llama: pulled, starting",
        "tiny-llama: loading",
        "tiny-llama: 1 of 1 ready",
    ]
    assert all(columns(line) <= 80 for line in lines)


def said_of(evidence: Evidence) -> list[str]:
    state = Readiness(False, Progress.LOADING, 0, 1, {}, "")
    suspicion = Suspicion("any", evidence, 0.0, 9.0, Certainty.SUSPECT, "")
    return progress_lines("m", None, Verdict(Status.PROGRESSING, state, (suspicion,)))


def test_progress_tells_a_suspicion_without_what_a_container_said() -> None:
    token = "ValueError: hf_abcdefghijklmn"
    assert said_of(Evidence("Pod p", "ended", (token,), pod="p")) == ["m: watching: ended"]
    assert said_of(Evidence("Pod p", "bad", (token,))) == [
        "m: watching: bad; ValueError: <hidden>",
    ]


def test_progress_tells_a_failure_once() -> None:
    state = Readiness(False, Progress.LOADING, 0, 1, {}, "")
    certain = Suspicion("any", Evidence("Pod p", "bad"), 0.0, 0.0, Certainty.CONFIRMED, "")
    failed = Verdict(Status.FAILED, state, (certain,))
    assert progress_lines("m", Verdict(Status.PROGRESSING, state), failed) == ["m: failed: bad"]
    assert progress_lines("m", failed, failed) == []


def test_progress_counts_replicas() -> None:
    def state(*steps: Progress) -> Verdict:
        pods = {f"pod-{i}": PodState(step, f"node-{i}", 0) for i, step in enumerate(steps)}
        have = sum(step is Progress.READY for step in steps)
        found = Readiness(have == 3, min(steps), have, 3, pods, "")
        return Verdict(Status.PROGRESSING, found)

    steps = [
        state(Progress.SCHEDULED, Progress.SCHEDULED, Progress.CREATED),
        state(Progress.LOADING, Progress.LOADING, Progress.SCHEDULED),
        state(Progress.READY, Progress.READY, Progress.LOADING),
        state(Progress.READY, Progress.READY, Progress.READY),
    ]
    lines = []
    for before, after in zip([None, *steps], steps, strict=False):
        lines += progress_lines("m", before, after)
    assert lines == [
        "m: 2 of 3 scheduled on node-0, node-1, node-2",
        "m: 3 of 3 scheduled on node-0, node-1, node-2",
        "m: 2 of 3 loading",
        "m: 3 of 3 loading",
        "m: 2 of 3 ready",
        "m: 3 of 3 ready",
    ]


def test_progress_says_nothing_when_nothing_changed() -> None:
    state = Verdict(Status.READY, judged(world()))
    assert progress_lines(NAME, state, state) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\tc", "a b c"),
        ("x" * 90, "x" * 77 + "..."),
        ("\x1b[31mred", "[31mred"),
        ("漢" * 50, "漢" * 38 + "..."),
    ],
)
def test_shorten(text: str, shown: str) -> None:
    assert shorten(text) == shown
