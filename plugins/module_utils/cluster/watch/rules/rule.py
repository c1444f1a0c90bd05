# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What a rule is, what it finds, and what several rules need to say it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..facts import Container, Facts, Pod

NEVER = None
# Holds only where log lines were found.
SEE_LOG = "see the last lines of the log above"


@dataclass(frozen=True)
class Evidence:
    """What shows a failure: the object, the cause, the telling lines, how often it was seen.

    ``pod`` and ``container`` are set where a log would tell more, ``fix`` where it is known more
    exactly than the rule says it.
    """

    subject: str
    cause: str
    lines: tuple[str, ...] = ()
    count: int = 1
    pod: str = ""
    container: str = ""
    fix: str = ""


@dataclass(frozen=True)
class Rule:
    """A class of failure: confirmed after ``grace_seconds`` or at ``count`` occurrences.

    None for either one means that it does not confirm.
    """

    id: str
    match: Callable[[Facts], Evidence | None]
    grace_seconds: float | None
    count: int | None
    fix: str


def of_pod(pod: Pod, cause: str, message: str, *, count: int = 1) -> Evidence:
    """Return the evidence that a pod shows, with the message that comes with it, if any."""
    lines = (message,) if message else ()
    return Evidence(f"Pod {pod.name}", cause, lines, count)


def message_of(container: Container) -> str:
    """Return what the kubelet says about a container that waits."""
    return str(container.waiting.get("message", ""))
