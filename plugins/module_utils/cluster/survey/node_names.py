# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""Names of nodes in a sentence."""

from __future__ import annotations

from collections.abc import Iterable

MOST_NAMES = 3


def nodes_in_words(nodes: Iterable[str], most: int = MOST_NAMES) -> str:
    """Return ``node a``, or ``3 nodes (a, b, c)``, or the first of many."""
    names = sorted(nodes)
    if len(names) == 1:
        return f"node {names[0]}"
    more = ", …" if len(names) > most else ""
    return f"{len(names)} nodes ({', '.join(names[:most])}{more})"
