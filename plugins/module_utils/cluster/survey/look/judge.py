# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Judges what the looks at a model's directory have seen: the node to take, or what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ....findings import Finding
from ..candidates import Candidates
from .pod import Report, checkpoint_place
from .state import Found, Look

if TYPE_CHECKING:
    from ....spec.model import Model


def judge(
    model: Model, looks: Sequence[Look], bound_to: str | None, candidates: Candidates, found: Found
) -> None:
    """Choose the node among those that have the directory, or say what is wrong."""
    there = [look for look in looks if look.mounted]
    if not there:
        blind = [look for look in looks if look.mounted is None]
        found.findings.append(_not_seen(model, blind) if blind else _missing(looks))
        return
    errors = {look.node: _problems(look) for look in there}
    good = [node for node, problems in errors.items() if not problems]
    if not good:
        found.findings += [error for problems in errors.values() for error in problems]
        return
    # The volume of an earlier run cannot move to another node.
    node = next((name for name in good if candidates.hostname(name) == bound_to), good[0])
    found.nodes[model.name] = candidates.hostname(node)
    chosen = next(look for look in there if look.node == node)
    if chosen.checkpoint is not None:
        found.checkpoints[model.name] = chosen.checkpoint
    if chosen.problem:
        cause = (
            f"{model.storage.host_path} is on node {chosen.node}, "
            f"but its files were not looked at: {chosen.problem}"
        )
        found.findings.append(Finding.warning("files_not_looked_at", model.name, cause))


def _missing(looks: Sequence[Look], path: str | None = None) -> Finding:
    """Return the error for a ``path`` that no node has, by default that of the directory."""
    model = looks[0].model
    nodes = ", ".join(look.node for look in looks)
    place = f"node {nodes}" if len(looks) == 1 else f"none of the nodes {nodes}"
    verb = "is not on" if len(looks) == 1 else "is on"
    return Finding.error(
        "directory_missing",
        f"{model.name}: missing model directory",
        f"{path or model.storage.host_path} {verb} {place}",
        fix="put the model there, or correct storage.host_path (and storage.node)",
    )


def _not_seen(model: Model, looks: Sequence[Look]) -> Finding:
    return Finding.error(
        "directory_not_seen",
        f"{model.name}: storage.host_path",
        f"nobody could look for {model.storage.host_path}",
        evidence=[f"node {look.node}: {look.problem}" for look in looks],
        fix="correct what is named, or set storage.node and vllm_preflight=false",
    )


def _problems(look: Look) -> list[Finding]:
    """Return what would stop the server from using the directory that was looked at."""
    report, model = look.report, look.model
    if report is None:
        return []
    path, who = model.storage.host_path, f"uid {model.run_as_user}"
    if report.bad_count:
        return [_unreadable(look, report)]
    subject = f"{model.name}: model directory"
    place = checkpoint_place(model)
    if place is not None:
        return _checkpoint_problems(look, report, place.on_node)
    if not model.volume_is_read_only and not report.writable:
        return [
            Finding.error(
                "directory_not_writable",
                subject,
                f"{path} is not writable by {who} (mode {report.mode:04o}, owner {report.owner})",
                fix=f"chown {model.run_as_user} {path} on node {look.node}",
            )
        ]
    return []


def _checkpoint_problems(look: Look, report: Report, path: str) -> list[Finding]:
    """Return what would stop the server from loading the checkpoint in ``path``."""
    if not report.there:
        return [_missing([look], path)]
    if not (report.config and report.weights):
        missing = "config.json" if not report.config else "weights (*.safetensors)"
        return [
            Finding.error(
                "checkpoint_incomplete",
                f"{look.model.name}: model directory",
                f"{path} on node {look.node} has no {missing} among its {report.files} files",
                fix="copy the whole checkpoint there, or correct storage.host_path",
            )
        ]
    if not look.faults:
        return []
    more = look.fault_count - len(look.faults)
    return [
        Finding.error(
            "checkpoint_broken",
            f"{look.model.name}: broken model file",
            f"in {path} on node {look.node}: {look.faults[0]}",
            evidence=look.faults[1:] + ([f"and {more} more"] if more else []),
            fix=f"copy what is named from the checkpoint to {path} on node {look.node} again",
        )
    ]


def _unreadable(look: Look, report: Report) -> Finding:
    model = look.model
    top = str(model.storage.host_path).rstrip("/")
    rows = []
    for name, mode, owner, error in report.bad:
        place = top if name == "." else f"{top}/{name}"
        known = f"mode {mode:04o}, owner {owner}" if mode >= 0 else error
        rows.append(f"{place} is not readable by uid {model.run_as_user} ({known})")
    more = report.bad_count - len(rows)
    return Finding.error(
        "directory_unreadable",
        f"{model.name}: unreadable model file",
        rows[0],
        evidence=rows[1:] + ([f"and {more} more"] if more else []),
        fix=f"chmod -R a+rX {top} on node {look.node}",
    )
