# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Shapes of well-known dense checkpoints that differ only in their sizes."""

from __future__ import annotations

from typing import Any

from .catalogue_shapes import SHAPES, SIGLIP, Shape

_LITGPT = "Lightning-AI/litgpt litgpt/config.py ({}) @2685705; tie_word_embeddings from memory"
_MLC = "mlc-ai/mlc-llm python/mlc_llm/model/model_preset.py ({}) @79d603f"
_AIC = "ai-dynamo/aiconfigurator model_configs/{}_config.json @095f58a"
_CLASSES = {
    "gemma2": "Gemma2ForCausalLM", "gemma3_text": "Gemma3ForCausalLM", "llama": "LlamaForCausalLM",
    "mistral": "MistralForCausalLM", "mixtral": "MixtralForCausalLM", "phi3": "Phi3ForCausalLM",
    "qwen2": "Qwen2ForCausalLM", "qwen3": "Qwen3ForCausalLM",
}  # fmt: skip


def _config(kind: str, sizes: tuple[int, ...], *, tied: bool, **more: Any) -> dict[str, Any]:
    """``sizes``: hidden, layers, heads, KV heads, head, feed-forward, vocabulary, positions."""
    hidden, layers, heads, kv_heads, head, width, vocab, positions = sizes
    return {
        "architectures": [_CLASSES[kind]],
        "model_type": kind,
        "torch_dtype": "bfloat16",
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": head,
        "intermediate_size": width,
        "vocab_size": vocab,
        "max_position_embeddings": positions,
        "tie_word_embeddings": tied,
        **more,
    }


def _gemma_3(sizes: tuple[int, ...]) -> dict[str, Any]:
    return {
        "architectures": ["Gemma3ForConditionalGeneration"],
        "model_type": "gemma3",
        "torch_dtype": "bfloat16",
        "tie_word_embeddings": True,
        "text_config": _config("gemma3_text", sizes, tied=True, sliding_window=1024),
        "vision_config": dict(SIGLIP),
    }


_QWEN25_7B = (3584, 28, 28, 4, 128, 18944, 152064, 32768)
_QWEN25_14B = (5120, 48, 40, 8, 128, 13824, 152064, 32768)
_QWEN25_32B = (5120, 64, 40, 8, 128, 27648, 152064, 32768)
_QWEN3_32B = (5120, 64, 64, 8, 128, 25600, 151936, 40960)
_LLAMA_8B = (4096, 32, 32, 8, 128, 14336, 128256, 131072)
_LLAMA_70B = (8192, 80, 64, 8, 128, 28672, 128256, 131072)
_FP8_BLOCKS = {"quant_method": "fp8", "weight_block_size": [128, 128]}
_MISTRAL_SMALL = SHAPES["mistralai/Mistral-Small-3.1-24B-Instruct-2503"]

DENSE: dict[str, Shape] = {
    "Qwen/Qwen2.5-0.5B-Instruct": Shape(
        _MLC.format("qwen2_0_5b"),
        _config("qwen2", (896, 24, 14, 2, 64, 4864, 151936, 32768), tied=True),
    ),
    "Qwen/Qwen2.5-14B-Instruct": Shape(
        _LITGPT.format("Qwen2.5-14B"), _config("qwen2", _QWEN25_14B, tied=False)
    ),
    "Qwen/Qwen2.5-Coder-7B-Instruct": Shape(
        _LITGPT.format("Qwen2.5-Coder-7B"), _config("qwen2", _QWEN25_7B, tied=False)
    ),
    "Qwen/Qwen2.5-Coder-32B-Instruct": Shape(
        _LITGPT.format("Qwen2.5-Coder-32B"), _config("qwen2", _QWEN25_32B, tied=False)
    ),
    "Qwen/QwQ-32B": Shape(
        _LITGPT.format("QwQ-32B"),
        _config("qwen2", (*_QWEN25_32B[:-1], 131072), tied=False),
    ),
    "Qwen/Qwen3-1.7B": Shape(
        _AIC.format("Qwen--Qwen3-1.7B"),
        _config("qwen3", (2048, 28, 16, 8, 128, 6144, 151936, 40960), tied=True),
    ),
    "Qwen/Qwen3-4B": Shape(
        _LITGPT.format("Qwen3-4B"),
        _config("qwen3", (2560, 36, 32, 8, 128, 9728, 151936, 40960), tied=True),
    ),
    "Qwen/Qwen3-32B": Shape(
        _AIC.format("Qwen--Qwen3-32B"), _config("qwen3", _QWEN3_32B, tied=False)
    ),
    "Qwen/Qwen3-32B-FP8": Shape(
        _AIC.format("Qwen--Qwen3-32B-FP8"),
        _config("qwen3", _QWEN3_32B, tied=False, quantization_config=_FP8_BLOCKS),
    ),
    "meta-llama/Llama-3.1-8B": Shape(
        _AIC.format("meta-llama--Meta-Llama-3.1-8B"), _config("llama", _LLAMA_8B, tied=False)
    ),
    "meta-llama/Llama-3.2-1B-Instruct": Shape(
        _MLC.format("llama3_2_1b"),
        _config("llama", (2048, 16, 32, 8, 64, 8192, 128256, 131072), tied=True),
    ),
    "meta-llama/Llama-3.3-70B-Instruct": Shape(
        _LITGPT.format("Llama-3.3-70B-Instruct"), _config("llama", _LLAMA_70B, tied=False)
    ),
    "deepseek-ai/DeepSeek-R1-Distill-Llama-8B": Shape(
        _LITGPT.format("R1-Distill-Llama-8B"), _config("llama", _LLAMA_8B, tied=False)
    ),
    "deepseek-ai/DeepSeek-R1-Distill-Llama-70B": Shape(
        _LITGPT.format("R1-Distill-Llama-70B"), _config("llama", _LLAMA_70B, tied=False)
    ),
    "mistralai/Mistral-7B-Instruct-v0.3": Shape(
        _MLC.format("mistral_7b_v03"),
        _config("mistral", (4096, 32, 32, 8, 128, 14336, 32768, 32768), tied=False),
    ),
    "mistralai/Mistral-Small-3.2-24B-Instruct-2506": Shape(
        "shapes of Mistral-Small-3.1-24B-Instruct-2503: the model card names it as its base",
        _MISTRAL_SMALL.config,
        weights_bytes=_MISTRAL_SMALL.weights_bytes,
    ),
    "mistralai/Mixtral-8x22B-v0.1": Shape(
        _AIC.format("mistralai--Mixtral-8x22B-v0.1"),
        _config(
            "mixtral", (6144, 56, 48, 8, 128, 16384, 32000, 65536), tied=False,
            num_local_experts=8, num_experts_per_tok=2,
        ),
    ),
    "google/gemma-2-2b-it": Shape(
        _MLC.format("gemma2_2b"),
        _config(
            "gemma2", (2304, 26, 8, 4, 256, 9216, 256000, 8192), tied=True, sliding_window=4096
        ),
    ),
    "google/gemma-2-9b-it": Shape(
        _MLC.format("gemma2_9b"),
        _config(
            "gemma2", (3584, 42, 16, 8, 256, 14336, 256000, 8192), tied=True, sliding_window=4096
        ),
    ),
    "google/gemma-3-1b-it": Shape(
        _MLC.format("gemma3_1b_it"),
        _config(
            "gemma3_text", (1152, 26, 4, 1, 256, 6912, 262144, 32768), tied=True,
            sliding_window=512,
        ),
    ),
    "google/gemma-3-4b-it": Shape(
        _LITGPT.format("Gemma-3-4b-it") + "; vocab_size 262208 from memory",
        _gemma_3((2560, 34, 8, 4, 256, 10240, 262208, 131072)),
    ),
    "google/gemma-3-12b-it": Shape(
        _LITGPT.format("Gemma-3-12b-it") + "; vocab_size 262208 from memory",
        _gemma_3((3840, 48, 16, 8, 256, 15360, 262208, 131072)),
    ),
    "microsoft/Phi-4-mini-instruct": Shape(
        _LITGPT.format("Phi-4-mini-instruct"),
        _config("phi3", (3072, 32, 24, 8, 128, 8192, 200064, 131072), tied=True),
    ),
}  # fmt: skip
