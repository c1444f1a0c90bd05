# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Records what a watch over a namespace sees, one file per Deployment, for the unit tests.

    python record.py KUBECONFIG NAMESPACE SECONDS DIRECTORY

Start it, then make the Deployment fail or recover as the case wants it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[6] / ".cache/collections"))

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.api.connection import connect
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.store import Observation
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.stream import Streams
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.workloads.table import (
    kinds_to_read,
)

# What no rule and no predicate reads; it is most of the bytes.
NOISE = frozenset(
    "managedFields selfLink annotations dnsPolicy schedulerName terminationMessagePath apiVersion "
    "terminationMessagePolicy tolerations preemptionPolicy priority securityContext qosClass "
    "hostIP hostIPs podIP podIPs revisionHistoryLimit progressDeadlineSeconds strategy finalizers "
    "automountServiceAccountToken enableServiceLinks blockOwnerDeletion "
    "reportingComponent reportingInstance source lastProbeTime imageID generateName".split()
)


def record(kubeconfig: str, namespace: str, seconds: float) -> list[Observation]:
    """Watch for some time; moments are seconds since the start."""
    client = connect(kubeconfig)
    start = time.monotonic()
    seen: list[Observation] = []
    with Streams(client, namespace, kinds_to_read(["Deployment"])) as streams:
        while time.monotonic() - start < seconds:
            seen += [item for item in streams.next(0.5) if isinstance(item, Observation)]
    return [Observation(round(o.t - start, 2), o.type, scrubbed(o.object)) for o in seen]


def scrubbed(item: Any) -> Any:
    """Drop what no rule reads."""
    if isinstance(item, list):
        return [scrubbed(entry) for entry in item]
    if not isinstance(item, dict):
        return item
    if "allocatable" in (item.get("status") or {}):
        item = {**item, "status": {"allocatable": item["status"]["allocatable"]}}
    return {key: scrubbed(value) for key, value in item.items() if key not in NOISE}


def about(item: dict[str, Any], name: str) -> bool:
    """Tell whether an object belongs to the Deployment: all its names begin with its name."""
    if item["kind"] == "Node":
        return True
    named = item["involvedObject"]["name"] if item["kind"] == "Event" else item["metadata"]["name"]
    return bool(named == name or named.startswith(f"{name}-"))


def of_deployment(seen: list[Observation], name: str) -> list[dict[str, Any]]:
    """Return the lines of one Deployment's recording."""
    lines = []
    for item in seen:
        content = item.object
        if item.type == "LISTED":
            kind = content["kind"]
            entries = [e for e in content["items"] if about({**e, "kind": kind}, name)]
            content = {**content, "items": entries}
        elif item.type != "DENIED" and not about(content, name):
            continue
        lines.append({"t": item.t, "type": item.type, "object": content})
    return lines


def main(kubeconfig: str, namespace: str, seconds: str, directory: str) -> None:
    """Record, and write one file per Deployment that was seen."""
    seen = record(kubeconfig, namespace, float(seconds))
    names = {
        o.object["metadata"]["name"]
        for o in seen
        if o.type == "ADDED" and o.object["kind"] == "Deployment"
    }
    for name in sorted(names):
        lines = [json.dumps(line, sort_keys=True) for line in of_deployment(seen, name)]
        Path(directory, f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{name}: {len(lines)} observations")


if __name__ == "__main__":
    main(*sys.argv[1:])
