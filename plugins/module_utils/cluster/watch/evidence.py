# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What is fetched after a verdict to show its cause: log lines, with secrets taken out."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ...findings import Finding, FindingsError
from ..api.kinds import known
from ..api.redact import Redactor, secret_values
from .rules.rule import SEE_LOG, Evidence

if TYPE_CHECKING:
    from ..api.connection import Client
    from ..api.objects import Object
    from .step import Suspicion

LOG_LINES = 15
FETCHED_LINES = 60
LINE_WIDTH = 160
UNREADABLE = "not readable: this user may not get pods/log"
# The kubelet answers so, with a good status, when it has removed the container already.
REMOVED = "unable to retrieve container logs"
LOG_ATTEMPTS = 4
LOG_PAUSE_SECONDS = 1.0


def explained(client: Client, namespace: str, name: str, suspicion: Suspicion) -> Finding:
    """Return the finding for a confirmed suspicion, with the last log lines of its container."""
    evidence, pod = suspicion.evidence, suspicion.pod
    redact = Redactor(_known_values(client, namespace, pod))
    shown = [redact(line) for line in evidence.lines]
    tail: list[str] = []
    if pod is not None:
        tail = _log_tail(client, namespace, evidence)
        main = pod["spec"]["containers"][0]["name"]
        origin = "log" if evidence.container == main else f"log of {evidence.container}"
        shown += [f"{origin}: {_cut(redact(line))}" for line in tail]
    return Finding.error(
        suspicion.rule,
        f"{name}: {evidence.subject}",
        redact(evidence.cause),
        evidence=shown,
        fix=_without_log(namespace, suspicion) if tail in ([], [UNREADABLE]) else suspicion.fix,
    )


def _without_log(namespace: str, suspicion: Suspicion) -> str:
    """Return the fix with the way to the log where it would point at lines that are not there."""
    evidence = suspicion.evidence
    command = f"kubectl logs -n {namespace} {evidence.pod} -c {evidence.container} --previous"
    return suspicion.fix.replace(SEE_LOG, f"see its log: {command}")


def _log_tail(client: Client, namespace: str, evidence: Evidence) -> list[str]:
    """Return the end of the log of a container's last run, or of the present one.

    Which of the two there is depends on how far the kubelet is with the next start and with
    tidying up, so both are tried. For a second or two after a restart both may name the container
    that was removed: then they are tried again.
    """
    for _attempt in range(LOG_ATTEMPTS):
        removed = False
        for previous in ("true", "false"):
            lines = _log_lines(client, namespace, evidence, previous)
            removed = removed or lines[:1] == [REMOVED]
            if lines and lines[0] != REMOVED:
                return lines
        if not removed:
            break
        time.sleep(LOG_PAUSE_SECONDS)
    return []


def _log_lines(client: Client, namespace: str, evidence: Evidence, previous: str) -> list[str]:
    """Return the telling lines of one run's log; `REMOVED` alone if its container is gone."""
    path = known("Pod").path(namespace, evidence.pod) + "/log"
    query = {"container": evidence.container, "tailLines": FETCHED_LINES, "previous": previous}
    try:
        # Text alone is refused with 406: errors come as JSON.
        reply = client.send("GET", path, query=query, accept="text/plain, */*", attempts=1)
    except FindingsError:
        return []
    if reply.status == 403:
        return [UNREADABLE]
    if reply.status != 200:
        return []
    lines = telling_lines(reply.body.decode("utf-8", "replace").splitlines())
    return [REMOVED] if lines and lines[0].startswith(REMOVED) else lines


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
            secret = client.find(known("Secret").path(namespace, name))
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
