# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Shapes of well-known checkpoints, as far as a plan needs them, in the words of config.json.

Each says where it was read. ``layer_types`` are written as their repeating pattern.
``weights_bytes`` stands where the shape alone does not give the size: checkpoints with a
vision tower, whose fields are left out (``vision_config`` is empty and only says that there is
one).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Shape:
    """One checkpoint: where its shape was read, its config, its size in bytes."""

    origin: str
    config: dict[str, Any]
    weights_bytes: int | None = None


def layers(kind: str, run: int, count: int) -> list[str]:
    """``count`` layers: after each ``run`` layers of a kind comes one of full attention."""
    return ["full_attention" if index % (run + 1) == run else kind for index in range(count)]


# fmt: off
SHAPES: dict[str, Shape] = {
    "meta-llama/Llama-3.1-8B-Instruct": Shape(
        "ai-dynamo/aiconfigurator model_configs/meta-llama--Meta-Llama-3.1-8B_config.json "
        "@095f58a",
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "bfloat16",
        "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 14336,
        "vocab_size": 128256, "tie_word_embeddings": False, "max_position_embeddings": 131072},
    ),
    "meta-llama/Meta-Llama-3-8B": Shape(
        "ai-dynamo/aiconfigurator model_configs/meta-llama--Meta-Llama-3.1-8B_config.json "
        "@095f58a; Llama 3 has the same shapes, max_position_embeddings 8192 (from memory)",
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "bfloat16",
        "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 14336,
        "vocab_size": 128256, "tie_word_embeddings": False, "max_position_embeddings": 8192},
    ),
    "meta-llama/Llama-3.1-70B-Instruct": Shape(
        "ai-dynamo/aiconfigurator model_configs/meta-llama--Meta-Llama-3.1-70B_config.json "
        "@095f58a",
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "bfloat16",
        "hidden_size": 8192, "num_hidden_layers": 80, "num_attention_heads": 64,
        "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 28672,
        "vocab_size": 128256, "tie_word_embeddings": False, "max_position_embeddings": 131072},
    ),
    "meta-llama/Llama-3.1-405B-Instruct": Shape(
        "ai-dynamo/aiconfigurator model_configs/meta-llama--Meta-Llama-3.1-405B_config.json "
        "@095f58a",
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "bfloat16",
        "hidden_size": 16384, "num_hidden_layers": 126, "num_attention_heads": 128,
        "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 53248,
        "vocab_size": 128256, "tie_word_embeddings": False, "max_position_embeddings": 131072},
    ),
    "meta-llama/Llama-2-7b-hf": Shape(
        "mlc-ai/mlc-llm python/mlc_llm/model/model_preset.py (llama2_7b) @79d603f; "
        "max_position_embeddings from memory",
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "float16",
        "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 32, "head_dim": 128, "intermediate_size": 11008,
        "vocab_size": 32000, "tie_word_embeddings": False, "max_position_embeddings": 4096},
    ),
    "meta-llama/Llama-2-70b-hf": Shape(
        "mlc-ai/mlc-llm python/mlc_llm/model/model_preset.py (llama2_70b) @79d603f; "
        "max_position_embeddings from memory",
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "float16",
        "hidden_size": 8192, "num_hidden_layers": 80, "num_attention_heads": 64,
        "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 28672,
        "vocab_size": 32000, "tie_word_embeddings": False, "max_position_embeddings": 4096},
    ),
    "codellama/CodeLlama-7b-hf": Shape(
        "mlc-ai/mlc-llm python/mlc_llm/model/model_preset.py (codellama_7b) @79d603f; "
        "max_position_embeddings from memory",
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "bfloat16",
        "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 32, "head_dim": 128, "intermediate_size": 11008,
        "vocab_size": 32016, "tie_word_embeddings": False, "max_position_embeddings": 16384},
    ),
    "Qwen/Qwen2-7B-Instruct": Shape(
        "mlc-ai/mlc-llm python/mlc_llm/model/model_preset.py (qwen2_7b) @79d603f; "
        "max_position_embeddings from memory",
        {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "torch_dtype": "bfloat16",
        "hidden_size": 3584, "num_hidden_layers": 28, "num_attention_heads": 28,
        "num_key_value_heads": 4, "head_dim": 128, "intermediate_size": 18944,
        "vocab_size": 152064, "tie_word_embeddings": False, "attention_bias": True,
        "max_position_embeddings": 32768},
    ),
    "Qwen/Qwen2.5-7B-Instruct": Shape(
        "Lightning-AI/litgpt litgpt/config.py (Qwen2.5-7B) @2685705; max_position_embeddings "
        "from memory",
        {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "torch_dtype": "bfloat16",
        "hidden_size": 3584, "num_hidden_layers": 28, "num_attention_heads": 28,
        "num_key_value_heads": 4, "head_dim": 128, "intermediate_size": 18944,
        "vocab_size": 152064, "tie_word_embeddings": False, "attention_bias": True,
        "max_position_embeddings": 32768},
    ),
    "Qwen/Qwen2.5-1.5B-Instruct": Shape(
        "mlc-ai/mlc-llm python/mlc_llm/model/model_preset.py (qwen2_1_5b) @79d603f; "
        "max_position_embeddings from memory",
        {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "torch_dtype": "bfloat16",
        "hidden_size": 1536, "num_hidden_layers": 28, "num_attention_heads": 12,
        "num_key_value_heads": 2, "head_dim": 128, "intermediate_size": 8960,
        "vocab_size": 151936, "tie_word_embeddings": True, "attention_bias": True,
        "max_position_embeddings": 32768},
    ),
    "Qwen/Qwen2.5-3B-Instruct": Shape(
        "mlc-ai/mlc-llm python/mlc_llm/model/model_preset.py (qwen2.5_3b) @79d603f; "
        "max_position_embeddings from memory",
        {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "torch_dtype": "bfloat16",
        "hidden_size": 2048, "num_hidden_layers": 36, "num_attention_heads": 16,
        "num_key_value_heads": 2, "head_dim": 128, "intermediate_size": 11008,
        "vocab_size": 151936, "tie_word_embeddings": True, "attention_bias": True,
        "max_position_embeddings": 32768},
    ),
    "Qwen/Qwen2.5-32B-Instruct": Shape(
        "Lightning-AI/litgpt litgpt/config.py (Qwen2.5-32B) @2685705; max_position_embeddings"
        " from memory",
        {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "torch_dtype": "bfloat16",
        "hidden_size": 5120, "num_hidden_layers": 64, "num_attention_heads": 40,
        "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 27648,
        "vocab_size": 152064, "tie_word_embeddings": False, "attention_bias": True,
        "max_position_embeddings": 32768},
    ),
    "Qwen/Qwen2.5-72B-Instruct": Shape(
        "Lightning-AI/litgpt litgpt/config.py (Qwen2.5-72B) @2685705; max_position_embeddings"
        " from memory",
        {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "torch_dtype": "bfloat16",
        "hidden_size": 8192, "num_hidden_layers": 80, "num_attention_heads": 64,
        "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 29568,
        "vocab_size": 152064, "tie_word_embeddings": False, "attention_bias": True,
        "max_position_embeddings": 32768},
    ),
    "Qwen/Qwen3-8B": Shape(
        "ai-dynamo/aiconfigurator model_configs/Qwen--Qwen3-8B_config.json @095f58a; "
        "max_position_embeddings from memory",
        {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "torch_dtype": "bfloat16",
        "hidden_size": 4096, "num_hidden_layers": 36, "num_attention_heads": 32,
        "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 12288,
        "vocab_size": 151936, "tie_word_embeddings": False, "max_position_embeddings": 40960},
    ),
    "Qwen/Qwen3-14B": Shape(
        "Lightning-AI/litgpt litgpt/config.py (Qwen3-14B) @2685705; head_dim 128 from memory;"
        " max_position_embeddings from memory",
        {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "torch_dtype": "bfloat16",
        "hidden_size": 5120, "num_hidden_layers": 40, "num_attention_heads": 40,
        "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 17408,
        "vocab_size": 151936, "tie_word_embeddings": False, "max_position_embeddings": 40960},
    ),
    "google/gemma-2-27b-it": Shape(
        "mlc-ai/mlc-llm python/mlc_llm/model/model_preset.py (gemma2_27b) @79d603f; "
        "max_position_embeddings from memory",
        {"architectures": ["Gemma2ForCausalLM"], "model_type": "gemma2",
        "torch_dtype": "bfloat16", "hidden_size": 4608, "num_hidden_layers": 46,
        "num_attention_heads": 32, "num_key_value_heads": 16, "head_dim": 128,
        "intermediate_size": 36864, "vocab_size": 256000, "tie_word_embeddings": True,
        "sliding_window": 4096, "max_position_embeddings": 8192,
        "layer_types": layers("sliding_attention", 1, 46)},
    ),
    "google/gemma-3-27b-it": Shape(
        "Lightning-AI/litgpt litgpt/config.py (Gemma-3-27b-it) @2685705; vocab_size 262208 "
        "and the vision tower (SigLIP, about 0.42B params) from memory; "
        "max_position_embeddings from memory",
        {"architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3",
        "torch_dtype": "bfloat16", "tie_word_embeddings": True, "vision_config": {},
        "text_config": {"model_type": "gemma3_text", "hidden_size": 5376, "num_hidden_layers": 62,
        "num_attention_heads": 32, "num_key_value_heads": 16, "head_dim": 128,
        "intermediate_size": 21504, "vocab_size": 262208, "tie_word_embeddings": True,
        "sliding_window": 1024, "max_position_embeddings": 131072,
        "layer_types": layers("sliding_attention", 5, 62)}},
        weights_bytes=54851327616,
    ),
    "microsoft/phi-4": Shape(
        "Lightning-AI/litgpt litgpt/config.py (phi-4) @2685705; max_position_embeddings from "
        "memory",
        {"architectures": ["Phi3ForCausalLM"], "model_type": "phi3", "torch_dtype": "bfloat16",
        "hidden_size": 5120, "num_hidden_layers": 40, "num_attention_heads": 40,
        "num_key_value_heads": 10, "head_dim": 128, "intermediate_size": 17920,
        "vocab_size": 100352, "tie_word_embeddings": False, "max_position_embeddings": 16384},
    ),
    "mistralai/Mistral-Small-3.1-24B-Instruct-2503": Shape(
        "from memory (text 5120 x 40 layers, vision tower about 0.44B); "
        "max_position_embeddings from memory",
        {"architectures": ["Mistral3ForConditionalGeneration"], "model_type": "mistral3",
        "torch_dtype": "bfloat16", "tie_word_embeddings": False, "vision_config": {},
        "text_config": {"model_type": "mistral", "hidden_size": 5120, "num_hidden_layers": 40,
        "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128,
        "intermediate_size": 32768, "vocab_size": 131072, "tie_word_embeddings": False,
        "max_position_embeddings": 131072}},
        weights_bytes=48022806400,
    ),
    "ibm-granite/granite-3.1-8b-instruct": Shape(
        "from memory; max_position_embeddings from memory",
        {"architectures": ["GraniteForCausalLM"], "model_type": "granite",
        "torch_dtype": "bfloat16", "hidden_size": 4096, "num_hidden_layers": 40,
        "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128,
        "intermediate_size": 12800, "vocab_size": 49155, "tie_word_embeddings": True,
        "max_position_embeddings": 131072},
    ),
    "nvidia/Gemma-4-31B-IT-NVFP4": Shape(
        "ai-dynamo/aiconfigurator model_configs/nvidia--Gemma-4-31B-IT-NVFP4_config.json "
        "@095f58a",
        {"architectures": ["Gemma4ForConditionalGeneration"], "model_type": "gemma4",
        "torch_dtype": "bfloat16", "tie_word_embeddings": True, "vision_config": {},
        "text_config": {"model_type": "gemma4_text", "hidden_size": 5376, "num_hidden_layers": 60,
        "num_attention_heads": 32, "num_key_value_heads": 16, "head_dim": 256,
        "intermediate_size": 21504, "vocab_size": 262144, "tie_word_embeddings": True,
        "sliding_window": 1024, "global_head_dim": 512, "num_global_key_value_heads": 4,
        "attention_k_eq_v": True, "layer_types": layers("sliding_attention", 5, 60)},
        "quantization_config": {"quant_method": "modelopt", "quant_algo": "NVFP4",
        "ignore": ["lm_head", "*vision*", "*self_attn*"], "kv_cache_scheme": {"num_bits": 8,
        "type": "float"}}},
    ),
    "Qwen/Qwen3-30B-A3B": Shape(
        "ai-dynamo/aiconfigurator model_configs/Qwen--Qwen3-30B-A3B_config.json @095f58a; "
        "max_position_embeddings from memory",
        {"architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe",
        "torch_dtype": "bfloat16", "hidden_size": 2048, "num_hidden_layers": 48,
        "num_attention_heads": 32, "num_key_value_heads": 4, "head_dim": 128,
        "vocab_size": 151936, "tie_word_embeddings": False, "num_experts_per_tok": 8,
        "moe_intermediate_size": 768, "max_position_embeddings": 40960, "num_experts": 128,
        "decoder_sparse_step": 1},
    ),
    "Qwen/Qwen3-235B-A22B-FP8": Shape(
        "ai-dynamo/aiconfigurator model_configs/Qwen--Qwen3-235B-A22B-FP8_config.json "
        "@095f58a; max_position_embeddings from memory",
        {"architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe",
        "torch_dtype": "bfloat16", "hidden_size": 4096, "num_hidden_layers": 94,
        "num_attention_heads": 64, "num_key_value_heads": 4, "head_dim": 128,
        "vocab_size": 151936, "tie_word_embeddings": False, "num_experts_per_tok": 8,
        "moe_intermediate_size": 1536, "max_position_embeddings": 40960, "num_experts": 128,
        "decoder_sparse_step": 1, "quantization_config": {"quant_method": "fp8"}},
    ),
    "Qwen/Qwen1.5-MoE-A2.7B": Shape(
        "mlc-ai/mlc-llm python/mlc_llm/model/model_preset.py (qwen2moe) @79d603f; "
        "max_position_embeddings from memory",
        {"architectures": ["Qwen2MoeForCausalLM"], "model_type": "qwen2_moe",
        "torch_dtype": "bfloat16", "hidden_size": 2048, "num_hidden_layers": 24,
        "num_attention_heads": 16, "num_key_value_heads": 16, "head_dim": 128,
        "vocab_size": 151936, "tie_word_embeddings": False, "attention_bias": True,
        "num_experts_per_tok": 4, "moe_intermediate_size": 1408, "max_position_embeddings": 8192,
        "num_experts": 60, "shared_expert_intermediate_size": 5632, "decoder_sparse_step": 1},
    ),
    "mistralai/Mixtral-8x7B-Instruct-v0.1": Shape(
        "ai-dynamo/aiconfigurator model_configs/mistralai--Mixtral-8x7B-v0.1_config.json "
        "@095f58a; max_position_embeddings from memory",
        {"architectures": ["MixtralForCausalLM"], "model_type": "mixtral",
        "torch_dtype": "bfloat16", "hidden_size": 4096, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 32000,
        "tie_word_embeddings": False, "num_experts_per_tok": 2, "max_position_embeddings": 32768,
        "num_local_experts": 8, "intermediate_size": 14336},
    ),
    "meta-llama/Llama-4-Scout-17B-16E-Instruct": Shape(
        "ai-dynamo/aiconfigurator model_configs/meta-llama--"
        "Llama-4-Scout-17B-16E-Instruct_config.json @095f58a; shared expert of width "
        "intermediate_size and the vision tower (about 0.9B) from memory; "
        "max_position_embeddings from memory",
        {"architectures": ["Llama4ForConditionalGeneration"], "model_type": "llama4",
        "torch_dtype": "bfloat16", "tie_word_embeddings": False, "vision_config": {},
        "text_config": {"model_type": "llama4_text", "hidden_size": 5120, "num_hidden_layers": 48,
        "num_attention_heads": 40, "num_key_value_heads": 8, "head_dim": 128,
        "vocab_size": 202048, "tie_word_embeddings": False, "attention_chunk_size": 8192,
        "num_experts_per_tok": 1, "max_position_embeddings": 10485760, "num_local_experts": 16,
        "intermediate_size": 8192, "interleave_moe_layer_step": 1,
        "layer_types": layers("chunked_attention", 3, 48)}},
        weights_bytes=217339722240,
    ),
    "MiniMaxAI/MiniMax-M2.7": Shape(
        "ai-dynamo/aiconfigurator model_configs/MiniMaxAI--MiniMax-M2.7_config.json @095f58a",
        {"architectures": ["MiniMaxM2ForCausalLM"], "model_type": "minimax_m2",
        "torch_dtype": "bfloat16", "hidden_size": 3072, "num_hidden_layers": 62,
        "num_attention_heads": 48, "num_key_value_heads": 8, "head_dim": 128,
        "vocab_size": 200064, "tie_word_embeddings": False, "num_experts_per_tok": 8,
        "num_local_experts": 256, "intermediate_size": 1536,
        "quantization_config": {"quant_method": "fp8"}},
    ),
    "openai/gpt-oss-20b": Shape(
        "ai-dynamo/aiconfigurator model_configs/openai--gpt-oss-20b_config.json @095f58a; "
        "max_position_embeddings from memory",
        {"architectures": ["GptOssForCausalLM"], "model_type": "gpt_oss",
        "torch_dtype": "bfloat16", "hidden_size": 2880, "num_hidden_layers": 24,
        "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 64, "vocab_size": 201088,
        "tie_word_embeddings": False, "sliding_window": 128, "attention_bias": True,
        "num_experts_per_tok": 4, "max_position_embeddings": 131072, "num_local_experts": 32,
        "intermediate_size": 2880, "layer_types": layers("sliding_attention", 1, 24),
        "quantization_config": {"quant_method": "mxfp4",
        "modules_to_not_convert": ["model.layers.*.self_attn", "model.layers.*.mlp.router",
        "model.embed_tokens", "lm_head"]}},
    ),
    "openai/gpt-oss-120b": Shape(
        "ai-dynamo/aiconfigurator model_configs/openai--gpt-oss-120b_config.json @095f58a; "
        "max_position_embeddings from memory",
        {"architectures": ["GptOssForCausalLM"], "model_type": "gpt_oss",
        "torch_dtype": "bfloat16", "hidden_size": 2880, "num_hidden_layers": 36,
        "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 64, "vocab_size": 201088,
        "tie_word_embeddings": False, "sliding_window": 128, "attention_bias": True,
        "num_experts_per_tok": 4, "max_position_embeddings": 131072, "num_local_experts": 128,
        "intermediate_size": 2880, "layer_types": layers("sliding_attention", 1, 36),
        "quantization_config": {"quant_method": "mxfp4",
        "modules_to_not_convert": ["model.layers.*.self_attn", "model.layers.*.mlp.router",
        "model.embed_tokens", "lm_head"]}},
    ),
    "deepseek-ai/DeepSeek-R1": Shape(
        "ai-dynamo/aiconfigurator model_configs/deepseek-ai--DeepSeek-R1_config.json "
        "@095f58a; max_position_embeddings from memory",
        {"architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3",
        "torch_dtype": "bfloat16", "hidden_size": 7168, "num_hidden_layers": 61,
        "num_attention_heads": 128, "num_key_value_heads": 128, "intermediate_size": 18432,
        "vocab_size": 129280, "tie_word_embeddings": False, "kv_lora_rank": 512,
        "q_lora_rank": 1536, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128,
        "num_experts_per_tok": 8, "moe_intermediate_size": 2048,
        "max_position_embeddings": 163840, "n_routed_experts": 256, "n_shared_experts": 1,
        "first_k_dense_replace": 3, "moe_layer_freq": 1, "num_nextn_predict_layers": 1,
        "quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]}},
    ),
    "deepseek-ai/DeepSeek-V2-Lite-Chat": Shape(
        "mlc-ai/mlc-llm python/mlc_llm/model/model_preset.py (deepseek_v2_lite) @79d603f; "
        "max_position_embeddings from memory",
        {"architectures": ["DeepseekV2ForCausalLM"], "model_type": "deepseek_v2",
        "torch_dtype": "bfloat16", "hidden_size": 2048, "num_hidden_layers": 27,
        "num_attention_heads": 16, "num_key_value_heads": 16, "intermediate_size": 10944,
        "vocab_size": 102400, "tie_word_embeddings": False, "kv_lora_rank": 512,
        "qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128,
        "num_experts_per_tok": 6, "moe_intermediate_size": 1408,
        "max_position_embeddings": 163840, "n_routed_experts": 64, "n_shared_experts": 2,
        "first_k_dense_replace": 1, "moe_layer_freq": 1},
    ),
    "moonshotai/Kimi-K2-Thinking": Shape(
        "ai-dynamo/aiconfigurator model_configs/moonshotai--Kimi-K2-Instruct_config.json "
        "@095f58a (same shapes; K2-Thinking experts are int4, from memory); "
        "max_position_embeddings from memory",
        {"architectures": ["DeepseekV3ForCausalLM"], "model_type": "kimi_k2",
        "torch_dtype": "bfloat16", "hidden_size": 7168, "num_hidden_layers": 61,
        "num_attention_heads": 64, "num_key_value_heads": 64, "intermediate_size": 18432,
        "vocab_size": 163840, "tie_word_embeddings": False, "kv_lora_rank": 512,
        "q_lora_rank": 1536, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128,
        "num_experts_per_tok": 8, "moe_intermediate_size": 2048,
        "max_position_embeddings": 262144, "n_routed_experts": 384, "n_shared_experts": 1,
        "first_k_dense_replace": 1, "moe_layer_freq": 1,
        "quantization_config": {"quant_method": "compressed-tensors",
        "config_groups": {"group_0": {"targets": ["Linear"], "weights": {"num_bits": 4,
        "type": "int", "group_size": 32}}}, "ignore": ["lm_head", "re:.*self_attn.*",
        "re:.*shared_experts.*", "re:.*mlp\\.(gate|up|gate_up|down)_proj.*"]}},
    ),
    "Qwen/Qwen3-Next-80B-A3B-Instruct": Shape(
        "transformers 5.19.0 Qwen3NextConfig defaults; max_position_embeddings from memory",
        {"architectures": ["Qwen3NextForCausalLM"], "model_type": "qwen3_next",
        "torch_dtype": "bfloat16", "hidden_size": 2048, "num_hidden_layers": 48,
        "num_attention_heads": 16, "num_key_value_heads": 2, "head_dim": 256,
        "intermediate_size": 5632, "vocab_size": 151936, "tie_word_embeddings": False,
        "num_experts_per_tok": 10, "moe_intermediate_size": 512, "full_attention_interval": 4,
        "linear_num_key_heads": 16, "linear_num_value_heads": 32, "linear_key_head_dim": 128,
        "linear_value_head_dim": 128, "linear_conv_kernel_dim": 4, "attn_output_gate": True,
        "max_position_embeddings": 262144, "mamba_ssm_dtype": "bfloat16", "num_experts": 512,
        "shared_expert_intermediate_size": 512, "decoder_sparse_step": 1,
        "layer_types": layers("linear_attention", 3, 48)},
    ),
    "nvidia/Qwen3.6-35B-A3B-NVFP4": Shape(
        "ai-dynamo/aiconfigurator model_configs/nvidia--Qwen3.6-35B-A3B-NVFP4_config.json "
        "@095f58a and Qwen--Qwen3.5-35B-A3B",
        {"architectures": ["Qwen3_5MoeForConditionalGeneration"], "model_type": "qwen3_5_moe",
        "torch_dtype": "bfloat16", "tie_word_embeddings": False, "vision_config": {},
        "text_config": {"model_type": "qwen3_5_moe_text", "hidden_size": 2048,
        "num_hidden_layers": 40, "num_attention_heads": 16, "num_key_value_heads": 2,
        "head_dim": 256, "vocab_size": 248320, "tie_word_embeddings": False,
        "num_experts_per_tok": 8, "moe_intermediate_size": 512, "full_attention_interval": 4,
        "linear_num_key_heads": 16, "linear_num_value_heads": 32, "linear_key_head_dim": 128,
        "linear_value_head_dim": 128, "linear_conv_kernel_dim": 4, "attn_output_gate": True,
        "mamba_ssm_dtype": "float32", "num_experts": 256, "shared_expert_intermediate_size": 512,
        "decoder_sparse_step": 1, "layer_types": layers("linear_attention", 3, 40)},
        "quantization_config": {"quant_method": "modelopt", "quant_algo": "MIXED_PRECISION",
        "group_size": 16}},
    ),
    "Qwen/Qwen3.8-27B": Shape(
        "ai-dynamo/aiconfigurator Qwen--Qwen3.5-27B_config.json @095f58a for the shapes (the "
        "3.8 config itself was not read); 16 full + 48 linear layers and 4 kv heads x 256 "
        "quoted in mitchross/talos-argocd-proxmox#1995",
        {"architectures": ["Qwen3_5ForConditionalGeneration"], "model_type": "qwen3_5",
        "torch_dtype": "bfloat16", "tie_word_embeddings": False, "vision_config": {},
        "text_config": {"model_type": "qwen3_5_text", "hidden_size": 5120,
        "num_hidden_layers": 64, "num_attention_heads": 24, "num_key_value_heads": 4,
        "head_dim": 256, "intermediate_size": 17408, "vocab_size": 248320,
        "tie_word_embeddings": False, "full_attention_interval": 4, "linear_num_key_heads": 16,
        "linear_num_value_heads": 48, "linear_key_head_dim": 128, "linear_value_head_dim": 128,
        "linear_conv_kernel_dim": 4, "attn_output_gate": True, "mamba_ssm_dtype": "float32",
        "layer_types": layers("linear_attention", 3, 64)}},
    ),
    "mistralai/Mistral-Small-4-119B-2603": Shape(
        "from the error text only: 22.5 GiB for 1,048,576 tokens is 23,040 B per token = 36 "
        "layers x 320 x 2 B (MLA latent 256 + rope 64); layer count and latent width are an "
        "inference",
        {"num_hidden_layers": 36, "kv_lora_rank": 256, "qk_rope_head_dim": 64},
    ),
    "meta-llama/Llama-3.2-3B-Instruct": Shape(
        "from memory",
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "bfloat16",
        "hidden_size": 3072, "num_hidden_layers": 28, "num_attention_heads": 24,
        "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 8192,
        "vocab_size": 128256, "tie_word_embeddings": True, "max_position_embeddings": 131072},
    ),
    "meta-llama/Llama-2-13b-hf": Shape(
        "from memory; max_position_embeddings from memory",
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "float16",
        "hidden_size": 5120, "num_hidden_layers": 40, "num_attention_heads": 40,
        "num_key_value_heads": 40, "head_dim": 128, "intermediate_size": 13824,
        "vocab_size": 32000, "tie_word_embeddings": False, "max_position_embeddings": 4096},
    ),
    "Qwen/Qwen3-0.6B": Shape(
        "from memory; kv_heads x head_dim x layers confirmed by vllm-project/vllm#24577 "
        "(114,688 B per token); max_position_embeddings from memory",
        {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "torch_dtype": "bfloat16",
        "hidden_size": 1024, "num_hidden_layers": 28, "num_attention_heads": 16,
        "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 3072,
        "vocab_size": 151936, "tie_word_embeddings": True, "max_position_embeddings": 40960},
    ),
    "Qwen/Qwen2.5-VL-32B-Instruct": Shape(
        "language part as Qwen2.5-32B; vision tower about 0.69B params from memory",
        {"architectures": ["Qwen2_5_VLForConditionalGeneration"], "model_type": "qwen2_5_vl",
        "torch_dtype": "bfloat16", "tie_word_embeddings": False, "vision_config": {},
        "text_config": {"model_type": "qwen2_5_vl_text", "hidden_size": 5120,
        "num_hidden_layers": 64, "num_attention_heads": 40, "num_key_value_heads": 8,
        "head_dim": 128, "intermediate_size": 27648, "vocab_size": 152064,
        "tie_word_embeddings": False, "attention_bias": True}},
        weights_bytes=66907752704,
    ),
    "Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8": Shape(
        "layers 62, kv heads 8, head_dim 128 confirmed by the 62.00 GiB for 262144 tokens of "
        "vllm-project/recipes#12; the rest from memory; max_position_embeddings from memory",
        {"architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe",
        "torch_dtype": "bfloat16", "hidden_size": 6144, "num_hidden_layers": 62,
        "num_attention_heads": 96, "num_key_value_heads": 8, "head_dim": 128,
        "vocab_size": 151936, "tie_word_embeddings": False, "num_experts_per_tok": 8,
        "moe_intermediate_size": 2560, "max_position_embeddings": 262144, "num_experts": 160,
        "decoder_sparse_step": 1, "quantization_config": {"quant_method": "fp8"}},
    ),
    "zai-org/GLM-4.7-FP8": Shape(
        "only what 71.16 GiB for 202752 tokens gives in vllm-project/vllm#32105: 376,832 B "
        "per token = 2 x 92 x 8 x 128 x 2",
        {"architectures": ["Glm4MoeForCausalLM"], "model_type": "glm4_moe",
        "torch_dtype": "bfloat16", "num_hidden_layers": 92, "num_key_value_heads": 8,
        "head_dim": 128, "quantization_config": {"quant_method": "fp8"}},
    ),
}
# fmt: on
