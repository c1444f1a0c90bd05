# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Variables of a container. Whatever is wrong, their values are never shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import Errors
from ..readers import Reader, as_text, boolean, reads, text
from ..structures import also, distinct, entry, list_of
from .resources import quantity

# Since Kubernetes 1.34 a variable's name is any printable ASCII without "=".
_VARIABLE = re.compile(r"[ -<>-~]+\Z")


@reads("string")
def _variable_value(value: Any, path: str, errors: Errors) -> str:
    found = as_text(value)
    if found is None:
        errors.wrong_secret(path, value, "a string or a number")
    return found or ""


@reads("string")
def _variable_name(value: Any, path: str, errors: Errors) -> str:
    if isinstance(value, str) and _VARIABLE.match(value):
        return str(value)
    # It may be NAME=secret.
    errors.wrong_secret(path, value, "a variable's name: printable ASCII without '='")
    return ""


def _reference(*needs: str, **optional: Reader) -> Reader:
    return entry({**dict.fromkeys(needs, text), **optional}, needs=needs)


_VALUE_FROM = entry({
    "fieldRef": _reference("fieldPath", apiVersion=text),
    "resourceFieldRef": _reference("resource", containerName=text, divisor=quantity),
    "configMapKeyRef": _reference("name", "key", optional=boolean),
    "secretKeyRef": _reference("name", "key", optional=boolean),
    "fileKeyRef": _reference("key", "path", "volumeName", optional=boolean),
})  # fmt: skip


def _check_variable(found: Mapping[str, Any], path: str, errors: Errors) -> None:
    source = found.get("valueFrom")
    if source is None:
        return
    if found.get("value"):
        cause = "a variable has a value or takes it from elsewhere"
        errors.add("contradiction", f"{path}.valueFrom", cause, "leave out value or valueFrom")
    if len(source) != 1:
        cause = f"names {len(source)} sources"
        errors.add("contradiction", f"{path}.valueFrom", cause, "give one of them")


_VARIABLE_KEYS = {"name": _variable_name, "value": _variable_value, "valueFrom": _VALUE_FROM}
_variable = also(entry(_VARIABLE_KEYS), _check_variable)


@reads("mapping")
def _variable_entry(value: Any, path: str, errors: Errors) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        errors.wrong_secret(path, value, "a mapping with name, and value or valueFrom")
        return {}
    if value.get("name") is None:
        errors.add("missing_key", f"{path}.name", "is missing", "an EnvVar needs a name")
    found: dict[str, Any] = _variable(value, path, errors)
    return found


VARIABLES = distinct(list_of(_variable_entry), "name")


@reads("mapping, or list of EnvVar")
def environment(value: Any, path: str, errors: Errors) -> list[dict[str, Any]]:
    """A mapping of names to values, or a list of EnvVar, as a list of EnvVar."""
    if isinstance(value, Mapping):
        return [
            {
                "name": _variable_name(str(name), f"{path}.{name}".partition("=")[0], errors),
                "value": _variable_value(part, f"{path}.{name}", errors),
            }
            for name, part in value.items()
        ]
    if not isinstance(value, list | tuple):
        errors.wrong_secret(path, value, "a list")
        return []
    found: list[dict[str, Any]] = VARIABLES(value, path, errors)
    return found
