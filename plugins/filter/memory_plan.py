# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Filter: whether a model fits its GPUs, with what cache, and what to ask of the host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.llmops.vllm.plugins.module_utils.sizing.mistakes import find_mistakes
from ansible_collections.llmops.vllm.plugins.module_utils.sizing.plan import plan_memory
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_model

# Sizing needs neither of the two; they only make a model of the mapping.
_NAMES = {"name": "model", "model": "unnamed/model"}


def memory_plan(
    value: Any, gpu: Mapping[str, Any] | None = None, vllm_version: Any = None
) -> dict[str, Any]:
    """A model as its memory plan; the keywords win over the model's own keys."""
    if not isinstance(value, Mapping):
        raise AnsibleFilterError("llmops.vllm.memory_plan: the input is not a mapping of a model")
    raw = {**_NAMES, **value}
    if gpu is not None:
        raw["gpu"] = gpu
    if vllm_version is not None:
        raw["vllm_version"] = vllm_version
    # A path needs a volume to be deployed, not to be sized.
    if str(raw["model"]).startswith("/"):
        raw["model"] = _NAMES["model"]
    try:
        return _planned(raw)
    except RecursionError as error:
        raise AnsibleFilterError("llmops.vllm.memory_plan: config nests without end") from error
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(f"llmops.vllm.memory_plan: {error}") from error


def _planned(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Plan a model; only what has a mistake is read twice, to find all of them."""
    try:
        return plan_memory(parse_model(raw)).as_dict()
    except ValueError:
        parse_model(raw, check=find_mistakes)
        raise


class FilterModule:
    """The filter under its name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"memory_plan": memory_plan}
