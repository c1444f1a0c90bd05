# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""A plan that leaves this process: its form has a version, and a digest that tells a change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..spec.record import shortened
from .model_plan import ModelPlan

# Counts up when a reader of older plans would misunderstand a newer one.
FORMAT = 1
_DIGEST_DIGITS = 16


class NotTrustedError(ValueError):
    """Why a plan that came back is not used."""


def sealed(plan: ModelPlan) -> dict[str, Any]:
    """The plan as plain values, with the version of its form and the digest of its content."""
    values = {**plan.as_dict(), "format": FORMAT}
    return {**values, "digest": _digest(values)}


def sealed_text(plan: ModelPlan) -> str:
    """The plan as the Deployment carries it."""
    return json.dumps(sealed(plan.recorded()), sort_keys=True)


def unsealed(values: Any, path: str = "plan") -> ModelPlan:
    """A plan that came back as ``sealed`` made it.

    Raises NotTrustedError for one that was made by another version, cut off or edited by hand.
    """
    if not isinstance(values, Mapping):
        raise NotTrustedError(f"{path}: is not a plan")
    if values.get("format") != FORMAT:
        raise NotTrustedError(
            f"{path}: was made by another version of this collection (form"
            f" {values.get('format', 'unknown')!r}, this one writes {FORMAT})"
        )
    content = {key: value for key, value in values.items() if key != "digest"}
    digest = _digest(content)
    if digest is None or values.get("digest") != digest:
        raise NotTrustedError(f"{path}: was changed or cut off after it had been made")
    try:
        return ModelPlan.from_dict(content, path)
    except ValueError as error:
        raise NotTrustedError(str(error)) from error


def unsealed_text(text: str, path: str = "plan") -> ModelPlan:
    """A plan out of an annotation or a file. Raises NotTrustedError."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise NotTrustedError(f"{path}: is not JSON; it may have been cut off") from None
    return unsealed(values, path)


def shown_plan(values: Any, path: str = "plan") -> ModelPlan:
    """A plan that is only shown: a sealed one, or the keys of ``memory_plan`` and a name.

    Raises ValueError that names the path of what is wrong.
    """
    if isinstance(values, Mapping) and ("digest" in values or "format" in values):
        return unsealed(values, path)
    return ModelPlan.from_dict(values, path)


def shown_plans(values: Any, path: str = "plans") -> list[ModelPlan]:
    """A list of plans that are only shown, each as ``shown_plan`` reads it."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Sequence):
        raise ValueError(f"{path}: {shortened(values)} is not a list of plans")
    return [shown_plan(entry, f"{path}[{index}]") for index, entry in enumerate(values)]


def _digest(values: Mapping[str, Any]) -> str | None:
    """A sum over the content; it tells a change, and proves nothing about who made it.

    None for content that is not the plain data of a plan.
    """
    try:
        text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return None
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_DIGITS]
