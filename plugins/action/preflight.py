# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Action ``llmops.vllm.preflight``; its documentation is in plugins/modules/preflight.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.access import check_access
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.candidates import given_nodes
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.errors import raise_all
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.inspect_directory import (
    find_directories,
)
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_models
from ansible_collections.llmops.vllm.plugins.plugin_utils.cluster_action import (
    CONNECTION_SPEC,
    ArgumentSpec,
    ClusterAction,
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
        # Mistakes in the models come first: they are found without a cluster.
        models = parse_models(arguments["models"])
        if not arguments["cluster_checks"]:
            return {"changed": False, "nodes": given_nodes(models)}
        namespace = arguments["namespace"]
        with self.cluster(arguments) as client:
            access = check_access(client, namespace, models, arguments["objects"])
            found = find_directories(client, namespace, models, self.say)
        raise_all([*access.errors, *found.errors])
        for warning in [*access.warnings, *found.warnings]:
            self.warn(warning)
        return {"changed": False, "nodes": found.nodes}
