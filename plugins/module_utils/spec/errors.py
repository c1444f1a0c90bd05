# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What is wrong with the user's words: every mistake of one input, all at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from ..findings import Finding, FindingsError, shown


class Errors:
    """Collects mistakes, so that one run shows the user all of them."""

    def __init__(self) -> None:
        self.found: list[Finding] = []

    def add(self, rule: str, path: str, cause: str, fix: str = "") -> None:
        """Note one mistake: where it is, what is wrong, and what to do about it."""
        self.found.append(Finding.error(rule, path, cause, fix=fix))

    def wrong(self, path: str, value: object, allowed: str) -> None:
        """A value that is not allowed, shown shortened, with what is."""
        self.add("wrong_value", path, f"{shown(value)} is not allowed", f"give {allowed}")

    def unknown_key(self, path: str, key: str, known: Iterable[str]) -> None:
        """A key that nobody reads, with the nearest one that is read."""
        near = get_close_matches(key, list(known), n=1, cutoff=0.5)
        hint = f"did you mean `{near[0]}`?" if near else f"known keys: {', '.join(sorted(known))}"
        self.add("unknown_key", f"{path}.{key}", "unknown key", hint)

    def wrong_secret(self, path: str, value: object, allowed: str) -> None:
        """A value that is not allowed and may be secret: only its type is shown."""
        cause = f"{_kind(value)} is not allowed"
        self.add("wrong_value", path, cause, f"give {allowed}")

    def wrong_key(self, path: str, key: object, allowed: str) -> None:
        """A key of a free mapping that is not allowed."""
        self.add("wrong_key", f"{path}.{key}", f"{shown(key)} is not allowed", f"give {allowed}")

    def inside(self, path: str) -> bool:
        """Whether something was wrong with a value or with a part of it."""
        return any(
            error.subject == path or error.subject.startswith((f"{path}.", f"{path}["))
            for error in self.found
        )

    def raise_if_any(self) -> None:
        """Raise FindingsError with all that was noted."""
        if self.found:
            raise FindingsError(self.found, as_lines=True)


def _kind(value: object) -> str:
    """The type of a value, in words."""
    if isinstance(value, str):
        return "a string"
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, list | tuple) else shown(value)
