# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""A look into a directory: the pod's script run here, and a scripted cluster around it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.inspect_directory import (
    find_directories,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.look.pod import (
    REPORT_FILE,
    Report,
    inspection_pod,
    pod_name,
    read_report,
)
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.look.state import Found
from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.snapshot import (
    read_snapshot,
)
from ansible_collections.llmops.vllm.plugins.module_utils.findings import Finding, Severity
from ansible_collections.llmops.vllm.plugins.module_utils.spec.model import Model

from ..fake_api import Answer, FakeApi
from ..models import model

PATH = "/models/x"
# What a snapshot of the namespace "llm" reads.
LISTS = {
    "nodes": "/api/v1/nodes",
    "deployments": "/apis/apps/v1/namespaces/llm/deployments",
    "claims": "/api/v1/namespaces/llm/persistentvolumeclaims",
    "volumes": "/api/v1/persistentvolumes",
}


def with_directory(**options: Any) -> Model:
    storage = {"host_path": PATH, **options.pop("storage", {})}
    return model(**{"model": PATH, **options, "storage": storage})


def node(name: str, *, ready: str = "True", **spec: Any) -> dict[str, Any]:
    annotations = {"kwok.x-k8s.io/node": "fake"} if spec.pop("simulated", False) else {}
    labels = spec.pop("labels", {})
    return {
        "metadata": {"name": name, "labels": labels, "annotations": annotations},
        "spec": spec,
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


@dataclass(frozen=True)
class Seen:
    """What the script left behind: the container's message and its log."""

    message: str
    log: bytes

    @property
    def status(self) -> dict[str, Any]:
        ended = {"state": {"terminated": {"exitCode": 0, "message": self.message}}}
        return {"phase": "Succeeded", "containerStatuses": [ended]}

    @property
    def report(self) -> Report:
        found = read_report({"status": self.status})
        assert found is not None
        return found


def run_script(wanted: Model, tmp_path: Path, *, uid: int | None = None) -> Seen:
    """Run the pod's command here: the model's mount is a directory of this machine."""
    report = tmp_path / "report"
    report.touch(mode=0o666)
    report.chmod(0o666)
    [container] = inspection_pod(wanted, "n")["spec"]["containers"]
    python, *options, wish = container["command"]
    wish = json.dumps(json.loads(wish) | {"report": str(report)})
    assert (python, json.loads(container["command"][-1])["report"]) == ("python3", REPORT_FILE)
    # The interpreter of a virtual environment may lie where only its owner may look.
    command = ["/usr/bin/python3" if uid else sys.executable, "-I", *options, wish]
    groups: list[int] | None = [] if uid else None
    done = subprocess.run(
        command, check=True, capture_output=True, user=uid, group=uid, extra_groups=groups, cwd="/"
    )
    return Seen(report.read_text(), done.stdout)


def at(directory: Path, **options: Any) -> Model:
    """A model whose directory is on this machine."""
    return with_directory(model=str(directory), **options)


def look_for(api: FakeApi, *wanted: Model) -> Found:
    """Read the scripted cluster and look for the directories of models."""
    client = api.client()
    snapshot = read_snapshot(client, "llm", wanted)
    return find_directories(client, wanted, snapshot, lambda _: None)


def errors(found: Found) -> list[Finding]:
    return [entry for entry in found.findings if entry.severity is Severity.ERROR]


def warnings(found: Found) -> list[str]:
    return [entry.line for entry in found.findings if entry.severity is Severity.WARNING]


def script_lists(api: FakeApi, **items: list[dict[str, Any]]) -> None:
    """Script the LISTs of a snapshot; a kind without items is empty."""
    for kind, path in LISTS.items():
        api.on(path, Answer(body={"items": items.get(kind, [])}))


class Inspection:
    """A scripted cluster with one real node, for the whole way from namespace to verdict."""

    def __init__(
        self,
        api: FakeApi,
        events: list[dict[str, Any]],
        status: dict[str, Any],
        wanted: Model | None = None,
    ) -> None:
        self.wanted = wanted or with_directory()
        self.api = api
        name = pod_name(self.wanted, "n")
        self.log = f"/api/v1/namespaces/pre-1/pods/{name}/log"
        pod = {"metadata": {"name": name, "uid": "u"}, "status": status}
        script_lists(api, nodes=[node("n")])
        old = {"name": "llmops-vllm-preflight-old", "creationTimestamp": "2020-01-01T00:00:00Z"}
        made = Answer(body={"items": [{"metadata": old}], "metadata": {"name": "pre-1"}})
        api.on("/api/v1/namespaces", made)
        for name in ("pre-1", "llmops-vllm-preflight-old"):
            api.on(f"/api/v1/namespaces/{name}", Answer())
        api.on("/api/v1/namespaces/pre-1/serviceaccounts", Answer())
        api.on("/api/v1/namespaces/pre-1/pods", Answer(body={"items": [pod]}))
        api.on("/api/v1/namespaces/pre-1/events", Answer(body={"items": events}))

    def run(self) -> Found:
        return look_for(self.api, self.wanted)

    def deleted(self) -> list[str]:
        return [path.rpartition("/")[2] for method, path in self.api.requests if method == "DELETE"]
