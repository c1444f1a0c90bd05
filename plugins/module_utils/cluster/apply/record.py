# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What an apply set remembers of each member, and what that proves about a live object."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..api.objects import Object, ObjectId
from .owned import fingerprint, owned_values

_VALUES = ("data", "stringData")


@dataclass(frozen=True, order=True)
class Member:
    """An object of the set; no version of its API, because all of them show the same object."""

    group_kind: str
    namespace: str
    name: str


@dataclass(frozen=True)
class Entry:
    """Hashes of what was sent and of the fields that we owned then; empty: nothing is proven."""

    sent: str = ""
    owned: str = ""


Members = Mapping[Member, Entry]


def member(name: ObjectId) -> Member:
    """Return an object's key in the record."""
    group_kind = f"{name.kind}.{name.group}" if name.group else name.kind
    return Member(group_kind, name.namespace, name.name)


def entry(wanted: Object, live: Object) -> Entry:
    """Return what to remember of an object that was just sent and came back as ``live``."""
    owned = owned_values(_without_values(live))
    return Entry(fingerprint(_without_values(wanted)), fingerprint(owned) if owned else "")


def proves(known: Entry, wanted: Object, live: Object) -> bool:
    """Tell whether sending the object would change nothing.

    No hash is kept of a Secret's values: a short one could be guessed from it. They are compared
    with the live ones instead.
    """
    same = known.sent != "" and known.owned != "" and known == entry(wanted, live)
    return same and (wanted.get("kind") != "Secret" or _same_values(wanted, live))


def dump(members: Members) -> str:
    """Write the members as JSON: by kind, namespace and name."""
    tree: dict[str, dict[str, dict[str, str]]] = {}
    for key, known in sorted(members.items()):
        names = tree.setdefault(key.group_kind, {}).setdefault(key.namespace, {})
        names[key.name] = f"{known.sent} {known.owned}".strip()
    return json.dumps(tree, separators=(",", ":"))


def load(text: str) -> dict[Member, Entry] | None:
    """Read the members; None for text that ``dump`` has not written."""
    try:
        tree: dict[str, dict[str, dict[str, str]]] = json.loads(text)
        return {
            Member(group_kind, namespace, name): _entry(hashes)
            for group_kind, places in tree.items()
            for namespace, names in places.items()
            for name, hashes in names.items()
        }
    except (ValueError, AttributeError):
        return None


def _entry(hashes: str) -> Entry:
    sent, dummy, owned = hashes.partition(" ")
    return Entry(sent, owned)


def _without_values(item: Object) -> Object:
    """Return a Secret with the names of its values only; others unchanged."""
    if item.get("kind") != "Secret":
        return item
    return item | {key: dict.fromkeys(item.get(key) or {}, "") for key in _VALUES}


def _same_values(wanted: Object, live: Object) -> bool:
    """Tell whether a live Secret has each value that is wanted."""
    try:
        values = {key: _bytes(value) for key, value in (wanted.get("data") or {}).items()}
        there = {key: _bytes(value) for key, value in (live.get("data") or {}).items()}
    except (binascii.Error, ValueError, TypeError):
        return False
    # As the API server does it: these win.
    text = wanted.get("stringData") or {}
    values |= {key: str(value).encode() for key, value in text.items()}
    return all(there.get(key) == value for key, value in values.items())


def _bytes(value: Any) -> bytes:
    return base64.b64decode(value, validate=True)
