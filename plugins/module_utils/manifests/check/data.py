# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""ConfigMaps and Secrets; what a Secret holds is never shown."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from .metadata import data_key
from .values import MAPPINGS, Notes, Reader, at, mapping_at, text, type_name, wrong_type

# Of the values of one ConfigMap or Secret.
DATA_BYTES = 1024 * 1024
_WIDEST = 4


def _base64(value: Any, path: str, notes: Notes) -> None:
    if not isinstance(value, str):
        wrong_type(notes, path, value, "a text in base64")
        return
    try:
        base64.b64decode(value.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        fix = "give the text as it is in stringData, or in base64"
        notes.add("wrong_value", path, "is no base64", fix)


def _entries(item: Mapping[str, Any], key: str, reader: Reader, notes: Notes) -> None:
    value = item.get(key)
    if value is None:
        return
    if not isinstance(value, MAPPINGS):
        wrong_type(notes, key, value, "a mapping")
        return
    for name, entry in value.items():
        place = at(key, name)
        if not isinstance(name, str):
            cause = f"the key is {type_name(name)}"
            notes.add("wrong_name", place, cause, "put the key in quotes")
        else:
            data_key(name, place, notes)
        if entry is not None:
            reader(entry, place, notes)


def _size(item: Mapping[str, Any], keys: tuple[str, ...], notes: Notes) -> None:
    values = [
        value for key in keys for value in mapping_at(item, key).values() if isinstance(value, str)
    ]
    if sum(map(len, values)) * _WIDEST <= DATA_BYTES:
        return
    size = sum(len(value.encode()) for value in values)
    if size > DATA_BYTES:
        notes.add("wrong_size", keys[0], f"has {size} bytes in all", f"give at most {DATA_BYTES}")


def config_map(item: Mapping[str, Any], notes: Notes) -> None:
    """Texts in ``data``, base64 in ``binaryData``."""
    _entries(item, "data", text, notes)
    _entries(item, "binaryData", _base64, notes)
    _size(item, ("data",), notes)
    for name in mapping_at(item, "data"):
        if name in mapping_at(item, "binaryData"):
            notes.add("doubled_name", at("data", name), "stands in binaryData too", "give it once")


def secret(item: Mapping[str, Any], notes: Notes) -> None:
    """Texts in ``stringData``, base64 in ``data``."""
    _entries(item, "stringData", text, notes)
    _entries(item, "data", _base64, notes)
    _size(item, ("stringData",), notes)
    if item.get("type") is not None:
        text(item["type"], "type", notes)
