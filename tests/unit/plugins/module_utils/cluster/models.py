# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Models for the tests, as a user would write them."""

from __future__ import annotations

from typing import Any

from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import Model
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_models


def model(**options: Any) -> Model:
    """Return a small model with the given options."""
    raw = {"name": "tiny", "model": "org/tiny", "accelerator": "cpu", "image": "vllm:1", **options}
    return parse_models([raw])[0]
