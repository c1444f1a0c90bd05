# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What a server takes of its host beside the GPU."""

from __future__ import annotations


def shm_gib(workers: int) -> float:
    """Size of /dev/shm in GiB for so many worker processes in one pod.

    vLLM 0.32 keeps rings of 184 + 240 x workers MiB there as soon as there is more than one
    worker (8 workers: 2.1 GiB); PyTorch and NCCL take some more. The 64 MiB that a container
    gets by default fail (production-stack issue 276).
    """
    if workers <= 1:
        return 1.0
    return max(2.0, round(1 + 0.35 * workers, 2))
