# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Every number of a deployment, decided once: what the manifests then only write down."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .sizing.plan import plan_memory
from .spec.model import Model
from .startup.probes import ProbePlan, plan_probes

# What the guides of all charts give a checkpoint or a Hub cache.
CLAIM_GIB = 50.0

# What of a memory plan the Deployment carries.
RECORDED = (
    "confidence", "notes", "per_gpu", "kv_cache", "max_model_len_that_fits", "max_num_seqs",
    "host", "storage",
)  # fmt: skip
# What decides a memory plan, as the user writes it (not env: a value there may be a secret).
_INPUTS = (
    "model", "revision", "image", "accelerator", "gpu", "vllm_version", "tensor_parallel_size",
    "pipeline_parallel_size", "data_parallel_size", "enable_expert_parallel", "max_model_len",
    "max_num_seqs", "max_num_batched_tokens", "gpu_memory_utilization", "kv_cache_memory_gib",
    "kv_cache_dtype", "block_size", "dtype", "quantization", "enforce_eager",
    "enable_prefix_caching", "speculative_config", "lora_modules", "extra_args", "config",
    "weights_bytes",
)  # fmt: skip


@dataclass(frozen=True)
class Sizes:
    """What a pod and its volume ask for; None where it is not known.

    ``max_num_seqs``: what a hybrid model needs instead of vLLM's default.
    """

    shm_gib: float
    cpu: int | None
    memory_request_gib: float | None
    memory_limit_gib: float | None
    claim_gib: float | None
    max_num_seqs: int | None


@dataclass(frozen=True)
class Plan:
    """The figures for one model. ``record``: the memory plan as the Deployment carries it."""

    probes: ProbePlan
    strategy: dict[str, Any]
    sizes: Sizes
    claim_gib: float
    record: dict[str, Any]

    def annotation(self) -> str:
        """The figures as the Deployment carries them, to be read back."""
        return json.dumps(
            {
                "claim_gib": self.claim_gib,
                "guaranteed_seconds": self.probes.guaranteed_seconds,
                "memory": self.record,
                "nominal_seconds": self.probes.nominal_seconds,
                "shm_gib": self.sizes.shm_gib,
                "wait_timeout_seconds": self.probes.wait_timeout_seconds,
            },
            sort_keys=True,
        )


def plan_model(model: Model, memory: Mapping[str, Any] | None = None) -> Plan:
    """All figures of one model; a number that the user gave is taken as it is.

    ``memory`` is the model's memory plan, in the form of the filter ``memory_plan``, made with
    what was found out about its checkpoint and its GPU. Without it only the model's own keys
    count. Raises ValueError for a memory plan that is none.
    """
    known = plan_memory(model).as_dict() if memory is None else memory
    sizes = read_sizes(known)
    return Plan(
        probes=probes_of(model),
        strategy=model.strategy or rollout_strategy(model),
        sizes=sizes,
        claim_gib=model.storage.size_gib or sizes.claim_gib or CLAIM_GIB,
        record=record_of(model, known),
    )


def read_sizes(memory: Mapping[str, Any]) -> Sizes:
    """The sizes out of a memory plan. Raises ValueError when it is none."""
    try:
        host = memory["host"]
        return Sizes(
            shm_gib=float(host["shm_gib"]),
            cpu=_number(host["cpu"], int),
            memory_request_gib=_number(host["memory_request_gib"], float),
            memory_limit_gib=_number(host["memory_limit_gib"], float),
            claim_gib=_number(memory["storage"]["claim_gib"], float),
            max_num_seqs=_number(memory["max_num_seqs"], int),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a memory plan: {type(error).__name__} {error}") from error


def _number(value: Any, kind: type) -> Any:
    return None if value is None else kind(value)


def record_of(model: Model, memory: Mapping[str, Any]) -> dict[str, Any]:
    """What the Deployment carries of a memory plan: its figures, and what they were made from."""
    record = {key: memory.get(key) for key in RECORDED}
    sources = {key: (memory.get(key) or {}).get("source") for key in ("checkpoint", "gpu")}
    return {**record, "inputs": inputs_digest(model), "sources": sources}


def inputs_digest(model: Model) -> str:
    """A short sum over the user's words that decide a memory plan."""
    words = {key: value for key, value in asdict(model).items() if key in _INPUTS}
    return hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()[:16]


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


def rollout_strategy(model: Model) -> dict[str, Any]:
    """A rollout that ends without a spare GPU, a second writer or a second host port.

    The default of Kubernetes starts the new pod first; with one replica it then waits for
    ever for the GPU that the old pod holds. So the old pod goes first.
    """
    if model.replicas <= 1 or model.host_network:
        return {"type": "Recreate"}
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
