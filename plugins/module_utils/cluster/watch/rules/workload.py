# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""A workload that is gone, or whose pods the API server rejects."""

from __future__ import annotations

import re
from collections.abc import Callable

from ...api.objects import condition
from ..facts import Facts
from .rule import Evidence

_QUOTA = re.compile(
    r"exceeded quota: (?P<quota>[^,]+), requested: (?P<asked>.+), used: (?P<used>.+), "
    r"limited: (?P<most>.+?)$"
)
_UNSAID = re.compile(
    r"failed quota: (?P<quota>[^:]+): must specify (?P<fields>[\w./-]+(,[\w./-]+)*)"
)
_RANGE = re.compile(
    r"(?P<end>maximum|minimum) (?P<what>\S+) usage per (?P<per>\w+) is (?P<bound>[^\s,]+?)"
    r"(?:, but (?P<side>limit|request) is (?P<have>[^\s,\]]+)|\. +No (?P<unsaid>limit|request) is)"
)
_RATIO = re.compile(
    r"(?P<what>\S+) max limit to request ratio per (?P<per>\w+) is (?P<bound>[^\s,]+)"
)
_ACCOUNT = re.compile(r'serviceaccount "(?P<name>[^"]+)" not found')


def gone(facts: Facts) -> Evidence | None:
    """Somebody removed the workload after it was there."""
    going = facts.workload and facts.workload["metadata"].get("deletionTimestamp")
    if not facts.removed and not going:
        return None
    return Evidence(str(facts.target.workload), "was deleted while it was watched")


def rejected(facts: Facts) -> Evidence | None:
    """No pod is made: Pod Security, quota, a missing service account, a webhook."""
    if not facts.makers or len(facts.pods) >= facts.wanted:
        return None
    failures = [condition(item, "ReplicaFailure") or {} for item in facts.makers]
    messages = [entry.get("message") for entry in failures if entry.get("status") == "True"]
    events = [event for event in facts.events if event.get("reason") == "FailedCreate"]
    if not any(messages) and not facts.pods:
        messages = [event.get("message") for event in events[-1:]]
    message = next((str(text) for text in messages if text), "")
    if not message:
        return None
    cause, fix = "the API server rejects its pods", what_to_change(message)
    return Evidence(str(facts.target.workload), cause, (message,), fix=fix)


def what_to_change(message: str) -> str:
    """Return what a rejection asks to change, with its figures; "" when it is none of these."""
    for pattern, told in _CHANGES:
        found = pattern.search(message)
        if found:
            return told(found)
    return ""


def _over_quota(found: re.Match[str]) -> str:
    asked, used, most = (_amounts(found[name]) for name in ("asked", "used", "most"))
    terms = [
        f"{_field(name)} ({amount} asked for, {used.get(name, '?')} of {most.get(name, '?')} used)"
        for name, amount in asked.items()
    ]
    return f"lower {', '.join(terms)} of the model, or raise ResourceQuota {found['quota']}"


def _unsaid(found: re.Match[str]) -> str:
    fields = ", ".join(map(_field, found["fields"].split(",")))
    return f"set {fields} of the model: ResourceQuota {found['quota']} asks for it"


def _out_of_range(found: re.Match[str]) -> str:
    side, word = found["side"] or found["unsaid"], _BOUNDS[found["end"]]
    have = f" (it is {found['have']})" if found["have"] else " (it has none)"
    return (
        f"set resources.{side}s.{found['what']} of the model to {word} {found['bound']}{have}, "
        f"or change the namespace's LimitRange (per {found['per']})"
    )


def _ratio(found: re.Match[str]) -> str:
    return (
        f"set resources.limits.{found['what']} of the model to at most {found['bound']} times its "
        f"request, or change the namespace's LimitRange (per {found['per']})"
    )


def _no_account(found: re.Match[str]) -> str:
    return f"create ServiceAccount {found['name']}, or correct service_account_name of the model"


def _field(resource: str) -> str:
    """Return the model's key behind a resource of a quota."""
    if resource in {"pods", "count/pods"}:
        return "replicas"
    scope = "" if resource.startswith(("requests.", "limits.")) else "requests."
    return f"resources.{scope}{resource}"


def _amounts(text: str) -> dict[str, str]:
    """Read ``requests.memory=4Gi,pods=1``."""
    return dict(entry.split("=", 1) for entry in text.split(",") if "=" in entry)


_BOUNDS = {"maximum": "at most", "minimum": "at least"}
_CHANGES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_QUOTA, _over_quota),
    (_UNSAID, _unsaid),
    (_RANGE, _out_of_range),
    (_RATIO, _ratio),
    (_ACCOUNT, _no_account),
)
