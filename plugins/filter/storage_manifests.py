# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Filter: a list of models as the manifests of their volumes and claims."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.llmops.vllm.plugins.module_utils.manifests.build import (
    plans_by_name,
    storage_objects,
)
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_models
from ansible_collections.llmops.vllm.plugins.module_utils.spec.readers import plain


def storage_manifests(
    models: Any, namespace: str, nodes: Mapping[str, str] | None = None, plans: Any = None
) -> list[dict[str, Any]]:
    """The volumes and claims of all models, as a list for llmops.vllm.apply."""
    try:
        known = plans_by_name(plain(plans or []))
        return storage_objects(parse_models(models), str(namespace), nodes or {}, known)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filter under its name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"storage_manifests": storage_manifests}
