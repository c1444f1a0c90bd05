# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Plans as plain data, read once into typed values for the table and the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# What a GPU's memory goes to, in the order in which it is shown: name, key of the plan.
PARTS = (
    ("weights", "weights_gib"),
    ("activations", "activation_gib"),
    ("CUDA graphs", "cuda_graph_gib"),
    ("other", "non_torch_gib"),
    ("KV cache", "kv_cache_gib"),
)
_KINDS = ("tensor", "pipeline", "data")
# More of a stage's GPUs would fill a table.
LABEL_WIDTH = 12


@dataclass(frozen=True)
class Stage:
    """One pipeline stage: the numbers of its GPUs, and the memory (GiB) of each of them.

    ``parts`` are in the order of ``PARTS``; None where a figure is not known. The last one, the
    cache, is zero when the others leave no room for it.
    """

    gpus: tuple[int, ...]
    total: float | None
    requested: float | None
    parts: tuple[float | None, ...]

    @property
    def label(self) -> str:
        """Its GPUs: ``GPU 0``, ``GPU 0-1``, ``GPU 0-1, 4-5``."""
        return f"GPU {_ranges(self.gpus)}"

    @property
    def taken(self) -> float | None:
        """What all parts take together, None when one of them is not known."""
        known = [max(0.0, part) for part in self.parts if part is not None]
        return sum(known) if len(known) == len(self.parts) else None

    @property
    def free(self) -> float | None:
        """What the card has left; negative when it is too small."""
        return None if self.total is None or self.taken is None else self.total - self.taken


@dataclass(frozen=True)
class Source:
    """Where the shape or the GPU comes from: the plan's word or nothing, details, sentences."""

    kind: str
    detail: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Reason:
    """Why a model does not fit, and what to change."""

    message: str
    fix: str


@dataclass(frozen=True)
class Host:
    """What a pod asks of its node, and the size of the volume; sizes are GiB."""

    memory_request: float | None
    memory_limit: float | None
    shm: float | None
    cpu: float | None
    claim: float | None


@dataclass(frozen=True)
class Plan:
    """One model's plan; None and the empty text where something is not known."""

    cluster: str
    name: str
    model: str
    accelerator: str
    vllm_version: str
    replicas: int
    gpus_per_pod: int | None
    sizes: tuple[tuple[str, int], ...]
    max_model_len: int | None
    fits: bool | None
    confidence: str
    reasons: tuple[Reason, ...]
    notes: tuple[str, ...]
    stages: tuple[Stage, ...]
    tokens: int | None
    concurrency: float | None
    request_tokens: int | None
    request_gib: float | None
    longest: int | None
    minimum_gpus: int | None
    max_num_seqs: int | None
    host: Host
    start_seconds: float | None
    checkpoint: Source
    gpu: Source

    @property
    def verdict(self) -> str:
        """``fits``, ``does not fit`` or ``not known``."""
        if self.fits is False:
            return "does not fit"
        return "fits" if self.fits and self.confidence != "unknown" else "not known"

    @property
    def stage_names(self) -> tuple[str, ...]:
        """What to call the stages: their GPUs, or numbers where copies scatter those too far."""
        labels = tuple(stage.label for stage in self.stages)
        if max(map(len, labels), default=0) <= LABEL_WIDTH:
            return labels
        return tuple(f"stage {number}" for number in range(1, len(labels) + 1))

    @property
    def missing_cache(self) -> float | None:
        """GiB on each GPU that one request of the full length lacks; None if none or not known.

        With several stages it is not known which of them lacks how much.
        """
        cache = self.stages[0].parts[-1] if len(self.stages) == 1 else None
        if self.request_gib is None or cache is None or not 0 < cache < self.request_gib:
            return None
        return self.request_gib - cache


def read_plans(plans: Any) -> list[Plan]:
    """All plans of a list. Raises ValueError that names the path of what is wrong."""
    if isinstance(plans, (str, bytes)) or not isinstance(plans, Sequence):
        raise ValueError(f"plans: {_shown(plans)} is not a list of plans")
    return [_read(_Fields(plan, f"plans[{index}]")) for index, plan in enumerate(plans)]


def by_cluster(plans: Sequence[Plan]) -> dict[str, list[Plan]]:
    """The plans of each cluster, in the order in which they are given."""
    groups: dict[str, list[Plan]] = {}
    for plan in plans:
        groups.setdefault(plan.cluster, []).append(plan)
    return groups


def clean(text: str) -> str:
    """The text on one line, without control characters and doubled spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class _Fields:
    """One mapping of a plan; what is absent or null is None, what has a wrong type an error."""

    def __init__(self, values: Any, path: str) -> None:
        if not isinstance(values, Mapping):
            raise ValueError(f"{path}: {_shown(values)} is not a mapping")
        self.values, self.path = values, path

    def section(self, key: str) -> _Fields:
        values = self.values.get(key)
        return _Fields({} if values is None else values, f"{self.path}.{key}")

    def listed(self, key: str) -> list[Any]:
        values = self.values.get(key)
        if values is None:
            return []
        if isinstance(values, (str, bytes)) or not isinstance(values, Sequence):
            raise self._error(key, "a list")
        return list(values)

    def sections(self, key: str) -> list[_Fields]:
        return [
            _Fields(values, f"{self.path}.{key}[{index}]")
            for index, values in enumerate(self.listed(key))
        ]

    def text(self, key: str) -> str:
        value = self.values.get(key)
        if value is not None and not isinstance(value, str):
            raise self._error(key, "a text")
        return clean(value or "")

    def sentences(self, key: str) -> tuple[str, ...]:
        found = self.listed(key)
        if not all(isinstance(entry, str) for entry in found):
            raise self._error(key, "a list of texts")
        return tuple(clean(entry) for entry in found)

    def flag(self, key: str) -> bool | None:
        value = self.values.get(key)
        if value is not None and not isinstance(value, bool):
            raise self._error(key, "true or false")
        return value

    def number(self, key: str) -> float | None:
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._error(key, "a number")
        if not math.isfinite(value):
            raise self._error(key, "a finite number")
        return value

    def whole(self, key: str) -> int | None:
        value = self.number(key)
        if value is not None and value != int(value):
            raise self._error(key, "a whole number")
        return None if value is None else int(value)

    def _error(self, key: str, wanted: str) -> ValueError:
        return ValueError(f"{self.path}.{key}: {_shown(self.values[key])} is not {wanted}")


def _read(plan: _Fields) -> Plan:
    cache = plan.section("kv_cache")
    split = [plan.whole(f"{kind}_parallel_size") or 1 for kind in _KINDS]
    stages = _stages(plan, split)
    return Plan(
        cluster=plan.text("cluster"),
        name=plan.text("name") or "unnamed",
        model=plan.text("model"),
        accelerator=plan.text("accelerator"),
        vllm_version=plan.text("vllm_version"),
        replicas=_or(plan.whole("replicas"), 1),
        gpus_per_pod=plan.whole("gpus_per_pod"),
        sizes=tuple((kind, size) for kind, size in zip(_KINDS, split, strict=True) if size > 1),
        max_model_len=plan.whole("max_model_len"),
        fits=plan.flag("fits"),
        confidence=plan.text("confidence") or "unknown",
        reasons=_reasons(plan),
        notes=plan.sentences("notes"),
        stages=stages,
        tokens=cache.whole("tokens"),
        concurrency=cache.number("max_concurrency"),
        request_tokens=cache.whole("request_tokens"),
        request_gib=cache.number("request_gib"),
        longest=plan.whole("max_model_len_that_fits"),
        minimum_gpus=plan.whole("minimum_gpus"),
        max_num_seqs=plan.whole("max_num_seqs"),
        host=_host(plan.section("host"), plan.section("storage")),
        start_seconds=plan.section("startup").number("max_seconds"),
        checkpoint=_checkpoint(plan.section("checkpoint")),
        gpu=_gpu(plan.section("gpu"), stages),
    )


def _host(host: _Fields, storage: _Fields) -> Host:
    return Host(
        memory_request=host.number("memory_request_gib"),
        memory_limit=host.number("memory_limit_gib"),
        shm=host.number("shm_gib"),
        cpu=host.number("cpu"),
        claim=storage.number("claim_gib"),
    )


def _reasons(plan: _Fields) -> tuple[Reason, ...]:
    return tuple(
        Reason(reason.text("message"), reason.text("fix")) for reason in plan.sections("reasons")
    )


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _checkpoint(fields: _Fields) -> Source:
    revision = fields.text("revision")
    detail = f"revision {revision}" if revision else ""
    return Source(fields.text("source"), detail, fields.sentences("notes"))


def _gpu(fields: _Fields, stages: tuple[Stage, ...]) -> Source:
    memory = fields.number("memory_gib") or (stages[0].total if stages else None)
    size = "" if memory is None else f"{memory:.2f} GiB"
    detail = ", ".join(part for part in (fields.text("product"), size) if part)
    return Source(fields.text("source"), detail, fields.sentences("notes"))


def _stages(plan: _Fields, split: list[int]) -> tuple[Stage, ...]:
    """The pipeline stages; a plan of the last deployment has none, only the first GPU's figures."""
    sections = plan.sections("stages")
    if not sections:
        first = plan.section("per_gpu")
        numbers = tuple(range(max(1, plan.whole("gpus_per_pod") or 1)))
        return (_stage(first, numbers),) if any(_part_values(first)) else ()
    counts = [max(1, section.whole("gpus") or 1) for section in sections]
    numbers_of = _gpu_numbers(counts, *split)
    return tuple(map(_stage, sections, numbers_of))


def _part_values(fields: _Fields) -> tuple[float | None, ...]:
    return tuple(fields.number(key) for dummy, key in PARTS)


def _stage(fields: _Fields, numbers: tuple[int, ...]) -> Stage:
    total, requested = fields.number("total_gib"), fields.number("requested_gib")
    return Stage(numbers, total or None, requested, _part_values(fields))


def _gpu_numbers(counts: list[int], tensor: int, pipeline: int, data: int) -> list[tuple[int, ...]]:
    """The GPUs of each stage. vLLM numbers the ranks of one data parallel copy after the other."""
    if len(counts) == pipeline and set(counts) == {tensor * data}:
        return [
            tuple(
                (copy * pipeline + stage) * tensor + rank
                for copy in range(data)
                for rank in range(tensor)
            )
            for stage in range(pipeline)
        ]
    starts = [sum(counts[:index]) for index in range(len(counts))]
    return [tuple(range(start, start + n)) for start, n in zip(starts, counts, strict=True)]


def _ranges(numbers: tuple[int, ...]) -> str:
    """Numbers in ascending order as ``0-1, 4``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{low}-{high}" if high > low else f"{low}" for low, high in runs)


def _shown(value: Any) -> str:
    text = clean(repr(value))
    return text if len(text) <= 60 else f"{text[:57]}..."
