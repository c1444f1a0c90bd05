# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""A checkpoint's ``config.json`` as fields: aliases, nesting, and errors that name the field."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from ...findings import shown
from .families import family_of
from .family import Family

# Where multimodal checkpoints keep their language model (vllm/transformers_utils/config.py).
_NESTS = ("text_config", "llm_config", "language_config", "thinker_config")
# Nothing that a checkpoint counts is larger; a larger number is a mistake.
_LARGEST = 2**50
# Where null is a value: no window, as many KV heads as heads, heads as wide as they divide.
_NULL_SAYS = ("sliding_window", "num_key_value_heads", "head_dim")


class Fields:
    """The language model's fields: the nested ones win over the outer ones.

    What a nested one leaves unsaid has the default of its ``model_type``; a flat config has none.
    ``uneven`` collects the counts that were asked for and that differ from layer to layer,
    ``assumed`` the defaults that were asked for, by name.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.outer = config
        self.uneven: set[str] = set()
        self.assumed: dict[str, int] = {}
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
        self._defaults = {} if inner is config else language_defaults(inner)

    @cached_property
    def family(self) -> Family:
        """The family of the language model. Raises ValueError where its name is no text."""
        return family_of(self.text("model_type"))

    def says(self, *names: str) -> bool:
        """Whether the language model has a field, null included, or a known default for it."""
        nested = [
            level
            for place, level in self.outer.items()
            if isinstance(level, Mapping) and not str(place).startswith(("vision", "audio"))
        ]
        is_there = any(name in level for level in (self.outer, *nested) for name in names)
        return is_there or self.get(*names) is not None

    def get(self, *names: str) -> Any:
        """The first of the names that has a value, or None."""
        for name in names:
            value = self._merged.get(name)
            if value is not None:
                return value
        return self._default(names)

    def _default(self, names: tuple[str, ...]) -> int | None:
        """The default of the first of the names that has one; none where any name was given."""
        if any(self._merged.get(name) is not None for name in names):
            return None
        found = next((name for name in names if name in self._defaults), None)
        if found is None:
            return None
        self.assumed[found] = self._defaults[found]
        return self._defaults[found]

    def integer(self, *names: str, minimum: int = 1) -> int | None:
        """A count; None when no name has one. Raises ValueError that names the field.

        A list of one value for each layer counts as that value when all are the same.
        """
        for name in names:
            value = self._merged.get(name)
            if isinstance(value, list | tuple):
                value = self._same(name, value, minimum)
            if value is not None:
                return _whole(name, value, minimum)
        return self._default(names)

    def _same(self, name: str, values: list[Any] | tuple[Any, ...], minimum: int) -> int | None:
        found = {_whole(name, value, minimum) for value in values}
        if len(found) > 1:
            self.uneven.add(name)
        return found.pop() if len(found) == 1 else None

    def same_integer(self, *names: str) -> int | None:
        """A count under one of several names for the same thing; two that differ are an error."""
        found = {name: self.integer(name) for name in names if self._merged.get(name) is not None}
        if len(set(found.values())) > 1:
            said = ", ".join(f"{name} {value}" for name, value in found.items())
            raise ValueError(f"config contradicts itself: {said} are the same thing")
        return next(iter(found.values())) if found else self._default(names)

    def text(self, *names: str) -> str:
        """A text, empty when no name has one. Raises ValueError for anything else."""
        for name in names:
            value = self._merged.get(name)
            if value is None:
                continue
            if not isinstance(value, str):
                raise ValueError(f"config.{name} is {shown(value)}; it must be a text")
            return value
        return ""

    def flag(self, *names: str, default: bool = False) -> bool:
        """A switch. Raises ValueError for anything that is neither true nor false."""
        for name in names:
            value = self._merged.get(name)
            if value is None:
                continue
            if not isinstance(value, bool | int) or value not in (0, 1):
                raise ValueError(f"config.{name} is {shown(value)}; it must be true or false")
            return bool(value)
        return default

    def sequence(self, name: str, length: int) -> list[Any] | None:
        """A list with one entry for each layer, or None; a shorter one is an error."""
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


def language_defaults(nested: Mapping[str, Any]) -> dict[str, int]:
    """Counts that hold where a nested language model does not give them.

    Its config often holds only what differs from the defaults of its configuration class; vLLM
    loads it through that class.
    """
    name = nested.get("model_type")
    known = family_of(name).nested_defaults if isinstance(name, str) else {}
    denied = {name for name in _NULL_SAYS if name in nested and nested[name] is None}
    return {name: value for name, value in known.items() if name not in denied}


def _whole(name: str, value: Any, minimum: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise ValueError(f"config.{name} is {shown(value)}; it must be a whole number")
    if not minimum <= value <= _LARGEST:
        limit = f"at least {minimum}" if value < minimum else f"at most {_LARGEST}"
        raise ValueError(f"config.{name} is {shown(value)}; it must be {limit}")
    return int(value)
