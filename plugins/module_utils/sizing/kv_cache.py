# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Pages, blocks and groups of the KV cache.

Follows vllm/v1/kv_cache_interface.py and vllm/v1/core/kv_cache_utils.py of 0.32.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .. import releases
from ..releases import Release
from ..units import ceil_div, round_up
from .quantization import DTYPE_BYTES
from .shape.model_shape import ModelShape
from .weights import rank_heads, stages

# Bytes of one element of the cache; NVFP4 has a scale for each 16.
KV_BYTES = {
    **DTYPE_BYTES,
    "fp8": 1.0, "fp8_e4m3": 1.0, "fp8_e5m2": 1.0, "fp8_inc": 1.0, "nvfp4": 0.5625,
}  # fmt: skip
# Formats of their own for latent attention: bytes of one token in one layer.
LATENT_BYTES = {"fp8_ds_mla": 656, "nvfp4_ds_mla": 352}
KV_DTYPES = (*KV_BYTES, *LATENT_BYTES)
# The index of sparse latent attention has fp8 values for a token, and a float32 scale for each 128
# of them (deepseek_v2.py, DeepseekV32IndexerCache).
_INDEX_BLOCK, _INDEX_SCALE = 128, 4
# Hybrid models with latent attention have blocks of a multiple of this.
_LATENT_ALIGNMENT = 128


@dataclass(frozen=True)
class CacheOptions:
    """What decides the layout beside the shape.

    ``kv_dtype`` is resolved (never ``auto``). ``in_flight_tokens``: tokens that are scheduled and
    not yet settled, which windows are held for. ``state_mode``: how often the state of a hybrid
    model is kept, as in ``--mamba-cache-mode``. ``draft_tokens``: speculative tokens of a step;
    ``draft_layers``: layers of full attention that multi-token prediction adds to the last stage.
    """

    kv_dtype: str
    model_bytes: int
    block_size: int | None
    default_block_size: int
    in_flight_tokens: int
    state_mode: str
    hybrid_manager: bool
    chunked_as_full: bool
    context_parallel: int
    padded_latent: bool
    release: Release
    ssm_bytes: int | None = None
    draft_tokens: int = 0
    draft_layers: int = 0


@dataclass(frozen=True)
class CacheSpec:
    """Layers that share a layout: their indices, the tokens of a block, the bytes of a page.

    ``whole``: blocks for all tokens of a request are kept, also where a window would do.
    """

    mixer: str
    layers: tuple[int, ...]
    block_size: int
    page_bytes: int
    token_bytes: float
    whole: bool


@dataclass(frozen=True)
class CacheLayout:
    """How one rank's cache is cut.

    ``groups``: for each spec, how many groups take blocks for a request. ``bytes_per_block``: of
    one block of all layers that share a group's memory; ``whole_model_block``: the same if one
    rank held all layers. ``bytes_per_token``: of one token in all layers that keep it.
    """

    groups: tuple[tuple[CacheSpec, int], ...]
    block_size: int
    bytes_per_block: int
    whole_model_block: int
    bytes_per_token: float

    @property
    def group_count(self) -> int:
        """Groups that each take blocks for a request."""
        return sum(number for dummy, number in self.groups)


def token_bytes(shape: ModelShape, options: CacheOptions, tp: int, mixer: str) -> float:
    """Bytes that one token leaves in one layer on one rank."""
    if shape.mla:
        index = _index_bytes(shape) if shape.sparse_index else 0
        if options.kv_dtype in LATENT_BYTES:
            return LATENT_BYTES[options.kv_dtype] + index
        entry = shape.mla.entry
        # v0.7.0 to v0.8.0 aligned the latent vector (VLLM_MLA_CUDA_MEM_ALIGN_KV_CACHE).
        entry = round_up(entry, 128) if options.padded_latent else entry
        return entry * KV_BYTES[options.kv_dtype] + index
    heads, dim = shape.attention(mixer)
    return rank_heads(heads, tp) * 2 * dim * KV_BYTES[options.kv_dtype]


def _index_bytes(shape: ModelShape) -> int:
    width = shape.index_dim or _INDEX_BLOCK
    return width + width // _INDEX_BLOCK * _INDEX_SCALE


def stage_layers(shape: ModelShape, options: CacheOptions, pp: int) -> list[range]:
    """The layers with a cache of each pipeline stage; drafting layers follow the last one."""
    ranges = stages(len(shape.layers), pp)
    last = ranges[-1]
    return [*ranges[:-1], range(last.start, last.stop + options.draft_layers)]


def layout(shape: ModelShape, options: CacheOptions, tp: int, which: range) -> CacheLayout | None:
    """The cache of a rank that holds these layers; None when none of them keeps anything.

    Groups are made of the whole model's layers, and a rank holds its part of each
    (get_kv_cache_configs and get_kv_cache_groups in kv_cache_utils.py).
    """
    specs = _specs(shape, options, tp)
    if len(specs) > 1 and all(spec.whole for spec in specs):
        # One group, in which each layer has a page of its own size.
        groups = tuple((spec, 1) for spec in specs[:1])
        whole = sum(len(spec.layers) * spec.page_bytes for spec in specs)
        held = sum(_count(spec.layers, which) * spec.page_bytes for spec in specs)
    else:
        size = _group_size(specs)
        groups = tuple((spec, ceil_div(len(spec.layers), size)) for spec in specs)
        whole, held = _group_bytes(groups, None), _group_bytes(groups, which)
    if not held:
        return None
    attention = [spec.block_size for spec in specs if spec.mixer != "state"]
    return CacheLayout(
        groups=groups,
        block_size=min(attention, default=specs[0].block_size),
        bytes_per_block=held,
        whole_model_block=whole,
        bytes_per_token=sum(_count(spec.layers, which) * spec.token_bytes for spec in specs),
    )


def _count(layers: Sequence[int], which: range) -> int:
    return sum(index in which for index in layers)


def _group_bytes(groups: Sequence[tuple[CacheSpec, int]], which: range | None) -> int:
    """Bytes of one block of the largest group, of all layers or of those on one rank."""
    sizes = [0]
    for spec, number in groups:
        for first in range(number):
            members = spec.layers[first::number]
            held = len(members) if which is None else _count(members, which)
            sizes.append(held * spec.page_bytes)
    return max(sizes)


def _specs(shape: ModelShape, options: CacheOptions, tp: int) -> list[CacheSpec]:
    """Layers of one layout each; pages of one size unless all layers keep all tokens."""
    members = _members(shape, options)
    sizes = {mixer: token_bytes(shape, options, tp, mixer) for mixer in members if mixer != "state"}
    whole = _keeps_all(members, options)
    base, state = _aligned_block(shape, options, tp, min(sizes.values(), default=0))
    largest = max([state if "state" in members else 0, *(int(base * s) for s in sizes.values())])
    found = []
    for mixer, layers in members.items():
        size = sizes.get(mixer, 0.0)
        page, tokens = largest, base
        if whole:
            page = int(base * size)
        elif size and largest % size == 0:
            tokens = int(largest // size)
        found.append(CacheSpec(mixer, tuple(layers), tokens, page, size, whole or mixer == "full"))
    return found


def _members(shape: ModelShape, options: CacheOptions) -> dict[str, list[int]]:
    members: dict[str, list[int]] = {}
    for index, layer in enumerate(shape.layers):
        if layer.mixer:
            members.setdefault(layer.mixer, []).append(index)
    count = len(shape.layers)
    if options.draft_layers:
        members.setdefault("full", []).extend(range(count, count + options.draft_layers))
    return members


def _keeps_all(members: dict[str, list[int]], options: CacheOptions) -> bool:
    """Whether windows are treated as full attention (unify_hybrid_kv_cache_specs)."""
    if "full" not in members or "state" in members:
        return set(members) <= {"full"}
    local = options.chunked_as_full and "chunked" in members
    return set(members) == {"full"} or local or not options.hybrid_manager


def _aligned_block(
    shape: ModelShape, options: CacheOptions, tp: int, narrowest: float
) -> tuple[int, int]:
    """Tokens of a block, and bytes of a state (_align_hybrid_block_size, platforms/interface.py).

    A state fills one page of an attention layer, in steps of the block size.
    """
    base = options.block_size or options.default_block_size
    if not shape.state or not shape.is_hybrid:
        return base, 0
    state = shape.state.state_bytes(
        tp, options.model_bytes, ssm_bytes=options.ssm_bytes, draft_tokens=options.draft_tokens
    )
    if not narrowest:
        return base, state
    step = max(16, base, _LATENT_ALIGNMENT if shape.mla else 0)
    if options.state_mode == "all":
        step = math.lcm(step, shape.state.chunk)
    return max(base, step * ceil_div(state, int(step * narrowest))), state


def _group_size(specs: Sequence[CacheSpec]) -> int:
    """Layers of a group; short groups are padded (_get_kv_cache_groups_uniform_page_size)."""
    counts = [len(spec.layers) for spec in specs] or [1]
    smallest, largest = min(counts), max(counts)
    return largest if largest < 1.5 * smallest else smallest


def request_blocks(shape: ModelShape, options: CacheOptions, plan: CacheLayout, length: int) -> int:
    """Blocks of all groups for one request of ``length`` tokens."""
    return sum(number * _spec_blocks(shape, options, spec, length) for spec, number in plan.groups)


def _spec_blocks(shape: ModelShape, options: CacheOptions, spec: CacheSpec, length: int) -> int:
    """max_memory_usage_bytes of the specs in vllm/v1/kv_cache_interface.py, in blocks."""
    if spec.mixer == "state":
        return _state_blocks(options, spec, length)
    if spec.mixer == "sliding" and shape.window and not spec.whole:
        kept = min(shape.window - 1 + options.in_flight_tokens, length)
        return ceil_div(kept, spec.block_size) + 1
    if spec.mixer == "chunked" and shape.chunk and not spec.whole:
        return ceil_div(min(shape.chunk + options.in_flight_tokens, length), spec.block_size)
    return ceil_div(ceil_div(length, options.context_parallel), spec.block_size)


def _state_blocks(options: CacheOptions, spec: CacheSpec, length: int) -> int:
    """MambaSpec: the running state, one more to align to, or one for each block of tokens."""
    if options.state_mode == "all":
        return ceil_div(length, spec.block_size)
    return (2 if options.state_mode == "align" else 1) + options.draft_tokens


def printed_tokens(
    plan: CacheLayout,
    options: CacheOptions,
    num_blocks: int,
    concurrency: float | None,
    length: int,
) -> int:
    """The number in the log line of that release ("GPU KV cache size: N tokens")."""
    if options.release.since(releases.CACHE_LINE_BY_LENGTH) and concurrency is not None:
        return int(concurrency * length)
    return num_blocks // plan.group_count * plan.block_size * options.context_parallel


def longest(
    shape: ModelShape, options: CacheOptions, plan: CacheLayout, num_blocks: int, limit: int
) -> int:
    """The longest request, at most ``limit`` tokens, that so many blocks hold."""
    low, high = 0, max(0, limit)
    while low < high:
        middle = (low + high + 1) // 2
        if request_blocks(shape, options, plan, middle) <= num_blocks:
            low = middle
        else:
            high = middle - 1
    return low
