# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a deployment can be sent and followed: found out before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...findings import Finding, FindingsError
from ..api.discovery import Discovery
from ..api.errors import ApiError
from ..api.kinds import Kind, known
from ..api.objects import Object, ObjectId, object_id
from .access import Right, missing_rights

if TYPE_CHECKING:
    from ..api.connection import Client

# Server-side apply creates or patches, and the live object is read for the comparison. Where many
# objects of a kind are read, one LIST takes the place of the GETs, but only if this user may.
_APPLY_VERBS = ("get", "create", "patch")
# Without these the state of a rollout cannot be seen.
_WATCHED = ("Deployment", "ReplicaSet", "Pod")


def check(
    client: Client,
    namespace: str,
    objects: Sequence[Object],
    *,
    watches: bool,
    asks: bool,
) -> list[Finding]:
    """Compare what will be done with what the cluster knows and what this user may do.

    ``objects``: exactly those that will be sent. ``watches``: the rollout in the ``namespace`` is
    waited for; ``asks``: a completion is asked for there. The number of requests depends on the
    kinds and namespaces, not on the number of objects. Raises when the cluster is out of reach.
    """
    resolved = _resolve(Discovery(client), objects)
    needed = set(_applying(resolved.kinds, namespace))
    helpful: dict[Right, str] = {}
    if watches:
        needed |= {_right("list", known(kind), namespace) for kind in _WATCHED}
        helpful = dict(_explaining(namespace))
    if asks:
        needed.add(_right("create", known("Service"), namespace, "proxy"))
    return resolved.unknown + missing_rights(client, needed, helpful)


@dataclass(frozen=True)
class _Resolved:
    """Objects with how their kinds are addressed, and an error for each kind that is unknown."""

    kinds: Mapping[ObjectId, Kind]
    unknown: list[Finding]


def _resolve(discovery: Discovery, objects: Iterable[Object]) -> _Resolved:
    """Look up the kind of each object."""
    kinds: dict[ObjectId, Kind] = {}
    unknown: dict[tuple[str, str], list[Finding]] = {}
    for name in dict.fromkeys(object_id(item) for item in _single(objects)):
        try:
            kinds[name] = discovery.kind(name)
        except ApiError:
            raise
        except FindingsError as error:
            unknown.setdefault((name.api_version, name.kind), []).append(error.first)
    return _Resolved(kinds, [_with_others(found) for found in unknown.values()])


def _single(objects: Iterable[Object]) -> Iterator[Object]:
    """Yield the objects; lists such as ``kind: List`` are unpacked."""
    for item in objects:
        if str(item.get("kind", "")).endswith("List") and isinstance(item.get("items"), list):
            yield from _single(item["items"])
        else:
            yield item


def _with_others(found: Sequence[Finding]) -> Finding:
    """Return the first of the findings on one kind, with the number of the other objects."""
    first, others = found[0], len(found) - 1
    if not others:
        return first
    more = f"and {others} more object{'s' if others > 1 else ''} of this kind"
    return replace(first, evidence=(*first.evidence, more))


def _applying(kinds: Mapping[ObjectId, Kind], namespace: str) -> Iterator[Right]:
    for name, kind in kinds.items():
        for verb in _APPLY_VERBS:
            if kind.kind == "Namespace" and not kind.group:
                # A role inside of a namespace may hold rights on the namespace itself.
                yield replace(_right(verb, kind, name.name), name=name.name)
            else:
                yield _right(verb, kind, (name.namespace or namespace) if kind.namespaced else "")


def _explaining(namespace: str) -> Iterator[tuple[Right, str]]:
    """Yield the rights that only help, with what is not shown without them."""
    yield _right("list", known("Event"), namespace), "the reasons of a failure"
    yield _right("get", known("Pod"), namespace, "log"), "the log lines of a failure"
    yield _right("list", known("Node"), ""), "whether a model can ever fit a node"


def _right(verb: str, kind: Kind, namespace: str, subresource: str = "") -> Right:
    return Right(verb, kind.group, kind.plural, namespace, subresource)
