# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""A model's settings as vLLM would resolve them: defaults by release and card."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from ..spec.model import Model
from .cards import Card, find_card
from .kv_cache import KV_DTYPES, CacheOptions
from .quantization import DTYPE_BYTES, Quantization
from .shape import ModelShape
from .units import GRAPHS_IN_BUDGET, Release, parse_release
from .weights import Split

_LARGE_CARD_GIB, _HUGE_CARD_GIB = 70, 160


@dataclass(frozen=True)
class Settings:
    """All that the sizing needs beside the shape. None: not known."""

    split: Split
    release: Release
    card: Card | None
    utilization: float
    length: int | None
    longest: int | None
    tokens: int
    seqs: int
    seqs_given: bool
    eager: bool
    kv_given_gib: float | None
    cpu: bool
    cache: CacheOptions
    text_only: bool
    speculative: bool
    offload_gib: float
    processor_cache_gib: float


def read_settings(
    model: Model, shape: ModelShape, quant: Quantization, *, version: str | None, card: Card | None
) -> Settings:
    """Resolve the settings. Raises ValueError for one that vLLM would not take."""
    flags = read_flags(model.extra_args)
    release = resolve_release(model, version)
    length = model.max_model_len or _number(flags, "max-model-len")
    resolved = length or shape.max_positions or None
    tokens, seqs = _batch(model, flags, release, card, resolved)
    cpu = model.accelerator == "cpu"
    return Settings(
        split=Split(
            model.tensor_parallel_size,
            model.pipeline_parallel_size,
            model.data_parallel_size,
            model.enable_expert_parallel,
        ),
        release=release,
        card=None if cpu else card,
        utilization=model.gpu_memory_utilization or _utilization(release),
        length=resolved,
        longest=max(shape.max_positions, length or 0) or None,
        tokens=tokens,
        seqs=seqs,
        seqs_given=model.max_num_seqs is not None or "max-num-seqs" in flags,
        eager=model.enforce_eager or cpu,
        kv_given_gib=model.kv_cache_memory_gib or (_cpu_space(model) if cpu else None),
        cpu=cpu,
        cache=_cache(model, shape, quant, flags, release, tokens, card),
        text_only="language-model-only" in flags or not shape.vision,
        speculative=bool(model.speculative_config),
        offload_gib=float(_decimal(flags, "cpu-offload-gb") or 0),
        processor_cache_gib=_decimal(flags, "mm-processor-cache-gb", 4.0),
    )


def read_flags(arguments: Sequence[str]) -> dict[str, str]:
    """``--name value`` and ``--name=value`` as names without dashes; a bare switch is empty."""
    found: dict[str, str] = {}
    name = ""
    for word in [part for entry in arguments for part in _words(entry)]:
        if word.startswith("-") and not word.lstrip("-")[:1].isdigit():
            name, dummy, value = word.lstrip("-").partition("=")
            name = name.replace("_", "-")
            found[name] = value
        elif name and not found[name]:
            found[name] = word
    return found


def _words(entry: str) -> list[str]:
    """One argument, or several that were written as one."""
    if " " not in entry or not entry.startswith("-"):
        return [entry]
    try:
        return shlex.split(entry)
    except ValueError:
        return entry.split()


def _decimal(flags: dict[str, str], name: str, default: float = 0.0) -> float:
    try:
        return float(flags[name])
    except (KeyError, ValueError):
        return default


def _number(flags: dict[str, str], *names: str) -> int | None:
    for name in names:
        if flags.get(name, "").isdigit() and int(flags[name]) > 0:
            return int(flags[name])
    return None


def pick_card(model: Model, product: str | None, memory_gib: float | None) -> Card | None:
    """The card that was given, with the memory that was given, else the table's."""
    if model.accelerator == "cpu":
        return None
    card = find_card(product) if product else None
    if memory_gib is None:
        return card if card and card.memory_gib else None
    if card is None:
        family = "hopper" if memory_gib > 79.0 and not product else "other"
        return Card(memory_gib, family)
    return Card(memory_gib, card.family, unified=card.unified)


def resolve_release(model: Model, version: str | None) -> Release:
    """The version that was given, else the image's tag, else the newest."""
    said = version or model.vllm_version
    if said:
        return parse_release(said)
    return parse_release(model.server_image.rpartition("/")[2].partition(":")[2])


def _utilization(release: Release) -> float:
    return 0.92 if release.since(*GRAPHS_IN_BUDGET) else 0.90


def _batch(
    model: Model, flags: dict[str, str], release: Release, card: Card | None, length: int | None
) -> tuple[int, int]:
    """max_num_batched_tokens and max_num_seqs (vllm/engine/arg_utils.py, server)."""
    tokens = model.max_num_batched_tokens or _number(flags, "max-num-batched-tokens")
    seqs = model.max_num_seqs or _number(flags, "max-num-seqs")
    memory = card.memory_gib if card else 0.0
    large = memory >= _LARGE_CARD_GIB and card is not None and card.family != "ampere"
    if not release.since(0, 8):
        # Without chunked prefill, which the first engine used above 32,768 tokens only.
        default_tokens = max(length or 0, 2048) if (length or 0) <= 32768 else 2048
        default_seqs = 256
    elif memory >= _HUGE_CARD_GIB:
        default_tokens, default_seqs = 16384, 1024
    else:
        default_tokens, default_seqs = (8192, 1024) if large else (2048, 256)
    if flags.get("performance-mode") == "throughput":
        default_tokens, default_seqs = 2 * default_tokens, 2 * default_seqs
    if seqs is None:
        seqs = min(default_seqs, tokens or default_tokens)
    if tokens is None:
        tokens = max(min(default_tokens, seqs * length) if length else default_tokens, seqs)
    return tokens, seqs


def _cpu_space(model: Model) -> float | None:
    """VLLM_CPU_KVCACHE_SPACE, in GiB, where the user set it in the environment."""
    for entry in model.env:
        if entry.get("name") == "VLLM_CPU_KVCACHE_SPACE":
            try:
                return float(entry.get("value") or 0) or None
            except (TypeError, ValueError):
                return None
    return None


def _is_on(model: Model, name: str) -> bool | None:
    for entry in model.env:
        if entry.get("name") == name:
            return str(entry.get("value")) not in ("0", "", "false", "False")
    return None


def _cache(
    model: Model,
    shape: ModelShape,
    quant: Quantization,
    flags: dict[str, str],
    release: Release,
    tokens: int,
    card: Card | None,
) -> CacheOptions:
    prefix = model.enable_prefix_caching
    if prefix is None and "enable-prefix-caching" in flags:
        prefix = True
    aligned = _is_on(model, "VLLM_MLA_CUDA_MEM_ALIGN_KV_CACHE")
    allowed = _is_on(model, "VLLM_ALLOW_CHUNKED_LOCAL_ATTN_WITH_HYBRID_KV_CACHE")
    return CacheOptions(
        kv_dtype=_kv_dtype(model, quant, flags),
        model_bytes=int(quant.full_bytes),
        block_size=model.block_size or _number(flags, "block-size"),
        default_block_size=_default_block(model, shape, release, card),
        max_num_batched_tokens=tokens,
        prefix_caching=bool(prefix),
        hybrid_manager="disable-hybrid-kv-cache-manager" not in flags,
        chunked_as_full=not allowed,
        context_parallel=_number(flags, "decode-context-parallel-size", "dcp") or 1,
        padded_latent=shape.mla is not None and is_first_mla(release) and aligned is not False,
        release=release,
    )


def _default_block(model: Model, shape: ModelShape, release: Release, card: Card | None) -> int:
    """Tokens of a block (vllm/platforms): 128 on CPU, 64 with FlashMLA on Hopper, else 16."""
    if model.accelerator == "cpu":
        return 128
    hopper = card is not None and card.family == "hopper"
    return 64 if shape.mla and hopper and release.since(0, 9) else 16


def is_first_mla(release: Release) -> bool:
    """v0.7.0 to v0.8.0: latent attention with aligned entries and fused projections."""
    return (0, 7, 0) <= release.number <= (0, 8, 0)


def _kv_dtype(model: Model, quant: Quantization, flags: dict[str, str]) -> str:
    """The cache's type: ``auto`` is the model's, unless the checkpoint asks for another."""
    said = model.kv_cache_dtype or flags.get("kv-cache-dtype") or "auto"
    if said == "auto":
        return quant.kv_dtype or ("float32" if quant.full_bytes == 4 else "bfloat16")
    if said not in KV_DTYPES:
        raise ValueError(
            f"kv_cache_dtype {said!r} is not known; give one of {', '.join(KV_DTYPES)}"
        )
    return said


def model_dtype(model: Model) -> str:
    """The type that weights are held in. ``auto`` turns float32 checkpoints into 16 bits."""
    said = model.dtype or "auto"
    if said not in DTYPE_BYTES:
        raise ValueError(f"dtype {said!r} is not known; give one of {', '.join(DTYPE_BYTES)}")
    return said
