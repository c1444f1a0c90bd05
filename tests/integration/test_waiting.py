# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Many workloads at once: each has its own end, and none ends the wait for another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.connection import Client
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.kinds import known
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.apply import Applier
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.completion.verify import (
    Outcome,
    verify,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.facts import (
    Target,
    Workload,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.step import Status
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.wait import Watch
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_models

from .conftest import Run
from .objects import Object, deployment, model, service

Play = Callable[..., Run]
MERGE = "application/merge-patch+json"
NO_IMAGE = 'rpc error: code = NotFound desc = failed to resolve "vllm:1": not found'


def wait(
    client: Client,
    namespace: str,
    *names: str,
    timeout_seconds: float = 60.0,
    say: Callable[[str], None] = lambda _line: None,
) -> Outcome:
    return verify(
        client,
        namespace,
        parse_models([model(name) for name in names]),
        timeout_seconds=timeout_seconds,
        with_completion=False,
        say=say,
    )


def with_services(namespace: str, *deployments: Object) -> list[Object]:
    names = [item["metadata"]["name"] for item in deployments]
    return [*deployments, *(service(namespace, name) for name in names)]


@pytest.fixture
def set_container(client: Client, namespace: str, until: Callable[..., Any]) -> Callable[..., None]:
    """Return a function that sets the container state of a model's pod that no kubelet has."""

    def set_state(name: str, state: Object, **status: Any) -> None:
        path = known("Pod").path(namespace)
        selector = {"labelSelector": f"app.kubernetes.io/instance={name}"}
        end = time.monotonic() + 20
        while not (found := client.get(path, selector)["items"]) and time.monotonic() < end:
            time.sleep(0.1)
        entry = {"name": "vllm", "image": "vllm:1", "imageID": "", "ready": False, "state": state}
        body = {"status": {"containerStatuses": [{"restartCount": 0, **entry, **status}]}}
        [pod] = found
        name = f"{pod['metadata']['name']}/status"
        client.request("PATCH", f"{path}/{name}", body=body, content_type=MERGE)

    return set_state


def test_of_a_hundred_models_the_five_broken_ones_are_named_and_the_others_are_ready(
    client: Client, namespace: str, set_container: Callable[..., None]
) -> None:
    good = [f"model-{number:02}" for number in range(95)]
    volume = {"name": "m", "persistentVolumeClaim": {"claimName": "models"}}
    broken = {
        "no-image": deployment(namespace, "no-image", nodeName="nowhere"),
        "crashes": deployment(namespace, "crashes", nodeName="nowhere"),
        "too-large": deployment(
            namespace, "too-large", resources={"limits": {"nvidia.com/gpu": "8"}}
        ),
        "refused": deployment(namespace, "refused", serviceAccountName="nobody"),
        "no-claim": deployment(namespace, "no-claim", volumes=[volume]),
    }
    fine = [deployment(namespace, name) for name in good]
    Applier(client).apply(with_services(namespace, *fine))
    # Kubernetes removes pods on a node that does not exist after about 40 seconds.
    Applier(client).apply(with_services(namespace, *broken.values()))
    failed = {"waiting": {"reason": "ErrImagePull", "message": NO_IMAGE}}
    waits = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off"}}
    set_container("no-image", failed)
    later = [
        threading.Timer(seconds, set_container, ["no-image", state])
        for seconds, state in ((4.0, waits), (8.0, failed))
    ]
    ended = {"exitCode": 1, "reason": "Error", "message": "ValueError: no such thing"}
    back_off = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}
    set_container("crashes", back_off, restartCount=2, lastState={"terminated": ended})
    for timer in later:
        timer.start()
    lines: list[str] = []
    outcome = wait(client, namespace, *broken, *good, timeout_seconds=120.0, say=lines.append)
    for timer in later:
        timer.join()
    assert [row.name for row in outcome.rows] == good
    assert {finding.subject.split(":")[0]: finding.rule for finding in outcome.findings} == {
        "no-image": "image_refused",
        "crashes": "crash_loop",
        "too-large": "never_fits",
        "refused": "rejected",
        "no-claim": "claim_missing",
    }
    assert len(outcome.findings) == 5
    assert sum("1 of 1 ready" in line for line in lines) == 95
    assert sum(": failed: " in line for line in lines) == 5
    assert "1 of 1 ready" in lines[-1] or ": failed: " in lines[-1]


def test_the_result_holds_the_served_models_next_to_the_failure(
    play: Play, client: Client, namespace: str
) -> None:
    refused = deployment(namespace, "refused", serviceAccountName="nobody")
    Applier(client).apply(with_services(namespace, deployment(namespace, "fine"), refused))
    models = [model("refused"), model("fine"), model("never-sent")]
    run = play("completion", models=models, namespace=namespace, until="rollout", timeout=30)
    assert run.returncode != 0
    assert run.result["failed"] is True
    assert [row["name"] for row in run.result["models"]] == ["fine"]
    assert "refused: Deployment refused: the API server rejects its pods" in run.words
    assert f"Deployment {namespace}/never-sent: does not exist" in run.words
    assert "fix: create ServiceAccount nobody" in run.words
    assert "fine: 1 of 1 ready" in run.output
    assert "start-up" in run.output


def test_a_deployment_that_is_deleted_while_it_is_watched(client: Client, namespace: str) -> None:
    stuck = deployment(namespace, "stuck", nodeSelector={"no": "node"})
    Applier(client).apply(with_services(namespace, stuck, deployment(namespace, "fine")))
    path = known("Deployment").path(namespace, "stuck")
    timer = threading.Timer(2.0, client.request, ["DELETE", path])
    timer.start()
    start = time.monotonic()
    outcome = wait(client, namespace, "stuck", "fine")
    timer.join()
    assert time.monotonic() - start < 15
    [finding] = outcome.findings
    assert (finding.rule, finding.subject) == ("gone", "stuck: Deployment stuck")
    assert [row.name for row in outcome.rows] == ["fine"]


QUOTA = {"limits.memory": "3Gi"}
LIMITS = [{"type": "Container", "max": {"memory": "2Gi"}, "min": {"memory": "1Gi"}}]


def memory(limit: str) -> Object:
    return {"limits": {"memory": limit}, "requests": {"memory": limit}}


def fixes(client: Client, namespace: str, **resources: Object) -> dict[str, str]:
    """Send models with these resources; return what is to be changed, by model."""
    sent = [deployment(namespace, name, resources=wants) for name, wants in resources.items()]
    Applier(client).apply(with_services(namespace, *sent))
    found = wait(client, namespace, *resources).findings
    assert {finding.rule for finding in found} == {"rejected"}
    return {finding.subject.split(":")[0]: finding.fix for finding in found}


def test_a_quota_that_rejects_pods_says_what_to_change(client: Client, namespace: str) -> None:
    body = {"metadata": {"name": "team"}, "spec": {"hard": QUOTA}}
    client.request("POST", known("ResourceQuota").path(namespace), body=body)
    until_counted(client, known("ResourceQuota").path(namespace, "team"))
    assert fixes(client, namespace, large=memory("4Gi"), unsaid={}) == {
        "large": "lower resources.limits.memory (4Gi asked for, 0 of 3Gi used) of the model, "
        "or raise ResourceQuota team",
        "unsaid": "set resources.limits.memory of the model: ResourceQuota team asks for it",
    }


def test_a_limit_range_that_rejects_pods_says_what_to_change(
    client: Client, namespace: str
) -> None:
    body = {"metadata": {"name": "range"}, "spec": {"limits": LIMITS}}
    client.request("POST", known("LimitRange").path(namespace), body=body)
    assert fixes(client, namespace, large=memory("4Gi"), small=memory("512Mi")) == {
        "large": "set resources.limits.memory of the model to at most 2Gi (it is 4Gi), or change "
        "the namespace's LimitRange (per Container)",
        "small": "set resources.requests.memory of the model to at least 1Gi (it is 512Mi), or "
        "change the namespace's LimitRange (per Container)",
    }


def until_counted(client: Client, path: str) -> None:
    """Wait until the quota is in force: before that, it lets everything pass."""
    end = time.monotonic() + 20
    while not client.get(path)["status"].get("used") and time.monotonic() < end:
        time.sleep(0.1)


def stateful_set(namespace: str, name: str, image: str = "vllm:1") -> Object:
    made = deployment(namespace, name, image=image, replicas=2)
    return made | {"kind": "StatefulSet", "spec": made["spec"] | {"serviceName": name}}


def daemon_set(namespace: str, name: str, **pod: Any) -> Object:
    made = deployment(namespace, name, **pod)
    spec = {key: value for key, value in made["spec"].items() if key != "replicas"}
    return made | {"kind": "DaemonSet", "spec": spec}


def ends(client: Client, namespace: str, *targets: Target) -> tuple[dict[str, Status], list[str]]:
    """Watch until all have ended; return their states by kind, and what was said."""
    lines: list[str] = []
    with Watch(client, namespace, targets, lines.append) as watch:
        while watch.open:
            watch.look()
        return {name.kind: verdict.status for name, verdict in watch.verdicts.items()}, lines


def test_workloads_of_several_kinds_are_awaited_together(client: Client, namespace: str) -> None:
    Applier(client).apply(
        [
            *with_services(namespace, deployment(namespace, "same")),
            stateful_set(namespace, "same"),
            daemon_set(namespace, "same"),
        ]
    )
    targets = [
        Target(Workload("Deployment", "same"), 60.0, service="same"),
        Target(Workload("StatefulSet", "same"), 60.0),
        Target(Workload("DaemonSet", "same"), 60.0),
    ]
    found, lines = ends(client, namespace, *targets)
    assert found == dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet"), Status.READY)
    assert "same: 2 of 2 ready" in " ".join(lines)


def test_a_new_revision_of_each_kind_is_awaited_and_not_the_old_one(
    client: Client, namespace: str
) -> None:
    targets = [
        Target(Workload("StatefulSet", "own"), 60.0),
        Target(Workload("DaemonSet", "own"), 60.0),
    ]
    applier = Applier(client)
    applier.apply([stateful_set(namespace, "own"), daemon_set(namespace, "own")])
    ends(client, namespace, *targets)
    applier.apply(
        [stateful_set(namespace, "own", "vllm:2"), daemon_set(namespace, "own", image="vllm:2")]
    )
    assert set(ends(client, namespace, *targets)[0].values()) == {Status.READY}
    pods = client.get(known("Pod").path(namespace))["items"]
    living = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
    assert {pod["spec"]["containers"][0]["image"] for pod in living} == {"vllm:2"}


def test_a_workload_of_another_kind_that_fails_is_named(client: Client, namespace: str) -> None:
    refused = stateful_set(namespace, "refused")
    refused["spec"]["template"]["spec"]["serviceAccountName"] = "nobody"
    stuck = deployment(namespace, "stuck", nodeSelector={"no": "node"})
    Applier(client).apply([refused, daemon_set(namespace, "fine"), stuck])
    targets = [
        Target(Workload("StatefulSet", "refused"), 60.0),
        Target(Workload("DaemonSet", "fine"), 60.0),
        Target(Workload("Deployment", "stuck"), 3.0),
    ]
    found, lines = ends(client, namespace, *targets)
    assert found == {
        "StatefulSet": Status.FAILED,
        "DaemonSet": Status.READY,
        "Deployment": Status.TIMEOUT,
    }
    assert "refused: failed: the API server rejects its pods" in lines
