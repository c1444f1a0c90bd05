# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""What is fetched after a verdict."""

from __future__ import annotations

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.watch.evidence import (
    telling_lines,
)


def test_the_last_error_above_the_tail_is_shown() -> None:
    lines = ["start", "ERROR the cause", *[f"line {i}" for i in range(30)]]
    shown = telling_lines(lines)
    assert shown[0] == "ERROR the cause"
    assert shown[-1] == "line 29"
