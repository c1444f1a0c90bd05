# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Filter: memory plans as one HTML page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.llmops.vllm.plugins.module_utils.plan.seal import shown_plans
from ansible_collections.llmops.vllm.plugins.module_utils.report.page import plan_page as make_page


def plan_page(plans: Any, written: Any = "") -> str:
    """Plans as an HTML page that needs nothing else."""
    try:
        return make_page(shown_plans(plans), written=str(written))
    except ValueError as error:
        raise AnsibleFilterError(f"llmops.vllm.plan_page: {error}") from error


class FilterModule:
    """The filter under its name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"plan_page": plan_page}
