# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Readers that are made of readers: lists, mappings, and what must hold for them as a whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .errors import Errors
from .readers import Reader, plain, reads


def list_of(item: Reader, *, kind: str = "") -> Reader:
    """A list whose entries are all read alike."""

    @reads(kind or f"list of {_plural(item.kind)}")
    def read(value: Any, path: str, errors: Errors) -> list[Any]:
        if not isinstance(value, list | tuple):
            errors.wrong(path, value, "a list")
            return []
        return [item(entry, f"{path}[{index}]", errors) for index, entry in enumerate(value)]

    return read


def _plural(kind: str) -> str:
    return kind if " " in kind else f"{kind}s"


def mapping_of(item: Reader, *, key: re.Pattern[str] | None = None, keys: str = "") -> Reader:
    """A mapping whose values are all read alike; ``key``: what its keys are, ``keys``: in words."""

    @reads(f"mapping to {_plural(item.kind)}")
    def read(value: Any, path: str, errors: Errors) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            errors.wrong(path, value, "a mapping")
            return {}
        found = {}
        for name, entry in value.items():
            if key is not None and not key.match(str(name)):
                errors.wrong_key(path, str(name), keys)
            else:
                found[str(name)] = item(entry, f"{path}.{name}", errors)
        return found

    return read


def entry(
    keys: Mapping[str, Reader], *, needs: Sequence[str] = (), is_open: bool = False
) -> Reader:
    """A mapping with known keys, kept as a mapping; ``is_open``: other keys are passed on.

    A key that is given as null counts as left out, but is passed on by an open mapping. To
    Kubernetes an empty string is the same as none, where the key is not needed.
    """

    @reads("mapping")
    def read(value: Any, path: str, errors: Errors) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            errors.wrong(path, value, "a mapping")
            return {}
        given = {
            str(key): part
            for key, part in value.items()
            if part is not None or (is_open and key not in needs)
        }
        for key in given:
            if key not in keys and not is_open:
                errors.unknown_key(path, key, keys)
        for key in needs:
            if key not in given:
                errors.add("missing_key", f"{path}.{key}", "is missing", "it has no default")
        return {
            key: plain(part)
            if key not in keys or part is None or (key not in needs and _is_unset(part, keys[key]))
            else keys[key](part, f"{path}.{key}", errors)
            for key, part in given.items()
        }

    return read


def _is_unset(value: Any, reader: Reader) -> bool:
    return isinstance(value, str) and not value and reader.kind.startswith("string")


def also(reader: Reader, *checks: Callable[[Any, str, Errors], None]) -> Reader:
    """A reader, and what must hold for the value as a whole once all its parts are right."""

    @reads(reader.kind)
    def read(value: Any, path: str, errors: Errors) -> Any:
        found = reader(value, path, errors)
        if not errors.inside(path):
            for check in checks:
                check(found, path, errors)
        return found

    return read


def distinct(items: Reader, key: str = "", *, taken: Sequence[str] = ()) -> Reader:
    """A list without two entries that are alike, or have the same ``key``; ``taken``: ours."""

    @reads(items.kind)
    def read(value: Any, path: str, errors: Errors) -> list[Any]:
        found: list[Any] = items(value, path, errors)
        seen = dict.fromkeys(taken, "this collection")
        for index, part in enumerate(found):
            word = part.get(key) if key else part
            place = f"{path}[{index}]" + (f".{key}" if key else "")
            if word and word in seen:
                cause = f"{word!r} is used by {seen[word]} too"
                errors.add("doubled_name", place, cause, "give another one")
            elif word:
                seen[word] = place
        return found

    return read


def described(reader: Reader, kind: str, allowed: str) -> Reader:
    """A reader under another name, and with other words for what is allowed."""

    @reads(kind)
    def read(value: Any, path: str, errors: Errors) -> Any:
        inner = Errors()
        found = reader(value, path, inner)
        if inner.found:
            errors.wrong(path, value, allowed)
        return found

    return read
