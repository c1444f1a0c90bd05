# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Action ``llmops.vllm.preflight``; its documentation is in plugins/modules/preflight.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api import connection
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.preflight.check import check
from ansible_collections.llmops.vllm.plugins.module_utils.findings import failure, raise_errors
from ansible_collections.llmops.vllm.plugins.module_utils.manifests.build import all_objects
from ansible_collections.llmops.vllm.plugins.module_utils.manifests.check.objects import (
    check_objects,
)
from ansible_collections.llmops.vllm.plugins.module_utils.plan.model_plan import ModelPlan
from ansible_collections.llmops.vllm.plugins.module_utils.plan.seal import (
    NotTrustedError,
    unsealed,
)
from ansible_collections.llmops.vllm.plugins.module_utils.plan.verdict import refusals, summary
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
    "objects": {"type": "dict", "default": {}},
    "plans": {"type": "raw", "default": []},
    "namespace": {"type": "str", "required": True},
    "until": {
        "type": "str",
        "choices": ["completion", "rollout", "none"],
        "default": "completion",
    },
}


class ActionModule(ClusterAction):
    ARGUMENT_SPEC: ClassVar[ArgumentSpec] = ARGUMENT_SPEC

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        plans = _plans(unpack(arguments["plans"], "plans"))
        objects = all_objects(
            {
                component: unpack(items, f"objects.{component}")
                for component, items in arguments["objects"].items()
            }
        )
        findings = [*check_objects(objects), *(r for plan in plans for r in refusals(plan))]
        with self.cluster(arguments) as client:
            if not objects:
                client.get("/version")
                return {"changed": False, "findings": []}
            findings += check(
                client,
                arguments["namespace"],
                objects,
                watches=arguments["until"] != "none",
                asks=arguments["until"] == "completion",
            )
        self.tell(findings)
        raise_errors(findings)
        for line in [line for plan in plans for line in summary(plan)]:
            self.say(line)
        return {"changed": False, "findings": [finding.as_dict() for finding in findings]}


def _plans(values: Sequence[Any]) -> list[ModelPlan]:
    """The plans as the action ``plan`` gave them; one that was changed since is refused."""
    try:
        return [unsealed(value, f"plans[{index}]") for index, value in enumerate(values)]
    except NotTrustedError as error:
        subject, dummy, cause = str(error).partition(": ")
        fix = "make it again with llmops.vllm.plan"
        raise failure("plan_not_trusted", subject, cause, fix=fix) from error
