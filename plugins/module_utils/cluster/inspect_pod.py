# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The short-lived pod that looks at a directory of one node, as the user of the model."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .ids import Object

if TYPE_CHECKING:
    from ..spec.model import Model

DIRECTORY = "/directory"
# The kubelet hands over 4096 bytes of this file as the container's message.
REPORT_FILE = "/dev/termination-log"
MOST_FILES_SHOWN = 8
MOST_ENTRIES = 20000

# Runs in the model's image with its own python3; what it needs is in the standard library.
SCRIPT = f"""
import json, os, stat
top, bad, files, names = {DIRECTORY!r}, [], 0, set()
def note(path, error):
    try:
        s = os.lstat(path)
        mode, owner = stat.S_IMODE(s.st_mode), s.st_uid
        bad.append([os.path.relpath(path, top), mode, owner, str(error.strerror)])
    except OSError as e:
        bad.append([os.path.relpath(path, top), -1, -1, str(e.strerror)])
for where, folders, found in os.walk(top, onerror=lambda e: note(e.filename, e)):
    for name in found:
        files += 1
        names.add(name)
        path = os.path.join(where, name)
        try:
            with open(path, 'rb') as f:
                f.read(1)
        except OSError as e:
            note(path, e)
    if files > {MOST_ENTRIES}:
        break
report = dict(bad=bad[:{MOST_FILES_SHOWN}], bad_count=len(bad), files=files,
              config='config.json' in names, writable=os.access(top, os.W_OK | os.X_OK),
              weights=any(n.endswith(('.safetensors', '.bin', '.gguf', '.pt')) for n in names),
              owner=os.lstat(top).st_uid, mode=stat.S_IMODE(os.lstat(top).st_mode))
open({REPORT_FILE!r}, 'w').write(json.dumps(report))
"""


@dataclass(frozen=True)
class Report:
    """What the pod saw. ``bad`` holds (path, mode, owner, error) of the first unreadable files."""

    bad: list[tuple[str, int, int, str]]
    bad_count: int
    files: int
    config: bool
    weights: bool
    writable: bool
    owner: int
    mode: int


def pod_name(model: Model, node: str) -> str:
    """Return a name that is short and the same for the same model and node."""
    digest = hashlib.sha256(f"{model.name}/{node}".encode()).hexdigest()[:10]
    return f"look-{digest}"


def inspection_pod(model: Model, node: str) -> Object:
    """Return the pod; only its hostPath volume goes beyond Pod Security ``restricted``."""
    spec = {
        "nodeName": node,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 0,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        # A node may be tainted for the model's pods only, which tolerate it.
        "tolerations": [{"operator": "Exists"}],
        "imagePullSecrets": [{"name": name} for name in model.image_pull_secrets],
        "securityContext": _pod_security(model),
        "containers": [_container(model)],
        "volumes": [
            {
                "name": "directory",
                "hostPath": {"path": model.storage.host_path, "type": "Directory"},
            }
        ],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": pod_name(model, node)},
        "spec": spec,
    }


def read_report(pod: Object) -> Report | None:
    """Read the report of a pod that has ended; None when there is none."""
    for status in (pod.get("status") or {}).get("containerStatuses") or []:
        ended = (status.get("state") or {}).get("terminated") or {}
        try:
            content = json.loads(ended.get("message") or "")
            bad = [(str(p), int(m), int(o), str(e)) for p, m, o, e in content.pop("bad")]
            return Report(bad=bad, **content)
        except (KeyError, TypeError, ValueError):
            continue
    return None


def _pod_security(model: Model) -> dict[str, Any]:
    user = model.run_as_user
    settings: dict[str, Any] = {
        "runAsUser": user,
        "runAsGroup": model.run_as_group,
        "runAsNonRoot": user != 0,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    groups = model.pod_security_context.get("supplementalGroups")
    return settings | ({"supplementalGroups": groups} if groups else {})


def _container(model: Model) -> dict[str, Any]:
    return {
        "name": "look",
        "image": model.server_image,
        "imagePullPolicy": model.image_pull_policy,
        "command": ["python3", "-c", SCRIPT],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {
                "name": "directory",
                "mountPath": DIRECTORY,
                "readOnly": model.volume_is_read_only,
            }
        ],
    }
