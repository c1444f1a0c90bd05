# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What changed in an object, for the result and for Ansible's diff."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..api.objects import Object
from ..api.redact import decoded
from .outcome import Outcome

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
_BOUND_CLAIM = ("uid", "resourceVersion", "apiVersion", "kind")


def comparable(item: Object) -> Object:
    """Return a copy without status and without what controllers write for themselves.

    The parts below it that are kept whole are the same as those of ``item``.
    """
    kept = {key: value for key, value in item.items() if key != "status"}
    metadata = item.get("metadata") or {}
    kept["metadata"] = {key: metadata[key] for key in metadata if key not in _SERVER_METADATA}
    annotations = {
        key: value
        for key, value in (metadata.get("annotations") or {}).items()
        if not key.startswith(_CONTROLLER_PREFIXES)
    }
    kept["metadata"].pop("annotations", None)
    if annotations:
        kept["metadata"]["annotations"] = annotations
    if "spec" in item:
        kept["spec"] = _without_binding(str(item.get("kind")), item["spec"])
    return kept


def result_of(before: Object | None, after: Object) -> str:
    """Tell what an apply did; what controllers write in the meantime is no change."""
    if before is None:
        return "created"
    return "unchanged" if comparable(before) == comparable(after) else "changed"


def _without_binding(kind: str, spec: Any) -> Any:
    """Leave out what the volume controller writes when it binds a claim and a volume."""
    if kind == "PersistentVolumeClaim":
        return {key: value for key, value in spec.items() if key != "volumeName"}
    if kind == "PersistentVolume" and isinstance(spec.get("claimRef"), dict):
        claim = {key: value for key, value in spec["claimRef"].items() if key not in _BOUND_CLAIM}
        return spec | {"claimRef": claim}
    return spec


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
        if not outcome.changed:
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
