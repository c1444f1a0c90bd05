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
# The oldest one whose arithmetic was compared with its source and with runs.
OLDEST = (0, 7, 0)
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
# Before, prefix caching could be switched on: for Mamba-2, and for gated-delta models (0.15 was
# not looked at).
STATE_PREFIXES, ALIGNED_PREFIXES = (0, 12, 0), (0, 16, 0)

# The name of the project before a number, or nothing but a v: a tag also holds versions of others.
_RELEASE = re.compile(r"(vllm[_-]?v?|[a-z]{0,16})(?<![\d.])(\d{1,3})\.(\d{1,3})(?:\.(\d{1,4}))?")


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

    A nightly build, a build without a tag (``0.1.dev19754``) and a text without a version of
    vLLM (``rocm6.4``, ``25.09-py3``) count as the newest release with ``known`` false: its
    arithmetic is the best guess. A development build of a tag (``0.10.1.dev101``) counts as that
    release. A number behind the word vllm wins over others.
    """
    lower = (text or "").lower()
    if "nightly" in lower:
        return Release(known=False)
    found = [match for match in _RELEASE.finditer(lower) if _is_own(match, lower)]
    if not found:
        return Release(known=False)
    best = next((match for match in found if match.group(1).startswith("vllm")), found[0])
    minor, patch = int(best.group(3)), int(best.group(4) or 0)
    return Release((0, minor, patch))


def _is_own(match: re.Match[str], text: str) -> bool:
    """Whether a number is a release of vLLM, whose major number is 0 so far."""
    if int(match.group(2)) > 0:
        return False
    if text[match.end() :].startswith(".dev") and match.group(4) is None:
        return False
    return match.group(1) in ("", "v") or match.group(1).startswith("vllm")


def ceil_div(number: int, divisor: int) -> int:
    """The quotient, rounded up."""
    return -(-number // divisor)


def round_up(number: int, multiple: int) -> int:
    """The smallest multiple that is not below the number."""
    return ceil_div(number, multiple) * multiple
