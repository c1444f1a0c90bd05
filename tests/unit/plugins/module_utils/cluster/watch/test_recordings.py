# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Every class of failure, recorded from a real cluster, and its twin that recovers."""

from __future__ import annotations

import copy
import random
from dataclasses import replace

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.rules.table import RULES
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.step import Status, Waiting
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.store import (
    Observation,
    Store,
    fold,
)

from .replay import RECORDINGS, last, recomputed, recording, target, ticks, verdicts

# recording: (rule, a part of the cause, a part of the evidence, latest second of the verdict)
FAILURES = {
    "image-refused": ("image_refused", "image cannot be pulled: localhost:5055/", "not found", 34),
    "image-denied": ("image_refused", "image cannot be pulled: localhost:5055/", "401", 20),
    "image-unreachable": ("image_unreachable", "image cannot be pulled", "registry.invalid", 165),
    "image-invalid": ("image_invalid", "InvalidImageName", "UPPER", 5),
    "image-never": ("image_invalid", "ErrImageNeverPull", "", 5),
    "crash-loop": ("crash_loop", "exit code 1", "", 20),
    "start-error": ("crash_loop", "StartError", "no such file", 30),
    "startup-budget": ("startup_budget", "startup budget of 6 s", "failed startup probe", 15),
    "unschedulable": ("unschedulable", "no node has room", "node affinity/selector", 125),
    "never-fits": ("never_fits", "asks for 8 nvidia.com/gpu, no node has any", "Insufficient", 20),
    "rejected": ("rejected", "rejects its pods", 'serviceaccount "nobody" not found', 15),
    "claim-pending": ("claim_pending", "gets no volume", "fast-nvme", 70),
    "claim-lost": ("claim_lost", "rec-lost does not exist", "", 40),
    "host-path-missing": ("host_path_missing", "cannot be mounted", "/models/none", 22),
    "mount-source-missing": (
        "mount_source_missing",
        "cannot be mounted",
        '"hf-token" not found',
        70,
    ),
    "mount-failed": ("mount_failed", "cannot be mounted", "", 210),
    "gone": ("gone", "was deleted while it was watched", "", 10),
    "claim-missing": (
        "claim_missing",
        "its claim claim-missing-models does not exist",
        '"claim-missing-models" not found',
        34,
    ),
    "oom-killed": ("oom_killed", "exit code 137 (OOMKilled)", "", 5),
    "container-config": ("container_config", "cannot be made", '"hf-token" not found', 25),
}
RECOVERIES = [
    "image-recovered",
    "crash-recovered",
    "startup-slow",
    "never-fits-recovered",
    "rejected-recovered",
    "claim-pending-recovered",
    "host-path-recovered",
    "mount-source-recovered",
    "container-config-recovered",
    "gone-recovered",
    "claim-missing-recovered",
    "oom-recovered",
    "tiny-llama",
]


def test_every_recording_is_used() -> None:
    assert {path.stem for path in RECORDINGS.glob("*.jsonl")} == {*FAILURES, *RECOVERIES}


def test_every_rule_has_a_recording() -> None:
    assert {rule.id for rule in RULES} == {expected[0] for expected in FAILURES.values()}


@pytest.mark.parametrize("name", FAILURES)
def test_failure_is_named(name: str) -> None:
    rule, cause, evidence, latest = FAILURES[name]
    verdict = last(name)
    assert verdict.status is Status.FAILED
    found = verdict.confirmed()
    assert [item.rule for item in found] == [rule]
    assert cause in found[0].evidence.cause
    assert evidence in " ".join(found[0].evidence.lines)
    assert verdict.at <= latest
    assert found[0].fix


@pytest.mark.parametrize("name", FAILURES)
def test_without_its_rule_the_failure_is_not_named(name: str) -> None:
    rule = FAILURES[name][0]
    verdict = last(name, rules=[item for item in RULES if item.id != rule])
    assert rule not in [item.rule for item in verdict.confirmed()]


@pytest.mark.parametrize("name", RECOVERIES)
def test_recovery_is_never_called_a_failure(name: str) -> None:
    seen = list(verdicts(name, recording(name)))
    assert all(not verdict.confirmed() for verdict in seen)
    assert seen[-1].status is Status.READY


@pytest.mark.parametrize(
    "name", [name for name in RECOVERIES if name not in {"startup-slow", "tiny-llama"}]
)
def test_recovery_was_suspected_and_cleared(name: str) -> None:
    seen = list(verdicts(name, recording(name)))
    assert any(verdict.suspicions for verdict in seen)
    assert not seen[-1].suspicions


@pytest.mark.parametrize("name", [*FAILURES, *RECOVERIES])
def test_duplicate_observations_change_nothing(name: str) -> None:
    once = recording(name)
    twice = [item for item in once for copy in range(2)]
    assert list(verdicts(name, twice)) == list(verdicts(name, once))


@pytest.mark.parametrize("name", [*FAILURES, *RECOVERIES])
def test_a_second_list_changes_no_object(name: str) -> None:
    store = Store()
    for item in recording(name):
        fold(store, item)
    before = {kind: dict(items) for kind, items in store.objects.items()}
    memory = repr(store.containers)
    for kind, items in before.items():
        fold(store, Observation(999.0, "LISTED", {"kind": kind, "items": list(items.values())}))
    assert store.objects == before
    assert repr(store.containers) == memory


@pytest.mark.parametrize("name", FAILURES)
def test_order_across_kinds_changes_nothing(name: str) -> None:
    once = recording(name)
    kinds = sorted({item.object["kind"] for item in once})
    random.Random(name).shuffle(kinds)
    mixed = sorted(once, key=lambda item: (item.t // 2, kinds.index(item.object["kind"])))
    moved = [Observation(item.t // 2 * 2, item.type, item.object) for item in mixed]
    assert [f.rule for f in last(name, moved).confirmed()] == [FAILURES[name][0]]


@pytest.mark.parametrize("name", ["crash-loop", "image-refused", "startup-budget"])
def test_without_events_there_is_still_a_verdict(name: str) -> None:
    blind = [item for item in recording(name) if item.object["kind"] != "Event"]
    verdict = last(name, [*blind[:1], Observation(0.0, "DENIED", {"kind": "Event"}), *blind[1:]])
    assert verdict.status is Status.FAILED


@pytest.mark.parametrize("name", [*FAILURES, *RECOVERIES])
def test_judging_what_changed_is_the_same_as_judging_everything(name: str) -> None:
    """With what would be judged by the others too: a short budget, and no Service of its own."""
    seen = recording(name)
    targets = [target(name), target("other"), replace(target(name, 8.0), service="")]
    for wanted in targets:
        waiting, store = Waiting([wanted]), Store()
        full = recomputed([wanted], seen)
        judged = 0
        for (now, items), expected in zip(ticks(seen), full, strict=True):
            for item in items:
                waiting.touch(fold(store, item))
            judged += len(waiting.step(store, now))
            assert waiting.verdicts == expected
        assert judged < len({item.t for item in seen}) + 10


@pytest.mark.parametrize("name", [*FAILURES, *RECOVERIES])
def test_lists_in_between_change_no_verdict(name: str) -> None:
    """As for a user who may list and not watch, or after a watch that expired."""
    once = recording(name)
    store, again = Store(), []
    for item in once:
        fold(store, item)
        again.append(item)
        kind = item.object["kind"]
        if item.type != "LISTED" and kind in store.listed:
            again.append(Observation(item.t, "LISTED", {"kind": kind, "items": store.all(kind)}))
    assert list(verdicts(name, again)) == list(verdicts(name, once))


@pytest.mark.parametrize("name", [*FAILURES, *RECOVERIES])
def test_what_is_seen_of_others_judges_nobody_again(name: str) -> None:
    store, waiting = Store(), Waiting([target("other")])
    waiting.step(store, 0.0)
    for item in recording(name):
        waiting.touch(fold(store, item))
        changes = waiting.step(store, item.t)
        assert not changes or item.type == "LISTED"


@pytest.mark.parametrize("name", [*FAILURES, *RECOVERIES])
def test_a_second_list_touches_nothing(name: str) -> None:
    store = Store()
    for item in recording(name):
        fold(store, item)
    changed = set(store.changed)
    for kind in store.objects:
        again = {"kind": kind, "items": copy.deepcopy(store.all(kind))}
        assert fold(store, Observation(999.0, "LISTED", again)) == set()
    assert store.changed == changed


def test_a_removed_pod_of_a_kind_that_is_listed_again_is_forgotten() -> None:
    store = Store()
    for item in recording("tiny-llama"):
        fold(store, item)
    touched = fold(store, Observation(99.0, "LISTED", {"kind": "Pod", "items": []}))
    assert store.all("Pod") == []
    assert not [key for key in store.index if key.kind == "Pod"]
    assert {key.by for key in touched} == {"name", "owner"}


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("oom-killed", "raise resources.limits.memory of the model: its limit is 4Gi"),
        (
            "claim-missing",
            "correct the model's storage.claim_name, or create the claim",
        ),
        ("mount-source-missing", "create Secret hf-token"),
        ("rejected", "create ServiceAccount nobody"),
    ],
)
def test_the_fix_names_what_to_change(name: str, fix: str) -> None:
    [found] = last(name).confirmed()
    assert found.fix.startswith(fix)


def test_the_budget_of_the_wait_names_what_was_suspected() -> None:
    verdict = last("unschedulable", timeout_seconds=30.0)
    assert verdict.status is Status.TIMEOUT
    [finding] = verdict.confirmed()
    assert finding.evidence.cause == "no node has room for it (not ready after 30 s)"


def test_the_budget_of_the_wait_names_the_stage() -> None:
    verdict = last("startup-slow", timeout_seconds=5.0)
    assert verdict.status is Status.TIMEOUT
    [finding] = verdict.confirmed()
    assert finding.rule == "timeout"
    assert "is not ready after 5 s (loading:" in finding.evidence.cause
    assert "startup.max_seconds" in finding.fix


@pytest.mark.parametrize("name", ["never-fits", "unschedulable"])
def test_an_autoscaler_that_adds_a_node_is_waited_for(name: str) -> None:
    seen = recording(name)
    at, pod = next(
        (index, o.object)
        for index, o in enumerate(seen)
        if o.object["kind"] == "Pod" and o.type == "ADDED"
    )
    event = {
        "kind": "Event",
        "metadata": {"name": "scale-up", "uid": "scale-up"},
        "involvedObject": {"uid": pod["metadata"]["uid"]},
        "reason": "TriggeredScaleUp",
    }
    scaling = [*seen[: at + 1], Observation(seen[at].t, "ADDED", event), *seen[at + 1 :]]
    verdict = last(name, scaling, timeout_seconds=300.0)
    assert verdict.status is Status.TIMEOUT
    assert [finding.rule for finding in verdict.confirmed()] == ["timeout"]


def test_a_node_that_is_just_large_enough_but_full_is_not_called_too_small() -> None:
    seen = recording("never-fits")
    node = {"metadata": {"name": "n", "uid": "n"}}
    sizes = {"allocatable": {"nvidia.com/gpu": "8", "cpu": "999", "memory": "999Gi"}}
    nodes = {"kind": "Node", "items": [{**node, "status": sizes}]}
    full = [
        Observation(o.t, o.type, nodes if o.object["kind"] == "Node" else o.object) for o in seen
    ]
    verdict = last("never-fits", full)
    assert [finding.rule for finding in verdict.confirmed()] == ["unschedulable"]
