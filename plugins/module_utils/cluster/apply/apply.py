# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Server-side apply and delete of a whole list of objects, phase by phase."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from ...findings import Finding, FindingsError, raise_errors
from ...manifests.common import MANAGER
from ..api.connection import APPLY
from ..api.discovery import Discovery
from ..api.errors import ApiError
from ..api.kinds import Phase, in_phases, phase
from ..api.objects import Object, ObjectId, object_id, uid
from ..api.parallel import each
from . import volumes
from .apply_set import ApplySet, find_set
from .diff import result_of
from .live import Live
from .outcome import Outcome
from .refusals import explain

if TYPE_CHECKING:
    from ..api.connection import Client
    from ..api.say import Say


class Applier:
    """Sends objects to one cluster; ``dry_run`` lets the API server only pretend.

    ``apply_set``, ``NAME`` or ``NAMESPACE/NAME``, is the set that records the objects: what it
    proves unchanged is not sent. Without one, every object is sent.
    """

    def __init__(
        self,
        client: Client,
        *,
        dry_run: bool = False,
        say: Say = lambda _: None,
        apply_set: str = "",
    ) -> None:
        self._client = client
        self._discovery = Discovery(client)
        self._live = Live(client, self._discovery)
        self._dry_run = dry_run
        self._say = say
        self._set_name = apply_set

    def apply(self, objects: Sequence[Object]) -> list[Outcome]:
        """Create or change the objects; outcomes in the order of ``objects``.

        All errors of one phase are raised together and later phases are not sent.
        """
        named = self._checked(objects)
        chosen = find_set(self._client, self._set_name, named, dry_run=self._dry_run)
        wanted = chosen.labelled(named) if chosen else named
        live = self._read(wanted)
        if chosen is None:
            done: dict[ObjectId, Outcome] = {}
            self._send(wanted, live, done)
        else:
            done = self._send_what_differs(chosen, wanted, live)
        return [done[name] for name in named]

    def delete(self, objects: Sequence[Object]) -> list[Outcome]:
        """Delete the objects, last phase first; objects that are not there are no error.

        Waits until the workloads are gone, so that the storage below them is free.
        """
        named = self._checked(objects)
        chosen = find_set(self._client, self._set_name, named, dry_run=self._dry_run)
        live = self._live.read(named)
        done: dict[ObjectId, Outcome] = {}
        with _recorded(lambda: chosen.forget(done) if chosen else None):
            for group in reversed(in_phases(named.items())):
                outcomes = _all_or_errors(partial(self._delete_one, live=live), group, done)
                gone = [o.id for o in outcomes if o.result == "deleted" and _is_workload(o.id)]
                if not self._dry_run:
                    self._live.wait_until_gone(gone)
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

    def _read(self, wanted: Iterable[ObjectId]) -> dict[ObjectId, Object | None]:
        """Return the live objects; those that are just being deleted are waited for first."""
        live = self._live.read(wanted)
        leaving = [
            name
            for name, item in live.items()
            if item is not None and item["metadata"].get("deletionTimestamp")
        ]
        if not self._dry_run:
            for name in leaving:
                self._say(f"{name}: waiting for its deletion to end")
            self._live.wait_until_gone(leaving)
        return live | dict.fromkeys(leaving)

    def _send_what_differs(
        self,
        chosen: ApplySet,
        wanted: Mapping[ObjectId, Object],
        live: Mapping[ObjectId, Object | None],
    ) -> dict[ObjectId, Outcome]:
        """Send what the record does not prove unchanged, and keep the record."""
        chosen.refuse_members_of_others(live)
        done = {
            name: Outcome(name, "unchanged", live[name], live[name])
            for name, item in wanted.items()
            if chosen.proves(name, item, live[name]) and not _is_released(live[name])
        }
        differing = {name: item for name, item in wanted.items() if name not in done}
        # The record is written first of all, but for a new namespace that it is to lie in.
        home = {
            name: item
            for name, item in differing.items()
            if live[name] is None and _holds(name, chosen.name)
        }
        rest = {name: item for name, item in differing.items() if name not in home}
        sent: dict[ObjectId, Outcome] = {}

        def remember() -> None:
            chosen.remember({o.id: (wanted[o.id], o.after) for o in sent.values() if o.after})

        with _recorded(remember):
            self._send(home, live, sent)
            chosen.add(wanted)
            self._send(rest, live, sent)
        return done | sent

    def _send(
        self,
        wanted: Mapping[ObjectId, Object],
        live: Mapping[ObjectId, Object | None],
        done: dict[ObjectId, Outcome],
    ) -> None:
        """Send objects phase by phase; what was done stands in ``done``, also after an error."""
        for group in in_phases(wanted.items()):
            outcomes = _all_or_errors(partial(self._apply_one, live=live), group, done)
            self._settle(outcomes)

    def _apply_one(
        self, item: tuple[ObjectId, Object], *, live: Mapping[ObjectId, Object | None]
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
        if _is_released(after):
            after = volumes.offer_again(self._client, path, after, dry_run=self._dry_run)
            return Outcome(name, "changed", before, after)
        return Outcome(name, result_of(before, after), before, after)

    def _settle(self, outcomes: Iterable[Outcome]) -> None:
        """Wait for what the next phase stands on."""
        waiting = [
            o.id
            for o in outcomes
            if volumes.belong_together(o.after or {}) and not volumes.is_usable(o.id, o.after or {})
        ]
        if not self._dry_run:
            volumes.wait_until_usable(self._client, self._live, self._discovery, waiting)

    def _delete_one(
        self, item: tuple[ObjectId, Object], *, live: Mapping[ObjectId, Object | None]
    ) -> Outcome:
        name = item[0]
        path = self._discovery.path(name)
        before = live[name]
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


@contextmanager
def _recorded(record: Callable[[], None]) -> Iterator[None]:
    """Record what was done, also when the rest failed; that failure is the one to tell."""
    try:
        yield
    except FindingsError:
        with suppress(FindingsError):
            record()
        raise
    record()


def _all_or_errors(
    work: Callable[[tuple[ObjectId, Object]], Outcome],
    group: list[tuple[ObjectId, Object]],
    done: dict[ObjectId, Outcome],
) -> list[Outcome]:
    """Run one phase to its end, note in ``done`` what worked, then raise what failed in it."""

    def attempt(item: tuple[ObjectId, Object]) -> Outcome | FindingsError:
        try:
            return work(item)
        except FindingsError as error:
            return error

    results = each(attempt, group)
    outcomes = [result for result in results if isinstance(result, Outcome)]
    done |= {outcome.id: outcome for outcome in outcomes}
    failed = [result for result in results if isinstance(result, FindingsError)]
    raise_errors(finding for error in failed for finding in error.findings)
    return outcomes


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


def _is_workload(name: ObjectId) -> bool:
    return phase(name.group, name.kind) is Phase.WORKLOADS


def _is_released(item: Object | None) -> bool:
    return item is not None and item["kind"] == "PersistentVolume" and volumes.is_released(item)


def _holds(name: ObjectId, other: ObjectId) -> bool:
    """Tell whether an object is the namespace of another one."""
    return name.kind == "Namespace" and not name.group and name.name == other.namespace


def _namespace_is_missing(error: ApiError) -> bool:
    return error.status == 404 and error.details.get("kind") == "namespaces"
