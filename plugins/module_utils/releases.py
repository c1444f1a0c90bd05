# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Releases of vLLM, and what changed in which one, as far as a figure depends on it."""

from __future__ import annotations

import re
from dataclasses import dataclass

Number = tuple[int, int, int]
# The first release of a span, and the first one behind it.
Span = tuple[Number, Number]

# The release whose arithmetic the formulas follow.
NEWEST: Number = (0, 32, 0)
# The oldest one whose arithmetic was compared with its source and with runs.
OLDEST: Number = (0, 7, 0)

# Latent attention kept aligned entries and fused projections (mla/common.py of v0.7).
FIRST_MLA: Span = ((0, 7, 0), (0, 8, 1))
# The engine that is used today. Before: swap space on the host, batches as long as the context,
# no check of free memory, no profile of the graphs (vllm/engine/arg_utils.py, swap_space).
V1_ENGINE: Number = (0, 8, 0)
# Pooling models took batches of 32,768 tokens (vllm/config/scheduler.py).
LARGE_POOLING_BATCHES: Span = ((0, 8, 0), (0, 12, 0))
# Kernels for latent attention with blocks of their own (vllm/platforms/cuda.py).
MLA_BLOCKS: Number = (0, 9, 0)
# Marlin repeats the scales of FP8 blocks on cards without FP8 units
# (prepare_fp8_layer_for_marlin in quantization/utils/marlin_utils_fp8.py).
REPEATED_SCALES: Number = (0, 9, 0)
# Layers with a window or a chunk keep less than layers of full attention (pull requests 17996
# and 19351); chunks did not from v0.10.1 (21761) to v0.12 (29627).
HYBRID_MANAGER: Number = (0, 9, 1)
CHUNKED_MANAGER: Number = (0, 9, 2)
CHUNKED_OFF: Span = ((0, 10, 1), (0, 13, 0))
# Images sampled with FlashInfer unless told otherwise, other installations seldom did
# (pull request 26859 turned it off).
FLASHINFER_SAMPLER: Span = ((0, 10, 0), (0, 11, 0))
# LongRoPE serves the original length unless told otherwise (vllm/config/model.py).
LONGROPE_ORIGINAL: Number = (0, 12, 0)
# Prefix caching could be switched on for Mamba-2, and for gated-delta models (0.15 was not
# looked at).
MAMBA_PREFIXES: Number = (0, 12, 0)
GATED_DELTA_PREFIXES: Number = (0, 16, 0)
# The kernel for experts takes groups that were halved (pull request 30210); v0.8.5 stopped in it
# (issue 17604).
HALVED_GROUPS: Number = (0, 13, 0)
# The check of the cache took all layers for one stage's (pull requests 29431 and 33698).
STAGES_IGNORED: Span = ((0, 14, 0), (0, 16, 0))
# Libraries take more beside the weights with several ranks (fitted to start-up logs).
LARGER_LIBRARIES: Number = (0, 14, 0)
# gpt-oss ran out of memory while warming up its sampler on Hopper. It ran with v0.11 and failed
# since v0.14 with the same flags (issue 33155); why, nobody reported.
WARM_UP_NOTED: Number = (0, 14, 0)
WARM_UP_SEEN: Span = ((0, 19, 0), (0, 20, 0))
# The sampler no longer sorts the whole vocabulary (fitted to start-up logs).
NO_SORTING_SAMPLER: Number = (0, 17, 0)
# A hybrid model needs a block for each running request; earlier releases captured fewer batch
# sizes instead (issue 34094).
MAMBA_BLOCK_LIMIT: Number = (0, 17, 0)
# One rank's CUDA context counts for more (fitted to start-up logs).
LARGER_CONTEXT: Number = (0, 18, 0)
# CUDA graphs are inside the budget, the default utilization is 0.92 (vllm/v1/worker/gpu_worker.py)
# and the cache line says concurrency x length (vllm/v1/core/kv_cache_utils.py).
GRAPHS_IN_BUDGET: Number = (0, 21, 0)
UTILIZATION_92: Number = (0, 21, 0)
CACHE_LINE_BY_LENGTH: Number = (0, 21, 0)
# Latent attention in 16 bits has blocks of 16 on Hopper, and of 32 on Blackwell
# (vllm/platforms/cuda.py, _get_backend_priorities).
SMALL_MLA_BLOCKS: Number = (0, 21, 0)
# Windows are held for all steps in flight, not for one (pull request 47728), and the check leaves
# out the block that the pool keeps back (47272).
STEPS_IN_FLIGHT: Number = (0, 26, 0)
NULL_BLOCK_LEFT_OUT: Number = (0, 26, 0)
# Hybrid models cache prefixes unless told otherwise (pull request 50991), and cards with 160 GiB
# or more take larger batches (51726).
HYBRID_PREFIXES: Number = (0, 28, 0)
HUGE_CARD_BATCHES: Number = (0, 28, 0)
# Cards of capability 8.9 have a kernel for FP8 blocks of experts
# (_POSSIBLE_FP8_BLOCK_KERNELS in model_executor/kernels/linear).
FP8_EXPERT_BLOCKS: Number = (0, 29, 0)
# YaRN's factor is no longer multiplied into the length (vllm/config/model.py).
YARN_LENGTH: Number = (0, 30, 0)
# Positions of images do not run ahead in the newer Qwen models, unless videos are
# pruned (mrope.py).
IMAGES_NOT_AHEAD: Number = (0, 32, 0)

# The name of the project before a number, or nothing but a v: a tag also holds versions of others.
_RELEASE = re.compile(r"(vllm[_-]?v?|[a-z]{0,16})(?<![\d.])(\d{1,3})\.(\d{1,3})(?:\.(\d{1,4}))?")


@dataclass(frozen=True)
class Release:
    """A release of vLLM; ``known`` is false where the newest one had to be assumed."""

    number: Number = NEWEST
    known: bool = True

    def since(self, number: Number) -> bool:
        """Whether this release is at least the given one."""
        return self.number >= number

    def within(self, span: Span) -> bool:
        """Whether this release is in a span."""
        first, end = span
        return first <= self.number < end


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
