# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Sizes, whole numbers that are rounded up, and the quantities of Kubernetes."""

from __future__ import annotations

import re

GIB = 2**30

# apimachinery, pkg/api/resource/quantity.go: a number, then a suffix or an exponent.
_QUANTITY = re.compile(
    r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?|[eE][+-]?[0-9]{1,3})\Z"
)
_FACTORS = {
    "": 1.0,
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "E": 1e18,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
    "Pi": 2.0**50,
    "Ei": 2.0**60,
}


def ceil_div(number: int, divisor: int) -> int:
    """The quotient, rounded up."""
    return -(-number // divisor)


def round_up(number: int, multiple: int) -> int:
    """The smallest multiple that is not below the number."""
    return ceil_div(number, multiple) * multiple


def parse_quantity(value: object) -> float:
    """Return the number that ``500m``, ``4Gi`` or ``8`` stands for.

    Raises ValueError for what the API server would not take.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{value!r} is no quantity")
    found = _QUANTITY.match(str(value))
    if found is None:
        raise ValueError(f"{value!r} is no quantity")
    number, suffix = found.groups()
    if suffix in _FACTORS:
        return float(number) * _FACTORS[suffix]
    return float(f"{number}{suffix}")


def quantity_or_zero(value: object) -> float:
    """Return the number of a quantity that a cluster has; 0 for what is none."""
    try:
        return parse_quantity(value)
    except ValueError:
        return 0.0


def gib_quantity(gib: float) -> str:
    """A size in GiB as Kubernetes writes it: whole GiB, else whole MiB."""
    return f"{gib:.0f}Gi" if gib == int(gib) else f"{round(gib * 1024)}Mi"
