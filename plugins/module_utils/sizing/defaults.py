# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""What a nested language model leaves unsaid, because transformers knows it by its ``model_type``.

The ``text_config`` of a multimodal checkpoint often holds only what differs from the defaults of
its configuration class; vLLM loads it through that class. Source: transformers 5.23.0,
``models/<family>/configuration_<family>.py``; 4.51.3 and 4.57.6 have the same numbers (and
``rope_local_base_freq``, which became a part of ``rope_parameters``). What these classes leave to
other fields (KV heads as many as heads, the width of a head) is not here, nor what a family does
(tied embeddings, biases, every n-th layer): ``shape``, ``families`` and ``layers`` know that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NAMES = (
    "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size",
    "max_position_embeddings",
)  # fmt: skip
# The fields of _NAMES in their order.
_COUNTS: dict[str, tuple[int, ...]] = {
    "cohere": (8192, 40, 64, 22528, 256000, 8192),
    "cohere2": (8192, 40, 64, 22528, 256000, 8192),
    "gemma": (3072, 28, 16, 24576, 256000, 8192),
    "gemma2": (2304, 26, 8, 9216, 256000, 8192),
    "gemma3_text": (2304, 26, 8, 9216, 262208, 131072),
    "glm4": (4096, 40, 32, 13696, 151552, 131072),
    "glm4v_text": (4096, 40, 32, 13696, 151552, 32768),
    "granite": (4096, 32, 32, 11008, 32000, 2048),
    "llama": (4096, 32, 32, 11008, 32000, 2048),
    "ministral3": (4096, 34, 32, 14336, 131072, 262144),
    "mistral": (4096, 32, 32, 14336, 32000, 131072),
    "mllama_text_model": (4096, 40, 32, 14336, 128256, 131072),
    "phi3": (3072, 32, 32, 8192, 32064, 4096),
    "qwen2": (4096, 32, 32, 22016, 151936, 32768),
    "qwen2_5_omni_text": (3584, 28, 28, 18944, 152064, 32768),
    "qwen2_5_vl_text": (8192, 80, 64, 29568, 152064, 32768),
    "qwen2_vl_text": (8192, 80, 64, 29568, 152064, 32768),
    "qwen3": (4096, 32, 32, 22016, 151936, 32768),
    "qwen3_vl_text": (4096, 32, 32, 22016, 151936, 128000),
    "smollm3": (2048, 36, 16, 11008, 128256, 32768),
}
# What only some classes set. Mistral's window of 4,096 is not here: checkpoints say null, a copy of
# a config may drop that, and without a window the cache is not underrated. Qwen's windows are off.
_OTHERS: dict[str, dict[str, int]] = {
    "cohere2": {"sliding_window": 4096},
    "gemma": {"num_key_value_heads": 16, "head_dim": 256},
    "gemma2": {"num_key_value_heads": 4, "head_dim": 256, "sliding_window": 4096},
    "gemma3_text": {
        "num_key_value_heads": 4, "head_dim": 256, "sliding_window": 4096,
        "rope_local_base_freq": 10000,
    },
    "glm4": {"num_key_value_heads": 2, "head_dim": 128},
    "glm4v_text": {"num_key_value_heads": 2},
    "ministral3": {"num_key_value_heads": 8, "head_dim": 128},
    "mistral": {"num_key_value_heads": 8},
    "mllama_text_model": {"num_key_value_heads": 8},
    "phi3": {"original_max_position_embeddings": 4096},
    "qwen2": {"num_key_value_heads": 32},
    "qwen2_5_omni_text": {"num_key_value_heads": 4},
    "qwen2_5_vl_text": {"num_key_value_heads": 8},
    "qwen2_vl_text": {"num_key_value_heads": 8},
    "qwen3": {"num_key_value_heads": 32, "head_dim": 128},
    "qwen3_vl_text": {"num_key_value_heads": 32, "head_dim": 128},
    "smollm3": {"num_key_value_heads": 4},
}  # fmt: skip
# Where null is a value: no window, as many KV heads as heads, heads as wide as they divide.
_NULL_SAYS = ("sliding_window", "num_key_value_heads", "head_dim")


def language_defaults(nested: Mapping[str, Any]) -> dict[str, int]:
    """Counts that hold where this nested config of a language model does not give them.

    Empty for a ``model_type`` that is absent or not listed.
    """
    kind = nested.get("model_type")
    counts = _COUNTS.get(kind) if isinstance(kind, str) else None
    if not isinstance(kind, str) or counts is None:
        return {}
    known = dict(zip(_NAMES, counts, strict=True)) | _OTHERS.get(kind, {})
    denied = {name for name in _NULL_SAYS if name in nested and nested[name] is None}
    return {name: value for name, value in known.items() if name not in denied}
