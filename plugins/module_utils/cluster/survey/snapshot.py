# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What planning reads of a cluster, once: one LIST for each kind, however many models there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ..api.errors import ApiError
from ..api.kinds import known
from ..api.objects import Object
from ..api.parallel import each
from .gpus import needs_nodes

if TYPE_CHECKING:
    from ...spec.model import Model
    from ..api.connection import Client

# Large lists come in parts, as kubectl asks for them: a whole one may take longer than a request.
PART_SIZE = 500


@dataclass(frozen=True)
class Listing:
    """All objects of a kind in one place, in the order of the API server.

    ``items`` is None when they were not read; ``why_not`` says why, in plain words.
    """

    items: tuple[Object, ...] | None
    why_not: str = ""

    def named(self, name: str) -> Object | None:
        """Return the object of a name; None when there is none, or when nobody could look."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> Mapping[str, Object]:
        return {str(item["metadata"]["name"]): item for item in self.items or ()}


NOT_NEEDED = Listing(None, "no model needs them")


@dataclass(frozen=True)
class Snapshot:
    """The cluster as planning sees it; deployments and claims are those of the namespace."""

    namespace: str
    nodes: Listing = NOT_NEEDED
    deployments: Listing = NOT_NEEDED
    claims: Listing = NOT_NEEDED
    volumes: Listing = NOT_NEEDED


def read_snapshot(
    client: Client, namespace: str, models: Sequence[Model], *, nodes: bool = True
) -> Snapshot:
    """Read what the models need, all kinds side by side.

    Without ``nodes`` these are not read, whoever needs them. What this user may not see comes
    back as not read, other errors are raised.
    """
    with_directory = any(model.storage.host_path for model in models)
    wanted = {
        "nodes": ("Node", nodes and (with_directory or any(map(needs_nodes, models)))),
        "deployments": ("Deployment", True),
        "claims": ("PersistentVolumeClaim", True),
        "volumes": ("PersistentVolume", with_directory),
    }
    fields = [field for field, (dummy, is_needed) in wanted.items() if is_needed]
    listings = each(lambda field: _list(client, namespace, wanted[field][0]), fields)
    return Snapshot(namespace, **dict(zip(fields, listings, strict=True)))


def _list(client: Client, namespace: str, kind: str) -> Listing:
    row = known(kind)
    try:
        return Listing(tuple(_parts(client, row.path(namespace))))
    except ApiError as error:
        reason = error.message or error.first.cause
        if error.status == 403:
            return Listing(None, reason)
        if error.status == 404 and row.namespaced:
            return Listing((), reason)  # no such namespace, so there is nothing in it
        raise


def _parts(client: Client, path: str) -> Iterator[Object]:
    """Yield the objects of a LIST, part by part."""
    query: dict[str, str | int] = {"limit": PART_SIZE}
    while True:
        answer = client.get(path, query=query)
        yield from answer.get("items") or []
        rest = (answer.get("metadata") or {}).get("continue")
        if not rest:
            return
        query["continue"] = rest
