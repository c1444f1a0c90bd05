# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What follows when the wait for one model is over: its question, or why it failed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...findings import Finding, FindingsError
from ...report.text import shorten
from ..api.say import Say
from ..watch.evidence import explained
from ..watch.facts import Workload
from ..watch.rules.rule import SEE_LOG
from ..watch.step import Suspicion, Verdict
from .ask import Answer, ask

if TYPE_CHECKING:
    from ...spec.model import Model
    from ..api.connection import Client

# An engine that dies takes its server along within about 5 s (vllm, watchdog of the API server).
CRASH_SHOWS_SECONDS = 12.0
LOOK_SECONDS = 0.2
CRASHES = frozenset({"crash_loop", "oom_killed"})


@dataclass(frozen=True)
class Ending:
    """How it ended for one model: served if there are no findings; the answer if one was asked."""

    findings: tuple[Finding, ...] = ()
    answer: Answer | None = None


def workload(model: Model) -> Workload:
    """Return the workload that serves a model."""
    return Workload("Deployment", model.name)


@dataclass(frozen=True)
class Closer:
    """Ends models side by side; ``verdicts`` are kept up to date by another thread."""

    client: Client
    namespace: str
    verdicts: Mapping[Workload, Verdict]
    with_completion: bool
    say: Say

    def end(self, model: Model, verdict: Verdict) -> Ending:
        """Explain a failure, or ask a model that is served and see whether it survives that."""
        if verdict.failed:
            return Ending(self._explained(model, verdict))
        if not self.with_completion:
            return Ending()
        ending = self._asked(model, verdict)
        for finding in ending.findings:
            self.say(shorten(f"{model.name}: failed: {finding.cause}"))
        if ending.answer:
            self.say(f"{model.name}: answered in {ending.answer.total_seconds:.1f} s")
        return ending

    def look_again(self, model: Model, ending: Ending) -> Ending:
        """Return the ending as it is when all others have ended: it must still serve."""
        now = self.verdicts[workload(model)]
        idle = now.readiness.want > 0 and now.readiness.have == 0
        if ending.findings or not (now.failed or idle):
            return ending
        return Ending(self._broken(model, now))

    def _asked(self, model: Model, ready: Verdict) -> Ending:
        try:
            answer = ask(self.client, self.namespace, model)
        except FindingsError as error:
            # The kubelet needs a moment to say that the server has ended.
            return Ending(self._after(model, ready, CRASH_SHOWS_SECONDS) or error.findings)
        findings = self._after(model, ready, 0.0)
        return Ending(findings, None if findings else answer)

    def _after(self, model: Model, ready: Verdict, seconds: float) -> tuple[Finding, ...]:
        """Return what happened to the pods since they were ready, looking for some seconds."""
        end = time.monotonic() + seconds
        while True:
            now = self.verdicts[workload(model)]
            if now.failed or _crash(now) or time.monotonic() >= end:
                same = now.readiness.pods == ready.readiness.pods
                return () if same else self._broken(model, now)
            time.sleep(LOOK_SECONDS)

    def _broken(self, model: Model, verdict: Verdict) -> tuple[Finding, ...]:
        """Say how a server ended that had been ready: its exit and its last log lines."""
        crash = _crash(verdict)
        if verdict.failed or crash is None:
            return self._explained(model, verdict) or (_restarted(model),)
        cause = f"{crash.evidence.cause}, just after it was ready"
        fix = f"{SEE_LOG}; the first request made it end"
        told = replace(crash, evidence=replace(crash.evidence, cause=cause), fix=fix)
        return (explained(self.client, self.namespace, model.name, told),)

    def _explained(self, model: Model, verdict: Verdict) -> tuple[Finding, ...]:
        found = verdict.confirmed()
        return tuple(explained(self.client, self.namespace, model.name, item) for item in found)


def _crash(verdict: Verdict) -> Suspicion | None:
    return next((item for item in verdict.suspicions if item.rule in CRASHES), None)


def _restarted(model: Model) -> Finding:
    return Finding.error(
        "restarted",
        model.name,
        "pods restarted or were replaced just after they were ready",
        fix="see kubectl get pods and their logs, then run the same command again",
    )
