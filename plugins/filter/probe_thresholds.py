# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Filter: how long a server may take to start, as the three probes of its container."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.llmops.vllm.plugins.module_utils.startup.probes import plan_probes


def probe_thresholds(value: Any, **options: Any) -> dict[str, Any]:
    """Seconds, or a mapping with ``startup.seconds`` or ``seconds``, as probes and times."""
    try:
        return plan_probes(_seconds(value), **options).as_dict()
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(f"llmops.vllm.probe_thresholds: {error}") from error


def _seconds(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    startup = value.get("startup")
    for place in (startup, value):
        if isinstance(place, Mapping) and place.get("seconds") is not None:
            return place["seconds"]
    raise ValueError("the mapping has neither startup.seconds nor seconds")


class FilterModule:
    """The filter under its name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"probe_thresholds": probe_thresholds}
