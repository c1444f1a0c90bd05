# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""A Secret for the tests."""

from __future__ import annotations

import base64
from typing import Any


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def secret(values: dict[str, str], **metadata: Any) -> dict[str, Any]:
    data = {key: encoded(value) for key, value in values.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", **metadata},
        "data": data,
    }
