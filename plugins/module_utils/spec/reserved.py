# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Names in the pod that this collection gives, and that a user's own must not repeat."""

from __future__ import annotations

CONTAINER = "vllm"
PORT, PORT_NAME = 8000, "http"
MODEL_VOLUME = "model"
# Scratch space, and the host's share of memory; a volume of the user's may take their place.
SCRATCH_VOLUMES = ("cache", "tmp", "shm")
