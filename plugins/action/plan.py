# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Action ``llmops.vllm.plan``; its documentation is in plugins/modules/plan.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.candidates import (
    read_nodes,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.last_deployment import (
    read_last,
)
from ansible_collections.llmops.vllm.plugins.module_utils.findings import FindingsError
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.mistakes import find_mistakes
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import Model
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_models
from ansible_collections.llmops.vllm.plugins.plugin_utils.cluster_action import (
    CONNECTION_SPEC,
    ArgumentSpec,
    ClusterAction,
)
from ansible_collections.llmops.vllm.plugins.plugin_utils.planning import (
    Surroundings,
    is_incomplete,
    look_up,
    make_plans,
    needs_nodes,
)

ARGUMENT_SPEC: ArgumentSpec = {
    **CONNECTION_SPEC,
    "models": {"type": "list", "elements": "dict", "required": True},
    "namespace": {"type": "str", "default": "vllm"},
    "cluster_name": {"type": "str", "default": ""},
    "ask_cluster": {"type": "bool", "default": True},
}


class ActionModule(ClusterAction):
    ARGUMENT_SPEC: ClassVar[ArgumentSpec] = ARGUMENT_SPEC

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        models = parse_models(arguments["models"], check=find_mistakes)
        checkpoints = look_up(models, may_skip=False)
        is_open = any(is_incomplete(model, checkpoints[model.name]) for model in models)
        around = self._surroundings(models, arguments) if is_open else Surroundings()
        plans = make_plans(models, checkpoints, around, cluster=arguments["cluster_name"])
        for warning in plans.warnings:
            self.warn(warning)
        errors = list(dict.fromkeys(map(str, plans.errors)))
        found = {"changed": False, "plans": plans.entries, "errors": errors}
        # One model that cannot be planned does not take the plans of the others with it.
        return found | ({"failed": True, "msg": "\n".join(errors)} if errors else {})

    def _surroundings(self, models: Sequence[Model], arguments: dict[str, Any]) -> Surroundings:
        """What the cluster says; one that is out of reach costs the figures, not the plan."""
        if not arguments["ask_cluster"]:
            return Surroundings(why_not="the cluster was not asked for its GPUs")
        try:
            with self.cluster(arguments) as client:
                return Surroundings(
                    nodes=read_nodes(client) if any(map(needs_nodes, models)) else None,
                    last=read_last(client, arguments["namespace"], models),
                )
        except FindingsError as error:
            why = f"the cluster was not reached: {error.first.subject}: {error.first.cause}"
            return Surroundings(why_not=why)
