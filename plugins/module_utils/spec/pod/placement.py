# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Where a pod may run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import Errors
from ..readers import integer, mapping, one_of, scalar_text, text
from ..structures import also, described, entry, list_of
from .names import label_key, label_value


def _check_toleration(found: Mapping[str, Any], path: str, errors: Errors) -> None:
    operator = found.get("operator") or "Equal"
    if operator == "Exists" and found.get("value"):
        cause = "operator Exists takes no value"
        errors.add("contradiction", f"{path}.value", cause, "leave it out, or give operator Equal")
    if operator != "Exists" and not found.get("key"):
        cause = "without a key only operator Exists is allowed"
        errors.add("contradiction", f"{path}.operator", cause, "give key, or operator Exists")
    if "tolerationSeconds" in found and found.get("effect") != "NoExecute":
        cause = "goes with effect NoExecute only"
        fix = "leave it out, or give that effect"
        errors.add("contradiction", f"{path}.tolerationSeconds", cause, fix)


_TOLERATION = entry({
    "key": label_key,
    # Lt and Gt: behind a feature gate since 1.35.
    "operator": one_of("Exists", "Equal", "Lt", "Gt"),
    "value": label_value,
    "effect": one_of("NoSchedule", "PreferNoSchedule", "NoExecute"),
    "tolerationSeconds": described(
        integer(-(2**63), 2**63 - 1), "integer", "a whole number of seconds"
    ),
})  # fmt: skip
tolerations = list_of(also(_TOLERATION, _check_toleration), kind="list of Toleration")

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def _check_node_rule(found: Mapping[str, Any], path: str, errors: Errors) -> None:
    takes_values = found["operator"] not in ("Exists", "DoesNotExist")
    if takes_values != bool(found.get("values")):
        cause = f"operator {found['operator']} {'needs' if takes_values else 'takes no'} values"
        errors.add("contradiction", f"{path}.values", cause, "correct operator or values")


def _check_terms(found: Mapping[str, Any], path: str, errors: Errors) -> None:
    if not found["nodeSelectorTerms"]:
        errors.wrong(f"{path}.nodeSelectorTerms", [], "at least one term")


_NODE_RULE = also(
    entry(
        {
            "key": text,
            "operator": one_of("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"),
            "values": list_of(scalar_text),
        },
        needs=["key", "operator"],
    ),
    _check_node_rule,
)
_NODE_TERM = entry(dict.fromkeys(("matchExpressions", "matchFields"), list_of(_NODE_RULE)))
_NODE_TERMS = also(
    entry({"nodeSelectorTerms": list_of(_NODE_TERM)}, needs=["nodeSelectorTerms"]), _check_terms
)
_POD_AFFINITY = entry({_REQUIRED: list_of(mapping), _PREFERRED: list_of(mapping)})
affinity = entry({
    "nodeAffinity": entry({_REQUIRED: _NODE_TERMS, _PREFERRED: list_of(mapping)}),
    "podAffinity": _POD_AFFINITY,
    "podAntiAffinity": _POD_AFFINITY,
})  # fmt: skip
