# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Readers turn one value of the inventory into a typed value.

A reader is called with ``(value, path, errors)`` and returns a typed value. It never raises: a
value that is not allowed is reported to ``errors`` and something harmless is returned, so that
the rest of the input is read as well. Its ``kind`` is the type as the documentation names it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import Errors

Read = Callable[[Any, str, Errors], Any]

_TRUE = {"true", "yes", "on"}
_FALSE = {"false", "no", "off"}
_DNS_LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?\Z")
_NODE_NAME = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?\Z")
# No count of a model or a cluster is larger; a larger number is a mistake.
_LARGEST = 10**15
INT32 = 2**31 - 1


@dataclass(frozen=True)
class Reader:
    """How a value is read, and the name of its type."""

    kind: str
    read: Read

    def __call__(self, value: Any, path: str, errors: Errors) -> Any:
        """The typed value; what is wrong goes to ``errors``."""
        return self.read(value, path, errors)


def reads(kind: str) -> Callable[[Read], Reader]:
    """Make a reader of a function (a decorator)."""
    return lambda read: Reader(kind, read)


@reads("string")
def text(value: Any, path: str, errors: Errors) -> str:
    """A string with something in it."""
    if isinstance(value, str) and value.strip():
        return str(value)
    quoted = _in_quotes(value)
    errors.wrong(path, value, f"a string{quoted}" if quoted else "a non-empty string")
    return ""


def _in_quotes(value: Any) -> str:
    """What to do about a string that YAML took for a number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) >= _LARGEST:
        return ""
    return f" in quotes, as in '{value}'"


@reads("boolean")
def boolean(value: Any, path: str, errors: Errors) -> bool:
    """A boolean; its YAML words are taken as strings too, as ``-e key=yes`` gives them."""
    if isinstance(value, bool):
        return bool(value)
    word = str(value).lower() if isinstance(value, str) else ""
    if word not in _TRUE | _FALSE:
        errors.wrong(path, value, "true or false")
    return word in _TRUE


def integer(minimum: int, maximum: int = _LARGEST) -> Reader:
    """A whole number within bounds; digits in a string are taken, as ``-e key=4`` gives them."""
    allowed = f"a whole number of at least {minimum}"
    both = f"a whole number from {minimum} to {maximum}"

    @reads("integer")
    def read(value: Any, path: str, errors: Errors) -> int:
        found = _whole(value)
        if found is None or not minimum <= found <= maximum:
            is_large = found is not None and found > maximum
            errors.wrong(path, value, both if is_large or maximum < INT32 else allowed)
            return minimum
        return found

    return read


def number(*, above: float, maximum: float = math.inf, unit: str = "") -> Reader:
    """A finite number above a bound, at most ``maximum``."""
    allowed = f"a number above {above:g}"
    if maximum < math.inf:
        allowed += f" and at most {maximum:.15g}"
    if unit:
        allowed += f" ({unit})"

    @reads("number")
    def read(value: Any, path: str, errors: Errors) -> float:
        found = _number(value)
        if found is None or not above < found <= maximum:
            errors.wrong(path, value, allowed)
            return min(above + 1, maximum)
        return found

    return read


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _whole(value: Any) -> int | None:
    """A whole number as it was written, whatever its length: a float would round it."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return int(value) if not isinstance(value, float) else _from_float(value)
    except ValueError:
        found = _number(value)
        return None if found is None else _from_float(found)


def _from_float(value: float) -> int | None:
    return int(value) if value.is_integer() else None


def one_of(*choices: str) -> Reader:
    """One word out of a few."""

    @reads("string: " + ", ".join(f"`{choice}`" for choice in choices))
    def read(value: Any, path: str, errors: Errors) -> str:
        if isinstance(value, str) and value in choices:
            return str(value)
        errors.wrong(path, value, "one of " + ", ".join(choices))
        return choices[0]

    return read


def name_like(pattern: re.Pattern[str], allowed: str, *, kind: str = "string") -> Reader:
    """A string that matches a pattern as a whole."""

    @reads(kind)
    def read(value: Any, path: str, errors: Errors) -> str:
        if isinstance(value, str) and pattern.match(value):
            return str(value)
        errors.wrong(path, value, allowed)
        return ""

    return read


dns_label = name_like(
    _DNS_LABEL,
    "a name of at most 63 lower-case letters, digits and '-', that starts with a letter",
)
object_name = name_like(
    _NODE_NAME, "the name of a Kubernetes object: lower-case letters, digits, '-' and '.'"
)


@reads("path")
def absolute_path(value: Any, path: str, errors: Errors) -> str:
    """A directory that does not depend on where it is read: ``/a/b``, without ``..``."""
    if isinstance(value, str) and value.startswith("/") and ".." not in value.split("/"):
        return str(value).rstrip("/") or "/"
    errors.wrong(path, value, "an absolute path without '..'")
    return "/"


@reads("mapping")
def mapping(value: Any, path: str, errors: Errors) -> dict[str, Any]:
    """A mapping that is passed on as it is, in plain types."""
    if not isinstance(value, Mapping):
        errors.wrong(path, value, "a mapping")
        return {}
    return {str(key): plain(entry) for key, entry in value.items()}


@reads("string")
def scalar_text(value: Any, path: str, errors: Errors) -> str:
    """A string, or a number or boolean written as Kubernetes wants it: as a string."""
    found = as_text(value)
    if found is None:
        errors.wrong(path, value, "a string or a number")
    return found or ""


def as_text(value: Any) -> str | None:
    """A scalar as a string; None for what is none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    is_endless = isinstance(value, int) and abs(value) >= 10**1000
    return str(value) if isinstance(value, str | int | float) and not is_endless else None


def plain(value: Any) -> Any:
    """The same data in plain Python types: Ansible hands over tagged ones."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, bool) or value is None:
        return value
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    return str(value)


@reads("any")
def anything(value: Any, _path: str, _errors: Errors) -> Any:
    """What the API server checks alone."""
    return plain(value)
