# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""A section of the inventory is a dataclass: each field says how its key is read.

One line holds the key, its type, its default and its check, so none can drift from another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, field, fields
from typing import Any, TypeVar

from .errors import Errors
from .readers import Reader

S = TypeVar("S")


def option(reader: Reader, default: Any = MISSING, *, of: type | None = None) -> Any:
    """A key of a section: how it is read, and its value when it is left out.

    Without a default the key must be given. A list, a mapping or a section (``of``) is made
    anew for each model.
    """
    # pylint: disable=invalid-field-call  # the class body calls this to declare its field
    metadata = {"reader": reader}
    if of is not None:
        return field(default_factory=of, metadata=metadata)
    if isinstance(default, list | dict):
        return field(default_factory=lambda: type(default)(default), metadata=metadata)
    if default is MISSING:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)


def section(cls: type[S]) -> Reader:
    """A reader for a nested section."""

    def read(value: Any, path: str, errors: Errors) -> S | None:
        return read_section(cls, value, path, errors)

    return read


def read_section(cls: type[S], value: Any, path: str, errors: Errors) -> S | None:
    """One mapping as the dataclass ``cls``; None when it cannot be built at all.

    A key that is given as null counts as left out: that is how an inventory unsets one.
    """
    if not isinstance(value, Mapping):
        errors.wrong(path, value, "a mapping")
        return None
    known = {entry.name: entry for entry in fields(cls)}  # type: ignore[arg-type]
    for key in value:
        if key not in known:
            errors.unknown_key(path, str(key), known)
    given = {key: value[key] for key in known if value.get(key) is not None}
    missing = [key for key, entry in known.items() if _required(entry) and key not in given]
    for key in missing:
        errors.add("missing_key", f"{path}.{key}", "is missing", "it has no default")
    read = {
        key: known[key].metadata["reader"](entry, f"{path}.{key}", errors)
        for key, entry in given.items()
    }
    return None if missing else cls(**{k: v for k, v in read.items() if v is not None})


def _required(entry: Field[Any]) -> bool:
    return entry.default is MISSING and entry.default_factory is MISSING
