# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Security contexts of a pod and of a container."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import Errors
from ..readers import INT32, boolean, integer, mapping, one_of, scalar_text, text
from ..structures import also, entry, list_of

_ids = integer(0, INT32)


def _check_profile(found: Mapping[str, Any], path: str, errors: Errors) -> None:
    if (found["type"] == "Localhost") != bool(found.get("localhostProfile")):
        cause = "type Localhost and localhostProfile go together"
        errors.add("contradiction", path, cause, "give both or none")


_PROFILE = also(
    entry(
        {"type": one_of("RuntimeDefault", "Unconfined", "Localhost"), "localhostProfile": text},
        needs=["type"],
    ),
    _check_profile,
)
_SHARED_SECURITY = {
    "runAsUser": _ids,
    "runAsGroup": _ids,
    "runAsNonRoot": boolean,
    "seccompProfile": _PROFILE,
    "appArmorProfile": _PROFILE,
    "seLinuxOptions": entry(dict.fromkeys(("level", "role", "type", "user"), text)),
    "windowsOptions": mapping,
}


def _check_privileged(found: Mapping[str, Any], path: str, errors: Errors) -> None:
    """The server's container forbids privilege escalation unless the user allows it."""
    if found.get("privileged") and not found.get("allowPrivilegeEscalation"):
        cause = "a privileged container can escalate its privileges, and the server's may not"
        fix = "give allowPrivilegeEscalation: true too, or leave it out"
        errors.add("contradiction", f"{path}.privileged", cause, fix)


container_security = entry({
    **_SHARED_SECURITY,
    "allowPrivilegeEscalation": boolean,
    "privileged": boolean,
    "readOnlyRootFilesystem": boolean,
    "procMount": one_of("Default", "Unmasked"),
    "capabilities": entry({"add": list_of(text), "drop": list_of(text)}),
})  # fmt: skip
security_context = also(container_security, _check_privileged)
pod_security_context = entry({
    **_SHARED_SECURITY,
    "fsGroup": _ids,
    "fsGroupChangePolicy": one_of("OnRootMismatch", "Always"),
    "supplementalGroups": list_of(_ids),
    "supplementalGroupsPolicy": one_of("Merge", "Strict"),
    "seLinuxChangePolicy": one_of("MountOption", "Recursive"),
    "sysctls": list_of(entry({"name": text, "value": scalar_text}, needs=["name"])),
})  # fmt: skip
