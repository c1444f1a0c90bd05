# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What is wrong with the user's words: every mistake of one input, all at once."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True)
class SpecError:
    """One mistake: where it is, what was given, and what is allowed."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class SpecErrors(ValueError):
    """All mistakes found in one input, in the order of the input."""

    def __init__(self, errors: list[SpecError]) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = errors


class Errors:
    """Collects mistakes, so that one run shows the user all of them."""

    def __init__(self) -> None:
        self.found: list[SpecError] = []

    def add(self, path: str, message: str) -> None:
        """Note one mistake."""
        self.found.append(SpecError(path, message))

    def wrong(self, path: str, value: object, allowed: str) -> None:
        """A value that is not allowed, shown shortened, with what is."""
        self.add(path, f"{shown(value)} is not allowed; give {allowed}")

    def unknown_key(self, path: str, key: str, known: Mapping[str, object]) -> None:
        """A key that nobody reads, with the nearest one that is read."""
        near = get_close_matches(key, list(known), n=1, cutoff=0.5)
        hint = f"did you mean `{near[0]}`?" if near else f"known keys: {', '.join(sorted(known))}"
        self.add(f"{path}.{key}", f"unknown key; {hint}")

    def inside(self, path: str) -> bool:
        """Whether something was wrong in a section."""
        return any(error.path.startswith(f"{path}.") for error in self.found)

    def raise_if_any(self) -> None:
        """Raise SpecErrors with all that was noted."""
        if self.found:
            raise SpecErrors(self.found)


def shown(value: object) -> str:
    """A value as a user can recognise it, cut to a line."""
    try:
        return reprlib.repr(value)
    except ValueError:
        # Python does not write numbers of more than 4,300 digits.
        return "a number with thousands of digits"
