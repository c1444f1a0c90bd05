# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""From what is known and the time to a verdict for each target.

A target is judged again only when something changed where its last verdict looked, or when time
alone may change that verdict. The result is the same as judging all of them each time.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from ..api.objects import Object
from .facts import Facts, Pod, Target, Workload, facts
from .ready import Readiness, readiness
from .rules.rule import Evidence, Rule
from .rules.table import RULES
from .store import Key, Reader, Store

# What is ready must stay so for this long: some crash right after they said they are.
SETTLE_SECONDS = 2.0


class Status(Enum):
    """The state of one target."""

    PROGRESSING = "progressing"
    QUEUED = "queued"
    READY = "ready"
    FAILED = "failed"
    TIMEOUT = "timeout"


class Certainty(Enum):
    """A suspicion that goes away again is cleared, that is, forgotten."""

    SUSPECT = "suspect"
    CONFIRMED = "confirmed"


@dataclass(frozen=True)
class Suspicion:
    """A rule that matches a target since a moment, and is certain from another one on.

    ``pod`` is the pod that the evidence names, as it was then.
    """

    rule: str
    evidence: Evidence
    since: float
    certain_from: float
    certainty: Certainty
    fix: str
    pod: Object | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Verdict:
    """What is known of one target ``at`` the moment of judging.

    ``ready_since``: since when the same pods are ready, None while they are not. ``served``: they
    have been ready for long enough; that ends the wait for the target, and stays true.
    """

    status: Status
    readiness: Readiness
    suspicions: tuple[Suspicion, ...] = ()
    ready_since: float | None = None
    served: bool = False
    at: float = field(default=0.0, compare=False)

    @property
    def failed(self) -> bool:
        """Tell whether it has failed or is too late; nothing changes after that."""
        return self.status in {Status.FAILED, Status.TIMEOUT}

    @property
    def ended(self) -> bool:
        """Tell whether the wait for the target is over."""
        return self.failed or self.served

    def confirmed(self) -> list[Suspicion]:
        """Return the suspicions that are certain."""
        return [item for item in self.suspicions if item.certainty is Certainty.CONFIRMED]


@dataclass(frozen=True)
class Change:
    """A target that was judged anew."""

    target: Target
    before: Verdict | None
    after: Verdict


class Waiting:
    """The targets, the last verdict on each, and what each of these verdicts rests on."""

    def __init__(self, targets: Iterable[Target], rules: Sequence[Rule] = RULES) -> None:
        self.targets = {target.workload: target for target in targets}
        self.verdicts: dict[Workload, Verdict] = {}
        self._rules = rules
        self._looked_at: dict[Workload, set[Key]] = {name: set() for name in self.targets}
        self._lookers: defaultdict[Key, set[Workload]] = defaultdict(set)
        self._due = dict.fromkeys(self.targets, -math.inf)

    @property
    def open(self) -> list[Workload]:
        """Return the targets whose wait is not over."""
        verdicts = self.verdicts
        return [name for name in self.targets if not (name in verdicts and verdicts[name].ended)]

    def touch(self, keys: Iterable[Key]) -> None:
        """Note that something changed in these places."""
        for key in keys:
            for name in self._lookers.get(key, ()):
                self._due[name] = -math.inf

    def step(self, store: Store, now: float) -> list[Change]:
        """Judge what was touched and what is due, and return it."""
        due = [target for name, target in self.targets.items() if self._due[name] <= now]
        return [self._judge(store, target, now) for target in due]

    def _judge(self, store: Store, target: Target, now: float) -> Change:
        name, reader = target.workload, Reader(store)
        before = self.verdicts.get(name)
        after = judged(facts(reader, target), now, self._rules, before)
        self.verdicts[name] = after
        self._due[name] = _next_due(target, after)
        self._remember(name, set() if after.failed else reader.keys)
        return Change(target, before, after)

    def _remember(self, name: Workload, keys: set[Key]) -> None:
        old, self._looked_at[name] = self._looked_at[name], keys
        for key in old - keys:
            self._lookers[key].discard(name)
        for key in keys - old:
            self._lookers[key].add(name)


def judged(view: Facts, now: float, rules: Sequence[Rule], before: Verdict | None) -> Verdict:
    """Judge one target at the time ``now``; ``before`` is the last verdict on it.

    Pure: same arguments, same verdict.
    """
    if before is not None and before.failed:
        return before
    state = readiness(view)
    served = before is not None and before.served
    since = ready_since(before, state, now)
    if since is not None:
        settled = view.steady or now >= since + SETTLE_SECONDS
        return Verdict(Status.READY, state, ready_since=since, served=served or settled, at=now)
    suspicions = _suspicions(view, rules, before, now)
    verdict = Verdict(Status.PROGRESSING, state, suspicions, served=served, at=now)
    if verdict.confirmed():
        return replace(verdict, status=Status.FAILED)
    if now >= view.target.ends and not served:
        ended = _out_of_time(view, state, suspicions, now)
        return replace(verdict, status=Status.TIMEOUT, suspicions=(ended,))
    return replace(verdict, status=Status.QUEUED) if state.queued else verdict


def ready_since(before: Verdict | None, state: Readiness, now: float) -> float | None:
    """Return since when the same pods are ready with the same restarts; None if they are not."""
    if not state.ready:
        return None
    if before is None or before.ready_since is None or before.readiness.pods != state.pods:
        return now
    return before.ready_since


def _next_due(target: Target, verdict: Verdict) -> float:
    """Return the moment at which time alone may change a verdict."""
    if verdict.failed:
        return math.inf
    moments = [item.certain_from for item in verdict.suspicions]
    if verdict.ready_since is not None and not verdict.served:
        moments.append(verdict.ready_since + SETTLE_SECONDS)
    if verdict.ready_since is None and not verdict.served:
        moments.append(target.ends)
    return min(moments, default=math.inf)


def _suspicions(
    view: Facts, rules: Sequence[Rule], before: Verdict | None, now: float
) -> tuple[Suspicion, ...]:
    """Return the suspicions about a target, or the first one that is certain alone."""
    known = {item.rule: item.since for item in before.suspicions} if before else {}
    found: list[Suspicion] = []
    for rule in rules:
        evidence = rule.match(view)
        if evidence is None:
            continue
        suspicion = _suspicion(view, rule, evidence, known.get(rule.id, now), now)
        if suspicion.certainty is Certainty.CONFIRMED:
            return (suspicion,)
        found.append(suspicion)
    return tuple(found)


def _suspicion(view: Facts, rule: Rule, evidence: Evidence, since: float, now: float) -> Suspicion:
    certain_from = math.inf if rule.grace_seconds is None else since + rule.grace_seconds
    counted = rule.count is not None and evidence.count >= rule.count
    certainty = Certainty.CONFIRMED if counted or now >= certain_from else Certainty.SUSPECT
    fix = evidence.fix or rule.fix
    pod = _named_pod(view, evidence)
    return Suspicion(rule.id, evidence, since, certain_from, certainty, fix, pod)


def _named_pod(view: Facts, evidence: Evidence) -> Object | None:
    return next((pod.item for pod in view.pods if pod.name == evidence.pod), None)


def _out_of_time(
    view: Facts, state: Readiness, suspicions: Sequence[Suspicion], now: float
) -> Suspicion:
    """Return what ends a target whose time is up: what was suspected, or where it stands."""
    late = f"not ready after {view.target.timeout_seconds:.0f} s"
    for suspect in suspicions:
        evidence = replace(suspect.evidence, cause=f"{suspect.evidence.cause} ({late})")
        return replace(suspect, evidence=evidence, certainty=Certainty.CONFIRMED)
    slow = next((pod for pod in view.pods if not pod.ready), None)
    running = _running(slow) if slow else ""
    events = {str(e.get("message", "")): e for e in (slow.events if slow else view.events)}
    evidence = Evidence(
        str(view.target.workload),
        f"is {late} ({state.progress.name.lower()}: {state.text})",
        tuple(events)[-3:],
        pod=slow.name if slow and running else "",
        container=running,
    )
    fix = "see the events and the log; if it is still loading, raise startup.max_seconds"
    pod = _named_pod(view, evidence)
    return Suspicion("timeout", evidence, now, now, Certainty.CONFIRMED, fix, pod)


def _running(pod: Pod) -> str:
    """Return the container that is at work: the main one, or what runs before it; "" for none."""
    running = [container.name for container in pod.containers if container.running]
    main = str(pod.item["spec"]["containers"][0]["name"])
    return main if main in running else next(iter(running), "")
