# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Ports, and containers beside the server's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ..errors import Errors
from ..readers import anything, boolean, integer, mapping, name_like, one_of, scalar_text, text
from ..reserved import CONTAINER, PORT, PORT_NAME
from ..structures import also, distinct, entry, list_of
from .environment import VARIABLES
from .names import image_name, short_name
from .resources import QUANTITIES, check_resources
from .security import container_security
from .volumes import volume_mounts

_PORT_NAME = re.compile(r"(?=.{1,15}\Z)(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
_port = integer(1, 65535)
_port_name = name_like(
    _PORT_NAME, "a name of at most 15 lower-case letters, digits and '-', with a letter in it"
)


def _check_port_numbers(found: list[dict[str, Any]], path: str, errors: Errors) -> None:
    _check_distinct_ports(found, path, errors, {(PORT, "TCP"): "the server's"})


def _check_distinct_ports(
    found: list[dict[str, Any]],
    path: str,
    errors: Errors,
    taken: Mapping[tuple[int, str], str] = MappingProxyType({}),
) -> None:
    """A port stands once for each protocol; server-side apply knows it by both."""
    seen = dict(taken)
    for index, port in enumerate(found):
        number = (port["containerPort"], port.get("protocol") or "TCP")
        place = f"{path}[{index}]"
        if number in seen:
            cause = f"{number[0]}/{number[1]} is {seen[number]} port too"
            errors.add("doubled_port", f"{place}.containerPort", cause, "give another one")
        seen.setdefault(number, f"{place}'s")


_PORT_ENTRY = entry(
    {
        "name": _port_name,
        "containerPort": _port,
        "hostPort": integer(0, 65535),
        "hostIP": text,
        "protocol": one_of("TCP", "UDP", "SCTP"),
    },
    needs=["containerPort"],
)
extra_ports = also(
    distinct(list_of(_PORT_ENTRY, kind="list of ContainerPort"), "name", taken=[PORT_NAME]),
    _check_port_numbers,
)

_ANY_OF_A_CONTAINER = (
    "envFrom", "lifecycle", "livenessProbe", "readinessProbe", "resizePolicy", "restartPolicyRules",
    "startupProbe", "volumeDevices", "terminationMessagePath", "workingDir",
)  # fmt: skip
_CONTAINER_ENTRY = entry(
    {
        **dict.fromkeys(_ANY_OF_A_CONTAINER, anything),
        "name": short_name,
        "image": image_name,
        "imagePullPolicy": one_of("IfNotPresent", "Always", "Never"),
        "command": list_of(scalar_text),
        "args": list_of(scalar_text),
        "env": VARIABLES,
        "ports": also(distinct(list_of(_PORT_ENTRY), "name"), _check_distinct_ports),
        "resources": also(
            entry({"requests": QUANTITIES, "limits": QUANTITIES, "claims": list_of(mapping)}),
            lambda found, path, errors: check_resources(
                {key: part for key, part in found.items() if key != "claims"}, path, errors
            ),
        ),
        "securityContext": container_security,
        "volumeMounts": volume_mounts,
        "restartPolicy": one_of("Always", "OnFailure", "Never"),
        "stdin": boolean,
        "stdinOnce": boolean,
        "tty": boolean,
        "terminationMessagePolicy": one_of("File", "FallbackToLogsOnError"),
    },
    needs=["name", "image"],
)
containers = distinct(
    list_of(_CONTAINER_ENTRY, kind="list of Container"), "name", taken=[CONTAINER]
)
