# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Server-side apply and delete of a whole list of objects, phase by phase."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ...findings import Finding, FindingsError, failure, raise_errors
from ...manifests.common import MANAGER
from ..api.connection import APPLY
from ..api.discovery import Discovery
from ..api.errors import ApiError
from ..api.kinds import Phase, in_phases, phase
from ..api.objects import Object, ObjectId, object_id, uid
from ..api.parallel import each
from . import volumes
from .diff import comparable
from .refusals import explain

if TYPE_CHECKING:
    from ..api.connection import Client

GONE_TIMEOUT_SECONDS = 90.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What happened to one object; ``before`` and ``after`` are as the API server has them.

    ``result`` is created, changed, unchanged, deleted or absent. In a dry run it is what would
    happen.
    """

    id: ObjectId
    result: str
    before: Object | None
    after: Object | None


class Applier:
    """Sends objects to one cluster; ``dry_run`` lets the API server only pretend."""

    def __init__(self, client: Client, *, dry_run: bool = False, say: Say = lambda _: None) -> None:
        self._client = client
        self._discovery = Discovery(client)
        self._dry_run = dry_run
        self._say = say

    def apply(self, objects: Sequence[Object]) -> list[Outcome]:
        """Create or change the objects; outcomes in the order of ``objects``.

        All errors of one phase are raised together and later phases are not sent.
        """
        named = self._checked(objects)
        live = dict(zip(named, each(self._live, named), strict=True))
        done: dict[ObjectId, Outcome] = {}
        for group in in_phases(named.items()):
            work = partial(self._apply_one, live=live)
            for outcome in _all_or_errors(work, group):
                done[outcome.id] = outcome
            self._settle(group)
        return [done[name] for name in named]

    def delete(self, objects: Sequence[Object]) -> list[Outcome]:
        """Delete the objects, last phase first; objects that are not there are no error.

        Waits until the workloads are gone, so that the storage below them is free.
        """
        named = self._checked(objects)
        done: dict[ObjectId, Outcome] = {}
        for group in reversed(in_phases(named.items())):
            outcomes = _all_or_errors(self._delete_one, group)
            done |= {outcome.id: outcome for outcome in outcomes}
            gone = [
                o.id
                for o in outcomes
                if o.result == "deleted" and phase(o.id.group, o.id.kind) is Phase.WORKLOADS
            ]
            if not self._dry_run:
                each(self._wait_until_gone, gone)
        return [done[name] for name in named]

    def _checked(self, objects: Sequence[Object]) -> dict[ObjectId, Object]:
        """Name the objects; every nameless, unknown or doubled one is reported at once."""
        items = list(_flatten(objects))
        names = [object_id(item) for item in items]
        errors = [error for index, name in enumerate(names) for error in _nameless(index, name)]
        raise_errors(errors)
        for name in names:
            try:
                resource = self._discovery.kind(name)
            except ApiError:
                raise
            except FindingsError as error:
                errors += error.findings
                continue
            if resource.namespaced and not name.namespace:
                errors.append(
                    Finding.error(
                        "no_namespace", str(name), "has no namespace", fix="set metadata.namespace"
                    )
                )
        for name, count in Counter(names).items():
            if count > 1:
                fix = "keep one of them"
                errors.append(
                    Finding.error(
                        "doubled_object", str(name), f"is in the list {count} times", fix=fix
                    )
                )
        raise_errors(errors)
        return dict(zip(names, items, strict=True))

    def _live(self, name: ObjectId) -> Object | None:
        """Return the live object; one that is just being deleted is waited for first."""
        found: Object | None = self._client.find(self._discovery.path(name))
        if found is None or not found["metadata"].get("deletionTimestamp"):
            return found
        if not self._dry_run:
            self._say(f"{name}: waiting for its deletion to end")
            self._wait_until_gone(name)
        return None

    def _apply_one(
        self, item: tuple[ObjectId, Object], *, live: dict[ObjectId, Object | None]
    ) -> Outcome:
        name, wanted = item
        before = live[name]
        query = {"fieldManager": MANAGER, "force": "false", "fieldValidation": "Strict"}
        if self._dry_run:
            query["dryRun"] = "All"
        path = self._discovery.path(name)
        try:
            after: Object = self._client.request(
                "PATCH", path, query=query, body=wanted, content_type=APPLY
            )
        except ApiError as error:
            if self._dry_run and before is None and _namespace_is_missing(error):
                return Outcome(name, "created", None, wanted)
            raise explain(error, name, wanted) from error
        if name.kind == "PersistentVolume" and volumes.is_released(after):
            after = volumes.offer_again(self._client, path, after, dry_run=self._dry_run)
            return Outcome(name, "changed", before, after)
        return Outcome(name, result_of(before, after), before, after)

    def _settle(self, group: list[tuple[ObjectId, Object]]) -> None:
        """Wait for what the next phase stands on."""
        wanted = {self._discovery.path(n): o for n, o in group if volumes.belong_together(o)}
        if not self._dry_run:
            volumes.wait_until_usable(self._client, wanted)

    def _delete_one(self, item: tuple[ObjectId, Object]) -> Outcome:
        name = item[0]
        path = self._discovery.path(name)
        before = self._client.find(path)
        if before is None:
            return Outcome(name, "absent", None, None)
        # A workload is gone only when its pods are: then volumes and GPUs are free.
        policy = "Foreground" if _is_workload(name) else "Background"
        body = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "propagationPolicy": policy,
            "preconditions": {"uid": uid(before)},
        }
        if self._dry_run:
            body["dryRun"] = ["All"]
        try:
            self._client.request("DELETE", path, body=body)
        except ApiError as error:
            if error.status != 404:
                raise explain(error, name, {}) from error
        return Outcome(name, "deleted", before, None)

    def _wait_until_gone(self, name: ObjectId) -> None:
        path = self._discovery.path(name)
        end = time.monotonic() + GONE_TIMEOUT_SECONDS
        pause = 0.1
        while (found := self._client.find(path)) is not None:
            if time.monotonic() > end:
                holders = found["metadata"].get("finalizers") or ["none"]
                raise failure(
                    "deletion_stuck",
                    str(name),
                    f"is still being deleted after {GONE_TIMEOUT_SECONDS:.0f} s",
                    evidence=[f"finalizers: {', '.join(holders)}"],
                    fix="see what still uses it, then run the same command again",
                )
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)


def _all_or_errors(
    work: Callable[[tuple[ObjectId, Object]], Outcome], group: list[tuple[ObjectId, Object]]
) -> list[Outcome]:
    """Run one phase to its end, then raise what failed in it."""

    def attempt(item: tuple[ObjectId, Object]) -> Outcome | FindingsError:
        try:
            return work(item)
        except FindingsError as error:
            return error

    results = each(attempt, group)
    failed = [result for result in results if isinstance(result, FindingsError)]
    raise_errors(finding for error in failed for finding in error.findings)
    return [result for result in results if isinstance(result, Outcome)]


def _flatten(objects: Iterable[Object]) -> Iterable[Object]:
    """Yield the objects; lists such as ``kind: List`` are unpacked."""
    for item in objects:
        if str(item.get("kind", "")).endswith("List") and isinstance(item.get("items"), list):
            yield from _flatten(item["items"])
        else:
            yield item


def _nameless(index: int, name: ObjectId) -> list[Finding]:
    """Return an error for an object that cannot be addressed."""
    parts = {"apiVersion": name.version, "kind": name.kind, "metadata.name": name.name}
    missing = [key for key, value in parts.items() if not value]
    if not missing:
        return []
    subject = f"objects[{index}]" + (f" ({name.kind} {name.name})" if name.kind else "")
    return [
        Finding.error("nameless_object", subject, f"has no {', '.join(missing)}", fix="give it")
    ]


def result_of(before: Object | None, after: Object) -> str:
    """Tell what an apply did; what controllers write in the meantime is no change."""
    if before is None:
        return "created"
    return "unchanged" if comparable(before) == comparable(after) else "changed"


def _is_workload(name: ObjectId) -> bool:
    return phase(name.group, name.kind) is Phase.WORKLOADS


def _namespace_is_missing(error: ApiError) -> bool:
    return error.status == 404 and error.details.get("kind") == "namespaces"
