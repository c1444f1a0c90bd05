# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Action ``llmops.vllm.plan``; its documentation is in plugins/modules/plan.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.inspect_directory import (
    find_directories,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.look.state import Found
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.snapshot import (
    read_snapshot,
)
from ansible_collections.llmops.vllm.plugins.module_utils.findings import (
    Finding,
    FindingsError,
    errors_in,
)
from ansible_collections.llmops.vllm.plugins.module_utils.manifests.build import Objects, render
from ansible_collections.llmops.vllm.plugins.module_utils.manifests.namespace import LEVELS
from ansible_collections.llmops.vllm.plugins.module_utils.plan.seal import sealed
from ansible_collections.llmops.vllm.plugins.module_utils.plan.verdict import refusals
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.mistakes import find_mistakes
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import Model
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_models
from ansible_collections.llmops.vllm.plugins.plugin_utils.cluster_action import (
    CONNECTION_SPEC,
    ArgumentSpec,
    ClusterAction,
)
from ansible_collections.llmops.vllm.plugins.plugin_utils.packed import pack
from ansible_collections.llmops.vllm.plugins.plugin_utils.planning import (
    Planned,
    Surroundings,
    as_warning,
    is_incomplete,
    look_up,
    plan_models,
)

ARGUMENT_SPEC: ArgumentSpec = {
    **CONNECTION_SPEC,
    "models": {"type": "list", "elements": "dict"},
    "namespace": {"type": "str", "default": "vllm"},
    "pod_security_level": {"type": "str", "choices": list(LEVELS), "default": "restricted"},
    "cluster_name": {"type": "str", "default": ""},
    "cluster": {"type": "str", "choices": ["none", "optional", "required"], "default": "optional"},
    "look": {"type": "bool", "default": False},
    "render": {"type": "bool", "default": True},
    "strict": {"type": "bool", "default": True},
    "packed": {"type": "bool", "default": False},
}


class ActionModule(ClusterAction):
    ARGUMENT_SPEC: ClassVar[ArgumentSpec] = ARGUMENT_SPEC

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        models = _models(arguments)
        planned = self._planned(models, arguments)
        findings, objects = planned.findings, Objects()
        if not arguments["strict"]:
            told = [refusal for plan in planned.plans.values() for refusal in refusals(plan)]
            findings = [*findings, *map(as_warning, told)]
        if arguments["render"] and not errors_in(findings):
            rendered = render(
                models, planned.plans, arguments["namespace"], arguments["pod_security_level"]
            )
            findings = [*findings, *rendered.findings]
            objects = {} if errors_in(findings) else rendered.objects
        result = self._result(planned, objects, findings)
        return _packed(result) if arguments["packed"] else result

    def _result(
        self, planned: Planned, objects: Objects, findings: Sequence[Finding]
    ) -> dict[str, Any]:
        """One model that cannot be planned does not take the plans of the others with it."""
        errors = errors_in(findings)
        self.tell(findings)
        result = {
            "changed": False,
            "plans": [sealed(plan) for plan in planned.plans.values()],
            "objects": objects,
            "findings": [finding.as_dict() for finding in findings],
            "errors": list(dict.fromkeys(map(str, errors))),
        }
        if errors:
            result |= {"failed": True, "msg": str(FindingsError(errors))}
        return result

    def _planned(self, models: Sequence[Model], arguments: dict[str, Any]) -> Planned:
        checkpoints = look_up(models, may_skip=arguments["render"])
        asks = arguments["render"] or any(
            is_incomplete(model, checkpoints[model.name]) for model in models
        )
        return plan_models(
            models,
            checkpoints,
            self._surroundings(models, arguments) if models and asks else Surroundings(),
            cluster=arguments["cluster_name"],
            strict=arguments["strict"],
        )

    def _surroundings(self, models: Sequence[Model], arguments: dict[str, Any]) -> Surroundings:
        """What the cluster says; one that is not needed costs the figures, not the plan."""
        if arguments["cluster"] == "none":
            return Surroundings(why_not="the cluster was not asked for its GPUs")
        try:
            with self.cluster(arguments) as client:
                snapshot = read_snapshot(client, arguments["namespace"], models)
                found = Found()
                if arguments["look"]:
                    found = find_directories(client, models, snapshot, self.say)
                return Surroundings(snapshot=snapshot, found=found)
        except FindingsError as error:
            if arguments["cluster"] == "required":
                raise
            first = error.first
            why = f"the cluster was not reached: {first.subject}: {first.cause}"
            return Surroundings(why_not=why)


def _packed(result: dict[str, Any]) -> dict[str, Any]:
    objects = {component: pack(items) for component, items in result["objects"].items()}
    return result | {"plans": pack(result["plans"]), "objects": objects}


def _models(arguments: dict[str, Any]) -> list[Model]:
    """The models; without the option only the namespace is wanted.

    Mistakes come first: they are found without a cluster.
    """
    if arguments["models"] is None:
        return []
    check = find_mistakes if arguments["strict"] else None
    return parse_models(arguments["models"], check=check)
