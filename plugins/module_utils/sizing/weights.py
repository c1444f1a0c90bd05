# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Bytes of weights on one rank.

The matrices of vLLM 0.32's model files (vllm/model_executor/models) as they lie on a rank after
tensor, pipeline and expert parallelism.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..releases import Release
from ..units import GIB, ceil_div, round_up
from .quantization import LayerFormats, Quantization
from .shape.layers import Layer
from .shape.model_shape import Mla, ModelShape

# Loads take 0.03 to 0.06 GiB more than the tensors: buffers such as the rotary table.
_BUFFERS_GIB = 0.03
_ABSORBED = "self_attn.absorbed"


@dataclass(frozen=True)
class Split:
    """How a model is cut: tensor, pipeline and data parallel size, and expert parallelism."""

    tp: int = 1
    pp: int = 1
    dp: int = 1
    expert_parallel: bool = False

    @property
    def gpus(self) -> int:
        """All ranks."""
        return self.tp * self.pp * self.dp

    @property
    def ep(self) -> int:
        """Ranks that share the experts; 1 when each expert is cut instead."""
        return self.tp * self.dp if self.expert_parallel else 1

    @property
    def expert_cut(self) -> int:
        """Ranks that each expert is cut over, data parallel ones too (fused_moe/config.py)."""
        return 1 if self.ep > 1 else self.tp * self.dp


@dataclass(frozen=True)
class Matrix:
    """One matrix on a rank; ``linear`` ones may be quantized."""

    name: str
    params: float
    linear: bool = True


def stages(count: int, pp: int) -> list[range]:
    """The layers of each pipeline stage (get_pp_indices in vllm/distributed/utils.py).

    The remainder goes to the stages before the last one, the last of them first.
    """
    sizes = [count // pp] * pp
    for index in range(2, count % pp + 2):
        sizes[-index] += 1
    starts = [sum(sizes[:index]) for index in range(pp)]
    return [range(start, start + size) for start, size in zip(starts, sizes, strict=True)]


def stage_weights_bytes(shape: ModelShape, quant: Quantization, split: Split, stage: int) -> float:
    """Bytes of the parameters of one pipeline stage on one rank."""
    total = layers_bytes(shape, quant, split, stages(len(shape.layers), split.pp)[stage])
    matrix = round_up(shape.vocab, 64) * shape.hidden / split.tp
    if stage == 0:
        total += (matrix + shape.extra_params / split.tp) * quant.full_bytes
    if stage == split.pp - 1:
        tied_here = shape.tied and split.pp == 1
        total += 0 if tied_here else matrix * quant.head_bytes(tied=shape.tied)
        total += shape.hidden * quant.full_bytes
    return total


def buffers_bytes(shape: ModelShape, release: Release, tokens: int) -> float:
    """Bytes of what is no parameter: the rotary tables, and room for ``tokens`` of a vision tower.

    The latter: deepstack_input_embeds in qwen3_vl.py, whose levels are added in the first layers.
    """
    if not shape.rotary.longest:
        return _BUFFERS_GIB * GIB
    values = shape.rotary.table_values(release)
    return (values + shape.deepstack_levels * tokens * shape.hidden) * 2


def layers_bytes(shape: ModelShape, quant: Quantization, split: Split, which: range) -> float:
    """Bytes of some layers on one rank."""
    counts: dict[tuple[Layer, LayerFormats], int] = {}
    for index in which:
        key = (shape.layers[index], quant.layer_formats.get(index, ()))
        counts[key] = counts.get(key, 0) + 1
    return sum(
        count * _layer_bytes(shape, quant, split, layer, own)
        for (layer, own), count in counts.items()
    )


def _layer_bytes(
    shape: ModelShape, quant: Quantization, split: Split, layer: Layer, own: LayerFormats = ()
) -> float:
    """Bytes of one layer; ``own`` are the matrices that it holds in another format."""
    total, sizes = 0.0, dict(own)
    for matrix in layer_matrices(shape, split, layer):
        if matrix.linear and matrix.name in sizes:
            total += matrix.params * sizes[matrix.name]
        elif _is_padded(quant, matrix):
            total += _mxfp4_bytes(shape, quant, split)
        elif matrix.linear:
            total += matrix.params * quant.module_bytes(matrix.name)
        elif matrix.name == _ABSORBED and shape.mla and shape.mla.fused:
            total += matrix.params * quant.fused_bytes
        else:
            total += matrix.params * quant.full_bytes
    return total


def _is_padded(quant: Quantization, matrix: Matrix) -> bool:
    return quant.name == "mxfp4" and matrix.name in ("mlp.experts", "experts")


def layer_matrices(shape: ModelShape, split: Split, layer: Layer) -> list[Matrix]:
    """The matrices of one layer on one rank; norms count as one matrix.

    A layer of one part alone has one norm (nemotron_h.py).
    """
    parts = shape.norms if layer.mixer and layer.ffn else 1
    found = [Matrix("norms", parts * shape.hidden, linear=False)]
    if layer.mixer == "state":
        found += _state_matrices(shape, split.tp)
    elif layer.mixer and shape.mla:
        found += _mla_matrices(shape, split.tp)
    elif layer.mixer:
        found += _attention_matrices(shape, split.tp, layer.mixer)
    if layer.ffn == "moe":
        found += _moe_matrices(shape, split)
    elif layer.ffn:
        width = shape.intermediate * shape.hidden / split.tp
        found += [Matrix("mlp.up_proj", width), Matrix("mlp.down_proj", width)]
        found += [Matrix("mlp.gate_proj", width)] if shape.gated else []
    return found


def rank_heads(total: int, tp: int) -> int:
    """KV heads on a rank: they are copied when there are more ranks than heads."""
    return max(1, total // tp)


def _attention_matrices(shape: ModelShape, tp: int, mixer: str) -> list[Matrix]:
    kv_heads, dim = shape.attention(mixer)
    queries = shape.heads / tp * dim
    keys = rank_heads(kv_heads, tp) * dim
    found = [
        Matrix("self_attn.q_proj", shape.hidden * queries * (2 if shape.output_gate else 1)),
        Matrix("self_attn.k_proj", shape.hidden * keys),
        # Gemma 4 stores no values where they equal the keys, and loads the keys twice.
        Matrix("self_attn.v_proj", shape.hidden * keys),
        Matrix("self_attn.o_proj", queries * shape.hidden),
    ]
    if shape.qkv_bias:
        found.append(Matrix("self_attn.bias", queries + 2 * keys, linear=False))
    return found


def _mla_matrices(shape: ModelShape, tp: int) -> list[Matrix]:
    """Down projections are copied to each rank; the absorbed W_UK and W_UV stay bf16."""
    if shape.mla is None:
        return []
    mla, heads = shape.mla, shape.heads / tp
    wide = heads * (mla.nope_dim + mla.rope_dim)
    up = mla.kv_lora_rank * heads * (mla.nope_dim + mla.v_head_dim)
    found = [
        Matrix("self_attn.kv_a_proj_with_mqa", shape.hidden * mla.entry),
        Matrix("self_attn.kv_b_proj", up),
        Matrix(_ABSORBED, _fused_params(shape, mla, heads) if mla.fused else up, linear=False),
        Matrix("self_attn.o_proj", heads * mla.v_head_dim * shape.hidden),
    ]
    if mla.q_lora_rank:
        found.append(Matrix("self_attn.q_a_proj", shape.hidden * mla.q_lora_rank))
        found.append(Matrix("self_attn.q_b_proj", mla.q_lora_rank * wide))
    else:
        found.append(Matrix("self_attn.q_proj", shape.hidden * wide))
    return found + _indexer_matrices(shape, mla)


def _indexer_matrices(shape: ModelShape, mla: Mla) -> list[Matrix]:
    """What picks the tokens of sparse attention, whole on each rank.

    DeepseekV32Indexer in vllm/models/deepseek_v32/attention.py (0.32).
    """
    if not shape.sparse_index:
        return []
    queries = (mla.q_lora_rank or shape.hidden) * shape.index_heads * shape.index_dim
    keys = shape.hidden * (shape.index_dim + shape.index_heads)
    return [
        Matrix("self_attn.indexer.wq_b", queries),
        Matrix("self_attn.indexer.wk_weights_proj", keys, linear=False),
    ]


def _fused_params(shape: ModelShape, mla: Mla, heads: float) -> float:
    """W_Q W_UK, the rotary part of W_Q, and W_UV W_O of a rank (mla/common.py of v0.7)."""
    queries = mla.q_lora_rank or shape.hidden
    latent = heads * mla.kv_lora_rank
    return queries * (latent + heads * mla.rope_dim) + latent * shape.hidden


def _state_matrices(shape: ModelShape, tp: int) -> list[Matrix]:
    """Gated delta net (qwen3_next.py), or Mamba-2 (mamba_mixer2.py)."""
    state = shape.state
    if state is None:
        return []
    keys = max(state.key_heads, tp) * state.key_dim / tp
    values, heads = state.values / tp, state.value_heads / tp
    gates = 2 * heads if state.gated_delta else heads
    convolved = 2 * keys + values
    return [
        Matrix("linear_attn.in_proj_qkvz", shape.hidden * (convolved + values)),
        Matrix("linear_attn.in_proj_ba", shape.hidden * gates, linear=False),
        Matrix("linear_attn.conv1d", convolved * state.conv_kernel, linear=False),
        Matrix("linear_attn.out_proj", values * shape.hidden),
    ]


def _moe_matrices(shape: ModelShape, split: Split) -> list[Matrix]:
    moe = shape.moe
    if moe is None:
        return []
    matrices = 3 if shape.gated else 2
    hidden = moe.latent or shape.hidden
    if split.ep > 1:
        experts = ceil_div(moe.experts, split.ep) * matrices * hidden * moe.intermediate
    else:
        experts = moe.experts * matrices * hidden * moe.intermediate // split.expert_cut
    shared = matrices * shape.hidden * moe.shared / split.tp
    beside = moe.beside
    return [
        Matrix("mlp.latent_proj", 2 * shape.hidden * moe.latent),
        Matrix("experts" if beside else "mlp.experts", experts),
        Matrix("mlp.up_proj" if beside else "mlp.shared_experts", shared),
        Matrix("router", shape.hidden * moe.experts, linear=False),
        Matrix("bias", _expert_bias(shape, split), linear=False),
    ]


def _expert_bias(shape: ModelShape, split: Split) -> int:
    if shape.moe is None or not shape.expert_bias:
        return 0
    width = shape.moe.intermediate // split.expert_cut
    return ceil_div(shape.moe.experts, split.ep) * (2 * width + shape.hidden)


def _mxfp4_bytes(shape: ModelShape, quant: Quantization, split: Split) -> float:
    """MXFP4 experts are padded on each rank: the width to 128, the hidden size to 256.

    vllm/model_executor/layers/quantization/mxfp4.py; gpt-oss 2880 becomes 3072 hidden.
    """
    if shape.moe is None:
        return 0
    width = shape.moe.intermediate // split.expert_cut
    padded = round_up(width, 128) * round_up(shape.hidden, 256)
    return ceil_div(shape.moe.experts, split.ep) * 3 * padded * quant.linear_bytes


def checkpoint_bytes(shape: ModelShape, quant: Quantization) -> float:
    """Bytes of the checkpoint's files: nothing copied, padded or derived, all layers stored."""
    split = Split()
    total = layers_bytes(shape, quant, split, range(len(shape.layers)))
    total -= _derived_bytes(shape, quant)
    matrix = shape.vocab * shape.hidden
    total += (matrix + shape.hidden + shape.extra_params) * quant.full_bytes
    total += 0 if shape.tied else matrix * quant.head_bytes(tied=False)
    return total + shape.mtp_layers * mtp_layer_bytes(shape, quant, split)


def mtp_layer_bytes(shape: ModelShape, quant: Quantization, split: Split) -> float:
    """One layer for multi-token prediction: like the last layer, and a projection of its own."""
    if not shape.layers:
        return 0
    last = Layer("full", shape.layers[-1].ffn)
    return _layer_bytes(shape, quant, split, last) + 2 * shape.hidden**2 * quant.full_bytes


def _derived_bytes(shape: ModelShape, quant: Quantization) -> float:
    """What loading adds to the files' bytes: absorbed matrices and padding."""
    total = 0.0
    for index, layer in enumerate(shape.layers):
        if shape.mla and layer.mixer not in ("", "state"):
            mla = shape.mla
            up = mla.kv_lora_rank * shape.heads * (mla.nope_dim + mla.v_head_dim)
            fused = _fused_params(shape, mla, shape.heads) * quant.fused_bytes
            total += fused if mla.fused else up * quant.full_bytes
        if quant.name == "mxfp4" and layer.ffn == "moe" and shape.moe:
            plain = shape.moe.experts * 3 * shape.moe.intermediate * shape.hidden
            total += _mxfp4_bytes(shape, quant, Split()) - plain * quant.linear_bytes
        if shape.k_is_v and layer.mixer == "full":
            heads, dim = shape.attention("full")
            total += shape.hidden * heads * dim * quant.layer_bytes(index, "self_attn.v_proj")
    return total
