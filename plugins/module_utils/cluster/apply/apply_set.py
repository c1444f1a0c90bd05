# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""An apply set of the Kubernetes project: the objects that one deployment has sent.

A ConfigMap in the namespace, the parent, records the members; each member is labelled with the
set's id (https://kubernetes.io/docs/reference/labels-annotations-taints/, applyset.kubernetes.io).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ...findings import Finding, failure, raise_errors
from ...manifests.common import MANAGER
from ..api.connection import MERGE_PATCH
from ..api.errors import ApiError
from ..api.kinds import known
from ..api.objects import Object, ObjectId, uid
from . import record
from .record import Entry, Member, Members
from .refusals import explain

if TYPE_CHECKING:
    from ..api.connection import Client

ID_LABEL = "applyset.kubernetes.io/id"
MEMBER_LABEL = "applyset.kubernetes.io/part-of"
TOOLING = "applyset.kubernetes.io/tooling"
KINDS = "applyset.kubernetes.io/contains-group-kinds"
NAMESPACES = "applyset.kubernetes.io/additional-namespaces"
# The version of the record, not of the collection: it grows when the same record would mean
# something else.
VERSION = f"{MANAGER}/v1.0.0"
# A ConfigMap may hold 1 MiB; some of it is for labels and annotations.
LONGEST_RECORD_BYTES = 1_000_000
# Two runs at a time write one after the other.
WRITE_ATTEMPTS = 5
_PARENT = known("ConfigMap")
_RECORD_KEY = "members"
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


class ApplySet:
    """One set: what its parent says, and how that is brought up to date.

    ``dry_run`` writes nothing.
    """

    def __init__(self, client: Client, namespace: str, name: str, *, dry_run: bool) -> None:
        self._client = client
        self._dry_run = dry_run
        self.name = ObjectId("", "v1", _PARENT.kind, namespace, name)
        self.id = set_id(self.name)
        self.members: Members = {}
        self._parent: Object | None = None
        # Whether this user may keep the record; without it every object is sent at each run.
        self._is_allowed = True
        # Where members may be of which a lost record knew.
        self._scope: dict[str, set[str]] = {}
        self.read()

    def read(self) -> None:
        """Read the record. One that cannot be trusted counts as none; another tool's is refused."""
        self.members, self._scope = {}, {}
        try:
            self._parent = self._client.find(_PARENT.path(self.name.namespace, self.name.name))
        except ApiError as error:
            self._go_without(error)
            return
        if self._parent is None:
            return
        annotations = self._parent["metadata"].get("annotations") or {}
        tooling = str(annotations.get(TOOLING, ""))
        if tooling.partition("/")[0] != MANAGER:
            raise self._foreign(tooling)
        text = (self._parent.get("data") or {}).get(_RECORD_KEY, "")
        self.members = (record.load(text) if tooling == VERSION else None) or {}
        self._scope = {key: set(_split(annotations.get(key))) for key in (KINDS, NAMESPACES)}

    def labelled(self, named: Mapping[ObjectId, Object]) -> dict[ObjectId, Object]:
        """Return the objects with the label of a member.

        Not a Namespace: it holds other sets as well, and an object is in one set at most.
        """
        raise_errors(self._doubtful(named))
        return {
            name: item if name.kind == "Namespace" else _with_label(item, self.id)
            for name, item in named.items()
        }

    def refuse_members_of_others(self, live: Mapping[ObjectId, Object | None]) -> None:
        """Raise for live objects that another apply set has."""
        raise_errors(
            Finding.error(
                "other_apply_set",
                str(name),
                f"belongs to another apply set ({_label(item)})",
                fix="deploy it under the name of that set, or remove it there first",
            )
            for name, item in live.items()
            if item is not None and _label(item) not in {"", self.id} and name.kind != "Namespace"
        )

    def proves(self, name: ObjectId, wanted: Object, live: Object | None) -> bool:
        """Tell whether the record shows that sending the object would change nothing."""
        known_entry = self.members.get(record.member(name))
        if live is None or known_entry is None:
            return False
        return record.proves(known_entry, wanted, live)

    def add(self, names: Iterable[ObjectId]) -> None:
        """Record members before they are sent, so that none is lost by an interruption."""
        new = {record.member(name): Entry() for name in names}
        self._update(lambda members: new | dict(members))

    def remember(self, sent: Mapping[ObjectId, tuple[Object, Object]]) -> None:
        """Record what was sent and what the API server has made of it."""
        new = {record.member(name): record.entry(*pair) for name, pair in sent.items()}
        self._update(lambda members: dict(members) | new)

    def forget(self, names: Iterable[ObjectId]) -> None:
        """Take removed objects out of the record; delete it with the last one.

        A record that cannot be read stays: it still says where other members may be.
        """
        gone = {record.member(name) for name in names}

        def rest(members: Members) -> Members:
            for key, values in _scope(gone).items():
                self._scope[key] = self._scope.get(key, set()) - values
            return {key: known for key, known in members.items() if key not in gone}

        if self.members:
            self._update(rest)

    def _update(self, change: Callable[[Members], Members]) -> None:
        """Write the changed record, on top of what another run may have written meanwhile."""
        if self._dry_run or not self._is_allowed:
            return
        for attempt in range(WRITE_ATTEMPTS):
            members = change(self.members)
            body = self._body(members)
            if self._is_written(members, body):
                return
            try:
                written = self._write(members, body)
            except ApiError as error:
                if error.status == 403 and _is_right(error):
                    self._go_without(error)
                    return
                lost = error.status == 409 or (error.status == 404 and self._parent is not None)
                if not lost or attempt == WRITE_ATTEMPTS - 1:
                    raise explain(error, self.name, {}) from error
                self.read()
            else:
                self._parent, self.members = written, members
                return

    def _go_without(self, error: ApiError) -> None:
        """Keep no record, and say so, where this user may not; other errors are raised."""
        if error.status != 403:
            raise error
        self._is_allowed, self._parent = False, None
        self._client.warn(
            f"{self.name}: this user may not keep the record of what was sent, so every object is"
            f" sent again at each run: {error.message}"
        )

    def _is_written(self, members: Members, wanted: Object) -> bool:
        if self._parent is None:
            return not members
        metadata = self._parent["metadata"]
        text = (self._parent.get("data") or {}).get(_RECORD_KEY)
        annotations = metadata.get("annotations") or {}
        return (
            bool(members)
            and text == wanted["data"][_RECORD_KEY]
            and (metadata.get("labels") or {}).get(ID_LABEL) == self.id
            and all(
                annotations.get(key) == value
                for key, value in wanted["metadata"]["annotations"].items()
            )
        )

    def _write(self, members: Members, body: Object) -> Object | None:
        path = _PARENT.path(self.name.namespace)
        if self._parent is None:
            return dict(self._client.request("POST", path, body=_without_nulls(body)))
        path = f"{path}/{self.name.name}"
        version = self._parent["metadata"]["resourceVersion"]
        if not members:
            only = {"uid": uid(self._parent), "resourceVersion": version}
            self._client.request("DELETE", path, body={"preconditions": only})
            return None
        patch = body | {"metadata": body["metadata"] | {"resourceVersion": version}}
        return dict(self._client.request("PATCH", path, body=patch, content_type=MERGE_PATCH))

    def _body(self, members: Members) -> dict[str, Any]:
        scope = {
            key: values | self._scope.get(key, set()) for key, values in _scope(members).items()
        }
        others = scope[NAMESPACES] - {self.name.namespace}
        annotations = {
            TOOLING: VERSION,
            KINDS: ",".join(sorted(scope[KINDS])),
            NAMESPACES: ",".join(sorted(others)) or None,
        }
        return {
            "apiVersion": self.name.api_version,
            "kind": self.name.kind,
            "metadata": {
                "name": self.name.name,
                "labels": {ID_LABEL: self.id, "app.kubernetes.io/managed-by": MANAGER},
                "annotations": annotations,
            },
            "data": {_RECORD_KEY: _text(members)},
        }

    def _foreign(self, tooling: str) -> Exception:
        return failure(
            "foreign_apply_set",
            str(self.name),
            f"is the apply set of {tooling}" if tooling else "is there and is no apply set",
            fix="choose another name for apply_set",
        )

    def _doubtful(self, named: Mapping[ObjectId, Object]) -> list[Finding]:
        """Return errors for objects that cannot be members."""
        errors = [
            Finding.error(
                "apply_set_label",
                str(name),
                f"has the label {MEMBER_LABEL} already",
                fix="remove it: the objects of an apply set get it by themselves",
            )
            for name, item in named.items()
            if _label(item) not in {"", self.id}
        ]
        if self.name in named:
            errors.append(
                Finding.error(
                    "apply_set_name",
                    str(self.name),
                    "has the name of the apply set that records the objects",
                    fix="choose another name for apply_set",
                )
            )
        return errors


def find_set(
    client: Client, text: str, names: Iterable[ObjectId], *, dry_run: bool
) -> ApplySet | None:
    """Return the set that the user has named, ``NAME`` or ``NAMESPACE/NAME``; None without a name.

    Without a namespace it is that of the objects.
    """
    if not text:
        return None
    place, slash, name = text.rpartition("/")
    places = sorted({found.namespace for found in names if found.namespace})
    if not slash:
        if len(places) != 1:
            raise failure(
                "apply_set_name",
                f"apply_set {text}",
                f"the objects are in {len(places)} namespaces ({', '.join(places) or 'none'})",
                fix=f"write in which one the set is recorded: NAMESPACE/{text}",
            )
        place = places[0]
    if not all(_NAME.fullmatch(part) for part in (place, name)):
        raise failure(
            "apply_set_name",
            f"apply_set {text}",
            "is no name of a ConfigMap",
            fix="use lower-case letters, digits, - and .",
        )
    return ApplySet(client, place, name, dry_run=dry_run)


def _is_right(error: ApiError) -> bool:
    """Tell a missing right from a namespace that is going away or a rule that refuses."""
    return not error.causes() and "cannot" in error.message


def set_id(parent: ObjectId) -> str:
    """Return the id that the specification gives to a set with this parent."""
    parts = f"{parent.name}.{parent.namespace}.{parent.kind}.{parent.group}"
    digest = hashlib.sha256(parts.encode()).digest()
    return f"applyset-{base64.urlsafe_b64encode(digest).decode().rstrip('=')}-v1"


def _scope(members: Iterable[Member]) -> dict[str, set[str]]:
    """Return the kinds and namespaces in which labelled members are."""
    labelled = [key for key in members if key.group_kind != "Namespace"]
    return {
        KINDS: {key.group_kind for key in labelled},
        NAMESPACES: {key.namespace for key in labelled if key.namespace},
    }


def _text(members: Members) -> str:
    """Return the record; with too many members for the hashes, without them."""
    text = record.dump(members)
    if len(text.encode()) > LONGEST_RECORD_BYTES:
        text = record.dump(dict.fromkeys(members, Entry()))
    return text


def _with_label(item: Object, value: str) -> Object:
    metadata = item["metadata"]
    labels = {**(metadata.get("labels") or {}), MEMBER_LABEL: value}
    return item | {"metadata": metadata | {"labels": labels}}


def _label(item: Object) -> str:
    return str(((item.get("metadata") or {}).get("labels") or {}).get(MEMBER_LABEL, ""))


def _without_nulls(body: Object) -> Object:
    """Leave out the annotations that a merge patch removes; to make an object is no patch."""
    metadata = body["metadata"]
    given = {key: value for key, value in metadata["annotations"].items() if value is not None}
    return body | {"metadata": metadata | {"annotations": given}}


def _split(text: str | None) -> list[str]:
    return [part for part in (text or "").split(",") if part]
