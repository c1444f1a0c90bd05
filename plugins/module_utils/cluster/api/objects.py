# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Names of Kubernetes objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]


@dataclass(frozen=True, order=True)
class ObjectId:
    """One object: API group and version, kind, namespace ("" for cluster scope), name."""

    group: str
    version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {place}{self.name}"

    @property
    def api_version(self) -> str:
        """Return ``apps/v1``, or ``v1`` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version


def object_id(item: Object) -> ObjectId:
    """Read the id of an object; missing parts come back as empty strings."""
    metadata = item.get("metadata") or {}
    *group, version = str(item.get("apiVersion", "")).split("/")
    return ObjectId(
        group="/".join(group),
        version=version,
        kind=str(item.get("kind", "")),
        namespace=str(metadata.get("namespace") or ""),
        name=str(metadata.get("name") or ""),
    )


def uid(item: Object) -> str:
    """Return the UID that the API server gave to an object."""
    return str((item.get("metadata") or {}).get("uid", ""))


def condition(item: Object, kind: str) -> dict[str, Any] | None:
    """Return a status condition by its type."""
    found: list[dict[str, Any]] = (item.get("status") or {}).get("conditions") or []
    return next((entry for entry in found if entry.get("type") == kind), None)
