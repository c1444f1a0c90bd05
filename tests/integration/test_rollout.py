# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Waiting for rollouts on simulated nodes, and what is said when they fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.connection import (
    Client,
    connect,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.apply import Applier
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.completion.verify import (
    Served,
    verify,
)
from ansible_collections.llmops.vllm.plugins.module_utils.findings import (
    FindingsError,
    raise_errors,
)
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_models

from .conftest import Run
from .objects import deployment, model, namespace_object, service
from .test_faults import NEEDED, grant, signed, with_user

Play = Callable[..., Run]
SetState = Callable[[dict[str, Any]], None]


def wait(
    client: Client, namespace: str, *names: str, timeout_seconds: float = 30.0
) -> tuple[list[Served], list[str]]:
    lines: list[str] = []
    outcome = verify(
        client,
        namespace,
        parse_models([model(name) for name in names or ("tiny",)]),
        timeout_seconds=timeout_seconds,
        with_completion=False,
        say=lines.append,
    )
    raise_errors(outcome.findings)
    return outcome.rows, lines


def refused(client: Client, namespace: str, *, timeout_seconds: float = 60.0) -> tuple[str, float]:
    """Wait for a rollout that fails; return the text and the seconds that it took."""
    start = time.monotonic()
    with pytest.raises(FindingsError) as caught:
        wait(client, namespace, timeout_seconds=timeout_seconds)
    return " ".join(str(caught.value).replace("\n  |", " ").split()), time.monotonic() - start


def test_a_rollout_through_the_playbook(play: Play, client: Client, namespace: str) -> None:
    Applier(client).apply([deployment(namespace, replicas=3), service(namespace)])
    run = play("completion", models=[model()], namespace=namespace, until="rollout", timeout=30)
    assert run.returncode == 0, run.output
    [row] = run.result["models"]
    assert (row["name"], row["replicas"]) == ("tiny", 3)
    assert row["startup_seconds"] >= 0
    assert "tiny: 3 of 3 ready" in run.output
    assert "start-up" in run.output
    assert run.result["changed"] is False


def test_many_models_are_awaited_at_once(client: Client, namespace: str) -> None:
    names = [f"model-{number}" for number in range(10)]
    objects = [make(namespace, name) for name in names for make in (deployment, service)]
    Applier(client).apply(objects)
    rows, lines = wait(client, namespace, *names)
    assert [row.name for row in rows] == names
    assert sum("1 of 1 ready" in line for line in lines) == 10


def test_a_new_revision_is_awaited_and_not_the_old_one(client: Client, namespace: str) -> None:
    Applier(client).apply([deployment(namespace), service(namespace)])
    wait(client, namespace)
    Applier(client).apply([deployment(namespace, nodeSelector={"no": "node"})])
    text = refused(client, namespace, timeout_seconds=3)[0]
    assert "no node has room for it (not ready after 3 s)" in text


def test_check_mode_asks_nobody(play: Play) -> None:
    run = play("completion", "--check", models=[model()], namespace="n", kubeconfig="/nowhere")
    assert run.returncode == 0, run.output
    assert run.result["models"] == []


def test_a_model_that_was_never_deployed(play: Play, namespace: str) -> None:
    run = play("completion", models=[model("a"), model("b")], namespace=namespace)
    assert f"Deployment {namespace}/a: does not exist" in run.words
    assert f"Deployment {namespace}/b: does not exist" in run.words


def test_a_rejected_pod(client: Client, namespace: str) -> None:
    Applier(client).apply(
        [namespace_object(namespace, "restricted"), deployment(namespace), service(namespace)]
    )
    text, seconds = refused(client, namespace)
    assert "tiny: Deployment tiny: the API server rejects its pods" in text
    assert 'violates PodSecurity "restricted:latest"' in text
    assert "fix:" in text
    assert seconds < 15


def test_a_pod_that_no_node_can_ever_hold(client: Client, namespace: str) -> None:
    limits = {"limits": {"nvidia.com/gpu": "8"}}
    Applier(client).apply([deployment(namespace, resources=limits), service(namespace)])
    text, seconds = refused(client, namespace)
    assert "no node can hold it: it asks for 8 nvidia.com/gpu, no node has any" in text
    assert seconds < 25


@pytest.fixture
def pending_pod(client: Client, namespace: str, until: Callable[..., Any]) -> SetState:
    """Return a function that sets the container state of a pod on a node that does not exist.

    Nobody simulates such a pod; Kubernetes removes it after about 40 seconds.
    """
    Applier(client).apply([deployment(namespace, nodeName="nowhere"), service(namespace)])
    pods = f"/api/v1/namespaces/{namespace}/pods"
    [pod] = until(pods, lambda found: found["items"])["items"]

    def set_state(status: dict[str, Any]) -> None:
        entry = {"name": "vllm", "image": "vllm:1", "imageID": "", "ready": False, **status}
        body = {"status": {"containerStatuses": [{"restartCount": 0, **entry}]}}
        client.request(
            "PATCH",
            f"{pods}/{pod['metadata']['name']}/status",
            body=body,
            content_type="application/merge-patch+json",
        )

    return set_state


def test_an_image_that_is_not_there(client: Client, namespace: str, pending_pod: SetState) -> None:
    message = 'rpc error: code = NotFound desc = failed to resolve "vllm:1": not found'
    failed = {"state": {"waiting": {"reason": "ErrImagePull", "message": message}}}
    waits = {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off"}}}
    pending_pod(failed)
    later = [threading.Timer(n, pending_pod, [s]) for n, s in ((2.0, waits), (3.0, failed))]
    for timer in later:
        timer.start()
    text, seconds = refused(client, namespace)
    for timer in later:
        timer.join()
    assert "image cannot be pulled: vllm:1" in text
    assert "not found" in text
    assert 2 < seconds < 10


def test_a_crash_loop(client: Client, namespace: str, pending_pod: SetState) -> None:
    ended = {"exitCode": 1, "reason": "Error", "message": "ValueError: hf_abcdefghijkl is wrong"}
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 10s"}
    pending_pod(
        {"restartCount": 2, "state": {"waiting": waiting}, "lastState": {"terminated": ended}}
    )
    text, seconds = refused(client, namespace)
    assert "container vllm ended with exit code 1, 2 times" in text
    assert "ValueError: <hidden> is wrong" in text
    assert seconds < 5


def test_a_user_with_few_rights_still_gets_a_verdict(
    client: Client, namespace: str, kubeconfig: Path, tmp_path: Path
) -> None:
    grant(client, namespace, *NEEDED)
    path = with_user(kubeconfig, tmp_path / "few", **signed(kubeconfig, tmp_path, days=1))
    Applier(client).apply([deployment(namespace), service(namespace)])
    few = connect(str(path))
    rows, lines = wait(few, namespace)
    few.close()
    assert rows[0].replicas == 1
    assert "tiny: 1 of 1 ready on " in " ".join(lines) or "tiny: 1 of 1 ready" in lines


def test_a_user_who_may_not_watch_polls(
    client: Client, namespace: str, kubeconfig: Path, tmp_path: Path
) -> None:
    api = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    grant(client, namespace, *NEEDED)
    role = {"metadata": {"name": "tester"}}
    rule = {"apiGroups": ["*"], "resources": list(NEEDED), "verbs": ["get", "list"]}
    client.request("PUT", f"{api}/roles/tester", body={**role, "rules": [rule]})
    path = with_user(kubeconfig, tmp_path / "poll", **signed(kubeconfig, tmp_path, days=1))
    Applier(client).apply([deployment(namespace, nodeSelector={"no": "node"}), service(namespace)])
    few = connect(str(path))
    text = refused(few, namespace, timeout_seconds=6)[0]
    few.close()
    assert "no node has room for it (not ready after 6 s)" in text


def test_a_user_who_may_not_look_is_told(
    client: Client, namespace: str, kubeconfig: Path, tmp_path: Path
) -> None:
    grant(client, namespace, "deployments")
    path = with_user(kubeconfig, tmp_path / "blind", **signed(kubeconfig, tmp_path, days=1))
    Applier(client).apply([deployment(namespace), service(namespace)])
    blind = connect(str(path))
    text, seconds = refused(blind, namespace)
    blind.close()
    assert 'User "tester" cannot list resource' in text
    assert seconds < 5


def test_a_directory_on_simulated_nodes_is_taken_for_there(play: Play, namespace: str) -> None:
    storage = {"host_path": "/models/tiny"}
    wanted = model(model="/models/tiny", storage=storage)
    run = play("plan", models=[wanted], namespace=namespace, cluster="required", look=True)
    assert run.returncode == 0, run.output
    assert run.result["plans"][0]["storage"]["node"]
    assert "is simulated" in " ".join(run.result["warnings"])
