# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Memory beside weights and cache: activations, libraries, CUDA graphs.

The constants were fitted to start-up logs; docs/accuracy.md says how far they carry.
"""

from __future__ import annotations

from collections.abc import Sequence

from .. import releases
from ..releases import Release
from ..units import GIB, ceil_div
from .cards import Card
from .quantization import Quantization
from .shape.layers import Layer
from .shape.model_shape import ModelShape
from .weights import Split, rank_heads

# Bytes for each element of the sampler's logits: with the newer own sampler (FlashInfer's, too),
# and with the full sort of older releases.
_SAMPLER, _SORTING_SAMPLER = 14.5, 39.0
_SLACK_GIB = 0.1
_GRAPHS_GIB, _LARGE_GRAPHS_GIB, _FIRST_ENGINE_GRAPHS_GIB = 1.1, 2.0, 0.2
_LARGE_PARAMS = 60e9


def activation_gib(
    shape: ModelShape,
    quant: Quantization,
    split: Split,
    release: Release,
    *,
    tokens: int,
    seqs: int,
    last_stage: bool,
) -> float:
    """Peak of the profile run (gpu_model_runner.profile_run) on one rank, text only.

    A forward pass of ``tokens`` dummy tokens, then the sampler over ``seqs`` rows of the whole
    vocabulary, which tensor parallelism does not divide; only the last pipeline stage samples.
    """
    sampler = sampler_bytes(shape, release, min(seqs, tokens)) if last_stage else 0.0
    forward = tokens * 2 * (3 * shape.intermediate / split.tp + 4 * shape.hidden)
    return (max(sampler, forward) + _moe_bytes(shape, quant, split, tokens)) / GIB + _SLACK_GIB


def sampler_bytes(shape: ModelShape, release: Release, rows: int) -> float:
    """Bytes of the sampler's logits and their copies for so many requests."""
    newer = release.since(releases.NO_SORTING_SAMPLER)
    return (_SAMPLER if newer else _SORTING_SAMPLER) * rows * shape.vocab


def sampler_doubt_gib(shape: ModelShape, release: Release, rows: int) -> float:
    """By how much less the sampler may take, where nobody says which one there is."""
    if not release.within(releases.FLASHINFER_SAMPLER):
        return 0.0
    return (_SORTING_SAMPLER - _SAMPLER) * rows * shape.vocab / GIB


def _moe_bytes(shape: ModelShape, quant: Quantization, split: Split, tokens: int) -> float:
    """Workspace of the expert kernels; MXFP4 kernels are fused and need none."""
    moe = shape.moe
    if moe is None or quant.name == "mxfp4":
        return 0.0
    # With expert parallelism each rank holds some experts whole.
    width = moe.intermediate / split.expert_cut
    return tokens * moe.top_k * (max(2 * width, shape.hidden) + width) * 2


def non_torch_gib(split: Split, card: Card, release: Release) -> float:
    """CUDA context within the budget, NCCL and the workspaces of all-reduce."""
    if split.tp == 1:
        if split.pp > 1:
            return 0.07
        return 0.25 if release.since(releases.LARGER_CONTEXT) else 0.13
    if card.family not in ("hopper", "blackwell"):
        return 0.3 if release.since(releases.LARGER_LIBRARIES) else 0.1
    if split.tp >= 8:
        return 2.5
    return 2.1 if release.since(releases.LARGER_LIBRARIES) else 1.4


def context_gib(split: Split, card: Card, release: Release) -> float:
    """What is taken before the budget is counted: 0.5 GiB, and NCCL's part with several ranks."""
    if split.tp == 1:
        return 0.5
    return (
        2.0
        if card.family in ("hopper", "blackwell") and release.since(releases.LARGER_LIBRARIES)
        else 1.1
    )


def cuda_graph_gib(shape: ModelShape, seqs: int, release: Release, *, eager: bool) -> float:
    """Memory of the captured CUDA graphs (sizes 1, 2, 4, 8 to 256 by 8, then by 16)."""
    if eager:
        return 0.0
    if not release.since(releases.V1_ENGINE):
        return _FIRST_ENGINE_GRAPHS_GIB
    large = shape.total_params > _LARGE_PARAMS and (shape.moe is not None or shape.is_hybrid)
    full = _LARGE_GRAPHS_GIB if large else _GRAPHS_GIB
    return full * (0.2 + 0.8 * graph_sizes(seqs) / graph_sizes(256))


def graph_sizes(seqs: int) -> int:
    """How many batch sizes are captured."""
    top = min(2 * seqs, 512)
    return sum(size <= top for size in (1, 2, 4)) + min(top, 256) // 8 + max(0, top - 256) // 16


def adapters_gib(
    shape: ModelShape, split: Split, layers: Sequence[Layer], *, slots: int, rank: int
) -> float:
    """Slots for LoRA adapters, which are allocated with the weights on each rank.

    ``slots`` (max_loras) times two matrices of width ``rank`` (max_lora_rank) for each matrix of
    attention and feed-forward parts; the one on the input side is copied to all ranks where the
    matrix is cut by columns (create_lora_weights in vllm/lora/layers). 2 bytes an element.
    """
    if not slots:
        return 0.0
    counts: dict[Layer, int] = {}
    for layer in layers:
        counts[layer] = counts.get(layer, 0) + 1
    width = sum(number * _adapter_width(shape, split, layer) for layer, number in counts.items())
    return slots * rank * width * 2 / GIB


def _adapter_width(shape: ModelShape, split: Split, layer: Layer) -> float:
    """Inputs and outputs of one layer's matrices on one rank."""
    total = 0.0
    if layer.mixer not in ("", "state") and not shape.mla:
        kv_heads, dim = shape.attention(layer.mixer)
        queries = shape.heads / split.tp * dim
        total += 4 * shape.hidden + 2 * queries + 2 * rank_heads(kv_heads, split.tp) * dim
    ups = 2 if shape.gated else 1
    if layer.ffn == "dense":
        total += (ups + 1) * (shape.hidden + shape.intermediate / split.tp)
    elif layer.ffn == "moe" and shape.moe:
        inner = shape.moe.intermediate / split.expert_cut
        experts = ceil_div(shape.moe.experts, split.ep)
        total += experts * (ups + 1) * (shape.hidden + inner)
    return total
