# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The models that are planned and deployed: each becomes a Deployment, a Service and a claim."""

from __future__ import annotations

from typing import Any

MODEL = {
    "model": "Qwen/Qwen3-0.6B",
    "accelerator": "cpu",
    "max_model_len": 4096,
    "startup": {"max_seconds": 300},
    "storage": {"storage_class": "standard", "size_gib": 10},
    # Given, so that no figure depends on the Hub.
    "config": {
        "model_type": "qwen3",
        "hidden_size": 1024,
        "num_hidden_layers": 28,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "intermediate_size": 3072,
        "vocab_size": 151936,
        "tie_word_embeddings": True,
        "max_position_embeddings": 40960,
    },
}


def models(count: int) -> list[dict[str, Any]]:
    """Return so many models that differ in their name."""
    return [{"name": f"bench-{number}", **MODEL} for number in range(count)]
