# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The namespace and its Pod Security labels."""

from __future__ import annotations

from .common import MANAGER, Manifest

LEVELS = ("restricted", "baseline", "privileged")


def namespace_object(name: str, level: str = "restricted") -> Manifest:
    """A namespace that enforces a Pod Security level.

    ``warn`` and ``audit`` stay at restricted, so that a lower level is never silent.
    Raises ValueError for a level that Kubernetes does not know.
    """
    if level not in LEVELS:
        raise ValueError(f"Pod Security level {level!r} is not one of {', '.join(LEVELS)}")
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "labels": {
                "app.kubernetes.io/managed-by": MANAGER,
                "pod-security.kubernetes.io/enforce": level,
                "pod-security.kubernetes.io/audit": "restricted",
                "pod-security.kubernetes.io/warn": "restricted",
            },
        },
    }
