# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Probe thresholds: the kubelet's arithmetic, and what is refused."""

from __future__ import annotations

import copy
import dataclasses
import json
import random
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.startup.probes import (
    ProbePlan,
    plan_probes,
)


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
        (2**31 - 10, {}, "must end before 2147483647 s"),
        (60, {"period": 1, "timeout": 1.1}, "give at most 1"),
        (60, {"path": 8}, "path must be a text"),
        (60, {"port": 0}, "port: 0 is not a port; give a number from 1 to 65535, or a port's"),
        (60, {"port": 70000}, "70000 is not a port"),
        (60, {"port": "70000"}, "70000 is not a port"),
        (60, {"port": -1}, "-1 is not a port"),
        (60, {"port": True}, "True is not a port"),
        (60, {"port": 80.5}, "80.5 is not a port"),
        (60, {"port": None}, "None is not a port"),
        (60, {"port": ""}, "'' is not a port"),
        (60, {"port": "HTTP"}, "'HTTP' is not a port"),
        (60, {"port": "a--b"}, "'a--b' is not a port"),
        (60, {"port": "-a"}, "'-a' is not a port"),
        (60, {"port": "a-"}, "'a-' is not a port"),
        (60, {"port": "1-2"}, "'1-2' is not a port"),
        (60, {"port": "a" * 16}, "is not a port"),
        (60, {"port": "http\n"}, "is not a port"),
    ],
)
def test_times_that_are_refused(seconds: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plan_probes(seconds, **options)


@pytest.mark.parametrize(
    ("period", "timeout"), [(1, 1), (0.2, 1), (3, 3), (5, 5), (6, 5), (600, 5)]
)
def test_the_timeout_is_five_seconds_or_a_shorter_period(period: float, timeout: int) -> None:
    plan = plan_probes(1, period=period)
    for probe in (plan.startup, plan.liveness, plan.readiness):
        assert probe["timeoutSeconds"] == timeout <= probe["periodSeconds"]


@pytest.mark.parametrize(
    ("port", "written"),
    [(1, 1), (65535, 65535), ("8000", 8000), ("http", "http"), ("a", "a"), ("1-a", "1-a"),
     ("a" * 15, "a" * 15)],
)  # fmt: skip
def test_ports_that_are_taken(port: Any, written: Any) -> None:
    assert plan_probes(60, port=port).readiness["httpGet"]["port"] == written


def test_a_plan_that_has_travelled_is_the_same() -> None:
    choose = random.Random(2)
    ports: list[int | str] = ["http", 1, 65535]
    for dummy in range(200):
        plan = plan_probes(
            choose.uniform(1, 10**6),
            period=choose.uniform(0.1, 60),
            initial_delay=choose.randint(0, 120),
            port=choose.choice(ports),
            drain_seconds=choose.randint(0, 300),
        )
        assert ProbePlan.from_dict(json.loads(json.dumps(plan.as_dict()))) == plan


def test_a_plan_cannot_be_changed() -> None:
    plan = plan_probes(60)
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.nominal_seconds = 1  # type: ignore[misc]
    plan.as_dict()["startup"]["periodSeconds"] = 0
    assert plan.startup["periodSeconds"] == 10


MISSING = object()


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("nominal_seconds", MISSING, "nominal_seconds: is missing"),
        ("startup", MISSING, "startup: is missing"),
        ("startup.httpGet", MISSING, r"startup\.httpGet: is missing"),
        ("startup.initialDelaySeconds", MISSING, r"startup\.initialDelaySeconds: is missing"),
        ("readiness.httpGet.port", MISSING, r"readiness\.httpGet\.port: is missing"),
        ("budget", 60, "budget: unknown key"),
        ("liveness.initialDelaySeconds", 0, r"liveness\.initialDelaySeconds: unknown key"),
        ("liveness.httpGet.host", "a", r"liveness\.httpGet\.host: unknown key"),
        ("startup", [], "startup: is not a mapping"),
        ("startup.httpGet", None, r"startup\.httpGet: is not a mapping"),
        ("nominal_seconds", "70", "nominal_seconds: '70' is not a whole number from 1"),
        ("nominal_seconds", 70.0, "nominal_seconds: 70.0 is not"),
        ("nominal_seconds", True, "nominal_seconds: True is not"),
        ("guaranteed_seconds", 0, "guaranteed_seconds: 0 is not"),
        ("wait_timeout_seconds", 2**31, "wait_timeout_seconds: 2147483648 is not"),
        ("startup.initialDelaySeconds", -1, r"startup\.initialDelaySeconds: -1 is not"),
        ("startup.periodSeconds", 0, r"startup\.periodSeconds: 0 is not"),
        ("readiness.failureThreshold", None, r"readiness\.failureThreshold: None is not"),
        ("liveness.timeoutSeconds", 0, r"liveness\.timeoutSeconds: 0 is not"),
        ("startup.httpGet.port", 70000, r"startup\.httpGet\.port: 70000 is not a port"),
        ("startup.httpGet.port", "8000", r"startup\.httpGet\.port: '8000' is not a port"),
        ("startup.httpGet.path", 1, r"startup\.httpGet\.path: 1 is not a text"),
    ],
)
def test_a_damaged_plan_is_refused_by_its_key(path: str, value: Any, message: str) -> None:
    plan = copy.deepcopy(plan_probes(60).as_dict())
    place, *keys = plan, *path.split(".")
    for key in keys[:-1]:
        place = place[key]
    if value is MISSING:
        del place[keys[-1]]
    else:
        place[keys[-1]] = value
    with pytest.raises(ValueError, match=f"^{message}"):
        ProbePlan.from_dict(plan)


@pytest.mark.parametrize("value", [None, [], "plan", 1])
def test_what_is_no_plan_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="probes: is not a mapping"):
        ProbePlan.from_dict(value)
