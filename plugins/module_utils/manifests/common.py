# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What all generated objects share: names, labels, quantities."""

from __future__ import annotations

from typing import Any

from ..spec.model import Model

MANAGER = "llmops.vllm"
PLAN_ANNOTATION = "llmops.vllm/plan"

Manifest = dict[str, Any]


def selector(model: Model) -> dict[str, str]:
    """The labels that find a model's pods; they never change in its life."""
    return {
        "app.kubernetes.io/name": "vllm",
        "app.kubernetes.io/instance": model.name,
        "app.kubernetes.io/component": "model-server",
    }


def labels(model: Model) -> dict[str, str]:
    """The recommended labels of Kubernetes, after the user's own."""
    return {**model.labels, **selector(model), "app.kubernetes.io/managed-by": MANAGER}


def without_empty(mapping: Manifest) -> Manifest:
    """Leaves out what was not said: None, empty text, list and mapping (not 0 or False)."""
    return {key: value for key, value in mapping.items() if value not in (None, "", [], {})}
