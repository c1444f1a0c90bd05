# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Quantities, compared without any rounding of ours."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

from ...findings import shown
from . import forms
from .values import MAPPINGS, Notes, Reader, at, mapping_at, wrong_type

# apimachinery, pkg/api/resource/quantity.go. ``units.parse_quantity`` gives a float, in which
# 700m and 0.7 differ; a comparison that refuses needs the exact number.
_QUANTITY = re.compile(
    r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))([KMGTPE]i|[numkMGTPE]?|[eE][+-]?[0-9]{1,3})\Z"
)
_FACTORS = {
    "": Fraction(1),
    **{unit: Fraction(1, 1000**power) for power, unit in enumerate("mun", 1)},
    **{unit: Fraction(1000**power) for power, unit in enumerate("kMGTPE", 1)},
    **{f"{unit}i": Fraction(1024**power) for power, unit in enumerate("KMGTPE", 1)},
}
_NANO = 10**9
_LARGEST = 10**40
ALLOWED = "a number with or without a unit, such as 500m, 4Gi or 8"
COMPUTE = ("cpu", "memory", "ephemeral-storage")
_COUNTED = frozenset({
    "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps",
    "persistentvolumeclaims", "services.nodeports", "services.loadbalancers",
})  # fmt: skip


def nanos(value: object) -> int | None:
    """A quantity in billionths, the finest that Kubernetes keeps; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, int) and abs(value) > _LARGEST:
        # Kubernetes takes the largest that it knows; Python writes no number of 4,301 digits.
        value = _LARGEST
    return _parsed(str(value).strip())


@lru_cache(4096)
def _parsed(value: str) -> int | None:
    found = _QUANTITY.match(value)
    if found is None:
        return None
    number, suffix = found.groups()
    factor = _FACTORS.get(suffix)
    if factor is None:
        factor = Fraction(10) ** int(suffix[1:])
    exact = Fraction(number.rstrip(".") if number[-1] == "." else number) * factor * _NANO
    # Away from zero, as Kubernetes rounds.
    return -(-exact.numerator // exact.denominator) if exact >= 0 else exact.__floor__()


def quantity(minimum: float = 0, *, above: bool = False, is_counted: bool = False) -> Reader:
    """A quantity of at least ``minimum`` (or ``above`` it); ``is_counted``: a whole number."""
    bound = f"{'above' if above else 'at least'} {minimum}"

    def read(value: Any, path: str, notes: Notes) -> None:
        found = nanos(value)
        if found is None:
            cause = f"{shown(value)} is no quantity"
            notes.add("wrong_quantity", path, cause, f"give {ALLOWED}")
        elif found < minimum or (above and found == minimum):
            notes.add("wrong_quantity", path, f"{shown(value)} is too little", f"give {bound}")
        elif is_counted and found % _NANO:
            cause = f"{shown(value)} is no whole number"
            notes.add("wrong_quantity", path, cause, "give a whole number")

    return read


size = quantity()
_whole_size = quantity(is_counted=True)
_any_size = quantity(-math.inf)
positive = quantity(above=True)


def is_extended(name: str) -> bool:
    """Whether a resource is one of a device plugin: GPUs and the like."""
    return "/" in name and "kubernetes.io/" not in name


def is_shared(name: str) -> bool:
    """Whether a node may promise more of a resource than it has."""
    return not is_extended(name) and not name.startswith("hugepages-")


def _quantities_of(size_reader: Reader, count_reader: Reader) -> Reader:
    """A mapping of resource names to quantities."""

    def read(value: Any, path: str, notes: Notes) -> None:
        if not isinstance(value, MAPPINGS):
            wrong_type(notes, path, value, "a mapping")
            return
        for name, entry in value.items():
            wrong = forms.key(name) if isinstance(name, str) else "is not a text"
            if wrong:
                cause = f"{shown(name)} {wrong}"
                notes.add("wrong_name", at(path, name), cause, f"give {forms.KEY}")
            if entry is not None:
                is_counted = name in _COUNTED or (isinstance(name, str) and is_extended(name))
                (count_reader if is_counted else size_reader)(entry, at(path, name), notes)

    return read


quantities = _quantities_of(size, _whole_size)
# The bounds of a LimitRange may be below 0 and in parts, whatever they are of.
bounds = _quantities_of(_any_size, _any_size)


def resources(value: Any, path: str, notes: Notes) -> None:
    """Requests and limits of a container."""
    if not isinstance(value, MAPPINGS):
        wrong_type(notes, path, value, "a mapping")
        return
    for kind in ("limits", "requests"):
        if value.get(kind) is not None:
            quantities(value[kind], f"{path}.{kind}", notes)
            _known_names(mapping_at(value, kind), f"{path}.{kind}", notes)
    _compare(mapping_at(value, "requests"), mapping_at(value, "limits"), path, notes)


def _is_of_kubernetes(name: str) -> bool:
    return name in COMPUTE or name.startswith("hugepages-")


def _known_names(entries: Mapping[Any, Any], path: str, notes: Notes) -> None:
    """A resource without a domain is one of Kubernetes' own."""
    for name in entries:
        if not isinstance(name, str) or "/" in name or _is_of_kubernetes(name):
            continue
        fix = f"give {', '.join(COMPUTE)}, or a device's name with its domain, as nvidia.com/gpu"
        notes.add("wrong_name", at(path, name), "a container has no such resource", fix)


def _compare(
    requests: Mapping[Any, Any], limits: Mapping[Any, Any], path: str, notes: Notes
) -> None:
    for name, request in requests.items():
        place = at(f"{path}.requests", name)
        is_free = not isinstance(name, str) or is_shared(name)
        if limits.get(name) is None:
            if not is_free:
                limit = at(f"{path}.limits", name)
                cause = "is missing, and such a resource is not shared"
                notes.add("wrong_quantity", limit, cause, "give the same number as its request")
            continue
        asked, most = nanos(request), nanos(limits[name])
        if asked is None or most is None:
            continue
        if asked > most:
            cause = f"{shown(request)} is above the limit of {shown(limits[name])}"
            notes.add("wrong_quantity", place, cause, "give at most the limit")
        elif asked != most and not is_free:
            cause = f"{shown(request)} is not the limit of {shown(limits[name])}"
            notes.add("wrong_quantity", place, cause, f"{name} is not shared: give both the same")
