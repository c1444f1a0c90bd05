# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Lines for a terminal: what changed from one verdict to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from ...findings import WIDTH
from .ready import Readiness, Stage

if TYPE_CHECKING:
    from .step import Verdict

_TEXTS = {
    Stage.SCHEDULED: "scheduled",
    Stage.PULLING: "pulling the image",
    Stage.STARTING: "pulled, starting",
    Stage.LOADING: "loading",
    Stage.READY: "ready",
}


def progress_lines(before: Verdict | None, after: Verdict) -> list[str]:
    """Return the lines for what is new; none when nothing a user would notice has changed."""
    lines = []
    for name, state in after.models.items():
        last = before.models.get(name) if before else None
        lines += [shorten(f"{name}: {text}") for text in _model_texts(last, state)]
    known = {(f.model, f.rule) for f in before.findings} if before else set()
    for finding in after.findings:
        if (finding.model, finding.rule) not in known and finding not in after.confirmed():
            evidence = finding.evidence
            text = " ".join([f"{evidence.cause};", *evidence.lines[:1]])
            lines.append(shorten(f"{finding.model}: watching: {text}"))
    return lines


def shorten(text: str, width: int = WIDTH) -> str:
    """Return the text on one line that fits the terminal."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if columns(line) <= width:
        return line
    while columns(line) > width - 3:
        line = line[:-1]
    return line.rstrip() + "..."


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes; East Asian characters take two."""
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


def _model_texts(last: Readiness | None, state: Readiness) -> list[str]:
    if last is None and state.ready:
        return [f"{state.have} of {state.want} ready" + _nodes(state)]
    texts = []
    if state.queued and not (last and last.queued):
        texts.append("waits in a queue")
    texts += _restart_texts(last, state)
    reached = _new_counts(last, state)
    if Stage.SCHEDULED in reached:
        texts.append(_counted("scheduled", reached[Stage.SCHEDULED], state) + _nodes(state))
    # Stages that were passed between two looks are not worth a line each.
    later = [stage for stage in reached if Stage.SCHEDULED < stage < Stage.READY]
    if later:
        texts.append(_counted(_TEXTS[max(later)], reached[max(later)], state))
    if Stage.READY in reached:
        texts.append(f"{state.have} of {state.want} ready")
    return texts


def _new_counts(last: Readiness | None, state: Readiness) -> dict[Stage, int]:
    """Return, per stage, how many pods have reached it, where that number has grown."""
    now, earlier = _reached(state), _reached(last)
    return {stage: count for stage, count in now.items() if count > earlier.get(stage, 0)}


def _reached(state: Readiness | None) -> dict[Stage, int]:
    if state is None:
        return {}
    counts = {}
    for stage in _TEXTS:
        count = sum(pod.stage >= stage for pod in state.pods.values())
        if count:
            counts[stage] = count
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
