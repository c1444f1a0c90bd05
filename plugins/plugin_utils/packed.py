# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Lists of mappings on their way from task to task: as they are, or packed into one text each.

Ansible visits every value of a variable each time that a task is given it. For a hundred models
that takes longer than all requests; a text is one value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.llmops.vllm.plugins.module_utils.findings import failure, shown


def pack(items: Sequence[Mapping[str, Any]]) -> str:
    """Return a list as one text."""
    return json.dumps(items)


def unpack(value: Any, subject: str) -> list[dict[str, Any]]:
    """Return a list of mappings, a single one, or what ``pack`` has made of it, as a list.

    Raises FindingsError for anything else; ``subject`` names the option.
    """
    found = _read(value, subject) if isinstance(value, str) else value
    items = [found] if isinstance(found, Mapping) else found
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise failure(
            "wrong_value",
            subject,
            f"{shown(found)} is not a list of mappings",
            fix="give the list as the action plan returns it",
        )
    return [dict(item) for item in items]


def _read(text: str, subject: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise failure(
            "wrong_value",
            subject,
            f"{shown(text)} is not a list of mappings, nor one that the action plan has packed",
            fix="give the list as the action plan returns it",
        ) from None
