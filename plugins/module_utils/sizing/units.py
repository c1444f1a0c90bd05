# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Units and releases: what the rest of the sizing is written in."""

from __future__ import annotations

import re
from dataclasses import dataclass

GIB = 2**30
MIB = 2**20

# The release whose arithmetic the formulas follow.
NEWEST = (0, 32, 0)
# From this one on CUDA graphs are inside the budget, the default utilization is 0.92 and the cache
# line says concurrency x length (vllm/v1/worker/gpu_worker.py, vllm/v1/core/kv_cache_utils.py).
GRAPHS_IN_BUDGET = (0, 21, 0)

_RELEASE = re.compile(r"(?<![\d.])(\d{1,3})\.(\d{1,3})(?:\.(\d{1,4}))?")


@dataclass(frozen=True)
class Release:
    """A release of vLLM; ``known`` is false where the newest one had to be assumed."""

    number: tuple[int, int, int] = NEWEST
    known: bool = True

    def since(self, *number: int) -> bool:
        """Whether this release is at least the given one."""
        return self.number >= number


def parse_release(text: str | None) -> Release:
    """A version or an image tag (``0.32.0``, ``v0.20.1rc1``, ``0.7.x``) as a release.

    A nightly or development build, and a text without a version, count as the newest release
    with ``known`` false: its arithmetic is the best guess.
    """
    if not text:
        return Release(known=False)
    found = _RELEASE.search(text)
    if found is None or text[found.end() :].startswith(".dev") or "nightly" in text:
        return Release(known=False)
    major, minor, patch = (int(part or 0) for part in found.groups())
    return Release((major, minor, patch))


def ceil_div(number: int, divisor: int) -> int:
    """The quotient, rounded up."""
    return -(-number // divisor)


def round_up(number: int, multiple: int) -> int:
    """The smallest multiple that is not below the number."""
    return ceil_div(number, multiple) * multiple
