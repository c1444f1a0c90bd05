# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Host memory: shared memory for so many workers."""

from __future__ import annotations

from ansible_collections.llmops.vllm.plugins.module_utils.sizing.host import shm_gib


def test_shared_memory_holds_vllms_rings_and_room_for_pytorch_and_nccl() -> None:
    assert shm_gib(1) == 1
    for workers in range(2, 17):
        rings = (184 + 240 * workers) / 1024
        assert shm_gib(workers) > 1.5 * rings
    assert shm_gib(8) == 3.8
