# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Replays a recorded watch with a clock of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.facts import (
    Target,
    Workload,
    facts,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.rules.rule import Rule
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.rules.table import RULES
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.step import (
    Status,
    Verdict,
    Waiting,
    judged,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.store import (
    Observation,
    Reader,
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


def ticks(observations: Sequence[Observation]) -> Iterator[tuple[float, list[Observation]]]:
    """Yield each moment of judging with what came before it, and some time after the last one."""
    rest = list(observations)
    # What is listed at the start comes as one: a watch judges only after that.
    listed = [o for o in reversed(rest) if o.type in {"LISTED", "DENIED"}]
    now = max({o.object["kind"]: o.t for o in listed}.values(), default=0.0)
    end = rest[-1].t + AFTER_SECONDS
    while now <= end:
        count = next((i for i, o in enumerate(rest) if o.t > now), len(rest))
        yield now, rest[:count]
        rest = rest[count:]
        now += TICK_SECONDS


def target(name: str, timeout_seconds: float = 10_000.0) -> Target:
    return Target(Workload("Deployment", name), timeout_seconds, service=name)


def verdicts(
    name: str,
    observations: Sequence[Observation],
    *,
    rules: Sequence[Rule] = RULES,
    timeout_seconds: float = 10_000.0,
) -> Iterator[Verdict]:
    """Yield the verdict at each tick until the first end; only what changed is judged."""
    store = Store()
    wanted = target(name, timeout_seconds)
    waiting = Waiting([wanted], rules)
    for now, seen in ticks(observations):
        for item in seen:
            waiting.touch(fold(store, item))
        waiting.step(store, now)
        verdict = waiting.verdicts[wanted.workload]
        yield verdict
        if verdict.failed or verdict.status is Status.READY:
            return


def recomputed(
    targets: Sequence[Target], observations: Sequence[Observation]
) -> Iterator[dict[Workload, Verdict]]:
    """Yield the verdicts at each tick, all of them judged anew each time."""
    store = Store()
    found: dict[Workload, Verdict] = {}
    for now, seen in ticks(observations):
        for item in seen:
            fold(store, item)
        found = {
            each.workload: judged(facts(Reader(store), each), now, RULES, found.get(each.workload))
            for each in targets
        }
        yield found


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
