# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Plans as plain values, for tests that change them: all places in them, and other values there."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

Place = tuple[str | int, ...]


def places(values: Any, before: Place = ()) -> Iterator[Place]:
    """Yield the place of each value that holds no others."""
    if isinstance(values, dict | list) and values:
        entries = values.items() if isinstance(values, dict) else enumerate(values)
        for key, entry in entries:
            yield from places(entry, (*before, key))
    else:
        yield before


def value_at(values: Any, place: Place) -> Any:
    """Return the value at a place."""
    for key in place:
        values = values[key]
    return values


def with_value(values: Any, place: Place, value: Any) -> Any:
    """Return a copy with another value at one place."""
    found = copy.deepcopy(values)
    value_at(found, place[:-1])[place[-1]] = value
    return found


def other_value(value: Any) -> Any:
    """Return another value of the same type that nobody would compute."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return 77777
    if isinstance(value, float):
        return 77777.5
    if isinstance(value, str):
        return "changed"
    return value
