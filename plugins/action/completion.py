# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Action ``llmops.vllm.completion``; its documentation is in plugins/modules/completion.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api import connection
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.completion.verify import (
    table,
    verify,
)
from ansible_collections.llmops.vllm.plugins.module_utils.findings import FindingsError
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_models
from ansible_collections.llmops.vllm.plugins.plugin_utils.cluster_action import (
    CONNECTION_SPEC,
    ArgumentSpec,
    ClusterAction,
)

# Loaded once, in Ansible's own process: its workers, which are forked, have it already.
LOADED = connection

ARGUMENT_SPEC: ArgumentSpec = {
    **CONNECTION_SPEC,
    "models": {"type": "list", "elements": "dict", "required": True},
    "namespace": {"type": "str", "required": True},
    "timeout": {"type": "int"},
    "until": {"type": "str", "choices": ["completion", "rollout"], "default": "completion"},
}


class ActionModule(ClusterAction):
    ARGUMENT_SPEC: ClassVar[ArgumentSpec] = ARGUMENT_SPEC

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        models = parse_models(arguments["models"])
        until = arguments["until"]
        if self.check_mode:
            names = ", ".join(model.name for model in models)
            return {"models": [], "msg": f"would wait for the {until} of: {names}"}
        with self.cluster(arguments) as client:
            outcome = verify(
                client,
                arguments["namespace"],
                models,
                timeout_seconds=arguments.get("timeout"),
                with_completion=until == "completion",
                say=self.say,
            )
        if outcome.rows:
            for line in ["", *table(outcome.rows), ""]:
                self.say(line)
        result = {"changed": False, "models": [row.as_dict() for row in outcome.rows]}
        if outcome.findings:
            return result | {"failed": True, "msg": str(FindingsError(outcome.findings))}
        return result
