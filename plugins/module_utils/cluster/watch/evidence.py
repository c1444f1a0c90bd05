# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What is fetched after a verdict to show its cause: log lines, with secrets taken out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ...findings import Finding, FindingsError
from ..api.redact import Redactor, secret_values

if TYPE_CHECKING:
    from ..api.connection import Client
    from ..api.objects import Object
    from .step import Suspicion
    from .store import Store

LOG_LINES = 15
FETCHED_LINES = 60
LINE_WIDTH = 160


def explained(client: Client, namespace: str, suspicion: Suspicion, store: Store) -> Finding:
    """Return the finding for a confirmed suspicion, with the last log lines of its container."""
    evidence = suspicion.evidence
    pod = store.named("Pod", evidence.pod) if evidence.pod else None
    redact = Redactor(_known_values(client, namespace, pod))
    shown = [redact(line) for line in evidence.lines]
    if pod is not None:
        tail = _log_tail(client, namespace, pod, evidence.container)
        shown += [f"log: {_cut(redact(line))}" for line in tail]
    subject = f"{suspicion.model}: {evidence.subject}"
    return Finding.error(
        suspicion.rule, subject, redact(evidence.cause), evidence=shown, fix=suspicion.fix
    )


def _log_tail(client: Client, namespace: str, pod: Object, container: str) -> list[str]:
    """Return the end of the log of the container's last run, or of the present one."""
    path = f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}/log"
    for previous in ("true", "false"):
        query = {"container": container, "tailLines": FETCHED_LINES, "previous": previous}
        try:
            reply = client.send("GET", path, query=query, accept="text/plain", attempts=1)
        except FindingsError:
            return []
        if reply.status == 200 and reply.body.strip():
            lines = reply.body.decode("utf-8", "replace").splitlines()
            return telling_lines(lines)
        if reply.status == 403:
            return ["not readable: this user may not get pods/log"]
    return []


def telling_lines(lines: list[str]) -> list[str]:
    """Return the last lines; an error further up comes before them."""
    filled = [line.rstrip() for line in lines if line.strip()]
    tail = filled[-LOG_LINES:]
    errors = [line for line in filled[:-LOG_LINES] if "Error" in line or "ERROR" in line]
    return errors[-1:] + tail


def _known_values(client: Client, namespace: str, pod: Object | None) -> list[str]:
    """Return the values of the Secrets that a pod reads, as far as this user may read them."""
    values: list[str] = []
    for name in sorted(set(_secret_names(pod or {}))):
        try:
            secret = client.find(f"/api/v1/namespaces/{namespace}/secrets/{name}")
        except FindingsError:
            continue  # without the right to read it only the shapes of tokens are hidden
        values += secret_values(secret or {})
    return values


def _secret_names(pod: Object) -> Iterable[str]:
    spec: dict[str, Any] = pod.get("spec") or {}
    for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        for env in container.get("env") or []:
            reference = (env.get("valueFrom") or {}).get("secretKeyRef")
            if reference:
                yield reference["name"]
        for source in container.get("envFrom") or []:
            if source.get("secretRef"):
                yield source["secretRef"]["name"]
    for volume in spec.get("volumes") or []:
        if volume.get("secret"):
            yield volume["secret"]["secretName"]


def _cut(line: str) -> str:
    return line if len(line) <= LINE_WIDTH else line[: LINE_WIDTH - 3] + "..."
