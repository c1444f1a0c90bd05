# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""From models to plans: looks up checkpoints and GPUs, then calculates.

Nothing here changes anything. What is wrong with one model does not hide what is wrong with
another: errors are collected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.find import find_checkpoint
from ansible_collections.llmops.vllm.plugins.module_utils.checkpoint.result import (
    Checkpoint,
    CheckpointError,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.objects import Object
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.parallel import each
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.candidates import (
    Candidates,
    hostname_of,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.gpus import find_gpu
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.last_deployment import Last
from ansible_collections.llmops.vllm.plugins.module_utils.findings import Finding
from ansible_collections.llmops.vllm.plugins.module_utils.plan_entry import (
    Entry,
    GpuChoice,
    choose_gpu,
    keep_last,
    plan_entry,
)
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.flags import fold_flags
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import GPU_RESOURCES, Model

_ALL_THE_SAME = "to try it all the same, set vllm_preflight=false"


@dataclass
class Plans:
    """One entry for each model that could be planned, and what was wrong with the others."""

    entries: list[Entry] = field(default_factory=list)
    errors: list[Finding] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def refusals(self) -> list[Finding]:
        """Return an error for each model that does not fit."""
        return [refusal(entry) for entry in self.entries if not entry["fits"]]


@dataclass(frozen=True)
class Surroundings:
    """What the cluster says: ``nodes`` None when nobody asked, ``why_not`` then says why.

    ``checkpoints``: read on nodes; ``places``: the nodes (hostname labels) that models are bound
    to; ``last``: left by the last deployment; all by model name.
    """

    nodes: Candidates | None = None
    why_not: str = ""
    checkpoints: Mapping[str, Checkpoint] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    last: Mapping[str, Last] = field(default_factory=dict)


def look_up(models: Sequence[Model], *, may_skip: bool = True) -> dict[str, Checkpoint | Finding]:
    """Find the checkpoint of each model, side by side; by model name.

    ``may_skip``: whether vllm_preflight=false helps against an error.
    """
    all_the_same = f"; {_ALL_THE_SAME}" if may_skip else ""

    def attempt(model: Model) -> Checkpoint | Finding:
        try:
            return find_checkpoint(model)
        except CheckpointError as error:
            fix = f"if the server gets it elsewhere, give `config` in the model{all_the_same}"
            return Finding.error("checkpoint", f"{model.name}: checkpoint", str(error), fix=fix)

    return dict(zip([model.name for model in models], each(attempt, models), strict=True))


def make_plans(
    models: Sequence[Model],
    found: Mapping[str, Checkpoint | Finding],
    around: Surroundings,
    *,
    cluster: str = "",
) -> Plans:
    """Plan each model with the best that is known about it."""
    plans = Plans()
    for model in models:
        checkpoint = _best(model, found[model.name], around.checkpoints.get(model.name))
        if isinstance(checkpoint, Finding):
            plans.errors.append(checkpoint)
            continue
        try:
            entry = plan_entry(model, checkpoint, _gpu(model, around), cluster=cluster)
        except ValueError as error:
            plans.errors.append(Finding.error("plan", model.name, str(error)))
            continue
        plans.warnings += _gpus_by_flag(model)
        last = around.last.get(model.name, Last())
        entry = keep_last(model, entry, last.memory)
        plans.entries.append(_with_claim(model, entry, last.claim_gib, plans.warnings))
    return plans


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


def _gpu(model: Model, around: Surroundings) -> GpuChoice:
    if around.nodes is None:
        return choose_gpu(model, None, (around.why_not,) if around.why_not else ())
    if around.nodes.nodes is None:
        return choose_gpu(model, None, (f"the nodes were not read: {around.nodes.why_not}",))
    other = _other_resource(model)
    if other:
        return choose_gpu(model, None, (f"resources say {other}; give gpu.memory_gib",))
    place = around.places.get(model.name) or model.storage.node
    on_nodes = find_gpu(_at(around.nodes.nodes, place), model)
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


def needs_nodes(model: Model) -> bool:
    """Tell whether the nodes have to be asked for the model's GPU."""
    return model.accelerator != "cpu" and not (model.gpu.product or model.gpu.memory_gib)


def is_incomplete(model: Model, found: Checkpoint | Finding) -> bool:
    """Tell whether a cluster may know more about the model than this machine does."""
    return needs_nodes(model) or (isinstance(found, Checkpoint) and not found.known)


def _gpus_by_flag(model: Model) -> list[str]:
    """A pod asks for the GPUs of the keys; flags of the same meaning do not reach it."""
    wanted = fold_flags(model).model.gpus_per_pod
    if wanted == model.gpus_per_pod or model.resources:
        return []
    warning = (
        f"{model.name}: extra_args make the server take {wanted} GPUs, and its pod asks for"
        f" {model.gpus_per_pod}; give tensor_parallel_size and its like as keys of the model"
    )
    return [warning]


def _with_claim(model: Model, entry: Entry, existing: float | None, warnings: list[str]) -> Entry:
    """A claim that exists keeps its size: most cannot grow, and none can shrink."""
    needed = entry["storage"]["claim_gib"]
    size = model.storage.size_gib or existing
    is_filled = model.is_local_path or model.storage.host_path
    if size and needed and size < needed and not is_filled:
        warnings.append(
            f"{model.name}: the volume has {size:g} GiB, and the checkpoint needs about"
            f" {needed:g} GiB; give storage.size_gib"
        )
    if not existing or existing == needed:
        return entry
    return {**entry, "storage": {**entry["storage"], "claim_gib": existing}}


def _basis(entry: Mapping[str, Any]) -> str:
    """What a plan was made from, so that a wrong input shows."""
    gpu, total = entry["gpu"], entry["per_gpu"]["total_gib"]
    shape = f"shape of the checkpoint from {entry['checkpoint']['source']}"
    if entry["accelerator"] == "cpu":
        return f"the CPU, {shape}"
    card = gpu["product"] or "a GPU"
    size = f" with {total:.2f} GiB" if total else ""
    return f"{card}{size} (from {gpu['source']}), {shape}, {entry['confidence']}"


def refusal(entry: Mapping[str, Any]) -> Finding:
    """The error for a model that does not fit: each rule that fails, and what would fit."""
    reasons = entry["reasons"]
    evidence = [reason["message"] for reason in reasons[1:]]
    longest, gpus = entry["max_model_len_that_fits"], entry["minimum_gpus"]
    if longest:
        evidence.append(f"the longest context that fits: max_model_len {longest}")
    if gpus:
        evidence.append(f"GPUs of this kind that carry it as asked: {gpus}")
    evidence.append(f"planned for: {_basis(entry)}")
    evidence += entry["gpu"]["notes"]
    return Finding.error(
        "does_not_fit",
        f"{entry['name']}: does not fit ({reasons[0]['rule']})",
        reasons[0]["message"],
        evidence=evidence,
        fix="; ".join([*dict.fromkeys(reason["fix"] for reason in reasons), _ALL_THE_SAME]),
    )
