# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Filter: a list of models as the manifests of their Deployment and Service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.llmops.vllm.plugins.module_utils.manifests.build import (
    plans_by_name,
    server_objects,
)
from ansible_collections.llmops.vllm.plugins.module_utils.spec.parse import parse_models
from ansible_collections.llmops.vllm.plugins.module_utils.spec.readers import plain


def server_manifests(models: Any, namespace: str, plans: Any = None) -> list[dict[str, Any]]:
    """The Deployment and Service of all models, as a list for llmops.vllm.apply."""
    try:
        known = plans_by_name(plain(plans or []))
        return server_objects(parse_models(models), str(namespace), known)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filter under its name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"server_manifests": server_manifests}
