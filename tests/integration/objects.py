# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Objects for the tests: the least that makes a model."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


def namespace_object(name: str, level: str = "privileged") -> Object:
    labels = {"pod-security.kubernetes.io/enforce": level}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def secret(namespace: str, **values: str) -> Object:
    metadata = {"name": "token", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values}


def config(namespace: str, name: str = "settings", **data: str) -> Object:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def service(namespace: str, name: str = "tiny") -> Object:
    spec = {
        "selector": {"app.kubernetes.io/instance": name},
        "ports": [{"name": "http", "port": 8000, "targetPort": "http"}],
    }
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def deployment(
    namespace: str,
    name: str = "tiny",
    *,
    replicas: int = 1,
    image: str = "vllm:1",
    resources: Object | None = None,
    **pod: Any,
) -> Object:
    labels = {"app.kubernetes.io/instance": name}
    container: Object = {
        "name": "vllm",
        "image": image,
        "ports": [{"name": "http", "containerPort": 8000}],
        "resources": resources or {},
    }
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], **pod}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


def model(name: str = "tiny", **options: Any) -> Object:
    return {"name": name, "model": "org/tiny", "accelerator": "cpu", "image": "vllm:1", **options}
