# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Lines for a terminal: what changed from one verdict to the next."""

from __future__ import annotations

from ...report.text import shorten
from ..api.redact import Redactor
from .ready import Progress, Readiness
from .rules.rule import Evidence
from .step import Certainty, Verdict

_TEXTS = {
    Progress.SCHEDULED: "scheduled",
    Progress.PULLING: "pulling the image",
    Progress.STARTING: "pulled, starting",
    Progress.LOADING: "loading",
    Progress.READY: "ready",
}


def progress_lines(name: str, before: Verdict | None, after: Verdict) -> list[str]:
    """Return the lines for what is new; none when nothing a user would notice has changed."""
    texts = _texts(before.readiness if before else None, after.readiness)
    known = {suspicion.rule for suspicion in before.suspicions} if before else set()
    for suspicion in after.suspicions:
        if suspicion.certainty is Certainty.CONFIRMED:
            texts += [] if before and before.failed else [f"failed: {suspicion.evidence.cause}"]
        elif suspicion.rule not in known:
            texts.append(_watching(suspicion.evidence))
    redact = Redactor()
    return [shorten(f"{name}: {redact(text)}") for text in texts]


def _watching(evidence: Evidence) -> str:
    """Return the text for a suspicion.

    What a container said last may hold anything: it comes with the end, without its secrets.
    """
    said = () if evidence.pod else evidence.lines[:1]
    return "; ".join([f"watching: {evidence.cause}", *said])


def _texts(last: Readiness | None, state: Readiness) -> list[str]:
    if last is None and state.ready:
        return [f"{state.have} of {state.want} ready" + _nodes(state)]
    texts = []
    if state.queued and not (last and last.queued):
        texts.append("waits in a queue")
    texts += _restart_texts(last, state)
    reached = _new_counts(last, state)
    if Progress.SCHEDULED in reached:
        texts.append(_counted("scheduled", reached[Progress.SCHEDULED], state) + _nodes(state))
    # What was passed between two looks is not worth a line each.
    later = [step for step in reached if Progress.SCHEDULED < step < Progress.READY]
    if later:
        texts.append(_counted(_TEXTS[max(later)], reached[max(later)], state))
    if Progress.READY in reached:
        texts.append(f"{state.have} of {state.want} ready")
    return texts


def _new_counts(last: Readiness | None, state: Readiness) -> dict[Progress, int]:
    """Return, how many pods have come how far, where that number has grown."""
    now, earlier = _reached(state), _reached(last)
    return {step: count for step, count in now.items() if count > earlier.get(step, 0)}


def _reached(state: Readiness | None) -> dict[Progress, int]:
    if state is None:
        return {}
    counts = {}
    for progress in _TEXTS:
        count = sum(pod.progress >= progress for pod in state.pods.values())
        if count:
            counts[progress] = count
    return counts


def _counted(text: str, count: int, state: Readiness) -> str:
    return text if state.want <= 1 else f"{count} of {state.want} {text}"


def _nodes(state: Readiness) -> str:
    nodes = sorted({pod.node for pod in state.pods.values() if pod.node})
    more = f" and {len(nodes) - 3} more nodes" if len(nodes) > 3 else ""
    return f" on {', '.join(nodes[:3])}{more}" if nodes else ""


def _restart_texts(last: Readiness | None, state: Readiness) -> list[str]:
    if last is None:
        return []
    return [
        f"{name} restarted ({pod.restarts} so far)"
        for name, pod in state.pods.items()
        if name in last.pods and pod.restarts > last.pods[name].restarts
    ]
