# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""One container: its names, ports, environment, resources, probes, mounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import forms
from .metadata import data_key, dns_label, subdomain
from .ports import optional_port_number, port_name, port_number, port_or_name, protocol
from .quantities import quantity, resources
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
    whole,
)

PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_env_name = named(forms.env_name, forms.ENV_NAME)


def _handler_port(value: Mapping[str, Any], path: str, notes: Notes) -> None:
    if value.get("port") is None:
        notes.add("wrong_port", f"{path}.port", "is missing", "give it")


_header = struct({"name": text, "value": text}, required("name"))
_HANDLER = {
    "exec": struct({"command": texts}, required("command")),
    "httpGet": struct(
        {
            "port": port_or_name(),
            "path": text,
            "host": text,
            "scheme": one_of("HTTP", "HTTPS"),
            "httpHeaders": list_of(_header),
        },
        _handler_port,
    ),
    "tcpSocket": struct({"port": port_or_name(), "host": text}, _handler_port),
}
_TIMES = {
    "initialDelaySeconds": whole(),
    "timeoutSeconds": whole(),
    "periodSeconds": whole(),
    "failureThreshold": whole(),
    "terminationGracePeriodSeconds": whole(1),
    "grpc": struct({"port": port_number, "service": text}, _handler_port),
}
_probe = struct({**_HANDLER, **_TIMES, "successThreshold": whole()}, one_key(*_HANDLERS))
# Kubernetes asks of these two that one success is enough.
_probe_of_life = struct(
    {**_HANDLER, **_TIMES, "successThreshold": whole(0, 1)}, one_key(*_HANDLERS)
)
_hook = struct(
    {**_HANDLER, "sleep": struct({"seconds": whole()})},
    one_key("exec", "httpGet", "tcpSocket", "sleep"),
)


def _one_value(value: Mapping[str, Any], path: str, notes: Notes) -> None:
    if value.get("value") not in (None, "") and value.get("valueFrom") is not None:
        notes.add("contradiction", path, "has value and valueFrom", "give one of them")


_key_of = struct({"name": subdomain, "key": data_key, "optional": flag}, required("name", "key"))
_SOURCES = {
    "fieldRef": struct({"fieldPath": text, "apiVersion": text}, required("fieldPath")),
    "resourceFieldRef": struct(
        {"resource": text, "containerName": text, "divisor": quantity()}, required("resource")
    ),
    "configMapKeyRef": _key_of,
    "secretKeyRef": _key_of,
    # Kubernetes 1.34 has it as an alpha feature.
    "fileKeyRef": struct({"volumeName": text, "path": text, "key": text}),
}
_variable = struct(
    {"name": _env_name, "value": text, "valueFrom": struct(_SOURCES, one_key(*_SOURCES))},
    required("name"),
    _one_value,
)
_whole_source = struct({"name": subdomain, "optional": flag}, required("name"))
_variables_from = struct(
    {"prefix": _env_name, "configMapRef": _whole_source, "secretRef": _whole_source},
    one_key("configMapRef", "secretRef"),
)
_port = struct(
    {
        "name": port_name,
        "containerPort": port_number,
        "hostPort": optional_port_number,
        "hostIP": text,
        "protocol": protocol,
    },
    required("containerPort"),
)


def _sub_paths(value: Mapping[str, Any], path: str, notes: Notes) -> None:
    if value.get("subPath") and value.get("subPathExpr"):
        notes.add("contradiction", path, "has subPath and subPathExpr", "give one of them")
    for key in ("subPath", "subPathExpr"):
        word = value.get(key)
        if isinstance(word, str) and (word.startswith("/") or ".." in word.split("/")):
            fix = "give a path inside the volume, without '..'"
            notes.add("wrong_path", f"{path}.{key}", f"{word!r} leads out of the volume", fix)


def _mount_path(value: Mapping[str, Any], path: str, notes: Notes) -> None:
    """The API server takes any text here; what runs the container makes its own of it."""
    word = value.get("mountPath")
    if isinstance(word, str) and word and (":" in word or not word.startswith("/")):
        fix = "give an absolute path without ':'"
        notes.warn("wrong_path", f"{path}.mountPath", f"{word!r} is an unusual place", fix)


_mount = struct(
    {
        "name": text,
        "mountPath": text,
        "subPath": text,
        "subPathExpr": text,
        "readOnly": flag,
        "mountPropagation": one_of("None", "HostToContainer", "Bidirectional"),
        "recursiveReadOnly": one_of("Disabled", "IfPossible", "Enabled"),
    },
    required("name", "mountPath"),
    _sub_paths,
    _mount_path,
)


def _privileges(value: Mapping[str, Any], path: str, notes: Notes) -> None:
    if value.get("allowPrivilegeEscalation") is not False:
        return
    if value.get("privileged") is True:
        cause = "is privileged and forbids the escalation of privileges"
        notes.add("contradiction", path, cause, "leave one of the two out")
    added = mapping_at(value, "capabilities").get("add")
    if isinstance(added, list | tuple) and "CAP_SYS_ADMIN" in added:
        cause = "adds CAP_SYS_ADMIN and forbids the escalation of privileges"
        notes.add("contradiction", path, cause, "leave one of the two out")


def _local_profile(value: Mapping[str, Any], path: str, notes: Notes) -> None:
    is_local = value.get("type") == "Localhost"
    if is_local != bool(value.get("localhostProfile")):
        fix = "give it with type Localhost, and with no other"
        cause = "is missing" if is_local else "does not go with this type"
        notes.add("contradiction", f"{path}.localhostProfile", cause, fix)


_profile = struct(
    {"type": one_of("Unconfined", "RuntimeDefault", "Localhost"), "localhostProfile": text},
    required("type"),
    _local_profile,
)
# What the security contexts of pods and containers share.
SECURITY = {
    "runAsUser": whole(),
    "runAsGroup": whole(),
    "runAsNonRoot": flag,
    "seccompProfile": _profile,
    "appArmorProfile": _profile,
}
_security = struct(
    {
        **SECURITY,
        "privileged": flag,
        "allowPrivilegeEscalation": flag,
        "readOnlyRootFilesystem": flag,
        "procMount": one_of("Default", "Unmasked"),
        "capabilities": struct({"add": texts, "drop": texts}),
    },
    _privileges,
)


def _names_once(value: Mapping[str, Any], path: str, notes: Notes) -> None:
    ports = [(f"{path}.ports[{index}]", port) for index, port in mappings_at(value, "ports")]
    names = [(f"{place}.name", port.get("name") or None) for place, port in ports]
    unique(names, notes, "is the name of")
    numbers = [
        (f"{place}.containerPort", (port.get("containerPort"), port.get("protocol") or "TCP"))
        for place, port in ports
    ]
    unique(numbers, notes, "is the port of", "doubled_port")
    for key, name, cause, rule in (
        ("env", "name", "is the name of", "doubled_name"),
        ("volumeMounts", "mountPath", "is the place of", "doubled_path"),
    ):
        entries = mappings_at(value, key)
        unique(
            [(f"{path}.{key}[{index}].{name}", entry.get(name)) for index, entry in entries],
            notes,
            cause,
            rule,
        )


def _probed_ports(value: Mapping[str, Any], path: str, notes: Notes) -> None:
    """The kubelet looks a probe's port up by name among the container's own."""
    names = {text_at(port, "name") for _index, port in mappings_at(value, "ports")}
    for key in PROBES:
        for handler in ("httpGet", "tcpSocket"):
            port = mapping_at(value, key, handler).get("port")
            if isinstance(port, str) and not forms.port_name(port) and port not in names:
                place = f"{path}.{key}.{handler}.port"
                cause = f"the container has no port of the name {port!r}"
                notes.add("missing_port", place, cause, "name one of its ports, or give a number")


container = struct(
    {
        "name": dns_label,
        "image": text,
        "imagePullPolicy": one_of("Always", "IfNotPresent", "Never"),
        "command": texts,
        "args": texts,
        "workingDir": text,
        "env": list_of(_variable, keyed=True),
        "envFrom": list_of(_variables_from),
        "ports": list_of(_port, keyed=True),
        "resources": resources,
        "startupProbe": _probe_of_life,
        "livenessProbe": _probe_of_life,
        "readinessProbe": _probe,
        "lifecycle": struct({"postStart": _hook, "preStop": _hook}),
        "securityContext": _security,
        "terminationMessagePath": text,
        "terminationMessagePolicy": one_of("File", "FallbackToLogsOnError"),
        "volumeMounts": list_of(_mount, keyed=True),
        "stdin": flag,
        "stdinOnce": flag,
        "tty": flag,
    },
    required("name", "image"),
    _names_once,
    _probed_ports,
)
