# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What changed in an object, for the result and for Ansible's diff."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..api.objects import Object
from ..api.redact import decoded

if TYPE_CHECKING:
    from .apply import Outcome

# Written by the API server and its controllers, never by the user.
_SERVER_METADATA = (
    "managedFields",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "uid",
    "selfLink",
    "finalizers",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)
_CONTROLLER_PREFIXES = (
    "deployment.kubernetes.io/",
    "pv.kubernetes.io/",
    "volume.kubernetes.io/",
    "volume.beta.kubernetes.io/",
    "autoscaling.alpha.kubernetes.io/",
    "control-plane.alpha.kubernetes.io/",
    "kubectl.kubernetes.io/last-applied-configuration",
)


def comparable(item: Object) -> Object:
    """Return a copy without status and without what controllers write for themselves."""
    kept = {key: value for key, value in item.items() if key != "status"}
    kept = copy.deepcopy(kept)
    metadata = kept.get("metadata") or {}
    for key in _SERVER_METADATA:
        metadata.pop(key, None)
    annotations = {
        key: value
        for key, value in (metadata.get("annotations") or {}).items()
        if not key.startswith(_CONTROLLER_PREFIXES)
    }
    metadata.pop("annotations", None)
    if annotations:
        metadata["annotations"] = annotations
    _drop_binding(kept)
    return kept


def _drop_binding(item: Object) -> None:
    """Drop what the volume controller writes when it binds a claim and a volume."""
    spec = item.get("spec") or {}
    if item.get("kind") == "PersistentVolumeClaim":
        spec.pop("volumeName", None)
    claim = spec.get("claimRef") if item.get("kind") == "PersistentVolume" else None
    if isinstance(claim, dict):
        for key in ("uid", "resourceVersion", "apiVersion", "kind"):
            claim.pop(key, None)


class Placeholders:
    """Numbers secret values, so that equal values look equal and nothing else can be learnt."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def hide(self, item: Object) -> Object:
        """Return a copy of a Secret with placeholders for its values; others unchanged."""
        if item.get("kind") != "Secret":
            return item
        values = {key: decoded(str(value)) for key, value in (item.get("data") or {}).items()}
        values |= {key: str(value) for key, value in (item.get("stringData") or {}).items()}
        kept = {key: value for key, value in item.items() if key not in {"data", "stringData"}}
        return kept | {"data": {key: self._name(values[key]) for key in sorted(values)}}

    def _name(self, value: str) -> str:
        number = self._numbers.setdefault(value, len(self._numbers) + 1)
        return f"<secret {number}>"


def differences(outcomes: Iterable[Outcome]) -> list[dict[str, str]]:
    """Return one entry in Ansible's diff format for each object that changed."""
    placeholders = Placeholders()
    entries = []
    for outcome in outcomes:
        if outcome.result in {"unchanged", "absent"}:
            continue
        entries.append(
            {
                "before_header": f"{outcome.id} ({'live' if outcome.before else 'absent'})",
                "after_header": f"{outcome.id} ({outcome.result})",
                "before": _text(outcome.before, placeholders),
                "after": _text(outcome.after, placeholders),
            }
        )
    return entries


def _text(item: Object | None, placeholders: Placeholders) -> str:
    import yaml

    if item is None:
        return ""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    shown = placeholders.hide(comparable(item))
    return str(yaml.dump(shown, Dumper=dumper, sort_keys=True, default_flow_style=False))
