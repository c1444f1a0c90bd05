# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Probe thresholds: the kubelet's arithmetic, and what is refused."""

from __future__ import annotations

import random
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.startup.probes import plan_probes


@pytest.mark.parametrize(
    ("seconds", "delay", "period", "failures", "guaranteed"),
    [
        (600, 0, 10, 61, 600),
        (600, 30, 15, 39, 600),
        (300, 30, 15, 19, 300),
        (1800, 10, 10, 180, 1800),
        (3600, 15, 30, 121, 3615),
        (601, 0, 10, 62, 610),
        (25, 30, 10, 1, 30),
        (600.2, 0, 10, 62, 610),
    ],
)
def test_known_thresholds(
    seconds: float, delay: int, period: int, failures: int, guaranteed: int
) -> None:
    plan = plan_probes(seconds, initial_delay=delay, period=period)
    assert plan.startup["failureThreshold"] == failures
    assert plan.guaranteed_seconds == guaranteed
    assert plan.nominal_seconds == guaranteed + period


def earliest_kill(startup: dict[str, Any], phase: float) -> float:
    """When the kubelet ends a container that never answers, seconds after its start.

    The ticker of the probe runs with a phase of its own; probes before the delay are skipped,
    and each probe fails at once. After kubernetes, pkg/kubelet/prober/worker.go.
    """
    delay, period = startup["initialDelaySeconds"], startup["periodSeconds"]
    time, failures = phase, 0
    while True:
        if time >= delay:
            failures += 1
            if failures >= startup["failureThreshold"]:
                return time
        time += period


def test_no_container_is_ended_within_its_budget() -> None:
    choose = random.Random(1)
    for dummy in range(2000):
        seconds = choose.uniform(1, 4000)
        delay, period = choose.randint(0, 120), choose.randint(5, 60)
        plan = plan_probes(seconds, initial_delay=delay, period=period)
        killed = earliest_kill(plan.startup, choose.uniform(0, period))
        assert killed >= seconds
        assert plan.guaranteed_seconds <= killed <= plan.nominal_seconds


def test_times_around_the_probes_leave_room() -> None:
    plan = plan_probes(1800, drain_seconds=45)
    assert plan.progress_deadline_seconds > plan.nominal_seconds + 600
    assert plan.wait_timeout_seconds == plan.progress_deadline_seconds + 30
    assert plan.termination_grace_period_seconds == 60
    assert plan.engine_ready_timeout_seconds == 1800
    assert plan_probes(60).termination_grace_period_seconds == 30


def test_probes_fit_a_container() -> None:
    plan = plan_probes(60, path="/v1/models", port="http", timeout=8)
    for probe in (plan.startup, plan.liveness, plan.readiness):
        assert probe["httpGet"] == {"path": "/v1/models", "port": "http"}
        assert probe["timeoutSeconds"] == 8 <= probe["periodSeconds"]


@pytest.mark.parametrize(
    ("seconds", "options", "message"),
    [
        (0, {}, "start-up time must be at least 1"),
        (-5, {}, "at least 1"),
        ("soon", {}, "finite number of seconds"),
        (float("inf"), {}, "finite number of seconds"),
        (float("nan"), {}, "finite number of seconds"),
        (True, {}, "not True"),
        (None, {}, "not None"),
        (60, {"period": 0}, "period must be at least 1"),
        (60, {"initial_delay": -1}, "initial_delay must be at least 0"),
        (60, {"timeout": 11}, "is above period"),
        (2**32, {}, "at least 1"),
    ],
)
def test_times_that_are_refused(seconds: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plan_probes(seconds, **options)
