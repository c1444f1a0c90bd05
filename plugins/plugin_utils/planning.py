# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""From models to plans: brings together what is known about each, then lets ``plan`` decide.

Nothing here changes anything. What is wrong with one model does not hide what is wrong with
another: findings are collected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.find import find_checkpoint
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.result import (
    Checkpoint,
    CheckpointError,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.objects import Object
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.parallel import each
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.candidates import (
    hostname_of,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.gpus import (
    find_gpu,
    needs_nodes,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.last_deployment import (
    last_of,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.look.state import Found
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.snapshot import Snapshot
from ansible_collections.llmops.vllm.plugins.module_utils.findings import Finding, Severity
from ansible_collections.llmops.vllm.plugins.module_utils.plan.decide import (
    Around,
    choose_gpu,
    decide,
    doubts,
)
from ansible_collections.llmops.vllm.plugins.module_utils.plan.model_plan import (
    GpuSource,
    ModelPlan,
)
from ansible_collections.llmops.vllm.plugins.module_utils.plan.verdict import ALL_THE_SAME
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import GPU_RESOURCES, Model


@dataclass(frozen=True)
class Surroundings:
    """What the cluster says. ``snapshot`` is None when nobody asked; ``why_not`` then says why.

    ``found``: what short-lived pods saw in the directories of nodes.
    """

    snapshot: Snapshot | None = None
    why_not: str = ""
    found: Found = field(default_factory=Found)


@dataclass(frozen=True)
class Planned:
    """The plans of the models that could be planned, by name, and what was found on the way."""

    plans: dict[str, ModelPlan]
    findings: list[Finding]


def look_up(models: Sequence[Model], *, may_skip: bool = True) -> dict[str, Checkpoint | Finding]:
    """Find the checkpoint of each model, side by side; by model name.

    ``may_skip``: whether vllm_preflight=false helps against an error.
    """
    all_the_same = f"; {ALL_THE_SAME}" if may_skip else ""

    def attempt(model: Model) -> Checkpoint | Finding:
        try:
            return find_checkpoint(model)
        except CheckpointError as error:
            fix = f"if the server gets it elsewhere, give `config` in the model{all_the_same}"
            return Finding.error("checkpoint", f"{model.name}: checkpoint", str(error), fix=fix)

    return dict(zip([model.name for model in models], each(attempt, models), strict=True))


def plan_models(
    models: Sequence[Model],
    checkpoints: Mapping[str, Checkpoint | Finding],
    surroundings: Surroundings,
    *,
    cluster: str = "",
    strict: bool = True,
) -> Planned:
    """Plan each model with the best that is known about it.

    ``strict``: a model that cannot be planned is an error and gets no plan; otherwise it is
    planned without figures, and a warning says why.
    """
    plans: dict[str, ModelPlan] = {}
    findings = list(surroundings.found.findings)
    for model in models:
        around, problem = _around(model, checkpoints[model.name], surroundings, findings)
        decided = problem or _decide(model, around, cluster)
        if isinstance(decided, Finding) and not strict:
            findings.append(as_warning(decided))
            around = replace(around, checkpoint=_nothing(decided))
            decided = _decide(_without_shape(model), around, cluster)
        if isinstance(decided, Finding):
            findings.append(decided)
            continue
        plans[model.name] = decided
        findings += doubts(model, around, decided)
    return Planned(plans, findings)


def _decide(model: Model, around: Around, cluster: str) -> ModelPlan | Finding:
    """Decide, or say why that is impossible."""
    try:
        return decide(model, around, cluster=cluster)
    except ValueError as error:
        return Finding.error("configuration", model.name, str(error))


def _around(
    model: Model,
    found: Checkpoint | Finding,
    surroundings: Surroundings,
    findings: list[Finding],
) -> tuple[Around, Finding | None]:
    """What is known about a model, and why its checkpoint is not; appends to ``findings``."""
    checkpoint = _best(model, found, surroundings.found.checkpoints.get(model.name))
    problem = checkpoint if isinstance(checkpoint, Finding) else None
    last = last_of(surroundings.snapshot, model) if surroundings.snapshot else None
    if last is not None and last.not_trusted is not None:
        findings.append(last.not_trusted)
    node = surroundings.found.nodes.get(model.name) or _named_node(model)
    around = Around(
        checkpoint=_nothing(checkpoint) if isinstance(checkpoint, Finding) else checkpoint,
        gpu=_gpu(model, surroundings, node),
        last=last.plan if last else None,
        claim_gib=last.claim_gib if last else None,
        node=node,
    )
    return around, problem


def _named_node(model: Model) -> str | None:
    """The node that the user has named for a model's directory."""
    return model.storage.node or (model.node_name if model.storage.host_path else None)


def as_warning(finding: Finding) -> Finding:
    """The finding as one that is only told."""
    return replace(finding, severity=Severity.WARNING)


def _nothing(why: Finding) -> Checkpoint:
    return Checkpoint("none", {}, notes=(why.cause,))


def _without_shape(model: Model) -> Model:
    """The model without the words that its checkpoint contradicts."""
    return replace(model, config={}, weights_bytes=None, quantization=None)


def _best(
    model: Model, found: Checkpoint | Finding, on_node: Checkpoint | None
) -> Checkpoint | Finding:
    """What the user gave, else what lies on the node that will serve it, else what was found."""
    if on_node is None or (isinstance(found, Checkpoint) and found.source == "model"):
        return found
    if not on_node.known and (isinstance(found, Finding) or found.known):
        return found
    earlier = found.notes if isinstance(found, Checkpoint) else ()
    notes = on_node.notes if on_node.known else (*earlier, *on_node.notes)
    size = model.weights_bytes or on_node.weights_bytes
    return replace(on_node, weights_bytes=size, notes=notes)


def _gpu(model: Model, surroundings: Surroundings, place: str | None) -> GpuSource:
    snapshot = surroundings.snapshot
    if snapshot is None:
        return choose_gpu(model, None, (surroundings.why_not,) if surroundings.why_not else ())
    if snapshot.nodes.items is None:
        return choose_gpu(model, None, (f"the nodes were not read: {snapshot.nodes.why_not}",))
    other = _other_resource(model)
    if other:
        return choose_gpu(model, None, (f"resources say {other}; give gpu.memory_gib",))
    on_nodes = find_gpu(_at(snapshot.nodes.items, place), model)
    if on_nodes is None:
        return choose_gpu(model, None, ("no node that takes the model says what GPU it has",))
    return choose_gpu(model, on_nodes.gpu, on_nodes.notes)


def _at(nodes: Sequence[Object], place: str | None) -> Sequence[Object]:
    """The node that a model's volume binds its pods to, or all."""
    if place is None:
        return nodes
    return [node for node in nodes if place in (node["metadata"]["name"], hostname_of(node))]


def _other_resource(model: Model) -> str:
    """What the user asks for instead of whole GPUs, such as a slice of one (MIG)."""
    own = GPU_RESOURCES[model.accelerator] if model.accelerator != "cpu" else ""
    vendor = own.partition("/")[0]
    for entries in model.resources.values():
        for name, amount in entries.items() if isinstance(entries, Mapping) else ():
            if (name == own and str(amount) == "0") or (
                name != own and str(name).startswith(f"{vendor}/")
            ):
                return f"{name}: {amount}"
    return ""


def is_incomplete(model: Model, found: Checkpoint | Finding) -> bool:
    """Tell whether a cluster may know more about the model than this machine does."""
    return needs_nodes(model) or (isinstance(found, Checkpoint) and not found.known)
