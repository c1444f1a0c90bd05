# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The three probes of a server that needs a known time to start.

The kubelet kills a container whose startup probe fails at some moment between
``D + (N-1)*P`` and ``D + N*P`` after the container's start (D initial delay, P period,
N failure threshold), because the phase of the probe's ticker is arbitrary
(kubernetes, pkg/kubelet/prober). Only the first of the two times is guaranteed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

# An image of vLLM is 10 to 30 GB; a pull on a new node took up to ten minutes.
PULL_SECONDS = 600
# What scheduling, volumes and the last probe may take beside pull and start.
MARGIN_SECONDS = 60
# The watching side waits a little longer than Kubernetes, to hear its verdict.
LISTEN_SECONDS = 30
# The kubelet's own default, and what is left to the server after draining.
GRACE_SECONDS = 30
AFTER_DRAIN_SECONDS = 15


@dataclass(frozen=True)
class ProbePlan:
    """Probes as a container takes them, and the times that follow from them (seconds)."""

    startup: dict[str, Any]
    liveness: dict[str, Any]
    readiness: dict[str, Any]
    guaranteed_seconds: int
    nominal_seconds: int
    progress_deadline_seconds: int
    wait_timeout_seconds: int
    termination_grace_period_seconds: int
    engine_ready_timeout_seconds: int


def plan_probes(
    budget_seconds: float,
    *,
    period: float = 10,
    initial_delay: float = 0,
    timeout: float = 5,
    path: str = "/health",
    port: int | str = 8000,
    drain_seconds: float = 0,
) -> ProbePlan:
    """Probes that never kill a container within ``budget_seconds`` of its start.

    Fractions of a second are rounded up. Raises ValueError for a time that Kubernetes does not
    take, and for a timeout above the period: such probes overlap and their failures merge.
    """
    budget = _whole("the start-up time", budget_seconds, minimum=1)
    period = _whole("period", period, minimum=1)
    delay = _whole("initial_delay", initial_delay, minimum=0)
    timeout = _whole("timeout", timeout, minimum=1)
    drain = _whole("drain_seconds", drain_seconds, minimum=0)
    if timeout > period:
        raise ValueError(
            f"timeout ({timeout} s) is above period ({period} s); give at most {period}"
        )
    failures = max(1, math.ceil((budget - delay) / period) + 1)
    nominal = delay + failures * period
    deadline = PULL_SECONDS + nominal + MARGIN_SECONDS

    def request() -> dict[str, Any]:
        return {"httpGet": {"path": path, "port": port}, "timeoutSeconds": timeout}

    return ProbePlan(
        startup={
            **request(),
            "initialDelaySeconds": delay,
            "periodSeconds": period,
            "failureThreshold": failures,
        },
        liveness={**request(), "periodSeconds": max(10, timeout), "failureThreshold": 3},
        readiness={**request(), "periodSeconds": max(5, timeout), "failureThreshold": 3},
        guaranteed_seconds=nominal - period,
        nominal_seconds=nominal,
        progress_deadline_seconds=deadline,
        wait_timeout_seconds=deadline + LISTEN_SECONDS,
        termination_grace_period_seconds=max(GRACE_SECONDS, drain + AFTER_DRAIN_SECONDS),
        engine_ready_timeout_seconds=budget,
    )


def _whole(name: str, value: Any, *, minimum: int) -> int:
    """A time in whole seconds, rounded up."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{name} must be a number of seconds, not {value!r}")
    try:
        seconds = math.ceil(float(value))
    except (ValueError, OverflowError):
        raise ValueError(f"{name} must be a finite number of seconds, not {value!r}") from None
    if not minimum <= seconds <= 2**31 - 1:
        raise ValueError(f"{name} must be at least {minimum} s, not {value!r}")
    return seconds
