# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Everything that can be wrong with the objects themselves, found before the first is sent.

What the API server accepts passes here too; kinds that are not known are checked in their
metadata only. A warning is about what the server takes and nobody means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...findings import Finding, shown
from . import data, forms, policy, service, storage, workload
from .metadata import METADATA
from .pod import mounted_volumes, pod
from .values import (
    MAPPINGS,
    Notes,
    Reader,
    mapping_at,
    named,
    struct,
    type_name,
)

# What stands beside the metadata of one kind.
Content = Callable[[Mapping[str, Any], Notes], None]


def _spec(reader: Reader, *, is_needed: bool = True) -> Content:
    def read(item: Mapping[str, Any], notes: Notes) -> None:
        if item.get("spec") is not None:
            reader(item["spec"], "spec", notes)
        elif is_needed:
            notes.add("missing_key", "spec", "is missing", "give it")

    return read


def _pod(spec: Any, path: str, notes: Notes) -> None:
    pod(spec, path, notes)
    if isinstance(spec, MAPPINGS):
        mounted_volumes(spec, path, notes)


_CONTENT: dict[tuple[str, str], Content] = {
    ("", "Pod"): _spec(_pod),
    ("", "Service"): _spec(service.service),
    ("", "PersistentVolume"): _spec(storage.volume),
    ("", "PersistentVolumeClaim"): _spec(storage.claim),
    ("", "ResourceQuota"): _spec(policy.quota, is_needed=False),
    ("", "LimitRange"): _spec(policy.limit_range, is_needed=False),
    ("", "ConfigMap"): data.config_map,
    ("", "Secret"): data.secret,
    ("apps", "Deployment"): _spec(workload.deployment),
    ("apps", "StatefulSet"): _spec(workload.stateful_set),
    ("apps", "DaemonSet"): _spec(workload.daemon_set),
    ("apps", "ReplicaSet"): _spec(workload.replica_set),
    ("batch", "Job"): _spec(workload.job),
    ("batch", "CronJob"): _spec(workload.cron_job),
    ("networking.k8s.io", "Ingress"): _spec(service.ingress, is_needed=False),
    ("networking.k8s.io", "NetworkPolicy"): _spec(service.network_policy, is_needed=False),
    ("policy", "PodDisruptionBudget"): _spec(policy.disruption_budget, is_needed=False),
    ("autoscaling", "HorizontalPodAutoscaler"): _spec(policy.autoscaler),
    ("storage.k8s.io", "StorageClass"): policy.storage_class,
    ("scheduling.k8s.io", "PriorityClass"): policy.priority_class,
}


def _name(form: forms.Form, allowed: str) -> Reader:
    return named(form, allowed, empty=False)


_LABEL_NAME = _name(forms.label, forms.LABEL)
_ANY_NAME = _name(forms.segment, forms.SEGMENT)
_USUAL_NAME = _name(forms.subdomain, forms.SUBDOMAIN)
_NAMES: dict[tuple[str, str], Reader] = {
    ("", "Namespace"): _LABEL_NAME,
    ("", "Service"): _LABEL_NAME,
    ("apps", "StatefulSet"): _LABEL_NAME,
    ("batch", "Job"): _LABEL_NAME,
    ("batch", "CronJob"): _name(forms.short_name, forms.LABEL.replace("63", "52")),
    # An address, with colons where it is one of IPv6.
    ("networking.k8s.io", "IPAddress"): _ANY_NAME,
}
# Their names are free: what a URL's path can hold.
_FREE_GROUPS = ("rbac.authorization.k8s.io", "openshift.io")


def _name_reader(group: str, kind: str) -> Reader:
    if group.endswith(_FREE_GROUPS):
        return _ANY_NAME
    return _NAMES.get((group, kind), _USUAL_NAME)


_namespace = named(forms.label, forms.LABEL)
_metadata = struct({**METADATA, "namespace": _namespace})


def check_objects(objects: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Every mistake in the objects, in their order; a warning where the server would take it."""
    given: Sequence[Any] = objects
    backends = service.Backends(item for item in given if isinstance(item, MAPPINGS))
    places: dict[tuple[str, ...], int] = {}
    found: list[Finding] = []
    for index, item in enumerate(given):
        notes = Notes(_subject(item, index))
        if isinstance(item, MAPPINGS):
            _check(item, notes, backends)
            _check_once(item, index, notes, places)
        else:
            cause = f"is {type_name(item)}, not an object"
            notes.found.append(Finding.error("wrong_type", notes.subject, cause))
        found += notes.found
    return found


def _subject(item: Any, index: int) -> str:
    """``Kind namespace/name``; where that is not known, the object's place in the list."""
    kind, name, namespace = _words(item)
    if not kind or not name:
        return f"{kind or 'object'} number {index + 1}"
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def _words(item: Any) -> tuple[str, str, str]:
    metadata = mapping_at(item, "metadata")
    words = [mapping_at({"item": item}, "item").get("kind")]
    words += [metadata.get("name"), metadata.get("namespace")]
    kind, name, namespace = (word if isinstance(word, str) else "" for word in words)
    return kind, name, namespace


def _group(item: Mapping[str, Any]) -> str:
    version = item.get("apiVersion")
    return version.rpartition("/")[0] if isinstance(version, str) else ""


_VERSION = named(forms.api_version, forms.API_VERSION, empty=False)
_KIND = named(forms.kind, forms.KIND, empty=False)


def _check(item: Mapping[str, Any], notes: Notes, backends: service.Backends) -> None:
    for key, reader in (("apiVersion", _VERSION), ("kind", _KIND)):
        if item.get(key) in (None, ""):
            notes.add("missing_key", key, "is missing", "give it")
        else:
            reader(item[key], key, notes)
    group, kind = _group(item), item.get("kind")
    kind = kind if isinstance(kind, str) else ""
    _check_metadata(item, _name_reader(group, kind), notes)
    content = _CONTENT.get((group, kind))
    if content is not None:
        content(item, notes)
    if (group, kind) == ("", "Service"):
        service.target_ports(item, backends, notes)
        _old_name(item, notes)


def _check_metadata(item: Mapping[str, Any], name: Reader, notes: Notes) -> None:
    metadata = item.get("metadata")
    if metadata is None or mapping_at(item, "metadata").get("name") in (None, ""):
        if metadata is None or isinstance(metadata, MAPPINGS):
            notes.add("missing_key", "metadata.name", "is missing", "give it")
    else:
        name(mapping_at(item, "metadata").get("name"), "metadata.name", notes)
    if metadata is not None:
        _metadata(metadata, "metadata", notes)


def _old_name(item: Mapping[str, Any], notes: Notes) -> None:
    """Older API servers want a letter at the beginning of a Service's name."""
    name = mapping_at(item, "metadata").get("name")
    if isinstance(name, str) and name[:1].isdecimal() and not forms.label(name):
        cause = f"{shown(name)} begins with a digit, which Kubernetes up to 1.34 refuses"
        notes.warn("wrong_name", "metadata.name", cause, "begin it with a letter")


def _check_once(
    item: Mapping[str, Any], index: int, notes: Notes, places: dict[tuple[str, ...], int]
) -> None:
    kind, name, namespace = _words(item)
    if not kind or not name:
        return
    first = places.setdefault((_group(item), kind, namespace, name), index)
    if first != index:
        cause = f"is given twice: objects {first + 1} and {index + 1} of the list"
        notes.found.append(
            Finding.error("doubled_object", notes.subject, cause, fix="give it once")
        )
