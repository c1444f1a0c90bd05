# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""From applied objects to answered completions: wait for each model, ask it, look again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...findings import Finding, FindingsError
from ...plan.seal import NotTrustedError
from ...report.text import shorten
from ...startup.probes import LISTEN_SECONDS
from ..api.kinds import known
from ..api.objects import Object, condition
from ..api.say import Say
from ..survey.last_deployment import carried_plan
from ..watch.facts import Facts, Target, Workload
from ..watch.wait import Watch
from .ask import Answer
from .ending import Closer, Ending, workload

if TYPE_CHECKING:
    from ...spec.model import Model
    from ..api.connection import Client

DEFAULT_TIMEOUT_SECONDS = 630.0
# Asked side by side; each may take minutes, and a server that hangs must not hold up the others.
QUESTIONS = 32


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


@dataclass(frozen=True)
class Outcome:
    """The models that are served, and what is wrong with the others."""

    rows: list[Served]
    findings: list[Finding]


def verify(
    client: Client,
    namespace: str,
    models: Sequence[Model],
    *,
    timeout_seconds: float | None,
    with_completion: bool,
    say: Say,
) -> Outcome:
    """Wait for each model until it is rolled out and has answered, or until its end is certain.

    No model waits for another one, and the failure of one ends nothing for the rest. An API server
    that is gone or forbids to look ends the wait for those that are left, with its own finding.
    """
    live = _deployments(client, namespace)
    deployed = {workload(model): model for model in models if model.name in live}
    findings = [_not_deployed(namespace, model) for model in models if model.name not in live]
    seen = [live[model.name] for model in deployed.values()]
    targets = [
        Target(name, timeout_seconds or _planned_seconds(live[name.name]), service=name.name)
        for name in deployed
    ]
    rows: list[Served] = []
    with Watch(client, namespace, targets, say, seen=seen) as watch:
        closer = Closer(client, namespace, watch.verdicts, with_completion, say)
        endings, broken = _endings(watch, closer, deployed)
        for name, model in deployed.items():
            ending = endings.get(name)
            if ending is None or ending.findings:
                findings += ending.findings if ending else ()
            else:
                rows.append(_row(model, watch.facts(name), ending.answer))
    return Outcome(rows, findings + broken)


def _endings(
    watch: Watch, closer: Closer, models: dict[Workload, Model]
) -> tuple[dict[Workload, Ending], list[Finding]]:
    """Watch until all models have come to their end; also return what ended the watch itself."""
    closing: dict[Workload, Future[Ending]] = {}
    broken: list[Finding] = []
    with _threads() as threads:
        try:
            while watch.open or not all(future.done() for future in closing.values()):
                for name in watch.look():
                    verdict = watch.verdicts[name]
                    closing[name] = threads.submit(closer.end, models[name], verdict)
        except FindingsError as error:
            broken += error.findings
        endings = {name: future.result() for name, future in closing.items()}
    return {name: closer.look_again(models[name], end) for name, end in endings.items()}, broken


@contextmanager
def _threads() -> Iterator[ThreadPoolExecutor]:
    """Run some threads; an interrupt does not wait for questions that nobody asks any more."""
    threads = ThreadPoolExecutor(QUESTIONS)
    try:
        yield threads
    except BaseException:
        threads.shutdown(wait=False, cancel_futures=True)
        raise
    threads.shutdown()


def _deployments(client: Client, namespace: str) -> dict[str, Object]:
    """Return the Deployments of a namespace by name: each says how long it may take."""
    items = client.get(known("Deployment").path(namespace)).get("items") or []
    return {item["metadata"]["name"]: {**item, "kind": "Deployment"} for item in items}


def _not_deployed(namespace: str, model: Model) -> Finding:
    return Finding.error(
        "not_deployed",
        f"Deployment {namespace}/{model.name}",
        "does not exist",
        fix="deploy the model first (deploy_vllm.yml)",
    )


def _planned_seconds(deployment: dict[str, Any]) -> float:
    """How long the wait may take by the plan that the Deployment carries.

    A plan that is not there, or not ours any more, does not count: then Kubernetes' own deadline.
    """
    try:
        plan = carried_plan(deployment)
    except NotTrustedError:
        plan = None
    if plan is not None and plan.startup.probes is not None:
        return float(plan.startup.probes.wait_timeout_seconds)
    deadline = (deployment.get("spec") or {}).get("progressDeadlineSeconds")
    return float(deadline + LISTEN_SECONDS if deadline else DEFAULT_TIMEOUT_SECONDS)


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
