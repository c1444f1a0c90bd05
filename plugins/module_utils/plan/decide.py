# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Decides every figure of a model, with what was found out about its checkpoint and its GPU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..checkpoint.result import Checkpoint
from ..findings import Finding
from ..sizing.flags import fold_flags
from ..sizing.memory_plan import MemoryPlan
from ..sizing.plan import plan_memory
from ..sizing.settings import resolve_release
from ..spec.model import Gpu, Model
from ..startup.probes import ProbePlan, plan_probes
from .inputs import inputs_digest
from .keep import keep_known
from .model_plan import (
    CheckpointSource,
    GpuSource,
    ModelPlan,
    Rollout,
    Sources,
    StartupPlan,
    StoragePlan,
)

# What the guides of all charts give a checkpoint or a Hub cache.
CLAIM_GIB = 50.0


@dataclass(frozen=True)
class Around:
    """What is known about one model from outside of its own words.

    ``last``: the plan of its last deployment; ``claim_gib``: the size of its claim, which exists;
    ``node``: the hostname label of the node that has its directory.
    """

    checkpoint: Checkpoint
    gpu: GpuSource
    last: ModelPlan | None = None
    claim_gib: float | None = None
    node: str | None = None


def choose_gpu(model: Model, on_nodes: Gpu | None, notes: tuple[str, ...] = ()) -> GpuSource:
    """The GPU that the model names, else the one of the nodes.

    ``notes``: what the nodes said, or why nobody asked them.
    """
    if model.accelerator == "cpu":
        return GpuSource(**asdict(model.gpu), source="none")
    if model.gpu.product or model.gpu.memory_gib:
        return GpuSource(**asdict(model.gpu), source="model")
    if on_nodes is None:
        return GpuSource(**asdict(model.gpu), source="none", notes=notes)
    return GpuSource(**asdict(on_nodes), source="nodes", notes=notes)


def decide(model: Model, around: Around, *, cluster: str = "") -> ModelPlan:
    """All figures of one model; a number that the user gave is taken as it is.

    Raises ValueError for a configuration that is impossible or contradicts itself.
    """
    plan = ModelPlan(
        memory=_memory(model, around),
        startup=StartupPlan(model.startup.max_seconds, probes_of(model)),
        rollout=Rollout(model.replicas, model.strategy or rollout_strategy(model)),
        storage=StoragePlan(node=around.node),
        sources=_sources(model, around, cluster),
    )
    if around.last is not None:
        plan = keep_known(plan, around.last)
    # As it is after it has travelled: the same texts, so the same digest on every way.
    return ModelPlan.from_dict(_with_volume(model, plan, around.claim_gib).as_dict())


def _memory(model: Model, around: Around) -> MemoryPlan:
    checkpoint, gpu = around.checkpoint, around.gpu
    known = replace(
        model,
        config=checkpoint.config,
        weights_bytes=checkpoint.weights_bytes,
        gpu=Gpu(gpu.product, gpu.memory_gib, gpu.count),
    )
    return plan_memory(known, tensors=checkpoint.tensors or ())


def _sources(model: Model, around: Around, cluster: str) -> Sources:
    release = resolve_release(model, None)
    return Sources(
        cluster=cluster,
        name=model.name,
        model=model.model,
        accelerator=model.accelerator,
        gpus_per_pod=model.gpus_per_pod,
        tensor_parallel_size=model.tensor_parallel_size,
        pipeline_parallel_size=model.pipeline_parallel_size,
        data_parallel_size=model.data_parallel_size,
        max_model_len=model.max_model_len,
        vllm_version=".".join(map(str, release.number)) if release.known else "",
        inputs=inputs_digest(model),
        checkpoint=CheckpointSource(
            around.checkpoint.source, around.checkpoint.revision, around.checkpoint.notes
        ),
        gpu=around.gpu,
    )


def _with_volume(model: Model, plan: ModelPlan, existing_gib: float | None) -> ModelPlan:
    """The size of the volume: the user's, or that of the claim that exists, or what is needed.

    A claim that exists keeps its size: most cannot grow, and none can shrink.
    """
    needed = plan.memory.claim_gib
    # A claim that was made of a whole number comes back as a fraction of the same value.
    claim = needed if existing_gib is None or existing_gib == needed else existing_gib
    return replace(
        plan,
        memory=replace(plan.memory, claim_gib=claim),
        storage=replace(
            plan.storage,
            size_gib=model.storage.size_gib or claim or CLAIM_GIB,
            needed_gib=needed,
        ),
    )


def probes_of(model: Model) -> ProbePlan:
    """The probes and deadlines of a model."""
    probes = model.probes
    return plan_probes(
        model.startup.max_seconds,
        period=probes.period_seconds,
        initial_delay=probes.initial_delay_seconds,
        timeout=probes.timeout_seconds,
        path=probes.path,
        port="http",
        drain_seconds=probes.drain_seconds,
    )


def rollout_strategy(model: Model) -> Mapping[str, Any]:
    """A rollout that ends without a spare GPU, a second writer or a second host port.

    The default of Kubernetes starts the new pod first; with one replica it then waits for
    ever for the GPU that the old pod holds. So the old pod goes first.
    """
    if model.replicas <= 1 or model.host_network:
        return {"type": "Recreate"}
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}


def doubts(model: Model, around: Around, plan: ModelPlan) -> list[Finding]:
    """What a user should know about a plan that is not refused."""
    return [*_gpus_by_flag(model), *_small_volume(model, around, plan.storage.needed_gib)]


def _gpus_by_flag(model: Model) -> list[Finding]:
    """A pod asks for the GPUs of the keys; flags of the same meaning do not reach it."""
    wanted = fold_flags(model).model.gpus_per_pod
    if wanted == model.gpus_per_pod or model.resources:
        return []
    cause = (
        f"extra_args make the server take {wanted} GPUs, and its pod asks for {model.gpus_per_pod}"
    )
    fix = "give tensor_parallel_size and its like as keys of the model"
    return [Finding.warning("gpus_by_flag", model.name, cause, fix=fix)]


def _small_volume(model: Model, around: Around, needed_gib: float | None) -> list[Finding]:
    size = model.storage.size_gib or around.claim_gib
    is_filled = model.is_local_path or model.storage.host_path
    if not (size and needed_gib and size < needed_gib) or is_filled:
        return []
    cause = f"the volume has {size:g} GiB, and the checkpoint needs about {needed_gib:g} GiB"
    return [Finding.warning("small_volume", model.name, cause, fix="give storage.size_gib")]
