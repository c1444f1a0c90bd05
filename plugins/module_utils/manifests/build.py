# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""From a list of models to lists of objects: what the filters call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..plan import plan_model
from ..spec.model import Model
from .common import Manifest
from .server import server
from .storage import storage


def storage_objects(
    models: Sequence[Model], namespace: str, nodes: Mapping[str, str]
) -> list[Manifest]:
    """Volumes and claims of all models; ``nodes``: model name to the node's hostname label."""
    return [
        manifest
        for model in models
        for manifest in storage(
            model, plan_model(model), namespace, nodes.get(model.name) or model.storage.node
        )
    ]


def server_objects(models: Sequence[Model], namespace: str) -> list[Manifest]:
    """Deployments, Services and extra objects of all models."""
    return [
        manifest for model in models for manifest in server(model, plan_model(model), namespace)
    ]
