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
# Layers with a window or a chunk keep less than layers of full attention (pull requests 17996
# and 19351); chunks did not from v0.10.1 (21761) to v0.12 (29627).
HYBRID_MANAGER = (0, 9, 1)
CHUNKED_MANAGER, CHUNKED_OFF, CHUNKED_ON = (0, 9, 2), (0, 10, 1), (0, 13, 0)
# The check of the cache took all layers for one stage's (pull requests 29431 and 33698).
STAGES_IGNORED = ((0, 14, 0), (0, 16, 0))
# Windows are held for all steps in flight, not for one (pull request 47728), and the check leaves
# out the block that the pool keeps back (47272).
SETTLED_TOKENS = (0, 26, 0)
# Hybrid models cache prefixes unless told otherwise (pull request 50991), and cards with 160 GiB
# or more take larger batches (51726).
HYBRID_PREFIXES = (0, 28, 0)

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

    A nightly build, a build without a tag (``0.1.dev19754``) and a text without a version count
    as the newest release with ``known`` false: its arithmetic is the best guess. A development
    build of a tag (``0.10.1.dev101``) counts as that release.
    """
    if not text:
        return Release(known=False)
    found = _RELEASE.search(text)
    if found is None or "nightly" in text:
        return Release(known=False)
    if text[found.end() :].startswith(".dev") and found.group(3) is None:
        return Release(known=False)
    major, minor, patch = (int(part or 0) for part in found.groups())
    return Release((major, minor, patch))


def ceil_div(number: int, divisor: int) -> int:
    """The quotient, rounded up."""
    return -(-number // divisor)


def round_up(number: int, multiple: int) -> int:
    """The smallest multiple that is not below the number."""
    return ceil_div(number, multiple) * multiple
