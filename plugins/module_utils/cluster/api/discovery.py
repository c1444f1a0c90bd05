# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Finds the URL path of an object's kind: two requests for the whole API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import ApiError, ClusterError
from .parallel import each

if TYPE_CHECKING:
    from .connection import Client
    from .objects import ObjectId

_LIST = "application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
AGGREGATED = f"{_LIST.format(version='v2')},{_LIST.format(version='v2beta1')},application/json"
Kind = tuple[str, str, str]


@dataclass(frozen=True)
class Resource:
    """How a kind is addressed: its plural, and whether it lives in a namespace."""

    plural: str
    namespaced: bool


# Kinds of every Kubernetes, under names that never change: no server is asked about these.
BUILT_IN: dict[Kind, Resource] = {
    ("", "v1", "Namespace"): Resource("namespaces", namespaced=False),
    ("", "v1", "PersistentVolume"): Resource("persistentvolumes", namespaced=False),
    ("", "v1", "PersistentVolumeClaim"): Resource("persistentvolumeclaims", namespaced=True),
    ("", "v1", "ConfigMap"): Resource("configmaps", namespaced=True),
    ("", "v1", "Secret"): Resource("secrets", namespaced=True),
    ("", "v1", "Service"): Resource("services", namespaced=True),
    ("apps", "v1", "Deployment"): Resource("deployments", namespaced=True),
}


class Discovery:
    """Kinds that this API server knows; asked for when one is not built in."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._kinds: dict[Kind, Resource] | None = None

    def resource(self, wanted: ObjectId) -> Resource:
        """Return how to address the object's kind; raises ``ClusterError`` for an unknown one."""
        kind = (wanted.group, wanted.version, wanted.kind)
        if kind in BUILT_IN:
            return BUILT_IN[kind]
        if self._kinds is None:
            self._kinds = self._load()
        found = self._kinds.get(kind)
        if found is None:
            raise self._unknown(wanted)
        return found

    def path(self, wanted: ObjectId) -> str:
        """Return the URL path of one object."""
        resource = self.resource(wanted)
        group = f"/apis/{wanted.group}" if wanted.group else "/api"
        place = f"/namespaces/{wanted.namespace}" if resource.namespaced else ""
        return f"{group}/{wanted.version}{place}/{resource.plural}/{wanted.name}"

    def _load(self) -> dict[Kind, Resource]:
        lists = each(
            lambda path: self._client.get(path, accept=AGGREGATED),
            ["/api", "/apis"],
        )
        kinds: dict[Kind, Resource] = {}
        for answer in lists:
            if answer.get("kind") == "APIGroupDiscoveryList":
                kinds |= _from_aggregated(answer)
            else:
                kinds |= self._one_by_one(answer)
        return kinds

    def _one_by_one(self, answer: dict[str, Any]) -> dict[Kind, Resource]:
        """Ask for each group version: API servers before 1.30, or with a failing aggregated API."""
        if "versions" in answer:
            names = [("", str(version)) for version in answer["versions"]]
        else:
            names = [
                (str(group["name"]), str(version["version"]))
                for group in answer.get("groups", [])
                for version in group["versions"]
            ]
        kinds: dict[Kind, Resource] = {}
        for found in each(self._group_version, names):
            kinds |= found
        return kinds

    def _group_version(self, name: tuple[str, str]) -> dict[Kind, Resource]:
        group, version = name
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        try:
            answer = self._client.get(path)
        except ApiError:
            return {}  # a broken extension API must not hide the working ones
        return {
            (group, version, item["kind"]): Resource(item["name"], bool(item["namespaced"]))
            for item in answer.get("resources", [])
            if "/" not in item["name"]
        }

    def _unknown(self, wanted: ObjectId) -> ClusterError:
        same_kind = sorted(
            f"{group}/{version}" if group else version
            for group, version, kind in self._kinds or {}
            if kind == wanted.kind
        )
        return ClusterError(
            str(wanted),
            f"this cluster does not know {wanted.api_version} {wanted.kind}",
            evidence=[f"it knows {wanted.kind} in: {', '.join(same_kind)}"] if same_kind else [],
            fix="install the operator that brings this kind, or correct apiVersion and kind",
        )


def _from_aggregated(answer: dict[str, Any]) -> dict[Kind, Resource]:
    kinds: dict[Kind, Resource] = {}
    for group in answer.get("items", []):
        name = (group.get("metadata") or {}).get("name") or ""
        for version in group.get("versions", []):
            for item in version.get("resources", []):
                kind = (item.get("responseKind") or {}).get("kind")
                if kind:
                    key = (name, version["version"], kind)
                    kinds[key] = Resource(item["resource"], item.get("scope") == "Namespaced")
    return kinds
