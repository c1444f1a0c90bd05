# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Services and Ingresses, and what a Service finds behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...findings import shown
from . import forms
from .metadata import dns_label, label_map, selector
from .ports import optional_port_number, port_name, port_number, port_or_name, protocol
from .values import (
    Notes,
    flag,
    list_of,
    mapping_at,
    mappings_at,
    named,
    one_key,
    one_of,
    required,
    struct,
    text,
    text_at,
    texts,
    unique,
)

_service_port = struct(
    {
        "name": dns_label,
        "port": port_number,
        "targetPort": port_or_name(empty=True),
        "nodePort": optional_port_number,
        "protocol": protocol,
        "appProtocol": named(forms.key, forms.KEY),
    },
    required("port"),
)


def _has_ports(spec: Mapping[str, Any], path: str, notes: Notes) -> None:
    kind = spec.get("type") or "ClusterIP"
    is_headless = spec.get("clusterIP") == "None"
    if kind == "ExternalName":
        required("externalName")(spec, path, notes)
    elif not is_headless:
        required("ports")(spec, path, notes)
    ports = mappings_at(spec, "ports")
    for index, port in ports:
        if len(ports) > 1 and not port.get("name"):
            place = f"{path}.ports[{index}].name"
            notes.add("missing_key", place, "is missing", "name each port where there are several")
        if kind == "ClusterIP" and port.get("nodePort"):
            place = f"{path}.ports[{index}].nodePort"
            cause = "does not go with type ClusterIP"
            notes.add("wrong_port", place, cause, "give type NodePort or LoadBalancer")


def _ports_once(spec: Mapping[str, Any], path: str, notes: Notes) -> None:
    ports = [(f"{path}.ports[{index}]", port) for index, port in mappings_at(spec, "ports")]
    unique(
        [(f"{place}.name", port.get("name") or None) for place, port in ports],
        notes,
        "is the name of",
    )
    for key in ("port", "nodePort"):
        numbers = [
            (f"{place}.{key}", (port[key], port.get("protocol") or "TCP"))
            for place, port in ports
            if port.get(key)
        ]
        unique(numbers, notes, "is the port of", "doubled_port")


service = struct(
    {
        "type": one_of("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
        "selector": label_map,
        "ports": list_of(_service_port, keyed=True),
        "clusterIP": text,
        "clusterIPs": texts,
        "externalIPs": texts,
        "externalName": text,
        "sessionAffinity": one_of("None", "ClientIP"),
        "externalTrafficPolicy": one_of("Cluster", "Local"),
        "internalTrafficPolicy": one_of("Cluster", "Local"),
        "ipFamilyPolicy": one_of("SingleStack", "PreferDualStack", "RequireDualStack"),
        "publishNotReadyAddresses": flag,
        "allocateLoadBalancerNodePorts": flag,
        "healthCheckNodePort": optional_port_number,
    },
    _has_ports,
    _ports_once,
)
_backend = struct(
    {
        "service": struct(
            {
                "name": text,
                "port": struct(
                    {"number": port_number, "name": port_name}, one_key("number", "name")
                ),
            },
            required("name", "port"),
        )
    }
)


def _route(value: Mapping[str, Any], path: str, notes: Notes) -> None:
    word, kind = value.get("path"), value.get("pathType")
    if kind in ("Exact", "Prefix") and not text_at(value, "path").startswith("/"):
        notes.add("wrong_path", f"{path}.path", f"{shown(word)} is no path", "begin it with '/'")


_path = struct(
    {
        "path": text,
        "pathType": one_of("Exact", "Prefix", "ImplementationSpecific"),
        "backend": _backend,
    },
    required("pathType", "backend"),
    _route,
)
ingress = struct(
    {
        "ingressClassName": text,
        "defaultBackend": _backend,
        "rules": list_of(
            struct({"host": text, "http": struct({"paths": list_of(_path)}, required("paths"))})
        ),
        "tls": list_of(struct({"hosts": texts, "secretName": text})),
    }
)
_policy_ports = list_of(
    struct({"port": port_or_name(), "endPort": port_number, "protocol": protocol})
)
_peers = list_of(struct({"podSelector": selector, "namespaceSelector": selector}))
network_policy = struct(
    {
        "podSelector": selector,
        "policyTypes": list_of(one_of("Ingress", "Egress")),
        "ingress": list_of(struct({"ports": _policy_ports, "from": _peers})),
        "egress": list_of(struct({"ports": _policy_ports, "to": _peers})),
    }
)

# One label of a place: namespace, key, value.
_Label = tuple[str, str, str]


class Backends:
    """The pods that the objects make, found by one of their labels."""

    def __init__(self, objects: Iterable[Mapping[str, Any]]) -> None:
        self._by_label: dict[_Label, list[Mapping[str, Any]]] = {}
        for item in objects:
            namespace = text_at(mapping_at(item, "metadata"), "namespace")
            pod = _pod_of(item)
            for key, value in mapping_at(pod, "metadata", "labels").items():
                if isinstance(value, str):
                    self._by_label.setdefault((namespace, key, value), []).append(pod)

    def behind(self, namespace: str, wanted: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The pods that a Service with such a selector sends to."""
        lists = [
            self._by_label.get((namespace, key, value), []) if isinstance(value, str) else []
            for key, value in wanted.items()
        ]
        return [
            pod
            for pod in min(lists, key=len, default=[])
            if wanted.items() <= mapping_at(pod, "metadata", "labels").items()
        ]


def _pod_of(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object as a pod, or the template of its pods."""
    if item.get("kind") == "Pod":
        return item
    spec = mapping_at(item, "spec")
    return mapping_at(spec, "jobTemplate", "spec", "template") or mapping_at(spec, "template")


def target_ports(item: Mapping[str, Any], backends: Backends, notes: Notes) -> None:
    """A port that is found by name is there in at least one of the pods behind the Service.

    Without it the Service has no endpoint at this port. Pods of other objects are not known here.
    """
    spec = mapping_at(item, "spec")
    wanted = [
        (index, port["targetPort"])
        for index, port in mappings_at(spec, "ports")
        if isinstance(port.get("targetPort"), str)
        and not forms.port_name(port["targetPort"] or "-")
    ]
    if not wanted:
        return
    namespace = text_at(mapping_at(item, "metadata"), "namespace")
    pods = backends.behind(namespace, mapping_at(spec, "selector"))
    names = {name for pod in pods for name in _port_names(mapping_at(pod, "spec"))}
    for index, name in wanted:
        if pods and name not in names:
            known = ", ".join(sorted(names)) or "there are none"
            cause = f"no container behind the Service has a port of the name {name!r}"
            fix = f"name one of their ports ({known}), or give a number"
            notes.add("missing_port", f"spec.ports[{index}].targetPort", cause, fix)


def _port_names(spec: Mapping[str, Any]) -> list[str]:
    return [
        port["name"]
        for key in ("containers", "initContainers")
        for _place, container in mappings_at(spec, key)
        for _index, port in mappings_at(container, "ports")
        if text_at(port, "name")
    ]
