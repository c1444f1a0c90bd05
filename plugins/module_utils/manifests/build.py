# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""From models and their plans to everything that will be sent, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..findings import Finding, FindingsError
from ..plan.model_plan import ModelPlan
from ..spec.model import Model
from .check.objects import check_objects
from .common import Manifest
from .namespace import namespace_object
from .server import server
from .storage import storage

# In the order in which they are sent; a role applies one of them.
COMPONENTS = ("namespace", "storage", "server")
Objects = dict[str, list[Manifest]]


@dataclass(frozen=True)
class Rendered:
    """All objects by component, and what is wrong with them."""

    objects: Objects
    findings: list[Finding]


def render(
    models: Sequence[Model], plans: Mapping[str, ModelPlan], namespace: str, level: str
) -> Rendered:
    """Render everything. ``plans``: by model name; ``level``: Pod Security level."""
    found: list[Finding] = []

    def of_all(family: Callable[[Model, ModelPlan, str], list[Manifest]]) -> list[Manifest]:
        objects: list[Manifest] = []
        for model in models:
            try:
                objects += family(model, plans[model.name], namespace)
            except FindingsError as error:
                found.extend(error.findings)
        return objects

    objects = {
        "namespace": [namespace_object(namespace, level)],
        "storage": of_all(storage),
        "server": of_all(server),
    }
    return Rendered(objects, found + check_objects(all_objects(objects)))


def all_objects(objects: Mapping[str, Sequence[Manifest]]) -> list[Manifest]:
    """The objects of all components in the order in which they are sent."""
    return [item for component in COMPONENTS for item in objects.get(component) or ()]
