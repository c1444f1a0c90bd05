# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""From a list of models to lists of objects: what the filters call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..plan import Plan, plan_model
from ..spec.model import Model
from .common import Manifest
from .server import server
from .storage import storage

Plans = Mapping[str, Mapping[str, Any]]


def storage_objects(
    models: Sequence[Model], namespace: str, nodes: Mapping[str, str], plans: Plans
) -> list[Manifest]:
    """Volumes and claims of all models.

    ``nodes``: model name to the node's hostname label; ``plans``: model name to memory plan.
    """
    return [
        manifest
        for model in models
        for manifest in storage(
            model, _plan(model, plans), namespace, nodes.get(model.name) or model.storage.node
        )
    ]


def server_objects(models: Sequence[Model], namespace: str, plans: Plans) -> list[Manifest]:
    """Deployments, Services and extra objects of all models; ``plans``: by model name."""
    return [
        manifest for model in models for manifest in server(model, _plan(model, plans), namespace)
    ]


def _plan(model: Model, plans: Plans) -> Plan:
    """The figures of a model. Raises ValueError that names the model."""
    try:
        return plan_model(model, plans.get(model.name))
    except ValueError as error:
        raise ValueError(f"{model.name}: {error}") from error


def plans_by_name(plans: Any) -> dict[str, Mapping[str, Any]]:
    """The list of plans that the action ``plan`` returns, by model name. Raises ValueError."""
    if not isinstance(plans, list | tuple) or not all(isinstance(p, Mapping) for p in plans):
        raise ValueError("plans: is not a list of plans, as llmops.vllm.preflight returns it")
    return {str(plan.get("name")): plan for plan in plans}
