# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Filter: a namespace's name as its manifest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.llmops.vllm.plugins.module_utils.manifests.namespace import namespace


def namespace_manifests(name: Any, level: str = "restricted") -> list[dict[str, Any]]:
    """The Namespace with its Pod Security labels, as a list for llmops.vllm.apply."""
    if not isinstance(name, str) or not name:
        raise AnsibleFilterError(
            f"llmops.vllm.namespace_manifests: a namespace's name is a text, not {name!r}"
        )
    try:
        return [namespace(str(name), str(level))]
    except ValueError as error:
        raise AnsibleFilterError(f"llmops.vllm.namespace_manifests: {error}") from error


class FilterModule:
    """The filter under its name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"namespace_manifests": namespace_manifests}
