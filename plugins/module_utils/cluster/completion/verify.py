# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""From applied objects to answered completions: wait for the rollout, ask, look again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...findings import Finding, FindingsError, raise_errors
from ...manifests.common import PLAN_ANNOTATION
from ..api.parallel import each
from ..watch.evidence import explained
from ..watch.facts import Facts, Target, condition, facts
from ..watch.progress import shorten
from ..watch.rules import crash_loop
from ..watch.step import Certainty, Suspicion
from ..watch.store import Store
from ..watch.wait import Watch, Watched, same_pods
from .ask import Answer, ask

if TYPE_CHECKING:
    from ...spec.model import Model
    from ..api.connection import Client

DEFAULT_TIMEOUT_SECONDS = 630.0
# An engine that dies takes its server along within about 5 s (vllm, watchdog of the API server).
CRASH_SHOWS_SECONDS = 12.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Served:
    """One row of the closing table; figures that were not measured are None."""

    name: str
    replicas: int
    startup_seconds: float | None
    first_token_seconds: float | None = None
    total_seconds: float | None = None
    answer: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the row as Ansible returns it."""
        return asdict(self)


def verify(
    client: Client,
    namespace: str,
    models: Sequence[Model],
    *,
    timeout_seconds: float | None,
    with_completion: bool,
    say: Say,
) -> list[Served]:
    """Wait until all models are rolled out and have answered; raises ``FindingsError``."""
    targets = _targets(client, namespace, models, timeout_seconds)
    with Watch(client, namespace, say) as watch:
        watched = watch.until_served(targets)
        _raise_failures(client, namespace, watched)
        answers: list[Answer | None] = [None] * len(models)
        if with_completion:
            results = _ask_all(client, namespace, models, say)
            errors = [result for result in results if isinstance(result, FindingsError)]
            _raise_if_broken(client, namespace, watch, watched, targets, patient=bool(errors))
            raise_errors(finding for error in errors for finding in error.findings)
            answers = [result for result in results if isinstance(result, Answer)]
        views = [facts(watch.store, target) for target in targets]
    return [
        _row(model, view, answer)
        for model, view, answer in zip(models, views, answers, strict=True)
    ]


def _targets(
    client: Client, namespace: str, models: Sequence[Model], timeout_seconds: float | None
) -> list[Target]:
    """Read from each Deployment how long it may take; all missing ones are reported at once."""

    def find(model: Model) -> dict[str, Any] | None:
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{model.name}"
        found: dict[str, Any] | None = client.find(path)
        return found

    live = each(find, models)
    raise_errors(
        [
            Finding.error(
                "not_deployed",
                f"Deployment {namespace}/{model.name}",
                "does not exist",
                fix="deploy the model first (deploy_vllm.yml)",
            )
            for model, found in zip(models, live, strict=True)
            if found is None
        ]
    )
    return [
        Target(model.name, timeout_seconds or _planned_seconds(found or {}))
        for model, found in zip(models, live, strict=True)
    ]


def _planned_seconds(deployment: dict[str, Any]) -> float:
    annotations = deployment["metadata"].get("annotations") or {}
    try:
        return float(json.loads(annotations[PLAN_ANNOTATION])["wait_timeout_seconds"])
    except (KeyError, TypeError, ValueError):
        return DEFAULT_TIMEOUT_SECONDS


def _raise_failures(client: Client, namespace: str, watched: Watched) -> None:
    found = watched.verdict.confirmed()
    raise_errors(each(lambda item: explained(client, namespace, item, watched.store), found))


def _ask_all(
    client: Client, namespace: str, models: Sequence[Model], say: Say
) -> Sequence[Answer | FindingsError]:
    """Ask all models side by side; what goes wrong takes the place of the answer."""

    def attempt(model: Model) -> Answer | FindingsError:
        try:
            answer = ask(client, namespace, model)
        except FindingsError as error:
            return error
        say(f"{model.name}: answered in {answer.total_seconds:.1f} s")
        return answer

    return each(attempt, models)


def _raise_if_broken(
    client: Client,
    namespace: str,
    watch: Watch,
    watched: Watched,
    targets: Sequence[Target],
    *,
    patient: bool,
) -> None:
    """Refuse a model whose pods crashed or were replaced while they answered.

    ``patient``: a request failed, so give the kubelet time to say that its server has ended.
    """
    end = time.monotonic() + (CRASH_SHOWS_SECONDS if patient else 0.0)
    now = watch.look(targets, watched.verdict)
    while same_pods(watched.verdict, now) and time.monotonic() < end:
        time.sleep(0.2)
        now = watch.look(targets, watched.verdict)
    _raise_failures(client, namespace, Watched(now, watch.store))
    changed = [n for n, s in now.models.items() if s.pods != watched.verdict.models[n].pods]
    raise_errors([_broken(client, namespace, watch.store, name) for name in changed])


def _broken(client: Client, namespace: str, store: Store, name: str) -> Finding:
    """Say how a server ended that had been ready: its exit and its last log lines."""
    evidence = crash_loop(facts(store, Target(name, 0.0)))
    if evidence is None:
        return Finding.error(
            "restarted",
            name,
            "pods restarted or were replaced just after they were ready",
            fix="see kubectl get pods and their logs, then run the same command again",
        )
    cause = f"{evidence.cause}, just after it was ready"
    finding = Suspicion(
        name,
        "crash_loop",
        replace(evidence, cause=cause),
        0.0,
        Certainty.CONFIRMED,
        "see the last lines of the log above; the first request made it end",
    )
    return explained(client, namespace, finding, store)


def _row(model: Model, view: Facts, answer: Answer | None) -> Served:
    startup = startup_seconds(view)
    if answer is None:
        return Served(model.name, view.wanted, startup)
    return Served(
        model.name,
        view.wanted,
        startup,
        round(answer.first_token_seconds, 3),
        round(answer.total_seconds, 3),
        answer.text,
    )


def startup_seconds(view: Facts) -> float | None:
    """Return the time from container start to Ready, of the slowest replica."""
    times = []
    for pod in view.pods:
        ready = (condition(pod.item, "Ready") or {}).get("lastTransitionTime")
        main = str(pod.item["spec"]["containers"][0]["name"])
        started = next(
            (
                ((c.status.get("state") or {}).get("running") or {}).get("startedAt")
                for c in pod.containers
                if c.name == main
            ),
            None,
        )
        if ready and started:
            times.append((_moment(ready) - _moment(started)).total_seconds())
    return max(times, default=None)


def table(rows: Sequence[Served]) -> list[str]:
    """Return the closing table, at most 80 columns wide."""
    names = [shorten(row.name, 24) for row in rows]
    width = max([len("model"), *map(len, names)])
    head = (
        f"{'model':<{width}}  {'replicas':>8}  {'start-up':>8}  {'first':>7}  {'total':>7}  answer"
    )
    lines = [head, "-" * len(head)]
    for row, name in zip(rows, names, strict=True):
        left = f"{name:<{width}}  {row.replicas:>8}  {_s(row.startup_seconds, 0):>8}"
        left += f"  {_s(row.first_token_seconds, 2):>7}  {_s(row.total_seconds, 2):>7}  "
        lines.append((left + shorten(row.answer or "-", 80 - len(left))).rstrip())
    return lines


def _s(seconds: float | None, digits: int) -> str:
    return "-" if seconds is None else f"{seconds:.{digits}f} s"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
