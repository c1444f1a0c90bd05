# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The only type that carries the figures of a deployment from where they are decided.

Manifests and reports take it and calculate nothing; a plan that has travelled (an annotation, a
file, another task) says the same as on the day it was made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from ..sizing.memory_plan import MemoryPlan
from ..spec.record import Record
from ..startup.probes import ProbePlan


@dataclass(frozen=True)
class StartupPlan:
    """How long the server may take to start (seconds), and the probes that follow.

    Both are None in a plan that is only shown.
    """

    max_seconds: float | None = None
    probes: ProbePlan | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values; the probes' keys stand beside the seconds."""
        return {"max_seconds": self.max_seconds, **(self.probes.as_dict() if self.probes else {})}

    @classmethod
    def read(cls, record: Record) -> StartupPlan:
        """Read it back; only whole probes are some. Raises ValueError that names the path.

        A plan that is only shown may have the model's own keys here.
        """
        keys = [entry.name for entry in fields(ProbePlan)]
        is_whole = all(key in record.values for key in keys)
        try:
            probes = ProbePlan.from_dict({k: record.values[k] for k in keys}) if is_whole else None
        except ValueError as error:
            raise ValueError(f"{record.path}: {error}") from error
        return cls(record.number("max_seconds"), probes)


@dataclass(frozen=True)
class Rollout:
    """How many pods there are, and how a Deployment replaces them."""

    replicas: int = 1
    strategy: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StoragePlan:
    """The model's volume.

    ``size_gib`` is what the volume and its claim get. ``needed_gib`` is what the checkpoint needs,
    whatever a claim that exists has. ``node`` is the hostname label of the node that has the
    directory of a ``host_path``.
    """

    size_gib: float | None = None
    needed_gib: float | None = None
    node: str | None = None


@dataclass(frozen=True)
class CheckpointSource:
    """Where the shape of the checkpoint comes from; see ``checkpoint.result.Checkpoint``."""

    source: str = ""
    revision: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class GpuSource:
    """The GPU that was planned for. ``source``: ``model``, ``nodes`` or ``none``."""

    product: str | None = None
    memory_gib: float | None = None
    count: int | None = None
    source: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sources:
    """What a plan was made from: the user's words, as far as a report repeats them, and the rest.

    ``inputs`` is a digest of all words that decide a size. ``vllm_version`` is the release that
    was planned for, empty where the newest had to be assumed.
    """

    cluster: str = ""
    name: str = ""
    model: str = ""
    accelerator: str = ""
    gpus_per_pod: int | None = None
    tensor_parallel_size: int = 1
    pipeline_parallel_size: int = 1
    data_parallel_size: int = 1
    max_model_len: int | None = None
    vllm_version: str = ""
    inputs: str = ""
    checkpoint: CheckpointSource = CheckpointSource()
    gpu: GpuSource = GpuSource()


@dataclass(frozen=True)
class ModelPlan:
    """Every figure of one model, decided once."""

    memory: MemoryPlan
    startup: StartupPlan
    rollout: Rollout
    storage: StoragePlan
    sources: Sources

    def as_dict(self) -> dict[str, Any]:
        """One flat mapping of plain values: the keys of the filter ``memory_plan``, and more."""
        memory = self.memory.as_dict()
        return {
            **_plain(asdict(self.sources)),
            "vllm_version": self.sources.vllm_version or None,
            **memory,
            "replicas": self.rollout.replicas,
            "rollout": {"strategy": dict(self.rollout.strategy)},
            "startup": self.startup.as_dict(),
            "storage": {**memory["storage"], **asdict(self.storage)},
        }

    @classmethod
    def from_dict(cls, values: Any, path: str = "plan") -> ModelPlan:
        """Read it back; what is absent is not known. Raises ValueError that names the path."""
        record = Record(values, path)
        storage = record.section("storage")
        replicas = record.whole("replicas")
        return cls(
            memory=MemoryPlan.from_dict(record.values, path),
            startup=StartupPlan.read(record.section("startup")),
            rollout=Rollout(
                replicas=1 if replicas is None else replicas,
                strategy=record.section("rollout").section("strategy").values,
            ),
            storage=StoragePlan(
                size_gib=storage.number("size_gib"),
                needed_gib=storage.number("needed_gib"),
                node=storage.text("node") or None,
            ),
            sources=_sources(record),
        )

    def recorded(self) -> ModelPlan:
        """The part that a Deployment carries: without what may differ from one run to the next.

        Such as the claim, which the first run makes and the second one finds.
        """
        sources = replace(
            self.sources,
            cluster="",
            checkpoint=replace(self.sources.checkpoint, notes=()),
            gpu=replace(self.sources.gpu, count=None, notes=()),
        )
        memory = replace(self.memory, claim_gib=self.storage.needed_gib)
        return replace(self, memory=memory, sources=sources)


def _sources(record: Record) -> Sources:
    checkpoint, gpu = record.section("checkpoint"), record.section("gpu")
    return Sources(
        cluster=record.text("cluster"),
        name=record.text("name") or "unnamed",
        model=record.text("model"),
        accelerator=record.text("accelerator"),
        gpus_per_pod=record.whole("gpus_per_pod"),
        tensor_parallel_size=record.whole("tensor_parallel_size") or 1,
        pipeline_parallel_size=record.whole("pipeline_parallel_size") or 1,
        data_parallel_size=record.whole("data_parallel_size") or 1,
        max_model_len=record.whole("max_model_len"),
        vllm_version=record.text("vllm_version"),
        inputs=record.text("inputs"),
        checkpoint=CheckpointSource(
            source=checkpoint.text("source"),
            revision=checkpoint.text("revision") or None,
            notes=checkpoint.texts("notes"),
        ),
        gpu=GpuSource(
            product=gpu.text("product") or None,
            memory_gib=gpu.number("memory_gib"),
            count=gpu.whole("count"),
            source=gpu.text("source"),
            notes=gpu.texts("notes"),
        ),
    )


def _plain(value: Any) -> Any:
    """The same data with lists for tuples, as JSON has it."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    return list(value) if isinstance(value, tuple) else value
