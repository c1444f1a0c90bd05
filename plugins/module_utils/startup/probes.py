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
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
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
# What one probe may take; with a shorter period, as long as the period.
TIMEOUT_SECONDS = 5
# The largest of Go's int32, which all times of Kubernetes are.
_LARGEST = 2**31 - 1
_LAST_PORT = 65535
# A port's name, at most 15 characters (apimachinery, IsValidPortName).
_PORT_NAME = re.compile(r"(?=[0-9-]*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?\Z")
_NUMBER = re.compile(r"[0-9]{1,5}\Z")
_PORT = (
    f"a number from 1 to {_LAST_PORT}, or a port's name: at most 15 lower-case letters, digits and"
    " single '-', with a letter among them"
)


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

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as they travel in a plan."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Any) -> ProbePlan:
        """Read what ``as_dict`` gave. Raises ValueError that names the key that is wrong."""
        keys = [field.name for field in fields(cls)]
        _same_keys("", value, keys)
        return cls(
            startup=_read_probe("startup", value["startup"]),
            liveness=_read_probe("liveness", value["liveness"]),
            readiness=_read_probe("readiness", value["readiness"]),
            **{key: _read_time(key, value[key]) for key in keys if key.endswith("_seconds")},
        )


# The times of a probe, with the least that they may be.
_TIMES = {"periodSeconds": 1, "timeoutSeconds": 1, "failureThreshold": 1}
_STARTUP_TIMES = {**_TIMES, "initialDelaySeconds": 0}


def _read_probe(name: str, value: Any) -> dict[str, Any]:
    times = _STARTUP_TIMES if name == "startup" else _TIMES
    _same_keys(name, value, ["httpGet", *times])
    asked = value["httpGet"]
    _same_keys(f"{name}.httpGet", asked, ["path", "port"])
    if not isinstance(asked["path"], str):
        raise ValueError(f"{name}.httpGet.path: {asked['path']!r} is not a text")
    request = {"path": str(asked["path"]), "port": _port(f"{name}.httpGet.port", asked["port"])}
    read = {key: _read_time(f"{name}.{key}", value[key], minimum) for key, minimum in times.items()}
    return {"httpGet": request, **read}


def _same_keys(place: str, value: Any, keys: list[str]) -> None:
    """A mapping has these keys, all of them and no other."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{place or 'probes'}: is not a mapping")
    for key in [*keys, *value]:
        path = f"{place}.{key}" if place else str(key)
        if key not in value:
            raise ValueError(f"{path}: is missing")
        if key not in keys:
            raise ValueError(f"{path}: unknown key; known keys: {', '.join(keys)}")


def _read_time(path: str, value: Any, minimum: int = 1) -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not minimum <= value <= _LARGEST:
        raise ValueError(f"{path}: {value!r} is not a whole number from {minimum} to {_LARGEST}")
    return int(value)


def plan_probes(
    budget_seconds: float,
    *,
    period: float = 10,
    initial_delay: float = 0,
    timeout: float | None = None,
    path: str = "/health",
    port: int | str = 8000,
    drain_seconds: float = 0,
) -> ProbePlan:
    """Probes that never kill a container within ``budget_seconds`` of its start.

    Fractions of a second are rounded up. Without a timeout it is 5 s, or the period where that is
    shorter. Raises ValueError for a time or a port that Kubernetes does not take, and for a timeout
    above the period: such probes overlap and their failures merge.
    """
    budget = _whole("the start-up time", budget_seconds, minimum=1)
    period = _whole("period", period, minimum=1)
    delay = _whole("initial_delay", initial_delay, minimum=0)
    given = min(TIMEOUT_SECONDS, period) if timeout is None else timeout
    timeout = _whole("timeout", given, minimum=1)
    port = _port("port", int(port) if _is_digits(port) else port)
    if not isinstance(path, str):
        raise ValueError(f"path must be a text, not {path!r}")
    drain = _whole("drain_seconds", drain_seconds, minimum=0)
    if timeout > period:
        raise ValueError(
            f"timeout ({timeout} s) is above period ({period} s); give at most {period}"
        )
    failures = max(1, math.ceil((budget - delay) / period) + 1)
    nominal = delay + failures * period
    deadline = PULL_SECONDS + nominal + MARGIN_SECONDS
    if deadline + LISTEN_SECONDS > _LARGEST:
        raise ValueError(f"the start-up time and its probes must end before {_LARGEST} s")

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
    if not minimum <= seconds <= _LARGEST:
        raise ValueError(f"{name} must be at least {minimum} s, not {value!r}")
    return seconds


def _port(name: str, value: Any) -> int | str:
    """A port's number or its name."""
    if isinstance(value, str) and _PORT_NAME.match(value):
        return str(value)
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not 1 <= value <= _LAST_PORT:
        raise ValueError(f"{name}: {value!r} is not a port; give {_PORT}")
    return int(value)


def _is_digits(value: Any) -> bool:
    """Whether a number came as text, as ``-e port=8000`` gives it."""
    return isinstance(value, str) and bool(_NUMBER.match(value))
