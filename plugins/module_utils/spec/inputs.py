# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The user's words that decide a memory plan: while they stay, what a plan knew stays true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .model import Model
from .section import declared
from .variables import SIZING_VARIABLES


def sizing_inputs(model: Model) -> dict[str, Any]:
    """The values of all options that are declared with ``sizes``, by their paths."""
    found = {entry.path: entry.value_in(model) for entry in declared(Model) if entry.option.sizes}
    return {**found, "env": _variables(model.env)}


def _variables(env: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Names of all variables; values only of those that sizing reads, as others may be secret."""
    return {
        str(entry["name"]): entry.get("value") if entry["name"] in SIZING_VARIABLES else None
        for entry in env
    }
