# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""Pages, blocks and groups of the KV cache.

Follows vllm/v1/kv_cache_interface.py and vllm/v1/core/kv_cache_utils.py of 0.32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .quantization import DTYPE_BYTES
from .shape import ModelShape
from .units import GRAPHS_IN_BUDGET, Release, ceil_div, round_up
from .weights import rank_heads

# Bytes of one element of the cache; NVFP4 has a scale for each 16.
KV_BYTES = {
    **DTYPE_BYTES,
    "fp8": 1.0, "fp8_e4m3": 1.0, "fp8_e5m2": 1.0, "fp8_inc": 1.0, "nvfp4": 0.5625,
}  # fmt: skip
# Formats of their own for latent attention: bytes of one token in one layer.
_LATENT_BYTES = {"fp8_ds_mla": 656, "nvfp4_ds_mla": 352}
KV_DTYPES = (*KV_BYTES, *_LATENT_BYTES)


@dataclass(frozen=True)
class CacheOptions:
    """What decides the layout beside the shape. ``kv_dtype`` is resolved (never ``auto``)."""

    kv_dtype: str
    model_bytes: int
    block_size: int | None
    default_block_size: int
    max_num_batched_tokens: int
    prefix_caching: bool
    hybrid_manager: bool
    chunked_as_full: bool
    context_parallel: int
    padded_latent: bool
    release: Release


@dataclass(frozen=True)
class Kind:
    """Layers that share a layout: how many, the tokens of a block, the bytes of a page."""

    mixer: str
    layers: int
    block_size: int
    page_bytes: int


@dataclass(frozen=True)
class Layout:
    """How one rank's cache is cut.

    ``bytes_per_block``: of one block of all layers that share a group's memory;
    ``bytes_per_token``: of one token in all layers that keep it.
    """

    kinds: tuple[Kind, ...]
    groups: tuple[tuple[Kind, int], ...]
    block_size: int
    bytes_per_block: int
    bytes_per_token: float

    @property
    def group_count(self) -> int:
        """Groups that each take blocks for a request."""
        return sum(number for dummy, number in self.groups)


def token_bytes(shape: ModelShape, options: CacheOptions, tp: int, mixer: str) -> float:
    """Bytes that one token leaves in one layer on one rank."""
    if shape.mla:
        if options.kv_dtype in _LATENT_BYTES:
            return _LATENT_BYTES[options.kv_dtype]
        entry = shape.mla.entry
        # v0.7.0 to v0.8.0 aligned the latent vector (VLLM_MLA_CUDA_MEM_ALIGN_KV_CACHE).
        entry = round_up(entry, 128) if options.padded_latent else entry
        return entry * KV_BYTES[options.kv_dtype]
    heads, dim = shape.attention(mixer)
    return rank_heads(heads, tp) * 2 * dim * KV_BYTES[options.kv_dtype]


def layout(
    shape: ModelShape, options: CacheOptions, tp: int, mixers: Sequence[str]
) -> Layout | None:
    """The cache of a rank that holds layers with these mixers; None when none keeps anything."""
    counts = {mixer: mixers.count(mixer) for mixer in dict.fromkeys(mixers) if mixer}
    if options.chunked_as_full and "chunked" in counts:
        counts["full"] = counts.pop("chunked") + counts.get("full", 0)
    if not options.hybrid_manager and "full" in counts and "state" not in counts:
        counts = {"full": sum(counts.values())}
    if not counts:
        return None
    per_token = {
        mixer: token_bytes(shape, options, tp, mixer) for mixer in counts if mixer != "state"
    }
    kinds = _kinds(shape, options, tp, counts, per_token)
    groups, group_size = _groups(kinds)
    attention = [kind.block_size for kind in kinds if kind.mixer != "state"]
    return Layout(
        kinds=tuple(kinds),
        groups=groups,
        block_size=min(attention, default=kinds[0].block_size),
        bytes_per_block=group_size * max(kind.page_bytes for kind in kinds),
        bytes_per_token=sum(counts[mixer] * size for mixer, size in per_token.items()),
    )


def _kinds(
    shape: ModelShape,
    options: CacheOptions,
    tp: int,
    counts: dict[str, int],
    per_token: dict[str, float],
) -> list[Kind]:
    """Layers of one layout each, all with pages of one size."""
    base = options.block_size or options.default_block_size
    state = 0
    if shape.state and "state" in counts:
        state = shape.state.state_bytes(tp, options.model_bytes)
        narrowest = min(per_token.values(), default=0)
        if narrowest:
            # The state fills one page: vllm/platforms/interface.py, steps of 16 tokens.
            base = max(base, 16 * ceil_div(state, int(16 * narrowest)))
    page = max([state, *(int(base * size) for size in per_token.values())])
    found = []
    for mixer, count in counts.items():
        size = per_token.get(mixer)
        tokens = base if size is None or page % size else int(page // size)
        found.append(Kind(mixer, count, tokens, page))
    return found


def _groups(kinds: Sequence[Kind]) -> tuple[tuple[tuple[Kind, int], ...], int]:
    """Groups of equal size, short ones padded (_get_kv_cache_groups_uniform_page_size)."""
    smallest = min(kind.layers for kind in kinds)
    largest = max(kind.layers for kind in kinds)
    size = largest if largest < 1.5 * smallest else smallest
    return tuple((kind, ceil_div(kind.layers, size)) for kind in kinds), size


def request_blocks(
    shape: ModelShape, options: CacheOptions, plan: Layout, length: int, batches: int = 1
) -> int:
    """Blocks of all groups for one request of ``length`` tokens.

    ``batches``: steps in flight at once, which newer releases reserve for windows.
    """
    return sum(
        number * _kind_blocks(shape, options, kind, length, batches) for kind, number in plan.groups
    )


def _kind_blocks(
    shape: ModelShape, options: CacheOptions, kind: Kind, length: int, batches: int
) -> int:
    in_flight = options.max_num_batched_tokens * (
        batches if options.release.since(*GRAPHS_IN_BUDGET) else 1
    )
    if kind.mixer == "state":
        return 2 if options.prefix_caching else 1
    local = ceil_div(length, options.context_parallel)
    if kind.mixer == "sliding" and shape.window:
        return ceil_div(min(shape.window - 1 + in_flight, local), kind.block_size) + 1
    if kind.mixer == "chunked" and shape.chunk:
        return ceil_div(min(shape.chunk + in_flight, local), kind.block_size)
    return ceil_div(local, kind.block_size)


def printed_tokens(
    plan: Layout, options: CacheOptions, num_blocks: int, concurrency: float | None, length: int
) -> int:
    """The number in the log line of that release ("GPU KV cache size: N tokens")."""
    if options.release.since(*GRAPHS_IN_BUDGET) and concurrency is not None:
        return int(concurrency * length)
    return num_blocks // plan.group_count * plan.block_size * options.context_parallel


def longest(
    shape: ModelShape, options: CacheOptions, plan: Layout, num_blocks: int, limit: int
) -> int:
    """The longest request, at most ``limit`` tokens, that so many blocks hold."""
    low, high = 0, max(0, limit)
    while low < high:
        middle = (low + high + 1) // 2
        if request_blocks(shape, options, plan, middle, 2) <= num_blocks:
            low = middle
        else:
            high = middle - 1
    return low
