# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Copies values that came through Ansible into plain Python types."""

from __future__ import annotations

import json
from typing import Any

from ...findings import failure


def to_plain(value: Any, *, subject: str) -> Any:
    """Return a deep copy made of dict, list, str, int, float, bool and None only.

    Ansible hands over subclasses of these types (tagged strings, lazy mappings) that YAML dumpers
    refuse. ``subject`` names the value in the error for one that has no JSON form, such as a date.
    """
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError) as error:
        raise failure(
            "not_plain",
            subject,
            f"holds a value that Kubernetes has no form for: {error}",
            fix="put dates and the like in quotes, so that they are strings",
        ) from error
