# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Action ``llmops.vllm.preflight``; its documentation is in plugins/modules/preflight.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.preflight.access import (
    check_access,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.candidates import (
    given_nodes,
    read_nodes,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.inspect_directory import (
    find_directories,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.last_deployment import (
    Last,
    read_last,
)
from ansible_collections.llmops.vllm.plugins.module_utils.findings import (
    FindingsError,
    raise_errors,
)
from ansible_collections.llmops.vllm.plugins.module_utils.plan_entry import summary
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
    look_up,
    make_plans,
    needs_nodes,
)

ARGUMENT_SPEC: ArgumentSpec = {
    **CONNECTION_SPEC,
    "models": {"type": "list", "elements": "dict", "required": True},
    "namespace": {"type": "str", "required": True},
    "objects": {"type": "list", "elements": "dict", "default": []},
    "cluster_checks": {"type": "bool", "default": True},
}


class ActionModule(ClusterAction):
    ARGUMENT_SPEC: ClassVar[ArgumentSpec] = ARGUMENT_SPEC

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        # Mistakes in the models come first: they are found without a cluster. Without the checks,
        # what sizing refuses is a warning.
        check = find_mistakes if arguments["cluster_checks"] else None
        models = parse_models(arguments["models"], check=check)
        if arguments["cluster_checks"]:
            return self._with_cluster(models, arguments)
        around = Surroundings(last=self._left_behind(models, arguments))
        plans = make_plans(models, look_up(models), around)
        for error in [*plans.errors, *plans.refusals()]:
            self.warn(str(error))
        return {"changed": False, "nodes": given_nodes(models), "plans": plans.entries}

    def _left_behind(self, models: list[Model], arguments: dict[str, Any]) -> dict[str, Last]:
        """What the last deployment left, so that the objects come out as with the checks."""
        try:
            with self.cluster(arguments) as client:
                return read_last(client, arguments["namespace"], models)
        except FindingsError:
            return {}

    def _with_cluster(self, models: list[Model], arguments: dict[str, Any]) -> dict[str, Any]:
        namespace = arguments["namespace"]
        checkpoints = look_up(models)
        with self.cluster(arguments) as client:
            access = check_access(client, namespace, models, arguments["objects"])
            found = find_directories(client, namespace, models, self.say)
            around = Surroundings(
                nodes=read_nodes(client) if any(map(needs_nodes, models)) else None,
                checkpoints=found.checkpoints,
                places=found.nodes,
                last=read_last(client, namespace, models),
            )
        plans = make_plans(models, checkpoints, around)
        raise_errors([*access.errors, *found.errors, *plans.errors, *plans.refusals()])
        for warning in [*access.warnings, *found.warnings, *plans.warnings]:
            self.warn(warning)
        for line in [line for entry in plans.entries for line in summary(entry)]:
            self.say(line)
        return {"changed": False, "nodes": found.nodes, "plans": plans.entries}
