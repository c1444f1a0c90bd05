# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Models to plans and objects, the whole pure way, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.find import find_checkpoint
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.result import Checkpoint
from ansible_collections.llmops.vllm.plugins.module_utils.findings import raise_errors
from ansible_collections.llmops.vllm.plugins.module_utils.manifests.build import Objects, render
from ansible_collections.llmops.vllm.plugins.module_utils.plan import decide as deciding
from ansible_collections.llmops.vllm.plugins.module_utils.plan.decide import (
    Around,
    choose_gpu,
    decide,
)
from ansible_collections.llmops.vllm.plugins.module_utils.plan.model_plan import ModelPlan
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.memory_plan import MemoryPlan
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import Model
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_models

Memory = Mapping[str, Any]


def planned(
    model: Model, *, node: str | None = None, memory: Memory | None = None, look_up: bool = False
) -> ModelPlan:
    """Plan a model. ``memory`` takes the place of what the sizing says, in the filter's form.

    ``look_up``: whether the shape of its checkpoint is looked for.
    """
    checkpoint = (
        find_checkpoint(model)
        if look_up
        else Checkpoint("model" if model.config else "none", dict(model.config))
    )
    around = Around(checkpoint, choose_gpu(model, None), node=node or model.storage.node)
    plan = decide(model, around)
    if memory is None:
        return plan
    plan = replace(plan, memory=MemoryPlan.from_dict(memory))
    return deciding._with_volume(model, plan, None)


def rendered(
    raw: Sequence[Mapping[str, Any]],
    namespace: str = "ns",
    *,
    level: str = "restricted",
    nodes: Mapping[str, str] | None = None,
    memory: Memory | None = None,
    look_up: bool = False,
) -> Objects:
    """Return the objects of models as a user writes them. ``nodes``: by model name."""
    models = parse_models(list(raw))
    plans = {
        model.name: planned(
            model, node=(nodes or {}).get(model.name), memory=memory, look_up=look_up
        )
        for model in models
    }
    made = render(models, plans, namespace, level)
    raise_errors(made.findings)
    return made.objects
