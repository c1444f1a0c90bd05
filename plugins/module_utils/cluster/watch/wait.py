# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Waits for all targets at once: streams into the store, the store into a verdict for each."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from ...findings import FindingsError
from ..api.objects import Object
from ..api.say import Say
from .facts import Facts, Target, Workload, facts
from .progress import progress_lines
from .step import Verdict, Waiting
from .store import Observation, Reader, Store, fold
from .stream import HELPFUL, NODE, Streams
from .workloads.table import kinds_to_read

if TYPE_CHECKING:
    from ..api.connection import Client

TICK_SECONDS = 0.5


class Watch:
    """One watch over one namespace; ``verdicts`` may be read from other threads."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        targets: Iterable[Target],
        say: Say,
        *,
        seen: Sequence[Object] = (),
    ) -> None:
        """Wait for ``targets`` from now on; ``seen`` was read of them before."""
        now = time.monotonic()
        self._waiting = Waiting([replace(target, started=now) for target in targets])
        needed = kinds_to_read(name.kind for name in self._waiting.targets)
        self._streams = Streams(client, namespace, needed)
        self._wanted = {*needed, *HELPFUL, NODE}
        self._say = say
        self._store = Store()
        for item in seen:
            fold(self._store, Observation(now, "ADDED", item))

    def __enter__(self) -> Self:
        self._streams.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._streams.__exit__(*error)

    @property
    def open(self) -> list[Workload]:
        """Return the targets whose wait is not over."""
        return self._waiting.open

    @property
    def verdicts(self) -> dict[Workload, Verdict]:
        """Return the last verdict on each target that was judged so far."""
        return self._waiting.verdicts

    def look(self) -> list[Workload]:
        """Take in what came, say what is new, and return the targets whose wait ended thereby.

        Returns after a short time in any case. A target that was served is judged on, so that
        its end can still be seen. Raises ``FindingsError`` when the API server is gone or forbids
        to look.
        """
        for seen in self._streams.next(TICK_SECONDS):
            if isinstance(seen, FindingsError):
                raise seen
            self._waiting.touch(fold(self._store, seen))
        if not self._store.listed | self._store.denied >= self._wanted:
            # Before each kind was listed once, everything looks missing.
            return []
        ended = []
        for change in self._waiting.step(self._store, time.monotonic()):
            workload = change.target.workload
            for line in progress_lines(workload.name, change.before, change.after):
                self._say(line)
            if change.after.ended and not (change.before and change.before.ended):
                ended.append(workload)
        return ended

    def facts(self, workload: Workload) -> Facts:
        """Return what is known about a target."""
        return facts(Reader(self._store), self._waiting.targets[workload])
