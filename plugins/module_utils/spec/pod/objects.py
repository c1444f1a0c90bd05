# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Whole manifests of the user's."""

from __future__ import annotations

from ..readers import text
from ..structures import entry, list_of

_METADATA = entry({"name": text}, needs=["name"], is_open=True)
whole_objects = list_of(
    entry(
        {"apiVersion": text, "kind": text, "metadata": _METADATA},
        needs=["apiVersion", "kind", "metadata"],
        is_open=True,
    ),
    kind="list of objects",
)
