# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Action ``llmops.vllm.apply``; its documentation is in plugins/modules/apply.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api import connection
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.apply import Applier
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.diff import differences
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.apply.outcome import Outcome
from ansible_collections.llmops.vllm.plugins.plugin_utils.cluster_action import (
    CONNECTION_SPEC,
    ArgumentSpec,
    ClusterAction,
)
from ansible_collections.llmops.vllm.plugins.plugin_utils.packed import unpack

# Loaded once, in Ansible's own process: its workers, which are forked, have it already.
LOADED = connection

ARGUMENT_SPEC: ArgumentSpec = {
    **CONNECTION_SPEC,
    "objects": {"type": "raw", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "apply_set": {"type": "str"},
}


class ActionModule(ClusterAction):
    ARGUMENT_SPEC: ClassVar[ArgumentSpec] = ARGUMENT_SPEC

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        with self.cluster(arguments) as client:
            applier = Applier(
                client,
                dry_run=self.check_mode,
                say=self.say,
                apply_set=arguments.get("apply_set") or "",
            )
            do = applier.apply if arguments["state"] == "present" else applier.delete
            outcomes = do(unpack(arguments["objects"], "objects"))
        return {
            "changed": any(outcome.changed for outcome in outcomes),
            "objects": [_row(outcome) for outcome in outcomes],
            "diff": differences(outcomes) if self._task.diff else [],
        }


def _row(outcome: Outcome) -> dict[str, str]:
    return {
        "kind": outcome.id.kind,
        "namespace": outcome.id.namespace,
        "name": outcome.id.name,
        "result": outcome.result,
    }
