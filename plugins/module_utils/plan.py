# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Every number of a deployment, decided once: what the manifests then only write down."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .sizing.host import shm_gib
from .spec.model import Model
from .startup.probes import ProbePlan, plan_probes

# What the guides of all charts give a checkpoint or a Hub cache.
CLAIM_GIB = 50.0


@dataclass(frozen=True)
class Plan:
    """The figures for one model."""

    probes: ProbePlan
    strategy: dict[str, Any]
    shm_gib: float
    claim_gib: float

    def annotation(self) -> str:
        """The figures as the Deployment carries them, to be read back."""
        return json.dumps(
            {
                "claim_gib": self.claim_gib,
                "guaranteed_seconds": self.probes.guaranteed_seconds,
                "nominal_seconds": self.probes.nominal_seconds,
                "shm_gib": self.shm_gib,
                "wait_timeout_seconds": self.probes.wait_timeout_seconds,
            },
            sort_keys=True,
        )


def plan_model(model: Model) -> Plan:
    """All figures of one model; a number that the user gave is taken as it is."""
    probes = model.probes
    return Plan(
        probes=plan_probes(
            model.startup.max_seconds,
            period=probes.period_seconds,
            initial_delay=probes.initial_delay_seconds,
            timeout=probes.timeout_seconds,
            path=probes.path,
            port="http",
            drain_seconds=probes.drain_seconds,
        ),
        strategy=model.strategy or rollout_strategy(model),
        shm_gib=shm_gib(model.workers),
        claim_gib=model.storage.size_gib or CLAIM_GIB,
    )


def rollout_strategy(model: Model) -> dict[str, Any]:
    """A rollout that ends without a spare GPU, a second writer or a second host port.

    The default of Kubernetes starts the new pod first; with one replica it then waits for
    ever for the GPU that the old pod holds. So the old pod goes first.
    """
    if model.replicas <= 1 or model.host_network:
        return {"type": "Recreate"}
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
