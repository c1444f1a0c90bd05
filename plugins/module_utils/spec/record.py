# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Plain data that comes back from somewhere, read with its types checked and its paths named."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

_MOST_SHOWN = 60


class Record:
    """One mapping; what is absent or null is None, what has a wrong type a ValueError."""

    def __init__(self, values: Any, path: str) -> None:
        if not isinstance(values, Mapping):
            raise ValueError(f"{path}: {shortened(values)} is not a mapping")
        self.values, self.path = values, path

    def section(self, key: str) -> Record:
        """A mapping inside; empty when it is absent."""
        values = self.values.get(key)
        return Record({} if values is None else values, f"{self.path}.{key}")

    def listed(self, key: str) -> list[Any]:
        """A list of anything."""
        values = self.values.get(key)
        if values is None:
            return []
        if isinstance(values, (str, bytes)) or not isinstance(values, Sequence):
            raise self.error(key, "a list")
        return list(values)

    def sections(self, key: str) -> list[Record]:
        """A list of mappings."""
        return [
            Record(values, f"{self.path}.{key}[{index}]")
            for index, values in enumerate(self.listed(key))
        ]

    def text(self, key: str) -> str:
        """A string, on one line and without control characters; empty when it is absent."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, str):
            raise self.error(key, "a text")
        return clean(value or "")

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, each as ``text`` gives it."""
        found = self.listed(key)
        if not all(isinstance(entry, str) for entry in found):
            raise self.error(key, "a list of texts")
        return tuple(clean(entry) for entry in found)

    def flag(self, key: str) -> bool | None:
        """True or false."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, bool):
            raise self.error(key, "true or false")
        return value

    def number(self, key: str) -> float | None:
        """A finite number."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.error(key, "a number")
        if not math.isfinite(value):
            raise self.error(key, "a finite number")
        return value

    def whole(self, key: str) -> int | None:
        """A whole number."""
        value = self.number(key)
        if value is not None and value != int(value):
            raise self.error(key, "a whole number")
        return None if value is None else int(value)

    def error(self, key: str, wanted: str) -> ValueError:
        """Make the error for a value that is not what it has to be."""
        return ValueError(f"{self.path}.{key}: {shortened(self.values[key])} is not {wanted}")


def clean(text: str) -> str:
    """The text on one line, without control characters and doubled spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def shortened(value: Any) -> str:
    """The value as a user can recognise it, on one line and cut."""
    text = clean(repr(value))
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 3]}..."
