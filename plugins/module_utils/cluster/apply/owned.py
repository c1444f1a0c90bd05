# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The fields of a live object that our field manager owns, and short hashes of objects.

The API server keeps for each manager which fields it has set (``metadata.managedFields``). Whoever
gives one of them another value takes it from us, so the paths and the values at them show every
change that concerns us, and none that does not.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from ...manifests.common import MANAGER
from ..api.objects import Object

# 96 bits: no two objects get the same by chance, and thousands fit into one ConfigMap.
_HASH_BYTES = 12
_ITSELF = "."


def fingerprint(value: Any) -> str:
    """Return a short hash of a JSON value; the order of keys does not matter."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).digest()[:_HASH_BYTES]
    return base64.urlsafe_b64encode(digest).decode()


def owned_values(item: Object) -> list[Any]:
    """Return the live values of the fields that we have applied; empty when there are none."""
    return [
        [entry.get("apiVersion"), _values(entry.get("fieldsV1") or {}, item)]
        for entry in (item.get("metadata") or {}).get("managedFields") or []
        if entry.get("manager") == MANAGER
        and entry.get("operation") == "Apply"
        and not entry.get("subresource")
    ]


def _values(fields: dict[str, Any], value: Any) -> Any:
    """Return what stands at the paths below a value; a path without more parts owns all of it."""
    if not fields or value is None:
        return value
    return {
        path: _values(below, _child(path, value))
        for path, below in fields.items()
        if path != _ITSELF
    }


def _child(path: str, value: Any) -> Any:
    """Follow one part of a path.

    ``f:`` names a field; of a list, ``k:`` the keys of an item, ``v:`` its value, ``i:`` its index.
    """
    how, dummy, key = path.partition(":")
    if how == "f":
        return value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, list):
        return None
    if how == "k":
        return _keyed(json.loads(key), value)
    if how == "v":
        wanted = json.loads(key)
        return wanted if wanted in value else None
    return value[int(key)] if int(key) < len(value) else None


def _keyed(keys: dict[str, Any], items: list[Any]) -> Any:
    """Return the item of a list that has the values of all keys."""
    for item in items:
        if isinstance(item, dict) and all(item.get(key) == keys[key] for key in keys):
            return item
    return None
