# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The ways in which a deployment fails, one short function and one table row for each.

A rule looks at the facts of one target and returns the evidence when its class of failure shows.
That makes a suspicion; it is confirmed when it has lasted for the rule's grace, or has been
counted often enough. Each rule has recordings of a failure and of a recovery in the unit tests.
"""

from __future__ import annotations

from .containers import container_config, crash_loop, oom_killed, startup_budget
from .images import image_invalid, image_refused, image_unreachable
from .placement import claim_missing, never_fits, unschedulable
from .rule import NEVER, SEE_LOG, Rule
from .volumes import (
    claim_lost,
    claim_pending,
    host_path_missing,
    mount_failed,
    mount_source_missing,
)
from .workload import gone, rejected

# The most telling rule comes first: one target shows one.
RULES: tuple[Rule, ...] = (
    Rule("gone", gone, 3, NEVER, "deploy it again; see who removes it: the audit log, or GitOps"),
    Rule("image_invalid", image_invalid, 0, 1, "correct the model's image (image:)"),
    Rule(
        "image_refused",
        image_refused,
        30,
        2,
        "check the image's name and tag (image:) and, for a private registry, image_pull_secrets",
    ),
    Rule(
        "image_unreachable",
        image_unreachable,
        150,
        NEVER,
        "check that the nodes can reach the registry, or load the image onto them",
    ),
    Rule(
        "rejected",
        rejected,
        10,
        NEVER,
        "correct what the message names: the pod's security settings or the namespace's Pod "
        "Security level, the quota, the service account",
    ),
    Rule("claim_lost", claim_lost, 0, 1, "restore the volume, or delete the claim to start anew"),
    Rule(
        "claim_pending",
        claim_pending,
        60,
        NEVER,
        "set storage.storage_class to a class of this cluster (kubectl get storageclass), "
        "or storage.host_path",
    ),
    Rule("claim_missing", claim_missing, 30, NEVER, "create the claim"),
    Rule(
        "never_fits",
        never_fits,
        15,
        NEVER,
        "ask for less (resources, tensor_parallel_size, accelerator), or add such a node; "
        "for GPUs check that the device plugin runs",
    ),
    Rule(
        "unschedulable",
        unschedulable,
        120,
        NEVER,
        "free or add nodes, or correct node_selector, tolerations and storage of the model",
    ),
    Rule(
        "host_path_missing",
        host_path_missing,
        15,
        NEVER,
        "put the model into that directory on that node, or correct storage.host_path",
    ),
    Rule("mount_source_missing", mount_source_missing, 60, NEVER, "create what the message names"),
    Rule("mount_failed", mount_failed, 180, NEVER, "see the message; check the storage driver"),
    Rule("container_config", container_config, 15, NEVER, "create or correct what it names"),
    Rule(
        "startup_budget",
        startup_budget,
        0,
        1,
        "see in the log how far it came; if it was still loading, raise startup.max_seconds",
    ),
    Rule("oom_killed", oom_killed, NEVER, 1, "raise resources.limits.memory of the model"),
    Rule("crash_loop", crash_loop, NEVER, 2, SEE_LOG),
)
