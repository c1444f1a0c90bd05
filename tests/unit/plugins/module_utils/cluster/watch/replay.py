# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Replays a recorded watch with a clock of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.facts import Target
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.rules import RULES, Rule
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.step import (
    Status,
    Verdict,
    Waiting,
    step,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.store import (
    Observation,
    Store,
    fold,
)

RECORDINGS = Path(__file__).parent / "recordings"
TICK_SECONDS = 0.5
AFTER_SECONDS = 400.0


def recording(name: str) -> list[Observation]:
    """Read the lines ``{t, type, object}`` of one recording."""
    text = (RECORDINGS / f"{name}.jsonl").read_text(encoding="utf-8")
    return [Observation(**json.loads(line)) for line in text.splitlines()]


def verdicts(
    name: str,
    observations: Sequence[Observation],
    *,
    rules: Sequence[Rule] = RULES,
    timeout_seconds: float = 10_000.0,
) -> Iterator[Verdict]:
    """Yield a verdict for each tick, and for some time after the last observation."""
    store = Store()
    waiting = Waiting([Target(name, timeout_seconds)], rules)
    verdict: Verdict | None = None
    rest = list(observations)
    # What is listed at the start comes as one: a watch judges only after that.
    ready_to_judge = max((o.t for o in rest if o.type in {"LISTED", "DENIED"}), default=0.0)
    now, end = ready_to_judge, rest[-1].t + AFTER_SECONDS
    while now <= end:
        while rest and rest[0].t <= now:
            fold(store, rest.pop(0))
        verdict = step(store, now, waiting, verdict)
        yield verdict
        if verdict.status in {Status.FAILED, Status.TIMEOUT, Status.READY}:
            return
        now += TICK_SECONDS


def last(
    name: str,
    observations: Sequence[Observation] | None = None,
    *,
    rules: Sequence[Rule] = RULES,
    timeout_seconds: float = 10_000.0,
) -> Verdict:
    """Return the verdict at which the watch of a recording ends."""
    seen = recording(name) if observations is None else observations
    return list(verdicts(name, seen, rules=rules, timeout_seconds=timeout_seconds))[-1]
