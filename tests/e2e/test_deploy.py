# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""From nothing to an answered completion, and the faults on the way."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.connection import connect
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.completion.ask import ask
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_models

if TYPE_CHECKING:
    from tests.e2e.conftest import Cluster, Deploy, Run

# Room on a node of two cores, next to what is deployed already.
LITTLE = {"requests": {"cpu": "50m", "memory": "256Mi"}}
# Healthy until it is asked something, as a server whose engine dies in its first step.
DIES_WHEN_ASKED = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def do_POST(self):
        print("the engine is gone", flush=True)
        os._exit(3)
http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def deployed(deploy: Deploy, shared_namespace: str) -> Run:
    """The inventory's model, deployed into a namespace of its own."""
    return deploy(shared_namespace)


def changed(original: dict[str, Any], /, **values: Any) -> dict[str, Any]:
    """Return the model with some keys replaced."""
    return {**original, **values}


def test_deployment_succeeds(deployed: Run) -> None:
    assert deployed.returncode == 0, deployed.output
    assert deployed.counts("local")["failed"] == 0


def test_closing_table_has_the_answer(deployed: Run, model: dict[str, Any]) -> None:
    rows = [line for line in deployed.output.splitlines() if model["name"] in line]
    assert any(re.search(r"\d+(\.\d+)?", row.replace(model["name"], "")) for row in rows)
    for column in ("model", "replicas", "answer"):
        assert column in deployed.output.lower()


def test_model_answers_through_its_service(
    deployed: Run, cluster: Cluster, model: dict[str, Any], shared_namespace: str
) -> None:
    assert deployed.returncode == 0, deployed.output
    answer = cluster.core.connect_get_namespaced_service_proxy_with_path(
        f"{model['name']}:http", shared_namespace, "v1/models", _preload_content=False
    )
    [served] = [one for one in json.loads(answer.data)["data"] if one["object"] == "model"]
    assert served["id"] == model["name"]


def test_every_answer_arrives_whole(
    deployed: Run, cluster: Cluster, model: dict[str, Any], shared_namespace: str
) -> None:
    """The API server's proxy drops about one streamed answer in a hundred when asked carelessly."""
    assert deployed.returncode == 0, deployed.output
    [asked] = parse_models([model])
    client = connect(str(cluster.kubeconfig))
    answers = {ask(client, shared_namespace, asked).text for _number in range(300)}
    client.close()
    assert all(answers)


def test_cache_is_as_large_as_planned(
    deployed: Run, cluster: Cluster, model: dict[str, Any], shared_namespace: str
) -> None:
    assert deployed.returncode == 0, deployed.output
    [pod] = cluster.core.list_namespaced_pod(shared_namespace).items
    log = cluster.core.read_namespaced_pod_log(pod.metadata.name, shared_namespace)
    [seen] = set(re.findall(r"CPU KV cache size: ([\d,]+) tokens", log))
    deployment = cluster.apps.read_namespaced_deployment(model["name"], shared_namespace)
    plan = json.loads(deployment.metadata.annotations["llmops.vllm/plan"])
    assert plan["kv_cache"]["tokens"] == int(seen.replace(",", ""))
    assert plan["checkpoint"]["source"] == "node"
    assert f"room for {seen} tokens" in deployed.words


def test_pod_runs_under_restricted_pod_security(
    deployed: Run, cluster: Cluster, shared_namespace: str
) -> None:
    assert deployed.returncode == 0, deployed.output
    labels = cluster.core.read_namespace(shared_namespace).metadata.labels
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    [pod] = cluster.core.list_namespaced_pod(shared_namespace).items
    assert pod.status.phase == "Running"
    assert pod.spec.security_context.run_as_user == 2000


def test_second_deployment_changes_nothing(
    deployed: Run, deploy: Deploy, shared_namespace: str
) -> None:
    assert deployed.returncode == 0, deployed.output
    again = deploy(shared_namespace)
    assert again.returncode == 0, again.output
    assert again.counts("local")["changed"] == 0, again.output


def test_cluster_that_is_up_is_kept(cluster_again: Run) -> None:
    assert cluster_again.counts("localhost")["changed"] == 0, cluster_again.output


def test_missing_model_directory(
    deploy: Deploy, cluster: Cluster, namespace: str, model: dict[str, Any]
) -> None:
    wrong = changed(
        model, model="/models/none", storage={**model["storage"], "host_path": "/models/none"}
    )
    run = deploy(namespace, wrong)
    assert run.returncode != 0
    assert "/models/none" in run.words
    assert "Traceback" not in run.output
    assert namespace not in cluster.namespaces()


def test_model_file_that_the_server_may_not_read(
    deploy: Deploy,
    cluster: Cluster,
    namespace: str,
    model: dict[str, Any],
    unreadable_model: str,
) -> None:
    storage = {**model["storage"], "host_path": unreadable_model}
    run = deploy(namespace, changed(model, model=unreadable_model, storage=storage))
    assert run.returncode != 0
    assert "uid 2000" in run.words
    assert unreadable_model in run.words
    assert namespace not in cluster.namespaces()


def test_image_that_does_not_exist(deploy: Deploy, namespace: str, model: dict[str, Any]) -> None:
    image = "localhost/llmops/no-such-image:1.0"
    run = deploy(namespace, changed(model, image=image, vllm_version="0.32.0", resources=LITTLE))
    assert run.returncode != 0
    assert image in run.words
    assert "not ready after" not in run.words


def test_server_that_crashes(deploy: Deploy, namespace: str, model: dict[str, Any]) -> None:
    run = deploy(namespace, changed(model, extra_args=["--no-such-flag"], resources=LITTLE))
    assert run.returncode != 0
    assert "unrecognized arguments: --no-such-flag" in run.words
    assert "not ready after" not in run.words


def test_server_that_dies_when_asked(deploy: Deploy, namespace: str, model: dict[str, Any]) -> None:
    run = deploy(
        namespace, changed(model, command=["python3", "-c", DIES_WHEN_ASKED], resources=LITTLE)
    )
    assert run.returncode != 0
    assert "ended with exit code 3" in run.words, run.output
    assert "the engine is gone" in run.words, run.output


def test_init_container_that_crashes(deploy: Deploy, namespace: str, model: dict[str, Any]) -> None:
    """Its log holds the reason, and only a kubelet has it."""
    first = {
        "name": "first",
        "image": model["image"],
        "command": ["python3", "-c", "print('no key for the bucket', flush=True); exit(4)"],
        "resources": LITTLE,
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    run = deploy(namespace, changed(model, init_containers=[first], resources=LITTLE))
    assert run.returncode != 0
    assert "container first ended with exit code 4" in run.words, run.output
    assert "log of first: no key for the bucket" in run.words, run.output
