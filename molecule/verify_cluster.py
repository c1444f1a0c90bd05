# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Compares a cluster with a list of models: `verify_cluster.py KUBECONFIG NAMESPACE < models.json`.

Reads the API server directly, without the collection's own code. Prints every difference and ends
with exit code 1 when there is one.
"""

from __future__ import annotations

import json
import sys
from http import HTTPStatus
from typing import Any

from kubernetes import client, config

DEFAULT_BUDGET_SECONDS = 600


def get(api: client.ApiClient, path: str) -> dict[str, Any]:
    """Read one object or list; an object that is not there ends the program."""
    response = api.rest_client.pool_manager.request(
        "GET", f"{api.configuration.host}{path}", headers=auth_headers(api)
    )
    if response.status != HTTPStatus.OK:
        sys.exit(f"{path}: the API server says {response.status} {response.reason}")
    answer: dict[str, Any] = json.loads(response.data)
    return answer


def auth_headers(api: client.ApiClient) -> dict[str, str]:
    """Return the header of a kubeconfig with a token; none with a client certificate."""
    token = api.configuration.get_api_key_with_prefix("authorization")
    return {"authorization": token} if token else {}


def check_namespace(namespace: dict[str, Any]) -> list[str]:
    """Return what is wrong with the namespace."""
    level = namespace["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce")
    return [] if level == "restricted" else [f"the namespace enforces {level}, not restricted"]


def check_deployment(model: dict[str, Any], deployment: dict[str, Any]) -> list[str]:
    """Return what is wrong with a model's Deployment: replicas, probe budget, service links."""
    wanted = model.get("replicas", 1)
    ready = deployment.get("status", {}).get("readyReplicas", 0)
    pod = deployment["spec"]["template"]["spec"]
    container = next(one for one in pod["containers"] if one["name"] == "vllm")
    probe, security = container["startupProbe"], container["securityContext"]
    guaranteed = (
        probe.get("initialDelaySeconds", 0)
        + (probe["failureThreshold"] - 1) * probe["periodSeconds"]
    )
    budget = model.get("startup", {}).get("max_seconds", DEFAULT_BUDGET_SECONDS)
    problems = {
        f"{ready} of {wanted} replicas are ready": ready != wanted,
        f"the startup probe guarantees {guaranteed} s of {budget} s": guaranteed < budget,
        "service links are on": pod.get("enableServiceLinks") is not False,
        "it may gain privileges": security.get("allowPrivilegeEscalation") is not False,
    }
    return [text for text, is_wrong in problems.items() if is_wrong]


def check_pods(model: dict[str, Any], pods: list[dict[str, Any]]) -> list[str]:
    """Return what is wrong with a model's pods."""
    running = [pod for pod in pods if pod["status"].get("phase") == "Running"]
    wanted = model.get("replicas", 1)
    return [] if len(running) == wanted else [f"{len(running)} of {wanted} pods are Running"]


def check_claim(model: dict[str, Any], claims: list[dict[str, Any]]) -> list[str]:
    """Return what is wrong with the claim of a model that has a directory on a node."""
    if not model.get("storage", {}).get("host_path"):
        return []
    phases = [claim["status"].get("phase") for claim in claims]
    return [] if phases == ["Bound"] else [f"its claims are {phases}, not one that is Bound"]


def check_model(api: client.ApiClient, namespace: str, model: dict[str, Any]) -> list[str]:
    """Return what is wrong with one model, each with the model's name in front."""
    name = model["name"]
    selector = f"labelSelector=app.kubernetes.io/instance%3D{name}"
    core = f"/api/v1/namespaces/{namespace}"
    get(api, f"{core}/services/{name}")
    deployment = get(api, f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}")
    problems = [
        *check_deployment(model, deployment),
        *check_pods(model, get(api, f"{core}/pods?{selector}")["items"]),
        *check_claim(model, get(api, f"{core}/persistentvolumeclaims?{selector}")["items"]),
    ]
    return [f"{name}: {problem}" for problem in problems]


def main() -> int:
    """Check the namespace and all models, return the exit code."""
    kubeconfig, namespace = sys.argv[1:3]
    api = config.new_client_from_config(config_file=kubeconfig)
    problems = check_namespace(get(api, f"/api/v1/namespaces/{namespace}"))
    for model in json.load(sys.stdin):
        problems += check_model(api, namespace, model)
    print("\n".join(problems) or "the cluster has what was asked for")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
