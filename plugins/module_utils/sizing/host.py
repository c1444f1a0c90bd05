# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What a server takes of its host beside the GPU."""

from __future__ import annotations

import math
from dataclasses import dataclass

# The API server with the engine core, and one worker (anonymous memory seen: 3.1 to 4.0 GiB).
_SERVER_GIB, _WORKER_GIB = 4.0, 3.5
# Checkpoints come in files of at most about 5 GB; one is in the page cache for each worker.
_SHARD_GIB = 4.7
_SMALLEST_LIMIT_GIB = 16.0


@dataclass(frozen=True)
class HostNeeds:
    """What a pod asks of its node.

    ``claim_gib`` and ``memory_limit_gib`` are None when the checkpoint's size is not known,
    ``memory_limit_gib`` also when something takes an unknown amount of memory, and
    ``memory_request_gib`` is None when weights and cache lie in host memory and one is not known.
    """

    memory_request_gib: float | None
    memory_limit_gib: float | None
    shm_gib: float
    cpu: int
    claim_gib: float | None


def shm_gib(workers: int) -> float:
    """Size of /dev/shm in GiB for so many worker processes in one pod.

    vLLM 0.32 keeps rings of 184 + 240 x workers MiB there as soon as there is more than one
    worker (8 workers: 2.1 GiB); PyTorch and NCCL take some more. The 64 MiB that a container
    gets by default fail (production-stack issue 276).
    """
    if workers <= 1:
        return 1.0
    return max(2.0, round(1 + 0.35 * workers, 2))


def touched_shm_gib(workers: int) -> float:
    """Shared memory that vLLM's rings really use; the container's limit pays for it."""
    return 0.0 if workers <= 1 else (184 + 240 * workers) / 1024


def host_needs(
    workers: int,
    *,
    checkpoint_gib: float | None,
    processor_cache_gib: float = 0.0,
    resident_gib: float | None = 0.0,
    is_bounded: bool = True,
) -> HostNeeds:
    """Memory, CPU, shared memory and disk of one pod.

    ``processor_cache_gib``: of a multimodal model, all servers together; ``resident_gib``: weights
    and cache that lie in host memory, of all workers, None when they are not known;
    ``is_bounded``: whether all that takes host memory is known, without which there is no limit.
    Weights on a GPU do not count: safetensors files are mapped, and the page cache is
    reclaimable. The limit leaves room for one file of the checkpoint for each worker.
    """
    request = limit = None
    if resident_gib is not None:
        request = _SERVER_GIB + _WORKER_GIB * workers
        request += processor_cache_gib + touched_shm_gib(workers) + resident_gib
    if request is not None and checkpoint_gib is not None and is_bounded:
        limit = max(_SMALLEST_LIMIT_GIB, request + min(_SHARD_GIB, checkpoint_gib) * workers)
    return HostNeeds(
        memory_request_gib=None if request is None else round(request, 1),
        memory_limit_gib=None if limit is None else round(limit, 1),
        shm_gib=shm_gib(workers),
        cpu=workers + 2,
        claim_gib=None if checkpoint_gib is None else claim_gib(checkpoint_gib),
    )


def claim_gib(checkpoint_gib: float) -> int:
    """A volume for the checkpoint, its small files, compile cache, and a tenth to spare."""
    return math.ceil(checkpoint_gib * 1.1 + 2)
