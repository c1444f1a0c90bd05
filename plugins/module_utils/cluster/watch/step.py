# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""From what is known and the time to a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from .facts import Facts, Target, facts
from .ready import Readiness, readiness
from .rules import RULES, Evidence, Rule
from .store import Store


class Status(Enum):
    """The state of the whole wait, or of one finding."""

    PROGRESSING = "progressing"
    QUEUED = "queued"
    READY = "ready"
    FAILED = "failed"
    TIMEOUT = "timeout"


class Certainty(Enum):
    """A finding starts as a suspicion; one that goes away again is cleared, that is, forgotten."""

    SUSPECT = "suspect"
    CONFIRMED = "confirmed"


@dataclass(frozen=True)
class Suspicion:
    """A rule that matches one model since a moment."""

    model: str
    rule: str
    evidence: Evidence
    since: float
    certainty: Certainty
    fix: str


@dataclass(frozen=True)
class Verdict:
    """What ``step`` says: the status, each model's readiness by name, and the findings."""

    status: Status
    models: Mapping[str, Readiness]
    findings: tuple[Suspicion, ...] = ()
    at: float = 0.0

    def confirmed(self) -> list[Suspicion]:
        """Return the findings that are certain."""
        return [item for item in self.findings if item.certainty is Certainty.CONFIRMED]


@dataclass
class Waiting:
    """The models to wait for and the rules to use."""

    targets: Sequence[Target]
    rules: Sequence[Rule] = field(default=RULES)


def step(store: Store, now: float, waiting: Waiting, before: Verdict | None = None) -> Verdict:
    """Judge all models at the time ``now``; ``before`` is the last verdict, for the suspicions.

    Pure: same arguments, same verdict.
    """
    views = [facts(store, target) for target in waiting.targets]
    models = {view.target.name: readiness(view) for view in views}
    open_views = [view for view in views if not models[view.target.name].ready]
    old = {(f.model, f.rule): f for f in before.findings} if before else {}
    found = [_finding(view, waiting.rules, old, now) for view in open_views]
    findings = tuple(item for items in found for item in items)
    verdict = Verdict(Status.PROGRESSING, models, findings, now)
    if verdict.confirmed():
        return replace(verdict, status=Status.FAILED)
    if not open_views:
        return replace(verdict, status=Status.READY)
    late = [view for view in open_views if now - view.target.started > view.target.timeout_seconds]
    if late:
        ended = tuple(_out_of_time(view, models, findings, now) for view in late)
        return replace(verdict, status=Status.TIMEOUT, findings=ended)
    if all(models[view.target.name].queued for view in open_views):
        return replace(verdict, status=Status.QUEUED)
    return verdict


def _finding(
    view: Facts, rules: Sequence[Rule], old: Mapping[tuple[str, str], Suspicion], now: float
) -> list[Suspicion]:
    """Return the suspicions about one model, or its first confirmed finding alone."""
    model = view.target.name
    suspects = []
    for rule in rules:
        evidence = rule.match(view)
        if evidence is None:
            continue
        known = old.get((model, rule.id))
        since = known.since if known else now
        certainty = _certainty(rule, evidence, now - since)
        finding = Suspicion(model, rule.id, evidence, since, certainty, rule.fix)
        if certainty is Certainty.CONFIRMED:
            return [finding]
        suspects.append(finding)
    return suspects


def _certainty(rule: Rule, evidence: Evidence, age_seconds: float) -> Certainty:
    lasted = rule.grace_seconds is not None and age_seconds >= rule.grace_seconds
    counted = rule.count is not None and evidence.count >= rule.count
    return Certainty.CONFIRMED if lasted or counted else Certainty.SUSPECT


def _out_of_time(
    view: Facts, models: Mapping[str, Readiness], findings: Sequence[Suspicion], now: float
) -> Suspicion:
    """Return the finding for a model whose time is up: what was suspected, or where it stands."""
    state = models[view.target.name]
    late = f"not ready after {view.target.timeout_seconds:.0f} s"
    for suspect in findings:
        if suspect.model == view.target.name:
            evidence = replace(suspect.evidence, cause=f"{suspect.evidence.cause} ({late})")
            return replace(suspect, evidence=evidence, certainty=Certainty.CONFIRMED)
    slow = next((pod for pod in view.pods if not pod.ready), None)
    events = {str(e.get("message", "")): e for e in (slow.events if slow else view.events)}
    evidence = Evidence(
        f"Deployment {view.target.name}",
        f"is {late} ({state.stage.name.lower()}: {state.text})",
        tuple(events)[-3:],
        pod=slow.name if slow and any(c.running for c in slow.containers) else "",
        container=str(slow.item["spec"]["containers"][0]["name"]) if slow else "",
    )
    fix = "see the events and the log; if it is still loading, raise startup.max_seconds"
    return Suspicion(view.target.name, "timeout", evidence, now, Certainty.CONFIRMED, fix)
