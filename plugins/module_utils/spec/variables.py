# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Variables of the server's environment that this collection knows."""

from __future__ import annotations

# GiB of cache on a CPU (vllm/platforms/cpu.py); whole numbers only.
CPU_CACHE_SPACE = "VLLM_CPU_KVCACHE_SPACE"
ALLOWS_LONG = "VLLM_ALLOW_LONG_MAX_MODEL_LEN"
CHUNKED_LOCAL = "VLLM_ALLOW_CHUNKED_LOCAL_ATTN_WITH_HYBRID_KV_CACHE"
ALIGNED_MLA = "VLLM_MLA_CUDA_MEM_ALIGN_KV_CACHE"

# The variables in a model's ``env`` whose values a memory plan depends on.
SIZING_VARIABLES = (CPU_CACHE_SPACE, ALLOWS_LONG, CHUNKED_LOCAL, ALIGNED_MLA)
# That there is a variable which begins so is enough: it takes memory of the host.
LMCACHE = "LMCACHE_"
