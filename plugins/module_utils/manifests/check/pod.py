# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""A pod: its containers, its volumes, and where it may run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ...findings import shown
from . import forms
from .container import SECURITY, container
from .metadata import (
    dns_label,
    label_key,
    label_map,
    node_requirement,
    selector,
    subdomain,
    template_metadata,
)
from .quantities import quantities
from .storage import node_selector
from .values import (
    LARGEST,
    LARGEST_LONG,
    Notes,
    Reader,
    flag,
    list_of,
    mapping_at,
    mappings_at,
    one_of,
    required,
    struct,
    text,
    text_at,
    texts,
    unique,
    whole,
)
from .volumes import volume

_CONTAINERS = ("initContainers", "containers")


def _toleration(value: Mapping[str, Any], path: str, notes: Notes) -> None:
    operator, word = value.get("operator"), value.get("value")
    if not value.get("key") and operator != "Exists":
        fix = "give operator Exists, or a key"
        notes.add("contradiction", f"{path}.operator", "there is no key to compare", fix)
    if operator == "Exists" and word:
        notes.add("contradiction", f"{path}.value", "does not go with Exists", "leave it out")
    elif isinstance(word, str) and forms.label_value(word):
        cause = f"{shown(word)} {forms.label_value(word)}"
        notes.add("wrong_label", f"{path}.value", cause, f"give {forms.LABEL_VALUE}")
    if value.get("tolerationSeconds") is not None and value.get("effect") != "NoExecute":
        cause = "tolerationSeconds goes with NoExecute only"
        notes.add("contradiction", f"{path}.effect", cause, "give NoExecute")


_tolerations = list_of(
    struct(
        {
            "key": label_key,
            "operator": one_of("Equal", "Exists"),
            "value": text,
            "effect": one_of("NoSchedule", "PreferNoSchedule", "NoExecute"),
            "tolerationSeconds": whole(-LARGEST_LONG, LARGEST_LONG),
        },
        _toleration,
    )
)
_weight = whole(1, 100)
_pod_term = struct(
    {"labelSelector": selector, "namespaceSelector": selector, "topologyKey": label_key},
    required("topologyKey"),
)
_pods = struct(
    {
        "requiredDuringSchedulingIgnoredDuringExecution": list_of(_pod_term),
        "preferredDuringSchedulingIgnoredDuringExecution": list_of(
            struct({"weight": _weight, "podAffinityTerm": _pod_term}, required("weight"))
        ),
    }
)
_nodes = struct(
    {
        "requiredDuringSchedulingIgnoredDuringExecution": node_selector,
        "preferredDuringSchedulingIgnoredDuringExecution": list_of(
            struct(
                {
                    "weight": _weight,
                    "preference": struct({"matchExpressions": list_of(node_requirement)}),
                },
                required("weight"),
            )
        ),
    }
)
_spread = struct(
    {
        "maxSkew": whole(1),
        "topologyKey": label_key,
        "whenUnsatisfiable": one_of("DoNotSchedule", "ScheduleAnyway"),
        "labelSelector": selector,
        "minDomains": whole(1),
    },
    required("maxSkew", "topologyKey", "whenUnsatisfiable"),
)
_security = struct(
    {
        **SECURITY,
        "fsGroup": whole(),
        "supplementalGroups": list_of(whole()),
        "fsGroupChangePolicy": one_of("OnRootMismatch", "Always"),
        "supplementalGroupsPolicy": one_of("Merge", "Strict"),
        "sysctls": list_of(struct({"name": text, "value": text}, required("name"))),
    }
)


def _containers(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each container with its path below the spec, those that start first at the beginning."""
    for key in _CONTAINERS:
        for index, entry in mappings_at(spec, key):
            yield f"{key}[{index}]", entry


def _names_once(spec: Mapping[str, Any], path: str, notes: Notes) -> None:
    names = [(f"{path}.{place}.name", entry.get("name")) for place, entry in _containers(spec)]
    unique(names, notes, "is the name of")
    volumes = [
        (f"{path}.volumes[{index}].name", entry.get("name"))
        for index, entry in mappings_at(spec, "volumes")
    ]
    unique(volumes, notes, "is the name of")


def _host_ports(spec: Mapping[str, Any], path: str, notes: Notes) -> None:
    """A port of the node can be had once, and is the container's own in the node's network."""
    on_host = spec.get("hostNetwork") is True
    taken = []
    for number, entry in mappings_at(spec, "containers"):
        for index, port in mappings_at(entry, "ports"):
            place = f"{path}.containers[{number}].ports[{index}].hostPort"
            host, inside = port.get("hostPort"), port.get("containerPort")
            if on_host and host and host != inside:
                cause = (
                    f"{shown(host)} is not the containerPort, and the pod has the node's network"
                )
                notes.add("wrong_port", place, cause, "give the containerPort, or leave it out")
            wanted = host or (inside if on_host else None)
            if isinstance(wanted, int):
                address = port.get("hostIP") or "0.0.0.0"  # noqa: S104 - every address of the node
                taken.append((place, (address, wanted, port.get("protocol") or "TCP")))
    unique(taken, notes, "is the node's port of", "doubled_port")


def _only_sidecars_have_probes(spec: Mapping[str, Any], path: str, notes: Notes) -> None:
    for index, entry in mappings_at(spec, "initContainers"):
        if entry.get("restartPolicy") == "Always":
            continue
        for key in ("startupProbe", "livenessProbe", "readinessProbe", "lifecycle"):
            if entry.get(key) is not None:
                place = f"{path}.initContainers[{index}].{key}"
                cause = "does not go with an init container that ends"
                notes.add("contradiction", place, cause, "leave it out")


pod = struct(
    {
        "containers": list_of(container, keyed=True),
        "initContainers": list_of(container, keyed=True),
        "volumes": list_of(volume, keyed=True),
        "restartPolicy": one_of("Always", "OnFailure", "Never"),
        "dnsPolicy": one_of("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
        "terminationGracePeriodSeconds": whole(-LARGEST_LONG, LARGEST_LONG),
        "activeDeadlineSeconds": whole(1, LARGEST),
        "nodeSelector": label_map,
        "tolerations": _tolerations,
        "affinity": struct(
            {"nodeAffinity": _nodes, "podAffinity": _pods, "podAntiAffinity": _pods}
        ),
        "topologySpreadConstraints": list_of(_spread),
        "priorityClassName": subdomain,
        "priority": whole(-LARGEST),
        "schedulerName": text,
        "nodeName": subdomain,
        "serviceAccountName": subdomain,
        "automountServiceAccountToken": flag,
        "enableServiceLinks": flag,
        "imagePullSecrets": list_of(struct({"name": text})),
        "runtimeClassName": subdomain,
        "hostNetwork": flag,
        "hostIPC": flag,
        "hostPID": flag,
        "hostUsers": flag,
        "shareProcessNamespace": flag,
        "hostname": dns_label,
        "subdomain": dns_label,
        "hostAliases": list_of(struct({"ip": text, "hostnames": texts}, required("ip"))),
        "securityContext": _security,
        "overhead": quantities,
    },
    required("containers"),
    _names_once,
    _host_ports,
    _only_sidecars_have_probes,
)


def mounted_volumes(
    spec: Mapping[str, Any], path: str, notes: Notes, more: Collection[str] = ()
) -> None:
    """Each mount is of a volume that the pod has; ``more``: what comes from claim templates."""
    names = {text_at(entry, "name") for _index, entry in mappings_at(spec, "volumes")} | set(more)
    for place, entry in _containers(spec):
        for index, mount in mappings_at(entry, "volumeMounts"):
            name = mount.get("name")
            if isinstance(name, str) and name and name not in names:
                field = f"{path}.{place}.volumeMounts[{index}].name"
                known = ", ".join(sorted(names - {""})) or "there are none"
                cause = f"the pod has no volume {shown(name)}"
                notes.add("missing_volume", field, cause, f"name one of its volumes: {known}")


def template(*policies: str, needs_policy: bool = False) -> Reader:
    """The template of a workload's pods, which may have one of these restart policies."""

    def restart_policy(value: Mapping[str, Any], path: str, notes: Notes) -> None:
        policy = mapping_at(value, "spec").get("restartPolicy")
        if (policy and policy not in policies) or (needs_policy and not policy):
            cause = f"{shown(policy)} does not go with this kind" if policy else "is missing"
            fix = f"give {' or '.join(policies)}"
            notes.add("wrong_choice", f"{path}.spec.restartPolicy", cause, fix)

    return struct({"metadata": template_metadata, "spec": pod}, required("spec"), restart_policy)
