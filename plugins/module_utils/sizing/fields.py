# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""A checkpoint's ``config.json`` as fields: aliases, nesting, and errors that name the field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Where multimodal checkpoints keep their language model (vllm/transformers_utils/config.py).
_NESTS = ("text_config", "llm_config", "language_config", "thinker_config")
# Nothing that a checkpoint counts is larger; a larger number is a mistake.
_LARGEST = 2**50


class Fields:
    """The language model's fields: the nested ones win over the outer ones."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.outer = config
        self._merged = dict(config)
        inner: Mapping[str, Any] = config
        for dummy in range(3):
            nested = next((name for name in _NESTS if inner.get(name) is not None), None)
            if nested is None:
                break
            if not isinstance(inner[nested], Mapping):
                raise ValueError(f"config.{nested} is not a mapping")
            inner = inner[nested]
            self._merged.update((k, v) for k, v in inner.items() if v is not None)

    def get(self, *names: str) -> Any:
        """The first of the names that has a value, or None."""
        for name in names:
            value = self._merged.get(name)
            if value is not None:
                return value
        return None

    def integer(self, *names: str, minimum: int = 1) -> int | None:
        """A count; None when no name has one. Raises ValueError that names the field."""
        for name in names:
            value = self._merged.get(name)
            if value is None:
                continue
            return _whole(name, value, minimum)
        return None

    def same_integer(self, *names: str) -> int | None:
        """A count under one of several names for the same thing; two that differ are an error."""
        found = {name: self.integer(name) for name in names if self._merged.get(name) is not None}
        if len(set(found.values())) > 1:
            said = ", ".join(f"{name} {value}" for name, value in found.items())
            raise ValueError(f"config contradicts itself: {said} are the same thing")
        return next(iter(found.values()), None)

    def text(self, *names: str) -> str:
        """A text, empty when no name has one."""
        value = self.get(*names)
        return value if isinstance(value, str) else ""

    def flag(self, *names: str, default: bool = False) -> bool:
        """A switch."""
        value = self.get(*names)
        return default if value is None else bool(value)

    def sequence(self, name: str, length: int) -> list[Any] | None:
        """A list with one entry for each layer, or None; another length is an error."""
        value = self.get(name)
        if value is None:
            return None
        if not isinstance(value, list | tuple | str):
            raise ValueError(f"config.{name} is not a list")
        if len(value) < length:
            raise ValueError(
                f"config contradicts itself: {name} has {len(value)} entries for {length} layers"
            )
        return list(value[:length])


def _whole(name: str, value: Any, minimum: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise ValueError(f"config.{name} is {value!r}; it must be a whole number")
    if not minimum <= value <= _LARGEST:
        raise ValueError(f"config.{name} is {value}; it must be at least {minimum}")
    return int(value)
