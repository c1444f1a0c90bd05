# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The kinds of workloads that can be waited for."""

from __future__ import annotations

from collections.abc import Iterable

from .daemon_set import DAEMON_SET
from .deployment import DEPLOYMENT
from .questions import WorkloadKind
from .stateful_set import STATEFUL_SET

_KINDS = {row.kind: row for row in (DEPLOYMENT, STATEFUL_SET, DAEMON_SET)}


def workload_kind(kind: str) -> WorkloadKind:
    """Return the answers of a kind. Raises KeyError for one that nobody has written down."""
    return _KINDS[kind]


def kinds_to_read(workloads: Iterable[str]) -> list[str]:
    """Return the kinds of objects without which workloads of these kinds cannot be judged."""
    rows = [workload_kind(kind) for kind in workloads]
    kinds = [kind for row in rows for kind in (row.kind, *row.between)]
    return list(dict.fromkeys([*kinds, "Pod"]))
