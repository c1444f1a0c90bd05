# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a node takes a model's pods, as far as the scheduler's simple rules say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..api.objects import Object
from ..watch.facts import condition

if TYPE_CHECKING:
    from ...spec.model import Model

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def takes(node: Object, model: Model) -> bool:
    """Tell whether a node is open to the model's pods and they tolerate its taints."""
    return is_open(node, model) and not untolerated(node, model)


def is_open(node: Object, model: Model) -> bool:
    """Tell whether a node is ready, schedulable, and matches selector and affinity."""
    labels = node["metadata"].get("labels") or {}
    ready = (condition(node, "Ready") or {}).get("status") == "True"
    cordoned = (node.get("spec") or {}).get("unschedulable")
    matches = all(labels.get(key) == value for key, value in model.node_selector.items())
    return ready and not cordoned and matches and _has_affinity(node, model)


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
    rules = _mapping(_mapping(model.affinity.get("nodeAffinity")).get(REQUIRED))
    if not rules:
        return True
    return any(_meets_term(node, term) for term in _mappings(rules.get("nodeSelectorTerms")))


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
