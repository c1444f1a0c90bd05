# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The model families, one record each, by the ``model_type`` of their config.json.

Checked against the parameters that vLLM 0.32's own model classes allocate
(vllm/model_executor/models) and the defaults of transformers 5.19's config classes. The defaults
of a nested language model are those of transformers 5.23.0
(``models/<family>/configuration_<family>.py``); 4.51.3 and 4.57.6 have the same numbers.
"""

from __future__ import annotations

import functools
from dataclasses import replace

from .family import (
    BAILING_SHARED,
    CHUNKS,
    ERNIE_FIRST_MOE,
    ERNIE_SHARED,
    FIRST_DENSE,
    GATED_DELTA,
    GLOBAL_HEADS,
    GRANITE_LAYERS,
    GRANITE_SHARED,
    HUNYUAN_SHARED,
    MAMBA_2,
    NEMOTRON_LAYERS,
    NEMOTRON_SHARED,
    ONE_MATRIX,
    PATCH_MERGER,
    QWEN_SHARED,
    SHARED_EXPERTS,
    Family,
)


def _counts(sizes: tuple[int, ...], **more: int) -> dict[str, int]:
    """``sizes``: hidden, layers, heads, feed-forward part, vocabulary, positions.

    ``more``: what only some classes set. Mistral's window of 4,096 is not here: checkpoints say
    null, a copy of a config may drop that, and without a window the cache is not underrated.
    """
    hidden, layers, heads, width, vocab, positions = sizes
    return {
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": width,
        "vocab_size": vocab,
        "max_position_embeddings": positions,
        **more,
    }


# What several families share.
_MOST = Family(kv_heads_as_heads=True, divides_heads=True)
_DIVIDED = Family(divides_heads=True)
_GPT = replace(_MOST, gated=False, fourfold_width=True)
_GPT_2 = replace(_GPT, tied=True, qkv_bias=True, rotary=False, position_table=True)
_COUNTED = Family(known=False, kv_heads_as_heads=True, divides_heads=True)
_NO_ROTARY = Family(known=False, rotary=False)
_LLAMA = replace(_MOST, nested_defaults=_counts((4096, 32, 32, 11008, 32000, 2048)))
_MULTIMODAL = Family(multimodal=True)

# DeepSeek and its followers.
_DEEPSEEK = Family(
    experts_field="n_routed_experts", requires_with_experts=(SHARED_EXPERTS, FIRST_DENSE)
)
_DEEPSEEK_V2 = replace(_DEEPSEEK, mla=True)
# Small models of DeepSeek-V2's family have queries that are not latent.
_DEEPSEEK_V3 = replace(_DEEPSEEK_V2, mla_queries=True)
_DEEPSEEK_V32 = replace(_DEEPSEEK_V3, sparse_index=True)

_BAILING = Family(
    divides_heads=True,
    experts_field="num_experts",
    requires_with_experts=(FIRST_DENSE, BAILING_SHARED),
)
_MIXTRAL = Family(
    divides_heads=True, experts_field="num_local_experts", experts_of_dense_width=True
)
_OLMOE = replace(_MOST, experts_field="num_experts", experts_of_dense_width=True)
_GRANITE_MOE = replace(_MOST, experts_field="num_local_experts", experts_of_dense_width=True)

_GEMMA_2 = Family(tied=True, norms_per_layer=4, full_every=2)
# Its length is scaled already, and its sliding layers have a table of their own.
_GEMMA_3 = replace(_GEMMA_2, full_every=6, positions_scaled=True)
_GEMMA_4 = replace(
    _GEMMA_2,
    full_every=6,
    experts_switch=True,
    dense_beside_experts=True,
    experts_outside=True,
    requires=(GLOBAL_HEADS,),
)
_LLAMA_4 = Family(
    experts_field="num_local_experts",
    experts_of_dense_width=True,
    shared_like_expert=True,
    own_dense_width=True,
    requires=(CHUNKS,),
)
_GLM_4V = Family(glm_tower=True)
_GLM_4V_MOE = replace(_DEEPSEEK, glm_tower=True)

# Qwen's windows are off.
_QWEN = Family(window_off=True, window_after=True)
_QWEN_2 = replace(_QWEN, divides_heads=True, qkv_bias=True)
_QWEN_2_VL = replace(_QWEN_2, mrope=True)
_QWEN_2_VL_TEXT = replace(
    _QWEN_2_VL,
    null_divides=True,
    nested_defaults=_counts((8192, 80, 64, 29568, 152064, 32768), num_key_value_heads=8),
)
_QWEN_3_VL = replace(_QWEN, mrope=True, mrope_ahead=False)
_QWEN_3_NEXT = Family(gated_queries=True, state=GATED_DELTA, partial_rotary_factor=0.25)
_QWEN_3_5 = replace(_QWEN_3_NEXT, mrope=True, mrope_ahead=False)
_QWEN_3_5_MOE = replace(
    _QWEN_3_5, experts_field="num_experts", requires_with_experts=(QWEN_SHARED,)
)

# Families that are not known are here for what is known of them.
FAMILIES: dict[str, Family] = {
    # Llama, and what is built like it.
    "llama": _LLAMA,
    "cwm": Family(full_every=4),
    "mllama_text_model": Family(
        known=False,
        divides_heads=True,
        nested_defaults=_counts((4096, 40, 32, 14336, 128256, 131072), num_key_value_heads=8),
    ),
    "llama4": replace(_LLAMA_4, multimodal=True),
    "llama4_text": _LLAMA_4,
    "llava": _MULTIMODAL,
    "llava_next": _MULTIMODAL,
    "orion": _DIVIDED,
    "solar": _DIVIDED,
    "stablelm": _DIVIDED,
    "chatglm": _DIVIDED,
    "seed_oss": Family(null_divides=True),
    "smollm3": Family(
        tied=True,
        divides_heads=True,
        null_divides=True,
        nested_defaults=_counts((2048, 36, 16, 11008, 128256, 32768), num_key_value_heads=4),
    ),
    "apertus": replace(_MOST, gated=False),
    "arcee": replace(_MOST, gated=False),
    "dbrx": replace(_MIXTRAL, experts_field="moe_num_experts"),
    "minimax_m2": Family(experts_field="num_local_experts", experts_of_dense_width=True),
    # Mistral.
    "mistral": replace(
        _DIVIDED,
        null_divides=True,
        nested_defaults=_counts((4096, 32, 32, 14336, 32000, 131072), num_key_value_heads=8),
    ),
    "ministral3": Family(
        nested_defaults=_counts(
            (4096, 34, 32, 14336, 131072, 262144), num_key_value_heads=8, head_dim=128
        )
    ),
    "mistral3": replace(_MULTIMODAL, projector=PATCH_MERGER),
    "mixtral": _MIXTRAL,
    "pixtral": _MULTIMODAL,
    # Qwen.
    "qwen2": replace(
        _QWEN_2,
        null_divides=True,
        nested_defaults=_counts((4096, 32, 32, 22016, 151936, 32768), num_key_value_heads=32),
    ),
    "qwen2_moe": replace(
        _QWEN_2, experts_field="num_experts", requires_with_experts=(QWEN_SHARED,)
    ),
    "qwen2_vl": replace(_QWEN_2_VL, multimodal=True),
    "qwen2_vl_text": _QWEN_2_VL_TEXT,
    "qwen2_5_vl": replace(_QWEN_2_VL, multimodal=True),
    "qwen2_5_vl_text": _QWEN_2_VL_TEXT,
    "qwen2_5_omni_text": replace(
        _QWEN,
        known=False,
        divides_heads=True,
        null_divides=True,
        nested_defaults=_counts((3584, 28, 28, 18944, 152064, 32768), num_key_value_heads=4),
    ),
    "qwen3": replace(
        _QWEN,
        null_divides=True,
        nested_defaults=_counts(
            (4096, 32, 32, 22016, 151936, 32768), num_key_value_heads=32, head_dim=128
        ),
    ),
    "qwen3_moe": replace(_QWEN, experts_field="num_experts"),
    "qwen3_vl": replace(_QWEN_3_VL, multimodal=True),
    "qwen3_vl_text": replace(
        _QWEN_3_VL,
        null_divides=True,
        nested_defaults=_counts(
            (4096, 32, 32, 22016, 151936, 128000), num_key_value_heads=32, head_dim=128
        ),
    ),
    "qwen3_vl_moe": replace(_QWEN_3_VL, multimodal=True, experts_field="num_experts"),
    "qwen3_vl_moe_text": replace(_QWEN_3_VL, experts_field="num_experts"),
    "qwen3_next": replace(
        _QWEN_3_NEXT, experts_field="num_experts", requires_with_experts=(QWEN_SHARED,)
    ),
    "qwen3_5": replace(_QWEN_3_5, multimodal=True),
    "qwen3_5_text": _QWEN_3_5,
    "qwen3_5_moe": replace(_QWEN_3_5_MOE, multimodal=True),
    "qwen3_5_moe_text": _QWEN_3_5_MOE,
    # Gemma.
    "gemma": Family(
        tied=True,
        nested_defaults=_counts(
            (3072, 28, 16, 24576, 256000, 8192), num_key_value_heads=16, head_dim=256
        ),
    ),
    "gemma2": replace(
        _GEMMA_2,
        nested_defaults=_counts(
            (2304, 26, 8, 9216, 256000, 8192),
            num_key_value_heads=4,
            head_dim=256,
            sliding_window=4096,
        ),
    ),
    "gemma3": replace(_GEMMA_3, multimodal=True, projector=ONE_MATRIX),
    "gemma3_text": replace(
        _GEMMA_3,
        nested_defaults=_counts(
            (2304, 26, 8, 9216, 262208, 131072),
            num_key_value_heads=4,
            head_dim=256,
            sliding_window=4096,
            # A part of rope_parameters by now.
            rope_local_base_freq=10000,
        ),
    ),
    "gemma4": replace(_GEMMA_4, multimodal=True, projector=ONE_MATRIX),
    "gemma4_text": _GEMMA_4,
    # DeepSeek and its followers.
    "deepseek": replace(_DEEPSEEK, divides_heads=True),
    "deepseek_v2": _DEEPSEEK_V2,
    "deepseek_v3": _DEEPSEEK_V3,
    "deepseek_v32": _DEEPSEEK_V32,
    "deepseek_vl_v2": Family(multimodal=True, multimodal_class="DeepseekVLV2ForCausalLM"),
    "kimi_k2": _DEEPSEEK_V3,
    "kimi_k25": replace(_DEEPSEEK_V3, multimodal=True),
    "kimi_vl": replace(_DEEPSEEK_V2, multimodal=True),
    "glm4_moe": _DEEPSEEK,
    "glm4_moe_lite": _DEEPSEEK_V3,
    "glm_moe_dsa": _DEEPSEEK_V32,
    # GLM.
    "glm": Family(),
    "glm4": Family(
        norms_per_layer=4,
        nested_defaults=_counts(
            (4096, 40, 32, 13696, 151552, 131072), num_key_value_heads=2, head_dim=128
        ),
    ),
    "glm4v": replace(_GLM_4V, multimodal=True, multimodal_class="GLM4VForCausalLM"),
    "glm4v_text": replace(
        _GLM_4V,
        divides_heads=True,
        null_divides=True,
        nested_defaults=_counts((4096, 40, 32, 13696, 151552, 32768), num_key_value_heads=2),
    ),
    "glm4v_moe": replace(_GLM_4V_MOE, multimodal=True),
    "glm4v_moe_text": _GLM_4V_MOE,
    # GPT, and what is built like it.
    "gpt2": _GPT_2,
    "gpt_bigcode": replace(_GPT_2, multi_query=True),
    "gpt_neox": replace(_GPT, qkv_bias=True),
    "gptj": _GPT,
    "gpt_oss": Family(
        qkv_bias=True,
        expert_bias=True,
        full_every=2,
        experts_field="num_local_experts",
        experts_of_dense_width=True,
    ),
    "bloom": replace(_GPT, tied=True, qkv_bias=True, rotary=False),
    "opt": replace(_GPT_2, fourfold_width=False),
    "starcoder2": replace(_DIVIDED, gated=False, tied=True, qkv_bias=True),
    # falcon.py: num_kv_heads is read only in the new architecture. FalconConfig has a length.
    "falcon": replace(_GPT, tied=True, kv_heads_of_new=True, positions=2048),
    # Granite.
    "granite": _LLAMA,
    "granitemoe": _GRANITE_MOE,
    # granitemoehybrid.py has no other feed-forward part than the shared one and experts.
    "granitemoehybrid": replace(
        _GRANITE_MOE,
        state=MAMBA_2,
        granite_words=True,
        shared_is_dense=True,
        requires=(GRANITE_LAYERS, GRANITE_SHARED),
    ),
    "granitemoeshared": replace(_GRANITE_MOE, requires=(GRANITE_SHARED,)),
    # Nemotron; the state: NemotronHForCausalLMConfig in vllm/model_executor/models/config.py.
    "nemotron": replace(_MOST, gated=False),
    "nemotron_h": Family(
        gated=False,
        single_parts=True,
        state=MAMBA_2,
        float32_state=True,
        rotary=False,
        requires=(NEMOTRON_LAYERS,),
        requires_with_experts=(NEMOTRON_SHARED,),
        requires_with_state=("n_groups",),
    ),
    "nemotronh": Family(known=False, float32_state=True),
    # Phi.
    "phi": replace(_MOST, gated=False, qkv_bias=True),
    "phi3": replace(
        _MOST,
        nested_defaults=_counts(
            (3072, 32, 32, 8192, 32064, 4096), original_max_position_embeddings=4096
        ),
    ),
    "phimoe": _MIXTRAL,
    # OLMo.
    "olmo": _MOST,
    "olmo2": _MOST,
    "olmo3": replace(_MOST, full_every=4),
    "olmoe": _OLMOE,
    "flex_olmo": _OLMOE,
    # Cohere.
    "cohere": replace(
        _MOST, tied=True, nested_defaults=_counts((8192, 40, 64, 22528, 256000, 8192))
    ),
    "cohere2": replace(
        _MOST,
        tied=True,
        full_every=4,
        nested_defaults=_counts((8192, 40, 64, 22528, 256000, 8192), sliding_window=4096),
    ),
    # EXAONE.
    "exaone": _MOST,
    "exaone4": replace(_DIVIDED, full_every=4),
    "exaone_moe": replace(_BAILING, full_every=4),
    # ERNIE, Hunyuan, Ling.
    "ernie4_5": Family(tied=True, null_divides=True),
    "ernie4_5_moe": Family(
        tied=True,
        divides_heads=True,
        experts_field="moe_num_experts",
        requires_with_experts=(ERNIE_SHARED, ERNIE_FIRST_MOE),
    ),
    "hunyuan_v1_dense": Family(kv_heads_as_heads=True, class_names=("HunYuanDenseV1",)),
    "hunyuan_v1_moe": Family(
        kv_heads_as_heads=True,
        class_names=("HunYuanMoEV1",),
        experts_field="num_experts",
        experts_of_dense_width=True,
        dense_beside_experts=True,
        requires_with_experts=(HUNYUAN_SHARED,),
    ),
    "bailing_moe": _BAILING,
    "bailing_moe_v2": _BAILING,
    # InternLM.
    "internlm": _COUNTED,
    "internlm2": _MOST,
    "internlm3": Family(null_divides=True),
    "internvl": _MULTIMODAL,
    "internvl_chat": _MULTIMODAL,
    # MiniCPM and MiMo.
    "minicpm": replace(_MOST, tied=True, experts_of_dense_width=True, window_off=True),
    "mimo": replace(_DIVIDED, qkv_bias=True, window_off=True),
    # Of these only the heads or the positions are known.
    "baichuan": _COUNTED,
    "jamba": _NO_ROTARY,
    "mamba": _NO_ROTARY,
    "mamba2": _NO_ROTARY,
    "mpt": replace(_COUNTED, rotary=False),
    "persimmon": _COUNTED,
}
# What a name that is not in the table shares with those that begin like it, the longest first.
LINES: dict[str, Family] = {
    "qwen3_next": replace(_QWEN_3_NEXT, known=False),
    "qwen2_5_vl": replace(_QWEN, known=False, mrope=True),
    "qwen3_5": replace(_QWEN_3_5, known=False),
    "qwen2_vl": replace(_QWEN, known=False, mrope=True),
    "qwen3_vl": replace(_QWEN_3_VL, known=False),
    "minicpm": Family(known=False, window_off=True),
    "gemma3": Family(known=False, positions_scaled=True),
    "gemma4": Family(known=False, experts_outside=True),
    "llama4": Family(known=False, shared_like_expert=True),
    "glm4v": replace(_GLM_4V, known=False),
    "mimo": Family(known=False, window_off=True),
    "qwen": replace(_QWEN, known=False),
}
_UNKNOWN = Family(known=False)


def family_of(name: str) -> Family:
    """The record of a ``model_type``; that of a plain decoder for one that nobody knows."""
    found = FAMILIES.get(name)
    if found is not None:
        return found
    return next((line for start, line in LINES.items() if name.startswith(start)), _UNKNOWN)


@functools.cache
def class_index() -> dict[str, str]:
    """Known families by the name of their class: lower case, and without its task."""
    own = {name.replace("_", ""): name for name, family in FAMILIES.items() if family.known}
    other = {stem.lower(): name for name, family in FAMILIES.items() for stem in family.class_names}
    return own | other
