# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a node takes a model's pods, as far as the scheduler's simple rules say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from ..api.objects import Object, condition

if TYPE_CHECKING:
    from ...spec.model import Model

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


class Barrier(Enum):
    """The kinds of reasons that keep pods off a node."""

    NOT_READY = "not ready"
    CORDONED = "cordoned"
    SELECTOR = "node selector"
    AFFINITY = "node affinity"
    TAINT = "taint"


@dataclass(frozen=True)
class Obstacle:
    """One reason why a node does not take a model's pods.

    ``detail``: the condition's reason, the label that is asked for, the affinity, or the taint.
    """

    barrier: Barrier
    detail: str = ""


# A controller sets these beside the state that they repeat; they are no reason of their own.
_TAINTS_OF_STATES = {
    Barrier.NOT_READY: ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"),
    Barrier.CORDONED: ("node.kubernetes.io/unschedulable",),
}


def takes(node: Object, model: Model) -> bool:
    """Tell whether a node is open to the model's pods and they tolerate its taints."""
    return next(obstacles(node, model), None) is None


def is_open(node: Object, model: Model) -> bool:
    """Tell whether a node is ready, schedulable, and matches selector and affinity."""
    return all(found.barrier is Barrier.TAINT for found in obstacles(node, model))


def obstacles(node: Object, model: Model) -> Iterator[Obstacle]:
    """Yield all that keeps a model's pods off a node."""
    states = list(_states(node))
    yield from states
    labels = node["metadata"].get("labels") or {}
    for key, value in model.node_selector.items():
        if labels.get(key) != value:
            yield Obstacle(Barrier.SELECTOR, f"{key}={value}")
    if not _has_affinity(node, model):
        yield Obstacle(Barrier.AFFINITY, _affinity_text(model))
    repeated = {key for state in states for key in _TAINTS_OF_STATES[state.barrier]}
    for taint in untolerated(node, model):
        if taint.get("key") not in repeated:
            yield Obstacle(Barrier.TAINT, _taint_text(taint))


def _states(node: Object) -> Iterator[Obstacle]:
    """Yield what keeps every pod off a node."""
    ready = condition(node, "Ready") or {}
    if ready.get("status") != "True":
        yield Obstacle(Barrier.NOT_READY, str(ready.get("reason") or ""))
    if (node.get("spec") or {}).get("unschedulable"):
        yield Obstacle(Barrier.CORDONED)


def _taint_text(taint: Object) -> str:
    """Write a taint as kubectl does: ``key=value:effect``."""
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint.get('key')}{value}:{taint.get('effect')}"


def untolerated(node: Object, model: Model) -> list[Object]:
    """Return the taints of a node that keep the model's pods off it."""
    taints: list[Object] = (node.get("spec") or {}).get("taints") or []
    strict = [taint for taint in taints if taint.get("effect") != "PreferNoSchedule"]
    return [t for t in strict if not any(_tolerates(rule, t) for rule in model.tolerations)]


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    effect = toleration.get("effect")
    if effect and effect != taint.get("effect"):
        return False
    if toleration.get("operator") == "Exists":
        return not toleration.get("key") or toleration["key"] == taint.get("key")
    same_key = toleration.get("key") == taint.get("key")
    return bool(same_key and str(toleration.get("value", "")) == str(taint.get("value", "")))


def _has_affinity(node: Object, model: Model) -> bool:
    """Check the node affinity that is required: one of its terms must match."""
    rules = _required(model)
    if not rules:
        return True
    return any(_meets_term(node, term) for term in _mappings(rules.get("nodeSelectorTerms")))


def _required(model: Model) -> Mapping[str, Any]:
    return _mapping(_mapping(model.affinity.get("nodeAffinity")).get(REQUIRED))


def _affinity_text(model: Model) -> str:
    """Write the required node affinity on a line: ``zone In a, b and disk Exists or …``."""
    terms = []
    for term in _mappings(_required(model).get("nodeSelectorTerms")):
        rules = _mappings(term.get("matchExpressions")) + _mappings(term.get("matchFields"))
        terms.append(" and ".join(map(_rule_text, rules)) or "no condition")
    return " or ".join(terms) or "no term"


def _rule_text(rule: Mapping[str, Any]) -> str:
    values = rule.get("values")
    shown = " " + ", ".join(map(str, values)) if isinstance(values, list) and values else ""
    return f"{rule.get('key')} {rule.get('operator')}{shown}"


def _meets_term(node: Object, term: Mapping[str, Any]) -> bool:
    """Check all conditions of a term; one without any matches no node."""
    labels = node["metadata"].get("labels") or {}
    fields = {"metadata.name": node["metadata"]["name"]}
    by_label = [(labels, rule) for rule in _mappings(term.get("matchExpressions"))]
    by_field = [(fields, rule) for rule in _mappings(term.get("matchFields"))]
    conditions = by_label + by_field
    return bool(conditions) and all(_meets(found, rule) for found, rule in conditions)


def _meets(found: Mapping[str, Any], rule: Mapping[str, Any]) -> bool:
    key, operator = str(rule.get("key")), rule.get("operator")
    values = rule.get("values")
    wanted = [str(value) for value in values] if isinstance(values, list) else []
    if operator == "Exists":
        return key in found
    if operator == "DoesNotExist":
        return key not in found
    if operator == "In":
        return key in found and str(found[key]) in wanted
    if operator == "NotIn":
        return key not in found or str(found[key]) not in wanted
    return _compares(found.get(key), str(operator), wanted)


def _compares(label: Any, operator: str, wanted: list[str]) -> bool:
    """Check ``Gt`` and ``Lt``, which are for whole numbers; nothing else matches."""
    try:
        have, limit = int(str(label)), int(wanted[0])
    except (ValueError, IndexError):
        return False
    return (operator == "Gt" and have > limit) or (operator == "Lt" and have < limit)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    found = value if isinstance(value, list) else []
    return [entry for entry in found if isinstance(entry, Mapping)]
