# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The short-lived pod that looks at a directory of one node, as the user of the model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import TYPE_CHECKING, Any

from ....checkpoint.config_file import CONFIG_LIMIT_BYTES
from ....checkpoint.directory import INDEX_LIMIT_BYTES, INDEX_NAME
from ....checkpoint.quant_file import QUANT_LIMIT_BYTES, QUANT_NAME
from ....checkpoint.safetensors_header import HEADER_LIMIT_BYTES
from ...api.objects import Object

if TYPE_CHECKING:
    from ....spec.model import Model

CONTAINER = "look"
# The kubelet hands over 4096 bytes of this file as the container's message.
REPORT_FILE = "/dev/termination-log"
REPORT_LIMIT_BYTES = 4096
MOST_ROWS_SHOWN = 8
MOST_ENTRIES = 20000
# What reading something else than a report ends in.
_NO_REPORT = (
    ArithmeticError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class SeenCheckpoint:
    """What the pod saw of a checkpoint.

    ``config`` is its config.json, with the file that says the quantization behind it where the
    config does not, packed; None with ``config_in_log`` when the pod's log has it.
    ``weights_bytes`` is the sum over all tensors, None without safetensors files, and ``twice``
    the number of tensors that are in more than one file. ``faults`` are the first of all
    ``fault_count`` reasons why the server will refuse it, each with the name of its file.
    """

    config: str | None
    config_in_log: bool
    weights_bytes: int | None
    twice: int
    faults: list[str]
    fault_count: int


@dataclass(frozen=True)
class Report:
    """What the pod saw. ``bad`` holds (path, mode, owner, error) of the first unreadable files.

    ``files``, ``config`` and ``weights`` are about the model's own path, which is ``there``. Both
    are true for a model that is one file. ``checkpoint`` is None where there is no config.json.
    """

    bad: list[tuple[str, int, int, str]]
    bad_count: int
    files: int
    config: bool
    weights: bool
    writable: bool
    owner: int
    mode: int
    there: bool = True
    checkpoint: SeenCheckpoint | None = None


@dataclass(frozen=True)
class Place:
    """A checkpoint in a model's directory: its path in the container, and the same on the node."""

    in_container: str
    on_node: str


def checkpoint_place(model: Model) -> Place | None:
    """Return where the directory holds the model's checkpoint, None when it does not.

    The model's path may lie below the mounted directory, or in another mount inside of it.
    """
    if not model.is_local_path or model.storage.host_path is None:
        return None
    path, mounted = PurePosixPath(normpath(model.model)), PurePosixPath(model.mount_path)
    others = [PurePosixPath(str(m.get("mountPath", "/"))) for m in model.extra_volume_mounts]
    covered = any(path.is_relative_to(o) and o.is_relative_to(mounted) for o in others)
    if not path.is_relative_to(mounted) or covered:
        return None
    on_node = PurePosixPath(model.storage.host_path) / path.relative_to(mounted)
    return Place(str(path), str(on_node))


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
            return _report(json.loads(ended.get("message") or ""))
        except _NO_REPORT:
            continue
    return None


def _report(content: Mapping[str, Any]) -> Report:
    """Take in a report, which is as sound as the image's python3 is."""
    seen = content["checkpoint"]
    return Report(
        bad=[(str(p), int(m), int(o), str(e)) for p, m, o, e in content["bad"]],
        bad_count=int(content["bad_count"]),
        files=int(content["files"]),
        config=bool(content["config"]),
        weights=bool(content["weights"]),
        writable=bool(content["writable"]),
        owner=int(content["owner"]),
        mode=int(content["mode"]),
        there=bool(content["there"]),
        checkpoint=None if seen is None else _seen_checkpoint(seen),
    )


def _seen_checkpoint(seen: Mapping[str, Any]) -> SeenCheckpoint:
    config, weights_bytes = seen["config"], seen["weights_bytes"]
    return SeenCheckpoint(
        config=None if config is None else str(config),
        config_in_log=bool(seen["config_in_log"]),
        weights_bytes=None if weights_bytes is None else int(weights_bytes),
        twice=int(seen["twice"]),
        faults=[str(fault) for fault in seen["faults"]],
        fault_count=int(seen["fault_count"]),
    )


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
        "name": CONTAINER,
        "image": model.server_image,
        "imagePullPolicy": model.image_pull_policy,
        "command": ["python3", "-c", _script(), json.dumps(_wish(model))],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        # Mounted where the server has it, so that links lead where they will lead there.
        "volumeMounts": [
            {
                "name": "directory",
                "mountPath": model.mount_path,
                "readOnly": model.volume_is_read_only,
            }
        ],
    }


def _script() -> str:
    return Path(__file__).with_name("script.py").read_text(encoding="utf-8")


def _wish(model: Model) -> dict[str, Any]:
    """Return the argument of the script."""
    place = checkpoint_place(model)
    return {
        "top": model.mount_path,
        "checkpoint": place.in_container if place else None,
        "report": REPORT_FILE,
        "index": INDEX_NAME,
        "quantization": QUANT_NAME,
        "config_limit_bytes": CONFIG_LIMIT_BYTES,
        "quantization_limit_bytes": QUANT_LIMIT_BYTES,
        "index_limit_bytes": INDEX_LIMIT_BYTES,
        "header_limit_bytes": HEADER_LIMIT_BYTES,
        "report_limit_bytes": REPORT_LIMIT_BYTES,
        "most_entries": MOST_ENTRIES,
        "most_shown": MOST_ROWS_SHOWN,
    }
