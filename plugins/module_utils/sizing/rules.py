# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0

"""The reasons for which vLLM refuses to start, in the order in which it finds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .overheads import context_gib
from .quantization import Quantization
from .settings import Settings
from .shape import ModelShape
from .units import GRAPHS_IN_BUDGET, ceil_div, round_up

# Left out of doubt before a refusal is called likely (memory in GiB, share of the total).
_EXACT_GIB, _EXACT_SHARE, _ESTIMATE_SHARE = 0.5, 0.01, 0.10
# gpt-oss on Hopper above this utilization ran out of memory while warming up its sampler.
_SAFE_MXFP4_UTILIZATION = 0.92


@dataclass(frozen=True)
class Reason:
    """One rule that fails, why, and what to change."""

    rule: str
    message: str
    fix: str


@dataclass(frozen=True)
class Budget:
    """One rank's memory (GiB); None where it is not known.

    ``needed_gib``: cache for one request of the full length; ``blocks``: blocks of the cache.
    """

    total_gib: float | None = None
    requested_gib: float | None = None
    weights_gib: float | None = None
    activation_gib: float | None = None
    non_torch_gib: float | None = None
    cuda_graph_gib: float | None = None
    kv_cache_gib: float | None = None
    needed_gib: float | None = None
    block_gib: float = 0.0
    blocks: int | None = None


def margin_gib(confidence: str, total_gib: float) -> float:
    """How far a figure may be off before a refusal is more likely than not."""
    if confidence == "exact":
        return _EXACT_GIB + _EXACT_SHARE * total_gib
    return _ESTIMATE_SHARE * total_gib


def shape_reasons(shape: ModelShape, quant: Quantization, settings: Settings) -> list[Reason]:
    """What cannot be divided among the ranks; certain, whatever the memory."""
    tp = settings.split.tp
    found = []
    for what, size in _divided(shape, settings):
        if size % tp:
            found.append(f"{what} ({size}) is not divisible by {tp}")
    heads = shape.kv_heads
    if heads and not shape.mla and heads % tp and tp % heads:
        found.append(f"{tp} and num_key_value_heads ({heads}) do not divide each other")
    found += list(_uneven_blocks(shape, quant, settings))
    if shape.layers and settings.split.pp > len(shape.layers):
        found.append(f"{settings.split.pp} pipeline stages for {len(shape.layers)} layers")
    if not found:
        return []
    message = f"the model cannot be cut for tensor_parallel_size {tp}: " + "; ".join(found)
    return [Reason("tensor_parallel_shape", message, "change tensor_parallel_size")]


def _divided(shape: ModelShape, settings: Settings) -> Iterator[tuple[str, int]]:
    """Sizes that tensor parallelism cuts (vllm/config/model.py and the layers' own checks)."""
    if shape.heads:
        yield "num_attention_heads", shape.heads
    yield "vocab_size rounded up to 64", round_up(shape.vocab, 64)
    if any(layer.ffn == "dense" for layer in shape.layers):
        yield "intermediate_size", shape.intermediate
    if shape.moe and settings.split.ep == 1:
        yield "moe_intermediate_size", shape.moe.intermediate
    if shape.state:
        yield "linear value heads", shape.state.value_heads


def _uneven_blocks(shape: ModelShape, quant: Quantization, settings: Settings) -> Iterator[str]:
    """Scales belong to blocks of a matrix that a cut must not divide."""
    tp = settings.split.tp
    size = quant.block[1] if quant.block else quant.group
    if not size or tp == 1:
        return
    widths = {}
    if any(layer.ffn == "dense" for layer in shape.layers) and not quant.only_experts:
        widths["intermediate_size"] = shape.intermediate
    if shape.moe and settings.split.ep == 1:
        widths["moe_intermediate_size"] = shape.moe.intermediate
    for name, width in widths.items():
        if width % tp == 0 and width // tp % size:
            word = "weight quantization block" if quant.block else "quantization group"
            yield f"{name} / {tp} = {width // tp} is not divisible by the {word} of {size}"


def memory_reasons(budget: Budget, settings: Settings, confidence: str) -> list[Reason]:
    """Rules of one rank's memory, those that cannot be judged left out."""
    found = []
    if budget.total_gib is not None and settings.card is not None:
        found += _free_memory(budget.total_gib, settings)
        found += _weights(budget.total_gib, budget, settings, confidence)
    found += _cache(budget, settings, confidence)
    return found


def startup_reasons(budget: Budget, settings: Settings, quant: Quantization) -> list[Reason]:
    """Memory that runs out after the cache was made."""
    total, card = budget.total_gib, settings.card
    if total is None or card is None or card.unified:
        return []
    high = settings.utilization > _SAFE_MXFP4_UTILIZATION
    if quant.name == "mxfp4" and high and settings.kv_given_gib is None and not settings.eager:
        return [
            Reason(
                "startup_oom",
                f"with MXFP4 experts and gpu_memory_utilization {settings.utilization:g} no room"
                " is left for CUDA graphs and the sampler's warm-up",
                f"give gpu_memory_utilization {_SAFE_MXFP4_UTILIZATION:g} or less",
            )
        ]
    if settings.kv_given_gib is None or budget.weights_gib is None:
        return []
    used = budget.weights_gib + settings.kv_given_gib
    if used <= total:
        return []
    return [
        Reason(
            "startup_oom",
            f"weights and kv_cache_memory_gib are {used:.2f} GiB, the GPU has {total:.2f}",
            f"give kv_cache_memory_gib {max(0.0, total * 0.9 - budget.weights_gib):.1f} or less",
        )
    ]


def _free_memory(total: float, settings: Settings) -> list[Reason]:
    """Free memory at start must reach the share that was asked for (gpu_worker.init_device)."""
    card = settings.card
    if card is None or card.unified or not settings.release.since(0, 8):
        return []
    free = total - context_gib(settings.split, card, settings.release)
    if settings.utilization * total <= free:
        return []
    return [
        Reason(
            "free_memory",
            f"gpu_memory_utilization {settings.utilization:g} asks for"
            f" {settings.utilization * total:.2f} GiB, and about {free:.2f} of {total:.2f} GiB are"
            " free when the server starts",
            f"give gpu_memory_utilization {int(free / total * 100) / 100:g} or less",
        )
    ]


def _weights(total: float, budget: Budget, settings: Settings, confidence: str) -> list[Reason]:
    weights, card = budget.weights_gib, settings.card
    if weights is None or card is None:
        return []
    doubt = 0.0 if confidence == "exact" else 0.05 * weights
    if weights - doubt + 0.3 <= total:
        return []
    return [
        Reason(
            "weights",
            f"the weights are {weights:.2f} GiB on each GPU, and a GPU has {total:.2f}",
            "give more GPUs (tensor_parallel_size), or a quantized checkpoint",
        )
    ]


def _cache(budget: Budget, settings: Settings, confidence: str) -> list[Reason]:
    available = budget.kv_cache_gib
    if available is None:
        return []
    margin = 0.0
    if settings.kv_given_gib is None:
        margin = margin_gib(confidence, budget.total_gib or 0.0)
    found = []
    if available + margin <= 0:
        found.append(
            Reason(
                "no_kv_memory",
                f"no memory is left for cache blocks ({available:.2f} GiB)",
                "give more GPUs, a higher gpu_memory_utilization, or fewer max_num_seqs",
            )
        )
    if found and budget.needed_gib is None:
        found.append(
            Reason(
                "kv_cache",
                f"one request does not fit into {available:.2f} GiB of cache",
                "give more GPUs, or a checkpoint with fewer bytes per parameter",
            )
        )
    null = budget.block_gib if settings.release.since(*GRAPHS_IN_BUDGET) else 0.0
    if budget.needed_gib is not None and budget.needed_gib > available + margin - null:
        found.append(
            Reason(
                "kv_cache",
                f"one request of {settings.length} tokens needs {budget.needed_gib:.2f} GiB of"
                f" cache, and {available:.2f} GiB are available",
                "give a shorter max_model_len, more GPUs, or an fp8 kv_cache_dtype",
            )
        )
    return found


def mamba_reasons(
    shape: ModelShape, budget: Budget, settings: Settings, confidence: str
) -> list[Reason]:
    """A hybrid model needs a block for each running request (mamba cache, full CUDA graphs)."""
    blocks = budget.blocks
    if not shape.is_hybrid or settings.eager or blocks is None or not settings.seqs_given:
        return []
    room = blocks
    if settings.kv_given_gib is None and budget.block_gib:
        room += int(margin_gib(confidence, budget.total_gib or 0.0) / budget.block_gib)
    if settings.seqs <= room:
        return []
    return [
        Reason(
            "mamba_blocks",
            f"max_num_seqs {settings.seqs} exceeds the {max(0, blocks)} available blocks of the"
            " Mamba cache",
            f"give max_num_seqs {max(1, safe_seqs(blocks))} or less",
        )
    ]


def safe_seqs(blocks: int) -> int:
    """Requests that so many blocks carry, with 15 % off for what the estimate may be wrong."""
    return max(1, ceil_div(blocks * 85, 100) if blocks > 0 else 1)
