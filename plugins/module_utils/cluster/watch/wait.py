# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Waits for all models at once: streams into the store, the store into verdicts, until one ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from ...findings import FindingsError
from .facts import Target, facts, pod_ids
from .progress import progress_lines
from .step import Status, Verdict, Waiting, step
from .store import Store, fold
from .stream import HELPFUL, NEEDED, Streams

if TYPE_CHECKING:
    from ..api.connection import Client

TICK_SECONDS = 0.5
# A model that is ready must stay so for this long: some crash right after they said they are.
SETTLE_SECONDS = 2.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Watched:
    """The end of a wait: the verdict and what was known."""

    verdict: Verdict
    store: Store


class Watch:
    """One watch over one namespace, which outlives several waits."""

    def __init__(self, client: Client, namespace: str, say: Say) -> None:
        self._streams = Streams(client, namespace)
        self._say = say
        self.store = Store()

    def __enter__(self) -> Self:
        self._streams.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._streams.__exit__(*error)

    def until_served(self, targets: Sequence[Target]) -> Watched:
        """Wait until all models are ready and stay so, or until one has failed or is too late.

        Raises ``FindingsError`` when the API server is gone or forbids to look.
        """
        now = time.monotonic()
        waiting = Waiting([replace(target, started=now) for target in targets])
        verdict: Verdict | None = None
        ready_since: float | None = None
        while True:
            self._take(TICK_SECONDS)
            if not self._complete():
                continue
            now = time.monotonic()
            last, verdict = verdict, step(self.store, now, waiting, verdict)
            for line in progress_lines(last, verdict):
                self._say(line)
            if verdict.status in {Status.FAILED, Status.TIMEOUT}:
                return Watched(verdict, self.store)
            ready_since = ready_from(last, verdict, ready_since)
            if ready_since is not None and self._settled(targets, now - ready_since):
                return Watched(verdict, self.store)

    def look(self, targets: Sequence[Target], before: Verdict) -> Verdict:
        """Take in what came in the meantime and judge once."""
        self._take(0.05)
        now = time.monotonic()
        waiting = Waiting([replace(target, started=now) for target in targets])
        return step(self.store, now, waiting, before)

    def _take(self, timeout_seconds: float) -> None:
        for seen in self._streams.next(timeout_seconds):
            if isinstance(seen, FindingsError):
                raise seen
            fold(self.store, seen)

    def _complete(self) -> bool:
        """Tell whether each kind was listed once: earlier, everything looks missing."""
        answered = self.store.listed | self.store.denied
        return answered >= NEEDED.keys() | HELPFUL.keys() | {"Node"}

    def _settled(self, targets: Sequence[Target], ready_seconds: float) -> bool:
        """Tell whether readiness lasted; pods that were ready when the wait began have settled."""
        if ready_seconds >= SETTLE_SECONDS:
            return True
        return all(self._was_ready_at_first(target) for target in targets)

    def _was_ready_at_first(self, target: Target) -> bool:
        return not pod_ids(facts(self.store, target).pods) & self.store.changed


def ready_from(last: Verdict | None, verdict: Verdict, since: float | None) -> float | None:
    """Return since when the same pods are ready, None while they are not."""
    if verdict.status is not Status.READY:
        return None
    return since if since is not None and same_pods(last, verdict) else verdict.at


def same_pods(last: Verdict | None, verdict: Verdict) -> bool:
    """Tell whether the same pods are there with the same restarts."""
    if last is None:
        return False
    return all(
        name in last.models and last.models[name].pods == state.pods
        for name, state in verdict.models.items()
    )
