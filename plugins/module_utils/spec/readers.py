# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Readers turn one value of the inventory into a typed value.

A reader is a function ``(value, path, errors) -> typed value``. It never raises: a value
that is not allowed is reported to ``errors`` and something harmless is returned, so that
the rest of the input is read as well.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from .errors import Errors

T = TypeVar("T")
Reader = Callable[[Any, str, Errors], Any]

_TRUE = {"true", "yes", "on"}
_FALSE = {"false", "no", "off"}
_DNS_LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?\Z")
_NODE_NAME = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?\Z")
# No count of a model or a cluster is larger; a larger number is a mistake.
_LARGEST = 10**15


def text(value: Any, path: str, errors: Errors) -> str:
    """A text with something in it."""
    if isinstance(value, str) and value.strip():
        return str(value)
    errors.wrong(path, value, f"a text{_in_quotes(value) or ' that is not empty'}")
    return ""


def _in_quotes(value: Any) -> str:
    """What to do about a text that YAML took for a number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) >= _LARGEST:
        return ""
    return f" in quotes, as in '{value}'"


def flag(value: Any, path: str, errors: Errors) -> bool:
    """A truth value; its YAML words are taken as text too, as ``-e key=yes`` gives them."""
    if isinstance(value, bool):
        return bool(value)
    word = str(value).lower() if isinstance(value, str) else ""
    if word not in _TRUE | _FALSE:
        errors.wrong(path, value, "true or false")
    return word in _TRUE


def integer(minimum: int, maximum: int = _LARGEST) -> Reader:
    """A whole number within bounds; digits as text are taken, as ``-e key=4`` gives them."""
    allowed = f"a whole number of at least {minimum}"
    both = f"a whole number from {minimum} to {maximum}"

    def read(value: Any, path: str, errors: Errors) -> int:
        found = _whole(value)
        if found is None or not minimum <= found <= maximum:
            is_large = found is not None and found > maximum
            errors.wrong(path, value, both if is_large or maximum < _LARGEST else allowed)
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

    def read(value: Any, path: str, errors: Errors) -> str:
        if isinstance(value, str) and value in choices:
            return str(value)
        errors.wrong(path, value, "one of " + ", ".join(choices))
        return choices[0]

    return read


def name_like(pattern: re.Pattern[str], allowed: str) -> Reader:
    """A text that matches a pattern as a whole."""

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


def absolute_path(value: Any, path: str, errors: Errors) -> str:
    """A directory that does not depend on where it is read: ``/a/b``, without ``..``."""
    if isinstance(value, str) and value.startswith("/") and ".." not in value.split("/"):
        return str(value).rstrip("/") or "/"
    errors.wrong(path, value, "an absolute path without '..'")
    return "/"


def list_of(item: Reader) -> Reader:
    """A list whose entries are all read alike."""

    def read(value: Any, path: str, errors: Errors) -> list[Any]:
        if not isinstance(value, list | tuple):
            errors.wrong(path, value, "a list")
            return []
        return [item(entry, f"{path}[{index}]", errors) for index, entry in enumerate(value)]

    return read


def mapping(value: Any, path: str, errors: Errors) -> dict[str, Any]:
    """A mapping that is passed on as it is, in plain types."""
    if not isinstance(value, Mapping):
        errors.wrong(path, value, "a mapping")
        return {}
    return {str(key): plain(entry) for key, entry in value.items()}


def mapping_of(item: Reader) -> Reader:
    """A mapping whose values are all read alike."""

    def read(value: Any, path: str, errors: Errors) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            errors.wrong(path, value, "a mapping")
            return {}
        return {str(key): item(entry, f"{path}.{key}", errors) for key, entry in value.items()}

    return read


def scalar_text(value: Any, path: str, errors: Errors) -> str:
    """A text, or a number or truth value written as Kubernetes wants it: as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    is_endless = isinstance(value, int) and abs(value) >= 10**1000
    if isinstance(value, str | int | float) and not is_endless:
        return str(value)
    errors.wrong(path, value, "a text or a number")
    return ""


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
