# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The answer of the sizing, in the form in which it travels; sizes are GiB to four places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from ..spec.record import Record


@dataclass(frozen=True)
class GpuMemory:
    """What one GPU's memory goes to; None where it is not known. No size is below zero."""

    total_gib: float | None = None
    requested_gib: float | None = None
    weights_gib: float | None = None
    activation_gib: float | None = None
    non_torch_gib: float | None = None
    cuda_graph_gib: float | None = None
    kv_cache_gib: float | None = None

    @classmethod
    def read(cls, record: Record) -> GpuMemory:
        """Read it back. Raises ValueError that names the path."""
        return cls(**{entry.name: record.number(entry.name) for entry in fields(cls)})


@dataclass(frozen=True)
class PipelineStage:
    """The GPUs of a pod that carry one pipeline stage, and the memory of each of them."""

    gpus: int
    memory: GpuMemory


@dataclass(frozen=True)
class KvCache:
    """The cache of one replica. ``bytes_per_token``: per GPU, all layers.

    ``request_tokens``: the full length of a request; ``request_gib``: what it takes on each GPU.
    """

    block_size: int | None = None
    num_blocks: int | None = None
    tokens: int | None = None
    max_concurrency: float | None = None
    bytes_per_token: int | None = None
    request_tokens: int | None = None
    request_gib: float | None = None

    @classmethod
    def read(cls, record: Record) -> KvCache:
        """Read it back. Raises ValueError that names the path."""
        return cls(
            block_size=record.whole("block_size"),
            num_blocks=record.whole("num_blocks"),
            tokens=record.whole("tokens"),
            max_concurrency=record.number("max_concurrency"),
            bytes_per_token=record.whole("bytes_per_token"),
            request_tokens=record.whole("request_tokens"),
            request_gib=record.number("request_gib"),
        )


@dataclass(frozen=True)
class Host:
    """What a pod asks of its node, as ``sizing.host`` computes it; None where it is not known."""

    memory_request_gib: float | None = None
    memory_limit_gib: float | None = None
    shm_gib: float | None = None
    cpu: int | None = None

    @classmethod
    def read(cls, record: Record) -> Host:
        """Read it back. Raises ValueError that names the path."""
        return cls(
            memory_request_gib=record.number("memory_request_gib"),
            memory_limit_gib=record.number("memory_limit_gib"),
            shm_gib=record.number("shm_gib"),
            cpu=record.whole("cpu"),
        )


@dataclass(frozen=True)
class Reason:
    """One rule that fails, why, and what to change."""

    rule: str
    message: str
    fix: str

    @classmethod
    def read(cls, record: Record) -> Reason:
        """Read it back. Raises ValueError that names the path."""
        return cls(record.text("rule"), record.text("message"), record.text("fix"))


@dataclass(frozen=True)
class MemoryPlan:
    """The answer. ``notes`` say why ``confidence`` is not ``exact``, and what the plan changes.

    ``stages``: each pipeline stage in order, at least one; rank 0 belongs to the first one.
    ``max_num_seqs``: what to give the server where a hybrid model needs less than its default.
    ``claim_gib``: what the checkpoint needs on a volume, or what the claim that exists has.

    Only a plan that was given to be shown, and does not say so, has no stages or None for ``fits``.
    """

    fits: bool | None
    confidence: str
    reasons: tuple[Reason, ...]
    notes: tuple[str, ...]
    missing: tuple[str, ...]
    stages: tuple[PipelineStage, ...]
    kv_cache: KvCache
    max_model_len_that_fits: int | None
    minimum_gpus: int | None
    max_num_seqs: int | None
    host: Host
    claim_gib: float | None

    @property
    def per_gpu(self) -> GpuMemory:
        """The memory of rank 0, whose lines vLLM's log shows; rules go by the tightest stage."""
        return self.stages[0].memory if self.stages else GpuMemory()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as the filter ``memory_plan`` gives them."""
        return {
            "fits": self.fits,
            "confidence": self.confidence,
            "reasons": [asdict(reason) for reason in self.reasons],
            "notes": list(self.notes),
            "missing": list(self.missing),
            "per_gpu": asdict(self.per_gpu),
            "stages": [{"gpus": stage.gpus, **asdict(stage.memory)} for stage in self.stages],
            "kv_cache": asdict(self.kv_cache),
            "max_model_len_that_fits": self.max_model_len_that_fits,
            "minimum_gpus": self.minimum_gpus,
            "max_num_seqs": self.max_num_seqs,
            "host": asdict(self.host),
            "storage": {"claim_gib": self.claim_gib},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], path: str = "plan") -> MemoryPlan:
        """Read it back; what is absent is not known. Raises ValueError that names the path."""
        record = Record(values, path)
        return cls(
            fits=record.flag("fits"),
            confidence=record.text("confidence") or "unknown",
            reasons=tuple(Reason.read(reason) for reason in record.sections("reasons")),
            notes=record.texts("notes"),
            missing=record.texts("missing"),
            stages=_stages(record),
            kv_cache=KvCache.read(record.section("kv_cache")),
            max_model_len_that_fits=record.whole("max_model_len_that_fits"),
            minimum_gpus=record.whole("minimum_gpus"),
            max_num_seqs=record.whole("max_num_seqs"),
            host=Host.read(record.section("host")),
            claim_gib=record.section("storage").number("claim_gib"),
        )


def _stages(record: Record) -> tuple[PipelineStage, ...]:
    """The stages; without any, the figures of the first GPU stand for all."""
    found = [
        PipelineStage(max(1, section.whole("gpus") or 1), GpuMemory.read(section))
        for section in record.sections("stages")
    ]
    first = GpuMemory.read(record.section("per_gpu"))
    if not found and first != GpuMemory():
        found = [PipelineStage(max(1, record.whole("gpus_per_pod") or 1), first)]
    return tuple(found)
