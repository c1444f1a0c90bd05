# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Workloads: what makes pods from a template."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...findings import shown
from .metadata import dns_label, selector, selects_template, template_metadata
from .pod import mounted_volumes, template
from .storage import claim
from .values import (
    LARGEST_LONG,
    Notes,
    Reader,
    Together,
    as_whole,
    flag,
    is_whole,
    list_of,
    mapping_at,
    mappings_at,
    one_of,
    required,
    struct,
    text,
    text_at,
    whole,
)

_PERCENT = re.compile(r"[0-9]{1,9}%\Z")


def number_or_percent(*, most: int | None = None) -> Reader:
    """A number of pods, or a part of them such as 25%; ``most``: the largest percentage."""
    allowed = "a whole number of at least 0, or a percentage such as 25%"

    def read(value: Any, path: str, notes: Notes) -> None:
        share = isinstance(value, str) and _PERCENT.match(value)
        if isinstance(value, str) and share:
            if most is not None and int(value[:-1]) > most:
                notes.add("wrong_number", path, f"{value} is too much", f"give at most {most}%")
        elif not is_whole(value) or value < 0:
            notes.add("wrong_number", path, f"{shown(value)} is not allowed", f"give {allowed}")

    return read


share = number_or_percent()
part = number_or_percent(most=100)


def _is_none(value: object) -> bool:
    """Whether a number or percentage is given and stands for no pod."""
    if isinstance(value, str):
        return value.rstrip("%").strip("0") == ""
    return value is not None and not isinstance(value, bool) and value == 0


def _recreate(strategy: Mapping[str, Any], path: str, notes: Notes) -> None:
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") == "Recreate" and rolling is not None:
        cause = "does not go with type Recreate"
        notes.add("contradiction", f"{path}.rollingUpdate", cause, "leave one of the two out")


def _both_none(rolling: Mapping[str, Any], path: str, notes: Notes) -> None:
    if _is_none(rolling.get("maxSurge")) and _is_none(rolling.get("maxUnavailable")):
        cause = "is 0 like maxSurge, so that no pod could ever be replaced"
        notes.add("contradiction", f"{path}.maxUnavailable", cause, "give 1 to one of the two")


def _one_of_both(rolling: Mapping[str, Any], path: str, notes: Notes) -> None:
    """A DaemonSet replaces a node's pod before or after it has ended, not both."""
    surge, unavailable = rolling.get("maxSurge"), rolling.get("maxUnavailable")
    has_surge = surge is not None and not _is_none(surge)
    if has_surge and not _is_none(unavailable):
        cause = "does not go with a maxUnavailable above 0 (1 where none is given)"
        notes.add("contradiction", f"{path}.maxSurge", cause, "give maxUnavailable 0")
    elif not has_surge and _is_none(unavailable):
        cause = "is 0 and there is no maxSurge, so that no pod could ever be replaced"
        notes.add("contradiction", f"{path}.maxUnavailable", cause, "give 1 to one of the two")


def _deadline(spec: Mapping[str, Any], path: str, notes: Notes) -> None:
    deadline = as_whole(spec.get("progressDeadlineSeconds"))
    ready = as_whole(spec.get("minReadySeconds") or 0)
    if deadline is not None and ready is not None and 0 <= deadline <= ready:
        cause = f"{shown(deadline)} is not above minReadySeconds ({shown(ready)})"
        notes.add("contradiction", f"{path}.progressDeadlineSeconds", cause, "give more")


def _no_deadline(spec: Mapping[str, Any], path: str, notes: Notes) -> None:
    """Pods that run for ever have no time by which they end."""
    if mapping_at(spec, "template", "spec").get("activeDeadlineSeconds") is not None:
        place = f"{path}.template.spec.activeDeadlineSeconds"
        notes.add("contradiction", place, "does not go with this kind", "leave it out")


_COMMON = {
    "replicas": whole(),
    "selector": selector,
    "minReadySeconds": whole(),
    "revisionHistoryLimit": whole(),
    "template": template("Always"),
}


def _mounts(spec: Mapping[str, Any], path: str, notes: Notes) -> None:
    """The pods of a StatefulSet have its claims as volumes too."""
    claims = [
        text_at(mapping_at(entry, "metadata"), "name")
        for _index, entry in mappings_at(spec, "volumeClaimTemplates")
    ]
    inside = mapping_at(spec, "template", "spec")
    mounted_volumes(inside, f"{path}.template.spec", notes, claims)


_TOGETHER: tuple[Together, ...] = (required("template"), selects_template(), _no_deadline, _mounts)

deployment = struct(
    {
        **_COMMON,
        "paused": flag,
        "progressDeadlineSeconds": whole(),
        "strategy": struct(
            {
                "type": one_of("Recreate", "RollingUpdate"),
                "rollingUpdate": struct({"maxSurge": share, "maxUnavailable": part}, _both_none),
            },
            _recreate,
        ),
    },
    *_TOGETHER,
    _deadline,
)
replica_set = struct(_COMMON, *_TOGETHER)
daemon_set = struct(
    {
        **_COMMON,
        "updateStrategy": struct(
            {
                "type": one_of("RollingUpdate", "OnDelete"),
                "rollingUpdate": struct({"maxSurge": part, "maxUnavailable": part}, _one_of_both),
            }
        ),
    },
    *_TOGETHER,
)


def _update_of_a_set(rolling: Mapping[str, Any], path: str, notes: Notes) -> None:
    if _is_none(rolling.get("maxUnavailable")):
        notes.add("wrong_number", f"{path}.maxUnavailable", "is 0", "give at least 1")


_claim_template = struct(
    {"metadata": struct({"name": dns_label}, required("name")), "spec": claim}, required("spec")
)
_set_update = struct({"partition": whole(), "maxUnavailable": part}, _update_of_a_set)
stateful_set = struct(
    {
        **_COMMON,
        "serviceName": text,
        "podManagementPolicy": one_of("OrderedReady", "Parallel"),
        "volumeClaimTemplates": list_of(_claim_template),
        "updateStrategy": struct(
            {
                "type": one_of("RollingUpdate", "OnDelete"),
                "rollingUpdate": _set_update,
            }
        ),
    },
    *_TOGETHER,
)

_JOB = {
    "parallelism": whole(),
    "completions": whole(),
    "backoffLimit": whole(),
    "activeDeadlineSeconds": whole(0, LARGEST_LONG),
    "ttlSecondsAfterFinished": whole(),
    "completionMode": one_of("NonIndexed", "Indexed"),
    "suspend": flag,
    "selector": selector,
    "template": template("OnFailure", "Never", needs_policy=True),
}
job = struct(_JOB, required("template"), _mounts)
cron_job = struct(
    {
        "schedule": text,
        "timeZone": text,
        "concurrencyPolicy": one_of("Allow", "Forbid", "Replace"),
        "startingDeadlineSeconds": whole(0, LARGEST_LONG),
        "successfulJobsHistoryLimit": whole(),
        "failedJobsHistoryLimit": whole(),
        "suspend": flag,
        "jobTemplate": struct({"metadata": template_metadata, "spec": job}, required("spec")),
    },
    required("schedule", "jobTemplate"),
)
