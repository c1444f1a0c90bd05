# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Finds the node that has a model's directory, and proves that the server can use it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...findings import Finding, FindingsError
from ..api.errors import ApiError
from ..api.say import Say
from .candidates import Candidates, live_node
from .look.follow import follow
from .look.judge import judge
from .look.namespace import temporary_namespace
from .look.state import Found, Look
from .snapshot import Snapshot

if TYPE_CHECKING:
    from ...spec.model import Model
    from ..api.connection import Client


def find_directories(
    client: Client, models: Sequence[Model], snapshot: Snapshot, say: Say
) -> Found:
    """Look for the ``storage.host_path`` of each model that has one; leaves nothing behind."""
    found = Found()
    wanted = []
    for model in models:
        if model.storage.host_path is None:
            continue
        proven = live_node(snapshot, model, served=True)
        if proven:
            found.nodes[model.name] = proven
        else:
            wanted.append(model)
    candidates = Candidates(snapshot.nodes)
    looks = {model.name: _looks(model, candidates, found) for model in wanted}
    everywhere = [look for mine in looks.values() for look in mine]
    if everywhere:
        _look(client, everywhere, say, found)
    for model in wanted:
        if looks[model.name]:
            bound_to = live_node(snapshot, model, served=False)
            judge(model, looks[model.name], bound_to, candidates, found)
    return found


def _looks(model: Model, candidates: Candidates, found: Found) -> list[Look]:
    """Return the looks that a model needs; none when its only candidate is a simulated node."""
    try:
        names = candidates.of(model)
    except FindingsError as error:
        found.findings += error.findings
        return []
    real = [name for name in names if name not in candidates.simulated]
    if not real:
        _take_simulated(model, names, candidates, found)
    return [Look(model, name) for name in real]


def _take_simulated(
    model: Model, names: Sequence[str], candidates: Candidates, found: Found
) -> None:
    """Take the only node without a look: a simulated one has no directories."""
    path = model.storage.host_path
    if len(names) == 1:
        found.nodes[model.name] = candidates.hostname(names[0])
        cause = f"node {names[0]} is simulated; {path} was taken for there without a look"
        found.findings.append(Finding.warning("simulated_node", model.name, cause))
        return
    found.findings.append(
        Finding.error(
            "no_node",
            f"{model.name}: storage.host_path",
            f"all {len(names)} possible nodes are simulated, none has directories",
            fix="set storage.node to the node that is meant to have it",
        )
    )


def _look(client: Client, looks: Sequence[Look], say: Say, found: Found) -> None:
    """Run one pod per look in a namespace of its own and wait for all of them."""
    try:
        with temporary_namespace(client) as namespace:
            follow(client, namespace, looks, say)
    except ApiError as error:
        if error.status != 403:
            raise
        for look in looks:
            look.problem = "this user may not make a temporary namespace to look at it"
        cause = f"was not looked at: {error.message}"
        found.findings.append(Finding.warning("not_looked_at", "storage.host_path", cause))
