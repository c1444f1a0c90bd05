# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Finds the URL path of an object's kind: two requests for the whole API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...findings import FindingsError, failure
from .errors import ApiError
from .kinds import Kind, built_in, keeps_data, phase
from .parallel import each

if TYPE_CHECKING:
    from .connection import Client
    from .objects import ObjectId

_LIST = "application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
AGGREGATED = f"{_LIST.format(version='v2')},{_LIST.format(version='v2beta1')},application/json"
Key = tuple[str, str, str]


class Discovery:
    """Kinds that this API server knows; asked for when one is not built in."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._kinds: dict[Key, Kind] | None = None

    def kind(self, wanted: ObjectId) -> Kind:
        """Return how to address the object's kind; raises ``FindingsError`` for an unknown one."""
        key = (wanted.group, wanted.version, wanted.kind)
        row = built_in(*key)
        if row is not None:
            return row
        if self._kinds is None:
            self._kinds = self._load()
        found = self._kinds.get(key)
        if found is None:
            raise self._unknown(wanted)
        return found

    def path(self, wanted: ObjectId) -> str:
        """Return the URL path of one object."""
        return self.kind(wanted).path(wanted.namespace, wanted.name)

    def _load(self) -> dict[Key, Kind]:
        lists = each(
            lambda path: self._client.get(path, accept=AGGREGATED),
            ["/api", "/apis"],
        )
        kinds: dict[Key, Kind] = {}
        for answer in lists:
            if answer.get("kind") == "APIGroupDiscoveryList":
                kinds |= _from_aggregated(answer)
            else:
                kinds |= self._one_by_one(answer)
        return kinds

    def _one_by_one(self, answer: dict[str, Any]) -> dict[Key, Kind]:
        """Ask for each group version: API servers before 1.30, or with a failing aggregated API."""
        if "versions" in answer:
            names = [("", str(version)) for version in answer["versions"]]
        else:
            names = [
                (str(group["name"]), str(version["version"]))
                for group in answer.get("groups", [])
                for version in group["versions"]
            ]
        kinds: dict[Key, Kind] = {}
        for found in each(self._group_version, names):
            kinds |= found
        return kinds

    def _group_version(self, name: tuple[str, str]) -> dict[Key, Kind]:
        group, version = name
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        try:
            answer = self._client.get(path)
        except ApiError:
            return {}  # a broken extension API must not hide the working ones
        return {
            (group, version, item["kind"]): _discovered(
                group, version, item["kind"], item["name"], namespaced=bool(item["namespaced"])
            )
            for item in answer.get("resources", [])
            if "/" not in item["name"]
        }

    def _unknown(self, wanted: ObjectId) -> FindingsError:
        same_kind = sorted(
            f"{group}/{version}" if group else version
            for group, version, kind in self._kinds or {}
            if kind == wanted.kind
        )
        return failure(
            "unknown_kind",
            str(wanted),
            f"this cluster does not know {wanted.api_version} {wanted.kind}",
            evidence=[f"it knows {wanted.kind} in: {', '.join(same_kind)}"] if same_kind else [],
            fix="install the operator that brings this kind, or correct apiVersion and kind",
        )


def _from_aggregated(answer: dict[str, Any]) -> dict[Key, Kind]:
    kinds: dict[Key, Kind] = {}
    for group in answer.get("items", []):
        name = (group.get("metadata") or {}).get("name") or ""
        for version in group.get("versions", []):
            for item in version.get("resources", []):
                kind = (item.get("responseKind") or {}).get("kind")
                if kind:
                    key = (name, version["version"], kind)
                    kinds[key] = _discovered(
                        *key, item["resource"], namespaced=item.get("scope") == "Namespaced"
                    )
    return kinds


def _discovered(group: str, version: str, kind: str, plural: str, *, namespaced: bool) -> Kind:
    """Return the row of a kind as this API server has it."""
    return Kind(
        group,
        version,
        kind,
        plural,
        phase(group, kind),
        namespaced=namespaced,
        keep_on_removal=keeps_data(group, kind),
        built_in=False,
    )
