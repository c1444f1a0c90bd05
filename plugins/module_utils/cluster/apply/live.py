# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Reads the live objects of a long list with few requests."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ...findings import Finding, raise_errors
from ..api.errors import ApiError
from ..api.objects import Object, ObjectId
from ..api.parallel import each

if TYPE_CHECKING:
    from ..api.connection import Client
    from ..api.discovery import Discovery
    from ..api.kinds import Kind

# From so many objects of a kind on, one LIST is asked for instead of single objects.
MANY_IN_NAMESPACE = 4
# A list of the whole cluster also brings what belongs to everybody else.
MANY_IN_CLUSTER = 20
GONE_TIMEOUT_SECONDS = 90.0


class Live:
    """Reads what the API server has now; no older state will do, a change would stay unseen."""

    def __init__(self, client: Client, discovery: Discovery) -> None:
        self._client = client
        self._discovery = discovery

    def read(self, names: Iterable[ObjectId]) -> dict[ObjectId, Object | None]:
        """Return the live objects, None for one that is not there."""
        done: dict[ObjectId, Object | None] = {}
        portions = self._portions(names)
        while portions:
            singly: list[list[ObjectId]] = []
            for portion, found in zip(portions, each(self._read, portions), strict=True):
                if found is None:
                    singly += [[name] for name in portion]
                else:
                    done |= {name: found.get(name.name) for name in portion}
            portions = singly
        return done

    def wait_until_gone(self, names: Iterable[ObjectId]) -> None:
        """Wait until no object has any of the names."""
        end = time.monotonic() + GONE_TIMEOUT_SECONDS
        pause = 0.1
        while there := {name: item for name, item in self.read(names).items() if item is not None}:
            if time.monotonic() > end:
                raise_errors(_stuck(there))
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)
            names = list(there)

    def _portions(self, names: Iterable[ObjectId]) -> list[list[ObjectId]]:
        """Group the names that are read by one request."""
        places: dict[tuple[Kind, str], list[ObjectId]] = {}
        for name in names:
            places.setdefault((self._discovery.kind(name), name.namespace), []).append(name)
        portions = []
        for (kind, dummy), members in places.items():
            if _is_listed(kind, len(members)):
                portions.append(members)
            else:
                portions += [[name] for name in members]
        return portions

    def _read(self, portion: list[ObjectId]) -> dict[str, Object] | None:
        """Return live objects by name, None where the user may get but not list them."""
        first = portion[0]
        if len(portion) == 1:
            found: Object | None = self._client.find(self._discovery.path(first))
            return {} if found is None else {first.name: found}
        try:
            answer = self._client.get(self._discovery.kind(first).path(first.namespace))
        except ApiError as error:
            if error.status == 403:
                return None
            raise
        # The items of a list do not say what they are.
        what = {"apiVersion": first.api_version, "kind": first.kind}
        return {item["metadata"]["name"]: what | item for item in answer["items"]}


def _is_listed(kind: Kind, count: int) -> bool:
    """Tell whether so many objects are read by a list.

    Secrets never are: the others in the namespace are nobody's business here, and those in which
    Helm keeps its releases are megabytes.
    """
    if kind.kind == "Secret":
        return False
    return count >= (MANY_IN_NAMESPACE if kind.namespaced else MANY_IN_CLUSTER)


def _stuck(there: Mapping[ObjectId, Object]) -> list[Finding]:
    return [
        Finding.error(
            "deletion_stuck",
            str(name),
            f"is still being deleted after {GONE_TIMEOUT_SECONDS:.0f} s",
            evidence=[f"finalizers: {', '.join(item['metadata'].get('finalizers') or ['none'])}"],
            fix="see what still uses it, then run the same command again",
        )
        for name, item in there.items()
    ]
